-- name: read_renumberings
-- All changes of number that are connected with these people, in either direction: the newest of each old number.
with recursive connected (person) as (
    select unnest($1::bytea[])
    union
    select case when r.old_person = c.person then r.new_person else r.old_person end
    from connected c join renumberings r on c.person in (r.old_person, r.new_person)
)
select distinct r.old_person, r.new_person, r.new_person_id, r.version_ms, r.version_offset
from connected c join renumberings r on c.person in (r.old_person, r.new_person)

-- name: save_renumbering
-- Of two records with equal versions (of different partitions) the new number decides, as in `schemas.numbers`.
insert into renumberings as old (
    old_person, new_person, new_person_id, version_ms, version_offset)
values ($1, $2, $3, $4, $5)
on conflict (old_person) do update set
    new_person = excluded.new_person, new_person_id = excluded.new_person_id,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset, old.new_person)
    < (excluded.version_ms, excluded.version_offset, excluded.new_person)

-- name: move_events
-- $1: numbers, $2 and $3: the hash and the number that each has become. What came before `stated_person` was written
-- is taken for what was said of the person under whom it stands.
update events e set person = present.person, person_id = present.person_id
from unnest($1::bytea[], $2::bytea[], $3::text[]) as present (stated, person, person_id)
where coalesce(e.stated_person, e.person) = present.stated and e.person <> present.person

-- name: move_withdrawals
update withdrawals w set person = present.person
from unnest($1::bytea[], $2::bytea[]) as present (stated, person)
where coalesce(w.stated_person, w.person) = present.stated and w.person <> present.person

-- name: move_deliveries
update deliveries d set person = e.person
from events e
where d.event_id = e.event_id and e.person = any($1::bytea[]) and d.person <> e.person

-- name: move_contact_slots
-- A slot goes where the delivery has gone that took it; of two slots the later counts.
with moved as (
    delete from contact_slots s using deliveries d
    where s.delivery_id = d.delivery_id and d.person = any($1::bytea[]) and s.person <> d.person
    returning d.person, s.role, s.org_number, s.taken_at, s.delivery_id
)
insert into contact_slots as old (person, role, org_number, taken_at, delivery_id)
select distinct on (person, role, org_number) * from moved
order by person, role, org_number, taken_at desc, delivery_id
on conflict (person, role, org_number) do update set
    taken_at = excluded.taken_at, delivery_id = excluded.delivery_id
where old.taken_at < excluded.taken_at
