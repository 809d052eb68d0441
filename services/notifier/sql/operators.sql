-- name: read_known_people
-- Whoever has the key can make each hash from its number.
(select person, person_id from events limit 20)
union all
(select new_person, new_person_id from renumberings limit 20)

-- name: read_all_advisers
select adviser_id, office, birth_days, org_numbers, absent from advisers order by office, adviser_id

-- name: count_tasks_by_desk
-- Tasks that are open: all, those due before $1, and those due from then to $2.
select office, adviser_id, count(*) as open, count(*) filter (where due_on < $1) as overdue,
    count(*) filter (where due_on between $1 and $2) as due_this_week
from deliveries
where channel = 'adviser_task' and state in ('sent', 'delivered') and withdrawn is null
group by office, adviser_id

-- name: count_by_state
-- What is under way, all of it, and what has ended badly since $1.
select channel, state, count(*) as deliveries from deliveries where ready_at is not null group by 1, 2
union all
select channel, state, count(*) from deliveries
where state in ('failed', 'expired') and ended_at > $1 group by 1, 2
