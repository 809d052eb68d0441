-- name: read_known_people
-- Whoever has the key can make each hash from its number.
select person, person_id from people limit 20

-- name: add_audit
insert into audit (at, operator, action, person) values ($1, $2, $3, $4)

-- name: count_due_by_day
-- What pends and falls due in [$1, $2), by the day in Oslo, and how many of these have waited for the end of a
-- suspension. What was due before and has not fired is told apart.
select (t.due_at at time zone 'Europe/Oslo')::date as due_on, t.checkpoint, coalesce(p.office, '') as office,
    count(*) as timers, count(t.suspended_until) as suspended
from timers t join people p using (person)
where t.due_at >= $1 and t.due_at < $2
group by 1, 2, 3
order by 1, 2, 3

-- name: count_suspended
-- What waits for the end of a suspension, and falls due on $1 or later, however far ahead.
select (t.due_at at time zone 'Europe/Oslo')::date as due_on, t.suspended_until, t.checkpoint,
    coalesce(p.office, '') as office, count(*) as timers
from timers t join people p using (person)
where t.suspended_until is not null and t.due_at >= $1
group by 1, 2, 3, 4
order by 1, 2, 3, 4

-- name: read_pending
-- What pends and falls due in [$1, $2), oldest first, with what decides whose portfolio it is in.
select t.person, p.office, (t.due_at at time zone 'Europe/Oslo')::date as due_on, t.checkpoint,
    t.suspended_until is not null as suspended,
    exists (select from json_array_elements(t.draft::json -> 'recipients') r where r ->> 'role' = 'adviser') as for_adviser,
    (select min(r ->> 'adviser_id') from json_array_elements(t.draft::json -> 'recipients') r) as named,
    array(
        select e ->> 'org_number' from json_array_elements(t.draft::json #> '{case,employers}') e
    ) as org_numbers
from timers t join people p using (person)
where t.due_at >= $1 and t.due_at < $2
order by t.due_at, t.case_id, t.checkpoint, t.step, t.subject

-- name: count_overdue
select count(*) from timers where due_at < $1

-- name: read_oldest_due_at
select due_at from timers where due_at <= $1 and fire_before > $1
order by due_at, case_id, checkpoint, step, subject limit 1
