-- Who asked about a person, or erased one: kept for those who watch over such access, and never changed.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    operator text not null,
    action text not null,
    person bytea not null
);
create index audit_person on audit (person);

-- Keyed hashes of the numbers of people who were erased, and of the ids of their notes: what was published up to that
-- instant is refused from then on. `numbers_used` keeps the ids of the erased cases from being given again: whoever
-- knows messages by their ids would take new ones for old.
create table erasures (
    subject bytea primary key,
    erased_at timestamptz not null,
    numbers_used integer not null
);
