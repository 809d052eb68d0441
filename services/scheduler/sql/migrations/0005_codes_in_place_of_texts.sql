-- Ids and reasons were texts once. Where a column that is compared or published holds what is no code, the code takes
-- its place that schemas/stored.py gives where a payload is read; payloads stay as they are.
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

update people set office = code_of(office) where office <> code_of(office);
-- What exempted somebody is the detail of a withdrawal.
update withdrawals set detail = code_of(detail) where detail !~ '^[A-Za-z0-9_.:-]{1,200}$';
update withdrawals set org_number = code_of(org_number) where org_number <> code_of(org_number);
update withdrawals set adviser_id = code_of(adviser_id) where adviser_id <> code_of(adviser_id);

drop function code_of(text);
