-- name: add_first_person_states
insert into person_states (person, recorded_at, state)
select n.person, '-infinity', n.state from unnest($1::bytea[], $2::text[]) as n (person, state)
where not exists (select from person_states s where s.person = n.person)

-- name: add_person_states
insert into person_states (person, recorded_at, state)
select n.person, $3, n.state from unnest($1::bytea[], $2::text[]) as n (person, state)

-- name: write_people
update people p set
    office = n.office,
    office_version_ms = n.office_version_ms,
    office_version_offset = n.office_version_offset,
    numbers_used = n.numbers_used,
    replan_at = n.replan_at,
    last_on = n.last_on
from unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[], $6::timestamptz[], $7::date[])
    as n (person, office, office_version_ms, office_version_offset, numbers_used, replan_at, last_on)
where p.person = n.person

-- name: write_notes_since
-- The earliest stands, whichever of two processes writes last.
insert into notes_known (since) values ($1)
on conflict (only_one) do update set since = least(notes_known.since, excluded.since)

-- name: add_number_ties
insert into number_ties (number, other)
select * from unnest($1::text[], $2::text[])
on conflict do nothing

-- name: write_renumberings
insert into renumberings (old_person_id, new_person_id)
select * from unnest($1::text[], $2::text[])
on conflict (old_person_id) do update set new_person_id = excluded.new_person_id

-- name: delete_renumberings
delete from renumberings where old_person_id = any($1::text[])

-- name: write_note_slots
insert into note_slots (
    note_id, source, person, version_ms, version_offset, note, counts, keeps_self_certified_days,
    self_certified_days, self_certified_days_version_ms, self_certified_days_version_offset, status, employer,
    stated_person_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (note_id, source) do update set
    person = excluded.person,
    version_ms = excluded.version_ms,
    version_offset = excluded.version_offset,
    note = excluded.note,
    counts = excluded.counts,
    keeps_self_certified_days = excluded.keeps_self_certified_days,
    self_certified_days = excluded.self_certified_days,
    self_certified_days_version_ms = excluded.self_certified_days_version_ms,
    self_certified_days_version_offset = excluded.self_certified_days_version_offset,
    status = excluded.status,
    employer = excluded.employer,
    stated_person_id = excluded.stated_person_id

-- name: add_note_versions
insert into note_versions (
    note_id, source, person, version_ms, version_offset, note, counts, keeps_self_certified_days,
    self_certified_days, self_certified_days_version_ms, self_certified_days_version_offset, status, employer,
    stated_person_id, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: write_facts
-- A fact never changes; it may only come to belong to another number of the same person.
insert into facts (source, id, person, type, version_ms, version_offset, payload, recorded_at)
select *, $8 from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
on conflict (source, id) do update set person = excluded.person

-- name: write_cases
insert into cases (case_id, person, number, start_on, end_on, is_withdrawn)
select * from unnest($1::text[], $2::bytea[], $3::integer[], $4::date[], $5::date[], $6::boolean[])
on conflict (case_id) do update set
    person = excluded.person,
    start_on = excluded.start_on,
    end_on = excluded.end_on,
    is_withdrawn = excluded.is_withdrawn

-- name: delete_cases
delete from cases where case_id = any($1::text[])

-- name: write_timers
insert into timers (
    case_id, checkpoint, step, subject, person, generation, due_on, due_at, armed_since, fire_before,
    caught_up, draft, suspended_until)
select * from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::integer[], $7::date[],
    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::boolean[], $12::text[], $13::date[])
on conflict (case_id, checkpoint, step, subject) do update set
    person = excluded.person,
    generation = excluded.generation,
    due_on = excluded.due_on,
    due_at = excluded.due_at,
    armed_since = excluded.armed_since,
    fire_before = excluded.fire_before,
    caught_up = excluded.caught_up,
    draft = excluded.draft,
    suspended_until = excluded.suspended_until

-- name: delete_timers
delete from timers t
using unnest($1::text[], $2::text[], $3::text[], $4::text[]) as gone (case_id, checkpoint, step, subject)
where (t.case_id, t.checkpoint, t.step, t.subject) = (gone.case_id, gone.checkpoint, gone.step, gone.subject)

-- name: write_due_events
-- The payload never changes: it is what was sent.
insert into due_events (event_id, person, case_id, fired_at, caught_up, doubted_since, payload, basis)
select * from unnest(
    $1::text[], $2::bytea[], $3::text[], $4::timestamptz[], $5::boolean[], $6::timestamptz[], $7::text[],
    $8::text[])
on conflict (event_id) do update set
    person = excluded.person,
    case_id = excluded.case_id,
    doubted_since = excluded.doubted_since,
    basis = excluded.basis

-- name: add_withdrawals
insert into withdrawals (event_id, person, role, org_number, adviser_id, reason, detail, withdrawn_at)
select * from unnest(
    $1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])

-- name: move_withdrawals
update withdrawals w set person = d.person
from due_events d
where d.event_id = w.event_id and d.person = any($1::bytea[]) and w.person <> d.person

-- name: fire_due_timers
-- Oldest first. Rows move, so there is no status to keep; a row that a handler holds is passed over, and so is one
-- of a case that is over by now: its person is replanned instead. The array keeps the index order of the claim.
delete from timers where ctid = any(array(
    select ctid from timers where due_at <= $1 and fire_before > $1
    order by due_at, case_id, checkpoint, step, subject
    limit $2 for update skip locked))
returning *
