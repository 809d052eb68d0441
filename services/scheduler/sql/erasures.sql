-- name: read_erasures
select subject, erased_at from erasures where subject = any($1::bytea[])

-- name: add_erasures
insert into erasures as old (subject, erased_at, numbers_used)
select * from unnest($1::bytea[], $2::timestamptz[], $3::integer[]) as new (subject, erased_at, numbers_used)
order by subject
on conflict (subject) do update set
    erased_at = greatest(old.erased_at, excluded.erased_at),
    numbers_used = greatest(old.numbers_used, excluded.numbers_used)

-- name: read_notes_of_people
select distinct note_id from note_slots where person = any($1::bytea[])

-- name: erase_note_slots
delete from note_slots where note_id = any($1::text[])

-- name: erase_note_versions
-- Of a note that was somebody else's before, what was said of that person stays with that person.
delete from note_versions
where person = any($1::bytea[]) or (note_id = any($2::text[]) and (person is null or note is null))

-- name: erase_facts
delete from facts where person = any($1::bytea[]) returning source, id

-- name: erase_seen
delete from seen_records where digest = any($1::bytea[])

-- name: erase_timers
-- Before the due events: one that fires right now is a due event once this returns.
delete from timers where person = any($1::bytea[])

-- name: erase_withdrawals
delete from withdrawals where id = any(array(
    select id from withdrawals where person = any($1::bytea[])
    union
    select w.id from due_events d join withdrawals w using (event_id) where d.person = any($1::bytea[])))

-- name: erase_due_events
delete from due_events where person = any($1::bytea[])

-- name: erase_cases
delete from cases where person = any($1::bytea[])

-- name: erase_renumberings
delete from renumberings where old_person_id = any($1::text[]) or new_person_id = any($1::text[])

-- name: erase_number_ties
-- Each stands in both directions, and only the first of the two numbers has an index.
delete from number_ties where ctid = any(array(
    select ctid from number_ties where number = any($1::text[])
    union
    select back.ctid from number_ties t join number_ties back on (back.number, back.other) = (t.other, t.number)
    where t.number = any($1::text[])))

-- name: erase_person_states
delete from person_states where person = any($1::bytea[])

-- name: erase_people
delete from people where person = any($1::bytea[])

-- name: claim_people_to_forget
-- Whose retention counts from $1 or before, in that order, behind ($2, $3). Those whom somebody else holds are passed over.
select person, person_id, last_on from people
where last_on <= $1 and (last_on, person) > ($2, $3)
order by last_on, person limit $4 for update skip locked

-- name: lock_free_people
-- Never waits, so it may lock people in any order.
select person, numbers_used from people where person = any($1::bytea[]) order by person for update skip locked

-- name: read_newest_versions
select person, max(version_ms) as version_ms from (
    select person, version_ms from note_slots where person = any($1::bytea[])
    union all
    select person, version_ms from facts where person = any($1::bytea[])) as stored
group by person

-- name: read_nameless_notes
-- Of which a null value came, or a status: such a record names no person, or need not.
select distinct person, note_id from note_slots where person = any($1::bytea[]) and note is null

-- name: forget_nameless_slots
delete from note_slots where person is null and stated_person_id = any($1::text[])

-- name: forget_nameless_versions
delete from note_versions where person is null and stated_person_id = any($1::text[])

-- name: forget_offices
-- What is left of somebody forgotten is what the register of contacts has said: the number and the office.
update people set replan_at = null, last_on = null
where person = any($1::bytea[]) and (office is not null or office_version_ms >= 0)

-- name: forget_people
delete from people where person = any($1::bytea[]) and office is null and office_version_ms < 0

-- name: erase_from_outbox
-- $1: the numbers as JSON writes them. $2: the numbers as they are, for dead letters alone, which may be in any form.
delete from outbox o where exists (
    select from unnest($1::bytea[]) as n where position(n in o.value) > 0)
or ((o.topic like '%.dead' or o.topic like 'stoppunkt.dead.%') and exists (
    select from unnest($2::bytea[]) as n
    where position(n in coalesce(o.value, '') || coalesce(o.key, '')) > 0
        or exists (select from unnest(o.header_values) as h where position(n in h) > 0)))

-- name: erase_from_refused_records
-- As from the outbox.
delete from refused_records o where exists (
    select from unnest($1::bytea[]) as n where position(n in o.value) > 0)
or ((o.topic like '%.dead' or o.topic like 'stoppunkt.dead.%') and exists (
    select from unnest($2::bytea[]) as n
    where position(n in coalesce(o.value, '') || coalesce(o.key, '')) > 0
        or exists (select from unnest(o.header_values) as h where position(n in h) > 0)))

-- name: sweep_note_slots
-- The sweeps read whole tables for what names the person under somebody else, or nobody. $1: the numbers as JSON
-- writes them. $2: as they are.
delete from note_slots s
where (s.person is null and s.stated_person_id = any($2::text[]))
    or exists (select from unnest($1::text[]) as n where strpos(s.note, n) > 0)

-- name: blank_note_slots
-- The status of a note that is somebody else's by now still counts for it.
update note_slots set stated_person_id = null where stated_person_id = any($1::text[])

-- name: sweep_note_versions
delete from note_versions v
where (v.person is null and v.stated_person_id = any($2::text[]))
    or exists (select from unnest($1::text[]) as n where strpos(v.note, n) > 0)

-- name: blank_note_versions
update note_versions set stated_person_id = null where stated_person_id = any($1::text[])

-- name: sweep_facts
delete from facts f where exists (select from unnest($1::text[]) as n where strpos(f.payload, n) > 0)
