-- Rows about people are known by the keyed hash of the number (bytea, 32 bytes), never the number, so that tables can
-- be partitioned by it. The number itself stands in two places only: where it must be written on a letter or a task.
-- Every instant comes from the caller; no column has a default that reads a clock.

-- ── contacts ────────────────────────────────────────────────────────────────────────────────────────────────────
-- Of two versions the one with the later Kafka timestamp stands, and of equal ones that with the higher offset.

create table person_contacts (
    person bytea primary key,
    may_be_notified boolean not null,
    phone text,
    email text,
    language text not null,
    protected boolean not null,
    office text,
    birth_date date,
    version_ms bigint not null,
    version_offset bigint not null
);

-- relation_id is '' for the contacts topic; NAV has a relation for each manager, and the end of an old one may come
-- after the beginning of the new.
create table line_managers (
    person bytea not null,
    org_number text not null,
    relation_id text not null,
    email text,
    active boolean not null,
    version_ms bigint not null,
    version_offset bigint not null,
    primary key (person, org_number, relation_id)
);
create index line_managers_relation on line_managers (relation_id) where relation_id <> '';

create table organisations (
    org_number text primary key,
    email text,
    version_ms bigint not null,
    version_offset bigint not null
);

create table advisers (
    adviser_id text primary key,
    office text not null,
    birth_days smallint[] not null,
    org_numbers text[] not null,
    absent boolean not null,
    version_ms bigint not null,
    version_offset bigint not null
);
create index advisers_office on advisers (office);
create index advisers_org_numbers on advisers using gin (org_numbers);

-- An old number's hash to the one that follows it; chains are followed when read.
create table renumberings (
    old_person bytea primary key,
    new_person bytea not null,
    new_person_id text not null,
    version_ms bigint not null,
    version_offset bigint not null
);

-- Digests of (ce_source, ce_id): a record that has been seen changes nothing when it is published again later.
create table seen_records (
    digest bytea primary key,
    seen_at timestamptz not null
);
create index seen_records_seen_at on seen_records (seen_at);

-- ── due events and their withdrawals ────────────────────────────────────────────────────────────────────────────

-- payload is null while only an update of the basis has come. Text and not jsonb: what others wrote may hold
-- characters that jsonb refuses.
create table events (
    event_id text primary key,
    person bytea not null,
    person_id text not null,
    payload text,
    basis text,
    basis_revision bigint not null,
    received_at timestamptz not null
);
create index events_person on events (person);
create index events_received_at on events (received_at);

-- No foreign key: a withdrawal may come before its event.
create table withdrawals (
    withdrawal_id text primary key,
    event_id text not null,
    person bytea not null,
    reason text not null,
    withdrawn_at timestamptz not null,
    payload text not null
);
create index withdrawals_event on withdrawals (event_id);
create index withdrawals_person on withdrawals (person);

-- ── deliveries ──────────────────────────────────────────────────────────────────────────────────────────────────

create table deliveries (
    delivery_id text primary key,
    event_id text not null references events,
    person bytea not null,
    role text not null,
    org_number text,
    channel text not null,
    purpose text not null,
    state text not null,
    ready_at timestamptz,
    planned_at timestamptz not null,
    not_after timestamptz not null,
    reason text,
    wait_reason text,
    attempts integer not null,
    uncertain boolean not null,
    withdrawn text,
    sent_at timestamptz,
    delivered_at timestamptz,
    ended_at timestamptz,
    basis_revision bigint,
    constraint deliveries_state check (state in (
        'waiting', 'sending', 'sent', 'delivered', 'closing', 'closed', 'cancelled', 'expired', 'failed')),
    -- Something is left to do exactly while there is an instant to do it at: nothing can be forgotten.
    constraint deliveries_ready check ((ready_at is not null) = (state in ('waiting', 'sending', 'closing')))
);
-- Due first, and the claim's own order: an empty poll reads one row, however many wait.
create index deliveries_ready on deliveries (ready_at, delivery_id) where ready_at is not null;
create index deliveries_event on deliveries (event_id);
create index deliveries_person on deliveries (person);
create index deliveries_unanswered on deliveries (sent_at) where state = 'sent';

-- The last message to one recipient about one person; org_number is '' for the employee.
create table contact_slots (
    person bytea not null,
    role text not null,
    org_number text not null,
    taken_at timestamptz not null,
    delivery_id text not null,
    primary key (person, role, org_number)
);

-- How much has gone through a channel in an hour that began at `hour`.
create table hourly_sends (
    channel text not null,
    hour timestamptz not null,
    taken integer not null,
    primary key (channel, hour)
);

-- A channel that is held back by hand, and why.
create table brakes (
    channel text primary key,
    paused_at timestamptz not null,
    why text not null
);

-- ── records out, and dead letters ───────────────────────────────────────────────────────────────────────────────

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
