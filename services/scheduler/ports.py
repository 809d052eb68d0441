"""What the handlers need from the world: a transaction with people and records in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fastavro.types import Schema

from schemas.wire import Record
from services.records.tables import RecordTables
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.changes import Changes, changes
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.state import PastPerson
from services.scheduler.domain.plan.history import Fired


class PeopleMoved(Exception):
    """Between looking and locking, a note or a number came to belong to somebody else: look again."""


@dataclass(frozen=True)
class Loaded:
    """Everything about some people: as it is stored, and a copy to be changed."""

    before: KnownPeople
    known_people: KnownPeople

    @property
    def changes(self) -> Changes:
        """What has to be written by now."""
        return changes(self.before, self.known_people)


@dataclass(frozen=True)
class Progress:
    """How far a replan of everybody has come; `last_person` is a hash, the next batch begins behind it."""

    rulebook: str
    started_at: datetime
    last_person: bytes = b""
    people: int = 0
    finished_at: datetime | None = None


class People(Protocol):
    """People with all that is known about them. Each method raises what PostgreSQL raises; instants are aware.

    The people that a transaction has locked stay so to its end, and what is loaded was read after the lock. Locks are
    taken in the order of the hashes, so that two batches with the same people never wait for each other in a ring.
    """

    async def without_erased(self, batch: Sequence[Observation]) -> list[Observation]:
        """Those that are not about somebody, or a note, erased after they were published; in their order."""
        ...

    async def load_for(self, batch: Sequence[Observation]) -> Loaded:
        """Lock and load everybody whom the batch concerns, under every number; waits for who is busy.

        Raises PeopleMoved where that changed while it waited: begin a new transaction and ask again.
        """
        ...

    async def claim_for_replan(self, now: datetime, limit: int) -> Loaded:
        """Lock and load up to `limit` people whose plan time alone has changed by `now`.

        Those who are locked elsewhere are passed over.
        """
        ...

    async def claim_after(self, person: bytes, limit: int) -> Loaded:
        """Lock and load the `limit` people whose hashes come next after `person`; waits for who is busy."""
        ...

    async def fire_due(self, now: datetime, limit: int) -> list[Fired]:
        """Move up to `limit` timers that are due by `now` to the due events; returns these, oldest due first.

        Timers that another process is moving are passed over: each is moved once, under one id.
        """
        ...

    async def next_due_at(self) -> datetime | None:
        """The earliest instant at which a timer fires or time changes a plan; None while nothing waits."""
        ...

    async def save(self, changes: Changes, now: datetime) -> None:
        """Write what has changed about people who are locked, as recorded at `now` (UTC); of nothing, nothing."""
        ...


class Operators(Protocol):
    """What operators ask and do. Nobody is locked; each method raises what PostgreSQL raises."""

    async def now(self, person_id: str) -> PastPerson | None:
        """One person as stored, under the number that is in force; None for somebody unknown."""
        ...

    async def as_of(self, person_id: str, at: datetime) -> PastPerson | None:
        """One person as was known at an instant (aware), under the number that was in force then; None where unknown.

        Asked by a number that came later, it finds the one before.
        """
        ...

    async def add_audit(self, person_id: str, action: str, operator: str, now: datetime) -> None:
        """Write down that an operator has looked at, or done something to, this person: a keyed hash, no number."""
        ...

    async def replan_progress(self, rulebook: str) -> Progress | None:
        """How far a replan under that rulebook has come; None where none was begun."""
        ...

    async def save_replan_progress(self, progress: Progress) -> None:
        """Store how far it has come, in the place of what was stored for that rulebook."""
        ...


@dataclass(frozen=True)
class Tables:
    """All tables within one transaction: what is done to them is seen together or not at all."""

    people: People
    operators: Operators
    records: RecordTables


class Schemas(Protocol):
    """Avro schemas by id; what is asked for was prepared before."""

    async def prepare(self, records: Sequence[Record]) -> None:
        """Fetch what these records need; raises while the registry cannot be asked."""
        ...

    def of(self, schema_id: int) -> Schema | None:
        """The schema of an id, None where the registry knows no such id."""
        ...


Begin = Callable[[], AbstractAsyncContextManager[Tables]]
"""Begins a transaction: committed at its end, rolled back by any exception."""
