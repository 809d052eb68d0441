-- The date from which a person's retention counts: the end of the last case, or of somebody without one when the last
-- record was published. It is derived with everything else about the person; of rows that are older than this column the
-- reconciliation writes it, round by round. Null where nothing is stored but a number and an office.
alter table people add column last_on date;
create index people_last_on on people (last_on, person) where last_on is not null;

-- What somebody's rows are found by when they go. The rows of a due event's withdrawals are also looked for by the
-- foreign key whenever due events are deleted.
create index withdrawals_event on withdrawals (event_id);
create index note_versions_person on note_versions (person);
