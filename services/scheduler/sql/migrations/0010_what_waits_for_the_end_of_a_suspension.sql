-- The last day of the suspension for whose end a timer waits; null where it waits for none. `due_at` is the morning after.
alter table timers add column suspended_until date;

-- What is heaped up is counted, however far ahead it is; without a suspension this index is empty.
create index timers_suspended on timers (due_at) where suspended_until is not null;
