-- name: read_rulebook_in_force
-- Whoever plans by it holds it to the end of their transaction, so that `replan` changes it between two plans and never
-- during one. Asked before people are locked: whoever waits for `replan` here then holds up nobody.
select id from rulebooks where in_force_until is null for share

-- name: read_rulebook
select * from rulebooks where id = $1

-- name: read_rulebook_at
-- The one that was in force at an instant; before the first was, the first.
select * from rulebooks where id = coalesce(
    (select max(id) from rulebooks where in_force_since <= $1), (select min(id) from rulebooks))

-- name: read_rulebook_status
select r.name, r.version, r.content_hash, r.in_force_since, r.replanned_at,
    p.started_at as replan_started_at, p.last_person, p.people
from rulebooks r
left join replans p on p.rulebook = r.name || ' ' || r.version and p.finished_at is null
where r.in_force_until is null

-- name: has_other_content
select exists (select from rulebooks where name = $1 and version = $2 and content_hash <> $3)

-- name: add_first_rulebook
-- Of two that begin at once one adds it, and the other finds it there. Where people are stored already, nobody knows by
-- which rulebook they were planned: they are under this one only after a replan.
insert into rulebooks (name, version, content_hash, content, in_force_since, replanned_at)
select $1, $2, $3, $4, $5, case when not exists (select from people) then $5::timestamptz end
where not exists (select from rulebooks)
on conflict do nothing

-- name: lock_rulebooks
-- Waits for every transaction that plans, and makes the next ones wait; who only reads is not held up, nor is a backup.
lock table rulebooks in exclusive mode

-- name: end_rulebook_in_force
update rulebooks set in_force_until = $1 where in_force_until is null

-- name: add_rulebook
insert into rulebooks (name, version, content_hash, content, in_force_since) values ($1, $2, $3, $4, $5)

-- name: end_first_replan
-- When everybody was under it for the first time; later replans under the same rulebook change nothing about that.
update rulebooks set replanned_at = $1 where in_force_until is null and replanned_at is null

-- name: read_replan
select * from replans where rulebook = $1

-- name: write_replan
insert into replans (rulebook, last_person, people, started_at, finished_at) values ($1, $2, $3, $4, $5)
on conflict (rulebook) do update set
    last_person = excluded.last_person,
    people = excluded.people,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at
