-- Rows about people are known by the keyed hash of the number (bytea, 32 bytes), so that tables can be partitioned or
-- distributed by it. Every instant comes from the caller; no column has a default that reads a clock.

-- `replan_at` is the next instant at which time alone changes the person's plan.
create table people (
    person bytea primary key,
    person_id text not null,
    office text,
    office_version_ms bigint not null default -1,
    office_version_offset bigint not null default -1,
    numbers_used integer not null default 0,
    replan_at timestamptz
);
create index people_replan_at on people (replan_at) where replan_at is not null;

-- Old numbers and what they became; chains are followed when read.
create table renumberings (
    old_person_id text primary key,
    new_person_id text not null
);
create index renumberings_new on renumberings (new_person_id);

-- ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────────
-- Of two versions the one with the later Kafka timestamp stands, and of equal ones that with the higher offset.

-- One row a source and note; `person` is null for a withdrawal that came before its note. Payloads are text and not
-- jsonb: they are read whole or not at all.
create table note_slots (
    note_id text not null,
    source text not null,
    person bytea,
    version_ms bigint not null,
    version_offset bigint not null,
    note text,
    counts boolean not null,
    keeps_self_certified_days boolean not null,
    self_certified_days date[] not null,
    self_certified_days_version_ms bigint not null,
    self_certified_days_version_offset bigint not null,
    status text,
    employer text,
    stated_person_id text,
    primary key (note_id, source)
);
create index note_slots_person on note_slots (person);

-- Every version that a slot has had, in the form of a slot, so that an earlier moment can be explained (contract 4.5).
create table note_versions (
    id bigint generated always as identity primary key,
    note_id text not null,
    source text not null,
    person bytea,
    version_ms bigint not null,
    version_offset bigint not null,
    note text,
    counts boolean not null,
    keeps_self_certified_days boolean not null,
    self_certified_days date[] not null,
    self_certified_days_version_ms bigint not null,
    self_certified_days_version_offset bigint not null,
    status text,
    employer text,
    stated_person_id text,
    recorded_at timestamptz not null
);
create index note_versions_note on note_versions (note_id);

create table facts (
    source text not null,
    id text not null,
    person bytea not null,
    type text not null,
    version_ms bigint not null,
    version_offset bigint not null,
    payload text not null,
    recorded_at timestamptz not null,
    primary key (source, id)
);
create index facts_person on facts (person);

-- ── what is derived ─────────────────────────────────────────────────────────────────────────────────────────────

create table cases (
    case_id text primary key,
    person bytea not null,
    number integer not null,
    start_on date not null,
    end_on date not null,
    is_withdrawn boolean not null
);
create index cases_person on cases (person);

-- What pends has a row and what does not has none: there is no status that a query could forget to ask for.
create table timers (
    case_id text not null,
    checkpoint text not null,
    step text not null,
    subject text not null,
    person bytea not null,
    generation integer not null,
    due_on date not null,
    due_at timestamptz not null,
    armed_since timestamptz not null,
    fire_before timestamptz not null,
    caught_up boolean not null,
    draft text not null,
    primary key (case_id, checkpoint, step, subject)
);
-- The claim's own order, so that an empty poll reads one row, however many wait.
create index timers_due on timers (due_at, case_id, checkpoint, step, subject);
create index timers_person on timers (person);

-- ── history ─────────────────────────────────────────────────────────────────────────────────────────────────────

-- `case_id` is the case whose history it is part of now; the payload keeps the one that it was sent for.
create table due_events (
    event_id text primary key,
    person bytea not null,
    case_id text not null,
    fired_at timestamptz not null,
    caught_up boolean not null,
    doubted_since timestamptz,
    payload text not null,
    basis text
);
create index due_events_person on due_events (person);

-- `role` is empty where the event was withdrawn for all that were left.
create table withdrawals (
    id bigint generated always as identity primary key,
    event_id text not null references due_events,
    person bytea not null,
    role text not null,
    org_number text,
    adviser_id text,
    reason text not null,
    detail text,
    withdrawn_at timestamptz not null
);
create index withdrawals_person on withdrawals (person);

-- How far a replan of everybody has come under a rulebook; `last_person` is where the next batch goes on from.
create table replans (
    rulebook text primary key,
    last_person bytea not null,
    people integer not null,
    started_at timestamptz not null,
    finished_at timestamptz
);

-- ── records out, and dead letters ───────────────────────────────────────────────────────────────────────────────

-- Digests of (ce_source, ce_id): a record that has been seen changes nothing when it is published again later.
create table seen_records (
    digest bytea primary key,
    seen_at timestamptz not null
);
create index seen_records_seen_at on seen_records (seen_at);

create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea,
    value bytea,
    header_names text[] not null,
    header_values bytea[] not null
);

-- One row a dead letter, for as long as the ceiling counts it.
create table dead_letters (
    id bigint generated always as identity primary key,
    dead_at timestamptz not null
);

create table dead_letter_stop (
    only_one boolean primary key check (only_one),
    stopped_at timestamptz not null
);
