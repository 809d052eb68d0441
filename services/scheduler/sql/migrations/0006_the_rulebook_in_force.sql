-- One row for each time that a rulebook came into force, with its whole text; the row without an end is in force now.
-- `content_hash` is the SHA-256 of the text in hex. `replanned_at` is when everybody had first been brought under it.
create table rulebooks (
    id bigint generated always as identity primary key,
    name text not null,
    version text not null,
    content_hash text not null,
    content text not null,
    in_force_since timestamptz not null,
    in_force_until timestamptz,
    replanned_at timestamptz
);
create unique index rulebooks_in_force on rulebooks ((true)) where in_force_until is null;
