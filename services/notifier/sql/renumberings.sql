-- name: read_renumberings
-- The chains that begin at these people, one row a link; `union`, unlike `union all`, ends a chain that leads back to itself.
with recursive chain as (
    select old_person, new_person, new_person_id from renumberings where old_person = any($1::bytea[])
    union
    select next.old_person, next.new_person, next.new_person_id
    from renumberings next join chain on next.old_person = chain.new_person
)
select old_person, new_person, new_person_id from chain

-- name: read_renumbering_version
select version_ms, version_offset from renumberings where old_person = $1

-- name: save_renumbering
insert into renumberings as old (
    old_person, new_person, new_person_id, version_ms, version_offset)
values ($1, $2, $3, $4, $5)
on conflict (old_person) do update set
    new_person = excluded.new_person, new_person_id = excluded.new_person_id,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: delete_renumbering
delete from renumberings where old_person = $1

-- name: move_person_contact
with moved as (delete from person_contacts where person = $1 returning *)
insert into person_contacts as old (
    person, may_be_notified, phone, email, language, protected, office, birth_date,
    version_ms, version_offset)
select $2, may_be_notified, phone, email, language, protected, office, birth_date,
    version_ms, version_offset
from moved
on conflict (person) do update set
    may_be_notified = excluded.may_be_notified, phone = excluded.phone, email = excluded.email,
    language = excluded.language, protected = excluded.protected, office = excluded.office,
    birth_date = excluded.birth_date,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: move_line_managers
with moved as (delete from line_managers where person = $1 returning *)
insert into line_managers as old (
    person, org_number, relation_id, email, active, employment_ended, version_ms, version_offset)
select $2, org_number, relation_id, email, active, employment_ended, version_ms, version_offset
from moved
on conflict (person, org_number, relation_id) do update set
    email = excluded.email, active = excluded.active, employment_ended = excluded.employment_ended,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: move_contact_slots
with moved as (delete from contact_slots where person = $1 returning *)
insert into contact_slots as old (person, role, org_number, taken_at, delivery_id)
select $2, role, org_number, taken_at, delivery_id from moved
on conflict (person, role, org_number) do update set
    taken_at = excluded.taken_at, delivery_id = excluded.delivery_id
where old.taken_at < excluded.taken_at

-- name: move_events
update events set person = $2, person_id = $3 where person = $1

-- name: move_withdrawals
update withdrawals set person = $2 where person = $1

-- name: move_deliveries
update deliveries set person = $2 where person = $1
