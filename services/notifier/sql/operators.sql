-- name: read_known_people
-- Whoever has the key can make each hash from its number.
(select person, person_id from events limit 20)
union all
(select new_person, new_person_id from renumberings limit 20)

-- name: count_by_state
-- What is under way, all of it, and what has ended badly since $1.
select channel, state, count(*) as deliveries from deliveries where ready_at is not null group by 1, 2
union all
select channel, state, count(*) from deliveries
where state in ('failed', 'expired') and ended_at > $1 group by 1, 2
