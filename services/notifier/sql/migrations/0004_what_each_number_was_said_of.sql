-- The hash of the number that an event or a withdrawal was written for: where a newer change of number says something
-- else of it, what was written for it goes with it, and what was the other person's stays. Null on older rows.
-- Contacts stand under the number that they were written for from now on, and are put together when they are read.
alter table events add column stated_person bytea;
alter table withdrawals add column stated_person bytea;
create index events_stated_person on events (coalesce(stated_person, person));
create index withdrawals_stated_person on withdrawals (coalesce(stated_person, person));
create index renumberings_new on renumberings (new_person);
create index contact_slots_delivery on contact_slots (delivery_id);
