-- In which language a line manager, and whoever reads an organisation's mailbox, is written to; null where nobody says.
alter table line_managers add column language text;
alter table organisations add column language text;
