-- name: read_known_people
-- Whoever has the key can make each hash from its number.
select person, person_id from people limit 20

-- name: add_audit
insert into audit (at, operator, action, person) values ($1, $2, $3, $4)

-- name: count_due_by_day
-- What pends and falls due in [$1, $2), by the day in Oslo. What was due before and has not fired is told apart.
select (t.due_at at time zone 'Europe/Oslo')::date as due_on, t.checkpoint, coalesce(p.office, '') as office,
    count(*) as timers
from timers t join people p using (person)
where t.due_at >= $1 and t.due_at < $2
group by 1, 2, 3
order by 1, 2, 3

-- name: count_overdue
select count(*) from timers where due_at < $1

-- name: read_oldest_due_at
select due_at from timers where due_at <= $1 and fire_before > $1
order by due_at, case_id, checkpoint, step, subject limit 1
