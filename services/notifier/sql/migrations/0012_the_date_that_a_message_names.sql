-- The date that a message's words name: of what is ready at one instant the nearest leaves first. Null where they name none,
-- for tasks, and for messages planned before there was this column; those stand where the day stands on which they were
-- planned.
alter table deliveries add column date_named date;
create index deliveries_queue on deliveries
    (ready_at, coalesce(date_named, (planned_at at time zone 'Europe/Oslo')::date), delivery_id) where ready_at is not null;
-- Its columns are the first and the last of the new one's.
drop index deliveries_ready;
