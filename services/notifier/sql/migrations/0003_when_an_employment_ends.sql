-- A line manager who goes because the employment itself has ended leaves an employer without duties (NAV's
-- DEAKTIVERT_ARBEIDSFORHOLD); of every other one that goes the employer is still to be reached.
alter table line_managers add column employment_ended boolean not null default false;
