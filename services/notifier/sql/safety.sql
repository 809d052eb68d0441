-- name: take_slots
-- Whoever gets the row may send: one statement, so two processes cannot both find that the last message is long
-- enough ago. A delivery that has the slot already keeps it (it is the same message, tried again).
insert into contact_slots as old (person, role, org_number, taken_at, delivery_id)
select person, role, org_number, $4::timestamptz, delivery_id
from unnest($1::bytea[], $2::text[], $3::text[], $6::text[]) as new (person, role, org_number, delivery_id)
order by person, role, org_number
on conflict (person, role, org_number) do update set
    taken_at = excluded.taken_at, delivery_id = excluded.delivery_id
where old.delivery_id = excluded.delivery_id
    or old.taken_at <= excluded.taken_at - $5::interval
returning delivery_id

-- name: read_slots
select slot.person, slot.role, slot.org_number, slot.taken_at
from contact_slots slot
join unnest($1::bytea[], $2::text[], $3::text[]) as asked (person, role, org_number)
    using (person, role, org_number)

-- name: give_back_slots
-- The interval is between messages that were sent; these were not.
delete from contact_slots where delivery_id = any($1::text[])

-- name: open_hour
insert into hourly_sends (channel, hour, taken) values ($1, $2, 0) on conflict do nothing

-- name: lock_hour
select taken from hourly_sends where channel = $1 and hour = $2 for update

-- name: take_from_hour
update hourly_sends set taken = taken + $3 where channel = $1 and hour = $2

-- name: read_brakes
select channel, paused_at, why from brakes order by channel

-- name: pause_channel
insert into brakes (channel, paused_at, why) values ($1, $2, $3) on conflict (channel) do nothing

-- name: resume_channel
delete from brakes where channel = $1

-- name: wake_braked
update deliveries set ready_at = $2
where state = 'waiting' and wait_reason = 'brake' and channel = $1 and ready_at > $2
