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
-- rolled back, so sent again, without one. $2: so many bytes of values at most, but one record at least.
delete from outbox where id in (
    select id from (
        select id, coalesce(sum(bytes) over (
            order by id rows between unbounded preceding and 1 preceding), 0) as bytes_before, bytes
        from (
            select id, coalesce(octet_length(value), 0) as bytes from outbox
            order by id limit $1 for update skip locked
        ) as oldest
    ) as weighed
    where bytes_before = 0 or bytes_before + bytes <= $2)
returning id, topic, key, value, header_names, header_values

-- name: add_refused_record
insert into refused_records (topic, key, value, header_names, header_values, reason, refused_at)
values ($1, $2, $3, $4, $5, $6, $7)

-- name: count_refused_records
select count(*) from refused_records

-- name: read_refused_records
-- Without keys and values, which may be large.
select id, topic, header_names, header_values, reason, refused_at from refused_records order by id

-- name: read_refused_record
select id, topic, key, value, header_names, header_values, reason, refused_at from refused_records where id = $1

-- name: put_back_refused_records
-- In the order in which they were set aside; those of more than $2 bytes stay.
with gone as (
    delete from refused_records where id = any($1::bigint[]) and coalesce(octet_length(value), 0) <= $2
    returning id, topic, key, value, header_names, header_values
), back as (
    insert into outbox (topic, key, value, header_names, header_values)
    select topic, key, value, header_names, header_values from gone order by id
)
select id from gone

-- name: remove_refused_records
delete from refused_records where id = any($1::bigint[]) returning id

-- name: forget_refused_records
delete from refused_records where refused_at < $1

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
