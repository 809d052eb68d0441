-- name: begin_snapshot
-- All people of a month as they were at one instant, however long the reading takes; nobody is locked, nothing waits.
set transaction isolation level repeatable read, read only

-- name: allow_seconds
-- Of the rest of the transaction, for each statement.
select set_config('statement_timeout', $1::text || 's', true)

-- name: read_people_to_count
-- Whoever may add to a month from $1 to $2 (its first and last day): sick-listed on a day 182 in it, or with a meeting
-- held in it, or earlier in a case that has its day 182 in it. $3 is the day before $1, $4 the one before the earliest
-- such case began: as text, and a day early, since the date of a fact stands in its publisher's zone. The look at the
-- cases of one person is lateral, or PostgreSQL would read all cases at once.
select person from cases
where start_on between $1::date - 181 and $2::date - 181 and end_on - start_on >= 181
union
select person from facts
where type = 'dialogue_meeting.held.v1' and substring(payload from '"occurred_at":"(.{10})') >= $3
union
select f.person
from facts f
cross join lateral (
    select from cases c where c.person = f.person and c.start_on between $1::date - 181 and $2::date - 181 limit 1) as c
where f.type = 'dialogue_meeting.held.v1' and substring(f.payload from '"occurred_at":"(.{10})') >= $4
    and substring(f.payload from '"occurred_at":"(.{10})') < $3

-- name: read_counted_months
select month, as_of, closed_at from counted_months order by month

-- name: write_counted_month
-- Of two processes that count at once the later instant stands; of a month that is closed nothing is returned.
insert into counted_months as old (month, as_of, closed_at) values ($1, $2, $3)
on conflict (month) do update set as_of = excluded.as_of, closed_at = excluded.closed_at
where old.closed_at is null and old.as_of < excluded.as_of
returning month

-- name: delete_figures
delete from figures where month = $1

-- name: add_figures
insert into figures (month, office, outcome, number)
select $1, * from unnest($2::text[], $3::text[], $4::integer[])

-- name: read_figures
select month, office, outcome, number from figures
where ($1::date[] is null or month = any($1)) and ($2::text is null or office = $2)
