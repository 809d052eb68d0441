-- name: insert_deliveries
-- The id is derived from event, recipient and channel: a row with the same id is the same delivery.
insert into deliveries (
    delivery_id, event_id, person, role, org_number, channel, purpose, state, ready_at, planned_at,
    not_after, reason, wait_reason, attempts, uncertain, withdrawn, sent_at, delivered_at, ended_at,
    basis_revision, office, adviser_id, due_on, date_named)
select * from unnest(
    $1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::integer[],
    $15::boolean[], $16::text[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
    $20::bigint[], $21::text[], $22::text[], $23::date[], $24::date[])
on conflict (delivery_id) do nothing
returning delivery_id

-- name: claim_deliveries
-- Oldest first, of what is ready at one instant the nearest date first, by the index alone; as an array, because a planner that cannot know the limit would join by reading
-- the whole table. The lease is the instant at which somebody else may try: a row that is found 'sending' has been
-- claimed before, so an attempt began and nobody knows how it ended.
update deliveries set
    state = case when state = 'closing' then 'closing' else 'sending' end,
    uncertain = uncertain or state = 'sending',
    ready_at = $2
where delivery_id = any(array(
    select delivery_id from deliveries
    where ready_at <= $1 and wait_reason is distinct from 'no_line_manager'
    order by ready_at, coalesce(date_named, (planned_at at time zone 'Europe/Oslo')::date), delivery_id
    limit $3
    for update skip locked
))
returning *

-- name: lock_claimed
-- The rows that still hold the lease they were claimed with; what somebody else has claimed since is not ours
-- to write. In the order of the ids, as everywhere that several deliveries are locked.
select * from deliveries
where delivery_id = any($1::text[]) and ready_at = $2 and state in ('sending', 'closing')
order by delivery_id for update

-- name: lock_deliveries
select * from deliveries where delivery_id = any($1::text[]) order by delivery_id for update

-- name: lock_deliveries_of_events
select * from deliveries where event_id = any($1::text[]) order by delivery_id for update

-- name: lock_deliveries_to_employers
select * from deliveries
where person = any($1::bytea[]) and role = 'line_manager' and org_number is not null
order by delivery_id for update

-- name: write_deliveries
update deliveries d set
    state = new.state, ready_at = new.ready_at, reason = new.reason, wait_reason = new.wait_reason,
    attempts = new.attempts, uncertain = new.uncertain, withdrawn = new.withdrawn,
    sent_at = new.sent_at, delivered_at = new.delivered_at, ended_at = new.ended_at,
    basis_revision = new.basis_revision, office = new.office, adviser_id = new.adviser_id, due_on = new.due_on
from unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::integer[], $7::boolean[],
    $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::text[],
    $14::text[], $15::date[])
    as new (delivery_id, state, ready_at, reason, wait_reason, attempts, uncertain, withdrawn,
        sent_at, delivered_at, ended_at, basis_revision, office, adviser_id, due_on)
where d.delivery_id = new.delivery_id

-- name: read_ready_for_managers
select distinct person, org_number from (
    select person, org_number from deliveries
    where ready_at <= $1 and state = 'waiting' and wait_reason = 'no_line_manager'
    order by ready_at limit $2
) as oldest

-- name: lock_for_managers
select * from deliveries
where person = any($1::bytea[]) and role = 'line_manager'
    and (channel = 'adviser_task' or (state = 'waiting' and wait_reason = 'no_line_manager'))
order by delivery_id for update

-- name: wake_for_managers
update deliveries d set ready_at = $3
from (
    select delivery_id from deliveries
    where state = 'waiting' and wait_reason = 'no_line_manager' and ready_at > $3
        and (person = any($1::bytea[]) or org_number = any($2::text[]))
    order by delivery_id for update
) as waiting
where d.delivery_id = waiting.delivery_id

-- name: lock_of_protected
select * from deliveries
where person = any($1::bytea[]) and role = 'line_manager' and (
    (purpose = 'protected' and state in ('waiting', 'sending', 'sent', 'delivered') and withdrawn is null)
    or (state = 'cancelled' and reason = 'protected'))
order by delivery_id for update

-- name: lock_stale_tasks
-- Tasks that are open with an older basis than their event has now.
select d.* from deliveries d join events e using (event_id)
where d.event_id = any($1::text[]) and d.channel = 'adviser_task' and d.state in ('sent', 'delivered')
    and d.withdrawn is null and coalesce(d.basis_revision, 0) < e.basis_revision
order by d.delivery_id for update of d

-- name: count_open_tasks
-- By adviser, and for whom of $2. What is being sent counts from the moment at which its desk was chosen, so that
-- instances see each other's choices, but for those that neither has committed.
select adviser_id, count(*) as tasks, array_agg(distinct person) filter (where person = any($2::bytea[])) as persons
from deliveries
where adviser_id = any($1::text[]) and channel = 'adviser_task' and state in ('sending', 'sent', 'delivered')
    and withdrawn is null
group by adviser_id

-- name: next_ready_at
select ready_at from deliveries where ready_at is not null order by ready_at limit 1

-- name: read_progress
select d.delivery_id, d.event_id, d.role, d.org_number, d.channel, d.purpose, d.state, d.reason,
    d.wait_reason, d.ready_at, d.attempts, d.withdrawn, d.planned_at, d.sent_at, d.delivered_at, d.ended_at
from deliveries d
where ($1::bytea is null or d.person = $1) and ($2::text[] is null or d.event_id = any($2))
order by d.planned_at, d.delivery_id

-- name: read_ready
-- Bounded: to an operator a thousand late deliveries mean the same as a million.
select ready_at from deliveries where ready_at <= $1 order by ready_at limit 1000

-- name: count_unanswered
-- Sent before $1 and without a receipt since, in the 30 days that a receipt could still be read.
select channel, count(*) as unanswered from deliveries
where state = 'sent' and channel <> 'adviser_task'
    and sent_at <= $1 and sent_at > $1 - interval '30 days'
group by channel

-- name: read_delivery
-- Without a lock: whoever asks changes nothing.
select * from deliveries where delivery_id = $1
