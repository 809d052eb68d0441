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
from services.runtime.settings import InvalidSettings
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.changes import Changes, changes
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.state import PastPerson
from services.scheduler.domain.plan.history import Fired
from services.scheduler.domain.rulebook.model import Rulebook


class PeopleMoved(Exception):
    """Between looking and locking, a note or a number came to belong to somebody else: look again."""


class NoRulebook(InvalidSettings):
    """No rulebook is in force yet: the first start of the scheduler puts one in force."""

    def __init__(self) -> None:
        super().__init__(
            "RULEBOOK: none is in force yet; the first start of the scheduler puts the one that this names in force."
        )


class UnusableRulebook(InvalidSettings):
    """This version of the scheduler cannot read the rulebook that is in force."""

    def __init__(self, name: str, version: str, fault: str) -> None:
        super().__init__(
            f"RULEBOOK: {name} {version} is in force, and this version of the scheduler cannot use it: {fault}"
        )


class ChangedRulebook(InvalidSettings):
    """A rulebook whose name and version were in force with another content."""

    def __init__(self, rulebook: Rulebook) -> None:
        super().__init__(
            f"RULEBOOK: {rulebook.title} was put in force with another content than it has now"
            f" ({rulebook.content_hash}); a rulebook that has changed needs another version."
        )


@dataclass(frozen=True)
class RulebookTerm:
    """A rulebook and the time from which it was in force.

    `replanned_at` is when everybody had first been brought under it; None where that has not come to an end.
    """

    rulebook: Rulebook
    since: datetime
    replanned_at: datetime | None


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


class Rulebooks(Protocol):
    """The rulebook in force, and those that were. Each method raises what PostgreSQL raises; instants are aware."""

    async def in_force(self) -> Rulebook:
        """The rulebook in force, which stays so to the transaction's end; raises NoRulebook and UnusableRulebook.

        Ask before people are locked: whoever waits here, while another is put in force, then holds up nobody.
        """
        ...

    async def in_force_at(self, at: datetime) -> RulebookTerm:
        """The one that was in force at an instant, or the first where none was yet; raises as `in_force` does."""
        ...

    async def refuse_changed(self, rulebook: Rulebook) -> None:
        """Raises ChangedRulebook where its name and version were ever in force with another content."""
        ...

    async def put_first_in_force(self, rulebook: Rulebook, now: datetime) -> None:
        """Put it in force where none has been yet; of several that do so at once, one does. Raises ChangedRulebook."""
        ...

    async def put_in_force(self, rulebook: Rulebook, now: datetime) -> None:
        """Put it in force in the place of another, with a replan that has not begun; raises ChangedRulebook.

        Waits for every transaction that plans by the other one. Where it is in force already, nothing changes.
        """
        ...

    async def replanned_to(self) -> bytes | None:
        """Up to which hash everybody is under the rulebook in force; None where everybody is."""
        ...

    async def replan_progress(self, rulebook: str) -> Progress | None:
        """How far a replan under the rulebook of that name and version has come; None where none was begun."""
        ...

    async def save_replan_progress(self, progress: Progress) -> None:
        """Store how far it has come, in the place of what was stored for that rulebook, which is the one in force."""
        ...


@dataclass(frozen=True)
class Tables:
    """All tables within one transaction: what is done to them is seen together or not at all."""

    people: People
    operators: Operators
    records: RecordTables
    rulebooks: Rulebooks


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
