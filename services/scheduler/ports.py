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
from services.scheduler.domain.people.person import Person
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
    """The people that a transaction has locked stay so to its end; what is loaded was read after the lock."""

    async def without_erased(self, batch: Sequence[Observation]) -> list[Observation]:
        """Those that are not about somebody who was erased after they were published."""
        ...

    async def load_for(self, batch: Sequence[Observation]) -> Loaded:
        """Lock and load everybody whom the batch concerns; raises PeopleMoved."""
        ...

    async def claim_for_replan(self, now: datetime, limit: int) -> Loaded:
        """Lock and load people whose plan time alone has changed; those locked elsewhere are passed over."""
        ...

    async def claim_after(self, person: bytes, limit: int) -> Loaded:
        """Lock and load the next people in the order of their hashes; waits for who is busy."""
        ...

    async def fire_due(self, now: datetime, limit: int) -> list[Fired]:
        """Move due timers to the due events, oldest first; no timer is ever moved twice."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When a timer fires, or time changes a plan, next."""
        ...

    async def save(self, changes: Changes, now: datetime) -> None:
        """Write what has changed about people who are locked, as recorded at `now` (UTC); of nothing, nothing."""
        ...


class Operators(Protocol):
    """What operators ask and do; nobody is locked."""

    async def as_of(self, person_id: str, at: datetime) -> Person | None:
        """One person as was known at an instant, under the number that holds now; locks nobody."""
        ...

    async def add_audit(self, person_id: str, action: str, operator: str, now: datetime) -> None:
        """Write down that an operator has looked at, or done something to, this person."""
        ...

    async def replan_progress(self, rulebook: str) -> Progress | None:
        """How far a replan under that rulebook has come; None where none was begun."""
        ...

    async def save_replan_progress(self, progress: Progress) -> None:
        """Remember how far it has come."""
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
