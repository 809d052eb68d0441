-- name: read_renumberings
-- All changes of number that are connected with these numbers, in either direction: chains are followed to both ends.
-- Lateral, with the limit of one, or PostgreSQL would read all changes at once.
with recursive connected (number) as (
    select unnest($1::text[])
    union
    select other.number
    from connected c
    cross join lateral (
        select r.new_person_id from renumberings r where r.old_person_id = c.number
        union all
        select r.old_person_id from renumberings r where r.new_person_id = c.number) as other (number)
)
select change.old_person_id, change.new_person_id
from connected c
cross join lateral (
    select r.old_person_id, r.new_person_id from renumberings r where r.old_person_id = c.number limit 1) as change

-- name: read_number_ties
-- Every two numbers that a change names, whether it stands or not, from these numbers on as far as that leads: which
-- change stands can only be said when all of them are known.
with recursive connected (number) as (
    select unnest($1::text[])
    union
    select t.other from connected c join number_ties t on t.number = c.number
)
select t.number, t.other from connected c join number_ties t on t.number = c.number

-- name: read_owners
-- Whose the notes are now, where anybody's.
select distinct s.note_id, p.person_id
from note_slots s join people p using (person)
where s.note_id = any($1::text[])

-- name: read_note_slots
select * from note_slots where note_id = any($1::text[])

-- name: add_people
-- Who was erased begins anew, but for the case ids that were used up.
insert into people (person, person_id, numbers_used)
select new.person, new.person_id, coalesce(e.numbers_used, 0)
from unnest($1::bytea[], $2::text[]) as new (person, person_id) left join erasures e on e.subject = new.person
order by new.person
on conflict (person) do nothing

-- name: lock_people
-- In one order everywhere, so that two batches that share people never wait for each other in a ring.
select * from people where person = any($1::bytea[]) order by person for update

-- name: lock_timers
-- A timer that fires right now is gone once this returns, and its due event can be read by the next statement.
select * from timers where person = any($1::bytea[])
order by due_at, case_id, checkpoint, step, subject for update

-- name: read_people
select * from people where person = any($1::bytea[])

-- name: read_person_states_until
-- The newest that was kept by then, and whether any was kept of that person at all.
select distinct on (person) person, id, state, recorded_at <= $2 as is_known, isfinite(recorded_at) as is_exact
from person_states where person = any($1::bytea[])
order by person, recorded_at <= $2 desc, id desc

-- name: read_timers
select * from timers where person = any($1::bytea[])

-- name: read_facts
select * from facts where person = any($1::bytea[])

-- name: read_slots_of_people
select * from note_slots where person = any($1::bytea[])

-- name: read_cases
select * from cases where person = any($1::bytea[])

-- name: read_due_events
select * from due_events where person = any($1::bytea[]) order by fired_at, event_id

-- name: read_withdrawals
select * from withdrawals where person = any($1::bytea[]) order by id

-- name: claim_people_to_replan
-- Those whose plan time alone has changed; another process's are passed over.
select person from people where replan_at <= $1
order by replan_at limit $2 for update skip locked

-- name: read_next_due_at
-- Two index look-ups, however many wait.
select least((select min(due_at) from timers), (select min(replan_at) from people))


-- name: claim_people_after
-- Everybody in the order of the hash, some at a time; waits for who is busy, since nobody may be passed over.
select person from people where person > $1 order by person limit $2 for update

-- name: read_facts_until
select * from facts where person = any($1::bytea[]) and recorded_at <= $2

-- name: read_note_versions_until
-- The newest that was recorded by then, of each note that is the person's now or was then.
select distinct on (note_id, source) *
from note_versions
where recorded_at <= $2 and note_id in (
    select note_id from note_versions where person = any($1::bytea[])
    union select note_id from note_slots where person = any($1::bytea[]))
order by note_id, source, id desc

-- name: read_notes_since
select since from notes_known
