-- Since which date sick notes have been known here, of anybody: of what was before, no earlier case says anything
-- (contract 4.4). No row while none has been.
create table notes_known (
    only_one boolean primary key default true check (only_one),
    since date not null
);

-- By the same rule as for a note that comes in: the date of its record, and not before the note was issued.
insert into notes_known (since)
select min(greatest(
    (to_timestamp(greatest(version_ms, 0) / 1000.0) at time zone 'Europe/Oslo')::date,
    (note::json ->> 'issued_on')::date))
from note_slots
where note is not null and version_ms <= 4102444800000
having count(*) > 0;
