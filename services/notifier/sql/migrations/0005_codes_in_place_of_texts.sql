-- Ids were texts once. Where a column that is compared or published holds what is no code, the code takes its place
-- that schemas/stored.py gives where a payload is read; payloads stay as they are.
create function code_of(said text) returns text language sql immutable as $$
    select case
        when said ~ '^[A-Za-z0-9_.:-]{1,64}$' then said
        when packed ~ '^[0-9]{1,64}$' then packed
        else 'not_a_code.' || left(encode(sha256(convert_to(said, 'UTF8')), 'hex'), 2)
    end
    from regexp_replace(
        said,
        '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff]',
        '',
        'g') as packed
$$;

update events set person_id = code_of(person_id) where person_id <> code_of(person_id);
update renumberings set new_person_id = code_of(new_person_id) where new_person_id <> code_of(new_person_id);
update person_contacts set office = code_of(office) where office <> code_of(office);
update deliveries set org_number = code_of(org_number) where org_number <> code_of(org_number);

-- Of contacts whose keys become one the newest stands.
insert into line_managers as old (
    person, org_number, relation_id, email, active, employment_ended, version_ms, version_offset)
select distinct on (person, code_of(org_number), relation_id)
    person, code_of(org_number), relation_id, email, active, employment_ended, version_ms, version_offset
from line_managers where org_number <> code_of(org_number)
order by person, code_of(org_number), relation_id, version_ms desc, version_offset desc
on conflict (person, org_number, relation_id) do update set
    email = excluded.email, active = excluded.active, employment_ended = excluded.employment_ended,
    version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset);
delete from line_managers where org_number <> code_of(org_number);

insert into organisations as old (org_number, email, version_ms, version_offset)
select distinct on (code_of(org_number)) code_of(org_number), email, version_ms, version_offset
from organisations where org_number <> code_of(org_number)
order by code_of(org_number), version_ms desc, version_offset desc
on conflict (org_number) do update set
    email = excluded.email, version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset);
delete from organisations where org_number <> code_of(org_number);

insert into advisers as old (
    adviser_id, office, birth_days, org_numbers, absent, version_ms, version_offset)
select distinct on (code_of(adviser_id))
    code_of(adviser_id), office, birth_days, org_numbers, absent, version_ms, version_offset
from advisers where adviser_id <> code_of(adviser_id)
order by code_of(adviser_id), version_ms desc, version_offset desc
on conflict (adviser_id) do update set
    office = excluded.office, birth_days = excluded.birth_days, org_numbers = excluded.org_numbers,
    absent = excluded.absent, version_ms = excluded.version_ms, version_offset = excluded.version_offset
where (old.version_ms, old.version_offset) < (excluded.version_ms, excluded.version_offset);
delete from advisers where adviser_id <> code_of(adviser_id);
update advisers set office = code_of(office) where office <> code_of(office);
update advisers set org_numbers = array(select code_of(one) from unnest(org_numbers) as one)
where org_numbers <> array(select code_of(one) from unnest(org_numbers) as one);

drop function code_of(text);
