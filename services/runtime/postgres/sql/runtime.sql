-- name: read_clock
-- clock_timestamp(), not now(): now() is the start of the transaction.
select clock_timestamp()

-- name: lock_migrations
-- For the session, not the transaction: each migration is a transaction of its own. Whoever comes
-- second waits here, and then finds nothing left to do.
select pg_advisory_lock(hashtextextended('stoppunkt migrations of ' || $1::text, 0))

-- name: schema_exists
-- Asked first, because "create schema if not exists" needs the right to create even where it exists.
select exists (select from pg_namespace where nspname = $1)

-- name: create_migrations_table
create table if not exists migrations (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null
)

-- name: read_migrations
select name, checksum from migrations

-- name: record_migration
insert into migrations (name, checksum, applied_at) values ($1, $2, clock_timestamp())

-- name: read_fingerprint
select fingerprint from pseudonym_key

-- name: add_fingerprint
-- Whoever comes second waits for the first to commit, and then leaves its row as it is.
insert into pseudonym_key (only_one, fingerprint) values (true, $1) on conflict do nothing
