-- Keyed hashes of the numbers of people who were erased: what was published about them up to that instant is refused.
create table erasures (
    person bytea primary key,
    erased_at timestamptz not null
);

-- Few rows, asked for by operators.
create index deliveries_unhappy on deliveries (ended_at) where state in ('failed', 'expired');
