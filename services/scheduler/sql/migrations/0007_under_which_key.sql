-- A fingerprint of the PSEUDONYM_KEY that every keyed hash in this schema is made with, written by the first `migrate` or
-- start that has the key. Under another key everybody would be a stranger, so nothing starts with one (contract 12).
create table pseudonym_key (
    only_one boolean primary key check (only_one),
    fingerprint bytea not null
);
