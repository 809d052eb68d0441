-- Records of ours that Kafka refuses for good, whole, until an operator has them published again or removes them.
-- `reason` is the class of the refusal.
create table refused_records (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea,
    value bytea,
    header_names text[] not null,
    header_values bytea[] not null,
    reason text not null,
    refused_at timestamptz not null
);
