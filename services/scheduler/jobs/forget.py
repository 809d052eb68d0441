"""Retention: people are forgotten so many months after the end of their last case (contract 14.10).

A batch is a transaction: it holds its people, and passes over whom somebody else holds until the next run. So several
processes may forget at once, and one that is killed has forgotten whole people and nobody half. A record that comes
meanwhile is either stored before, and its person stays, or begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import structlog

from schemas.norway import midnight, months_before, oslo_date
from services.records.tables import RecordTables
from services.runtime.clock import Clock
from services.runtime.logs import declare_log_keys
from services.runtime.postgres import Connection, Pool, Queries, transaction
from services.scheduler import metrics
from services.scheduler.domain.people.figures import months_to_count
from services.scheduler.domain.people.retention import is_to_be_forgotten, published_at
from services.scheduler.store.figures import FigureTables
from services.scheduler.store.removal import RemovalTables, Tombstone

PEOPLE_PER_BATCH = 100
ACTOR = "retention"
"""Who it was, in the audit: where an operator's account stands otherwise."""

declare_log_keys("rows")

_NAMED_BY_STATUS = (
    *("forget_nameless_slots", "forget_nameless_versions"),
    *("blank_note_slots", "blank_note_versions"),
)

_QUERIES = Queries("services.scheduler.sql")
_log = structlog.stdlib.get_logger(__name__)


class Place(NamedTuple):
    """Where a person stands among all: by the date from which their retention counts, then by keyed hash."""

    counts_from: date
    person: bytes


FIRST = Place(date.min, b"")


@dataclass(frozen=True)
class Candidate:
    """Somebody whose retention counts from so early a date, held under every number.

    `heard_at` is when the newest record that is stored was published. `numbers_used` has, by keyed hash, how many case
    ids each number has used up. `nameless_notes` are those of which a record came that names no person.
    """

    place: Place
    heard_at: datetime
    numbers_used: Mapping[bytes, int] = field(repr=False)
    numbers: Sequence[str] = field(repr=False)
    nameless_notes: Sequence[str]


@dataclass(frozen=True)
class Batch:
    """What became of some people: the last of them, how many were forgotten, and of those who were not the first."""

    last: Place
    people: int
    rows: int
    kept_from: date | None


async def forget(pool: Pool, clock: Clock, hash_of: Callable[[str], bytes], months: int) -> int:
    """Forget everybody whose time is over, however many; returns how many people.

    Nobody is forgotten while a month of the figures waits to be closed, since it may have to count them. Raises what
    PostgreSQL raises; whom the batches before have forgotten stay so.
    """
    now = await clock.now()
    if await _figures_are_behind(pool, now):
        _log.info("retention.waits", reason="a month of the figures is not closed yet")
        return 0
    counts_from = months_before(oslo_date(now), months)
    behind, people, overdue_days = FIRST, 0, 0
    while True:
        async with transaction(pool) as connection:
            batch = await _Forgetting(connection, hash_of, now, months).forget(counts_from, behind)
        if batch is None:
            break
        behind, people = batch.last, people + batch.people
        if batch.kept_from is not None:
            overdue_days = max(overdue_days, (counts_from - batch.kept_from).days)
        if batch.people:
            metrics.PEOPLE_FORGOTTEN.inc(batch.people)
            _log.info("people.forgotten", count=batch.people, rows=batch.rows)
    async with transaction(pool) as connection:
        await RecordTables(connection).forget_refused(midnight(counts_from))
    metrics.RETENTION_OVERDUE_DAYS.set(overdue_days)
    metrics.RETENTION_RUN_AT.set(now.timestamp())
    return people


async def _figures_are_behind(pool: Pool, now: datetime) -> bool:
    async with transaction(pool) as connection:
        known = await FigureTables(connection).months()
    return any(now >= month.closes_at for month in months_to_count(known, now))


class _Forgetting:
    """One batch, in the caller's transaction."""

    def __init__(
        self,
        connection: Connection,
        hash_of: Callable[[str], bytes],
        now: datetime,
        months: int,
    ) -> None:
        self._connection = connection
        self._hash_of = hash_of
        self._now = now
        self._months = months

    async def forget(self, counts_from: date, behind: Place) -> Batch | None:
        """The next people behind a place, of whom those go whose time is over; None where nobody follows."""
        rows = await self._connection.fetch(
            _QUERIES["claim_people_to_forget"], counts_from, *behind, PEOPLE_PER_BATCH
        )
        if not rows:
            return None
        places = {row["person_id"]: Place(row["last_on"], bytes(row["person"])) for row in rows}
        going = [
            candidate
            for candidate in await self._hold(places)
            if is_to_be_forgotten(
                candidate.place.counts_from, candidate.heard_at, self._months, self._now
            )
        ]
        kept = set(places.values()) - {candidate.place for candidate in going}
        return Batch(
            last=max(places.values()),
            people=len(going),
            rows=await self._remove(going) if going else 0,
            kept_from=min(kept).counts_from if kept else None,
        )

    async def _hold(self, places: Mapping[str, Place]) -> list[Candidate]:
        """Those of whom every number could be held, and for whom no timer pends."""
        numbers = await self._numbers(list(places))
        hashes = {number: self._hash_of(number) for of_one in numbers.values() for number in of_one}
        asked = sorted(hashes.values())
        fetch = self._connection.fetch
        used = {
            bytes(row["person"]): row["numbers_used"]
            for row in await fetch(_QUERIES["lock_free_people"], asked)
        }
        # Only now, for these statements see what whoever held the people before has committed.
        stored = {bytes(row["person"]) for row in await fetch(_QUERIES["read_people"], asked)}
        timed = {bytes(row["person"]) for row in await fetch(_QUERIES["read_timers"], asked)}
        newest = {
            bytes(row["person"]): row["version_ms"]
            for row in await fetch(_QUERIES["read_newest_versions"], asked)
        }
        notes: dict[bytes, list[str]] = {}
        for row in await fetch(_QUERIES["read_nameless_notes"], asked):
            notes.setdefault(bytes(row["person"]), []).append(row["note_id"])
        candidates = []
        for number, place in places.items():
            own = [hashes[one] for one in numbers[number]]
            is_held = all(one in used or one not in stored for one in own)
            if is_held and place.person in newest and not timed.intersection(own):
                candidates.append(
                    Candidate(
                        place,
                        published_at(max(newest[one] for one in own if one in newest)),
                        {one: used.get(one, 0) for one in own},
                        numbers[number],
                        [note for one in own for note in notes.get(one, ())],
                    )
                )
        return candidates

    async def _numbers(self, asked: Sequence[str]) -> dict[str, list[str]]:
        """Every number that each of these has had, itself first."""
        others: dict[str, set[str]] = {}
        for row in await self._connection.fetch(_QUERIES["read_renumberings"], asked):
            old, new = row["old_person_id"], row["new_person_id"]
            others.setdefault(old, set()).add(new)
            others.setdefault(new, set()).add(old)
        numbers = {}
        for number in asked:
            found = [number]
            for one in found:
                found += sorted(others.get(one, set()) - set(found))
            numbers[number] = found
        return numbers

    async def _remove(self, going: Sequence[Candidate]) -> int:
        """Remove them, with a tombstone for each number and note; returns how many rows went.

        Refused are the records that were stored, and older ones. One that was published since is still under way.
        """
        tables = RemovalTables(self._connection)
        tombstones: dict[bytes, Tombstone] = {}
        for candidate in going:
            until = min(candidate.heard_at, self._now)
            notes = {self._hash_of(note): 0 for note in candidate.nameless_notes}
            for subject, used in {**notes, **candidate.numbers_used}.items():
                tombstones[subject] = Tombstone(subject, until, used)
        await tables.leave(tombstones.values())
        hashes = sorted({one for candidate in going for one in candidate.numbers_used})
        numbers = sorted({number for candidate in going for number in candidate.numbers})
        removed = await tables.remove(hashes, numbers)
        for query in _NAMED_BY_STATUS:
            await self._connection.execute(_QUERIES[query], numbers)
        for query in ("forget_offices", "forget_people"):
            await self._connection.execute(_QUERIES[query], hashes)
        await self._connection.executemany(
            _QUERIES["add_audit"],
            [(self._now, ACTOR, "forget", candidate.place.person) for candidate in going],
        )
        return removed.rows.total()
