-- What is derived about a person (office, cases, armed steps, which case an event belongs to) as it stood from
-- `recorded_at` to the person's next row, so that an earlier moment can be explained with what was known then
-- (contract 4.5). A first row from -infinity says how somebody had stood who was stored before this was kept.
create table person_states (
    id bigint generated always as identity primary key,
    person bytea not null,
    recorded_at timestamptz not null,
    state text not null
);
create index person_states_person on person_states (person, id desc);
