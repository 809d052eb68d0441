-- name: read_people_after
-- Two index scans that stop after so many people, however many there are.
select person from (
    (select distinct person from events where person > $1 order by person limit $2)
    union
    (select distinct person from withdrawals where person > $1 order by person limit $2)) as known
order by person limit $2

-- name: read_silent_people
-- Of whom there is something, but nothing since $2, and nothing that is to be sent or closed.
select asked.person from unnest($1::bytea[]) as asked (person)
where (exists (select from events e where e.person = asked.person)
        or exists (select from withdrawals w where w.person = asked.person))
    and not exists (select from events e where e.person = asked.person and e.received_at >= $2)
    and not exists (select from withdrawals w where w.person = asked.person and w.withdrawn_at >= $2)
    and not exists (select from deliveries d where d.person = asked.person and d.ready_at is not null)

-- name: read_events_of_people
select event_id, person, person_id, payload, basis, basis_revision, received_at
from events where person = any($1::bytea[]) and payload is not null

-- name: forget_people
with old as (
    select event_id from events where person = any($1::bytea[])
), gone_withdrawals as (
    delete from withdrawals where withdrawal_id = any(array(
        select withdrawal_id from withdrawals where person = any($1::bytea[])
        union
        select w.withdrawal_id from old join withdrawals w using (event_id)))
), gone_slots as (
    delete from contact_slots where person = any($1::bytea[])
), gone_deliveries as (
    delete from deliveries using old where deliveries.event_id = old.event_id
), gone as (
    delete from events using old where events.event_id = old.event_id returning 1
)
select count(*) from gone

-- name: forget_hours
delete from hourly_sends where hour < $1

-- name: forget_seen
delete from seen_records where seen_at < $1
