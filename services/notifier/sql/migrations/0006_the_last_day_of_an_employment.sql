-- The last day of a line manager's relation, which may lie ahead; where `employment_ended`, that of the employment.
alter table line_managers add column last_on date;
create index line_managers_ended on line_managers (last_on) where employment_ended;
