-- Of an adviser's task: whose desk it is on, and by when it asks to be done. The next desk is chosen by how many tasks are
-- open on each, and portfolios show them. Null for other channels, and for tasks opened before there were these columns.
alter table deliveries add column office text;
alter table deliveries add column adviser_id text;
alter table deliveries add column due_on date;
create index deliveries_open_tasks on deliveries (adviser_id, person)
    where channel = 'adviser_task' and state in ('sending', 'sent', 'delivered') and withdrawn is null;
