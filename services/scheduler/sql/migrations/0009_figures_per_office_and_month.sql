-- The figure that the field steers by (contract 9), and nothing about a person: these rows stay when people are
-- forgotten. `month` is its first day; a month that is closed is never written again.
create table counted_months (
    month date primary key,
    as_of timestamptz not null,
    closed_at timestamptz
);

-- `office` is empty for people of whom no office is known; an outcome that nobody had has no row.
create table figures (
    month date not null references counted_months,
    office text not null,
    outcome text not null,
    number integer not null,
    primary key (month, office, outcome)
);

-- Whom a month's figures need to ask: those who were sick-listed on day 182 of a case, and those with whom a meeting was
-- held. Of the latter the date stands in the payload alone, in the zone that its publisher wrote.
create index cases_of_26_weeks on cases (start_on) where end_on - start_on >= 181;
create index facts_held on facts (substring(payload from '"occurred_at":"(.{10})'))
    where type = 'dialogue_meeting.held.v1';
