-- name: read_erasures
select person, erased_at from erasures where person = any($1::bytea[])

-- name: add_erasures
insert into erasures as old (person, erased_at) select person, $2 from unnest($1::bytea[]) as person
on conflict (person) do update set erased_at = greatest(old.erased_at, excluded.erased_at)

-- name: erase_deliveries
-- Returns what is still open downstream: after this, nothing here can close it.
with gone as (
    delete from deliveries
    where person = any($1::bytea[])
        or event_id in (select event_id from events where person = any($1::bytea[]))
    returning delivery_id, channel, state
)
select delivery_id, channel, state in ('sent', 'delivered', 'closing') as is_open from gone

-- name: erase_withdrawals
delete from withdrawals where person = any($1::bytea[])

-- name: erase_events
delete from events where person = any($1::bytea[])

-- name: erase_contact_slots
delete from contact_slots where person = any($1::bytea[])

-- name: erase_person_contacts
delete from person_contacts where person = any($1::bytea[])

-- name: erase_line_managers
delete from line_managers where person = any($1::bytea[])

-- name: erase_renumberings
delete from renumberings where old_person = any($1::bytea[]) or new_person = any($1::bytea[])

-- name: erase_from_outbox
-- $1: the ids of the deliveries. $2: the numbers as JSON writes them. $3: as they are, for dead letters alone.
delete from outbox o where o.key = any($1::bytea[])
or exists (select from unnest($2::bytea[]) as n where position(n in o.value) > 0)
or ((o.topic like '%.dead' or o.topic like 'stoppunkt.dead.%') and exists (
    select from unnest($3::bytea[]) as n
    where position(n in coalesce(o.value, '') || coalesce(o.key, '')) > 0
        or exists (select from unnest(o.header_values) as h where position(n in h) > 0)))

-- name: erase_from_refused_records
-- As from the outbox.
delete from refused_records o where o.key = any($1::bytea[])
or exists (select from unnest($2::bytea[]) as n where position(n in o.value) > 0)
or ((o.topic like '%.dead' or o.topic like 'stoppunkt.dead.%') and exists (
    select from unnest($3::bytea[]) as n
    where position(n in coalesce(o.value, '') || coalesce(o.key, '')) > 0
        or exists (select from unnest(o.header_values) as h where position(n in h) > 0)))
