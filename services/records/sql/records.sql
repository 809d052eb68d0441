-- name: add_seen
-- Returns the digests that were not there.
insert into seen_records (digest, seen_at) select digest, $2 from unnest($1::bytea[]) as digest
on conflict (digest) do nothing
returning digest

-- name: forget_seen_records
delete from seen_records where digest = any($1::bytea[])

-- name: add_to_outbox
insert into outbox (topic, key, value, header_names, header_values) values ($1, $2, $3, $4, $5)

-- name: take_from_outbox
-- Deleted in the transaction that is held open while they are published: committed after the broker's answer, and
-- rolled back, so sent again, without one.
delete from outbox where id in (
    select id from outbox order by id limit $1 for update skip locked)
returning id, topic, key, value, header_names, header_values

-- name: has_any_to_leave
select exists (select from outbox)

-- name: count_to_leave
select count(*) from outbox

-- name: forget_dead_letters
delete from dead_letters where dead_at <= $1

-- name: count_dead_letters
select count(*) from dead_letters

-- name: add_dead_letters
insert into dead_letters (dead_at) select $2 from generate_series(1, $1::integer)

-- name: stop_for_dead_letters
insert into dead_letter_stop (only_one, stopped_at) values (true, $1) on conflict do nothing

-- name: read_dead_letter_stop
select stopped_at from dead_letter_stop

-- name: resume_after_dead_letters
with stopped as (delete from dead_letter_stop)
delete from dead_letters
