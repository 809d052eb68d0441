-- name: save_person_contacts
-- The version decides, not the arrival: an older record changes nothing.
insert into person_contacts as old (
    person, may_be_notified, phone, email, language, protected, office, birth_date,
    version_ms, version_offset)
select * from unnest(
    $1::bytea[], $2::boolean[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
    $8::date[], $9::bigint[], $10::bigint[])
on conflict (person) do update set
    may_be_notified = excluded.may_be_notified, phone = excluded.phone, email = excluded.email,
    language = excluded.language, protected = excluded.protected, office = excluded.office,
    birth_date = excluded.birth_date,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: save_line_managers
insert into line_managers as old (
    person, org_number, relation_id, email, active, employment_ended, last_on, language, version_ms, version_offset)
select * from unnest(
    $1::bytea[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::date[], $8::text[],
    $9::bigint[], $10::bigint[])
on conflict (person, org_number, relation_id) do update set
    email = excluded.email, active = excluded.active, employment_ended = excluded.employment_ended,
    last_on = excluded.last_on, language = excluded.language,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: end_relations
-- The relation was deleted from its topic: nothing but its id is known.
update line_managers old set
    active = false, version_ms = gone.version_ms, version_offset = gone.version_offset
from unnest($1::text[], $2::bigint[], $3::bigint[]) as gone (relation_id, version_ms, version_offset)
where old.relation_id = gone.relation_id and old.relation_id <> ''
    and (old.version_ms, old.version_offset) < (gone.version_ms, gone.version_offset)

-- name: save_organisations
insert into organisations as old (org_number, email, language, version_ms, version_offset)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
on conflict (org_number) do update set
    email = excluded.email, language = excluded.language,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: save_adviser
-- One at a time: an array of arrays must be rectangular, and portfolios are not. Advisers change seldom.
insert into advisers as old (
    adviser_id, office, birth_days, org_numbers, absent, version_ms, version_offset)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (adviser_id) do update set
    office = excluded.office, birth_days = excluded.birth_days, org_numbers = excluded.org_numbers,
    absent = excluded.absent,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset)

-- name: read_person_contacts
-- $1: every number that these people have had, $2: what each has become. Of what was said of several the newest counts.
select distinct on (n.present) n.present as person, may_be_notified, phone, email, language, protected, office,
    birth_date
from unnest($1::bytea[], $2::bytea[]) as n (stated, present) join person_contacts c on c.person = n.stated
order by n.present, version_ms desc, version_offset desc, n.stated

-- name: read_line_managers
-- $1 and $2 as for read_person_contacts, $3: today. Of several relations that are active the newest counts.
select distinct on (person, org_number) person, org_number, email, language from (
    select distinct on (n.present, org_number, relation_id) n.present as person, org_number, relation_id, email, language,
        active and coalesce(last_on >= $3, true) as active, version_ms, version_offset
    from unnest($1::bytea[], $2::bytea[]) as n (stated, present) join line_managers m on m.person = n.stated
    order by n.present, org_number, relation_id, version_ms desc, version_offset desc, n.stated
) as relations
where active
order by person, org_number, version_ms desc, version_offset desc, relation_id

-- name: read_ended_employments
-- Employers without an active line manager today ($3), where the newest relation ended because the employment did.
select person, org_number from (
    select distinct on (person, org_number) person, org_number, active, employment_ended, last_on from (
        select distinct on (n.present, org_number, relation_id) n.present as person, org_number, relation_id,
            employment_ended, last_on, active and coalesce(last_on >= $3, true) as active, version_ms, version_offset
        from unnest($1::bytea[], $2::bytea[]) as n (stated, present) join line_managers m on m.person = n.stated
        order by n.present, org_number, relation_id, version_ms desc, version_offset desc, n.stated
    ) as relations
    order by person, org_number, active desc, version_ms desc, version_offset desc, relation_id
) as newest
where employment_ended and not active and coalesce(last_on < $3, true)

-- name: read_employments_ended_between
select distinct person from line_managers where employment_ended and last_on between $1 and $2

-- name: read_organisations
select org_number, email, language from organisations where org_number = any($1::text[])

-- name: read_advisers
-- Every adviser who may be responsible for one of these people: of their offices, named, or for their employers.
select adviser_id, office, birth_days, org_numbers, absent from advisers
where office = any($1::text[]) or adviser_id = any($2::text[]) or org_numbers && $3::text[]

-- name: wait_for_those_being_looked_at
-- A turn that found no record may be about to write that it waits for one: until it has, nobody could be woken.
select delivery_id from deliveries
where person = any($1::bytea[]) and state in ('waiting', 'sending')
order by delivery_id for update

-- name: wake_those_who_wait_for_the_register
-- A record of the person has come: what waited for it is asked again at once.
update deliveries set ready_at = $2
where person = any($1::bytea[]) and state = 'waiting' and wait_reason = 'register' and ready_at > $2
