-- name: lock_persons
-- One transaction at a time changes what is known about a person. The caller sorts, so that two batches with the
-- same people never wait for each other in a ring; held to the end of the transaction.
select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key

-- name: save_events
-- Returns the events that are new. One that was there with a payload is a repeat and changes nothing; a basis
-- that came before its event stays if it is the newer one.
insert into events as old (
    event_id, person, person_id, payload, basis, basis_revision, received_at, stated_person)
select * from unnest(
    $1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bytea[])
on conflict (event_id) do update set
    payload = excluded.payload, person = excluded.person, person_id = excluded.person_id,
    stated_person = excluded.stated_person,
    received_at = excluded.received_at,
    basis = case when old.basis_revision < excluded.basis_revision
        then excluded.basis else old.basis end,
    basis_revision = greatest(old.basis_revision, excluded.basis_revision)
where old.payload is null
returning event_id

-- name: save_bases
-- Returns the events whose basis is new; the higher revision stands, whatever comes when.
insert into events as old (
    event_id, person, person_id, payload, basis, basis_revision, received_at, stated_person)
select event_id, person, person_id, null, basis, basis_revision, received_at, stated_person from unnest(
    $1::text[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::bytea[])
    as new (event_id, person, person_id, basis, basis_revision, received_at, stated_person)
on conflict (event_id) do update set
    basis = excluded.basis, basis_revision = excluded.basis_revision
where old.basis_revision < excluded.basis_revision
returning event_id

-- name: read_events
select event_id, person, person_id, payload, basis, basis_revision, received_at
from events where event_id = any($1::text[]) and payload is not null

-- name: save_withdrawals
-- Returns the events that have a new withdrawal.
insert into withdrawals (withdrawal_id, event_id, person, reason, withdrawn_at, payload, stated_person)
select * from unnest(
    $1::text[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[])
on conflict (withdrawal_id) do nothing
returning event_id

-- name: read_withdrawals
select event_id, payload from withdrawals where event_id = any($1::text[])
order by withdrawn_at, withdrawal_id

-- name: read_deaths
select person, max(withdrawn_at) as died_at from withdrawals
where person = any($1::bytea[]) and reason = 'died' group by person
