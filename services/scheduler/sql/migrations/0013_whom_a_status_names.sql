-- A status of a note may name somebody else than the person whose note it has come to be, or stand alone: what of it names
-- people who are forgotten is found by this.
create index note_slots_stated_person on note_slots (stated_person_id) where stated_person_id is not null;
create index note_versions_stated_person on note_versions (stated_person_id) where stated_person_id is not null;
