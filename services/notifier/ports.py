"""What the handlers and the turns need from the world: a few narrow Protocols.

Each promises no more than its callers lean on. What a transaction's tables do is seen together or not at all, and
what they lock stays locked to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from schemas.messages import (
    AdviserTaskOpened,
    DeadlineDue,
    DeadlineUpdated,
    DeadlineWithdrawn,
    EmailRequested,
    Language,
    LetterRequested,
    Role,
    SmsRequested,
)
from schemas.wire import Record, Version
from services.notifier.domain.delivery import ChannelName, Delivery, Outcome, State
from services.notifier.domain.recipients import Contacts
from services.notifier.domain.words.texts import EmailText
from services.notifier.inbox import Contact
from services.records.dead_letters import Dead

Kind = Literal["sms", "email", "letter", "adviser_task"]
"""What a transport carries; a manager's and an organisation's e-mail are both `email`."""


@dataclass(frozen=True, slots=True)
class PresentPerson:
    """A person under the number that is in force now."""

    hash: bytes
    person_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """A due event as it stands: under the person's present number, with the newest basis."""

    event: DeadlineDue = field(repr=False)
    person: bytes
    received_at: datetime
    basis_revision: int


@dataclass(frozen=True, slots=True)
class Brake:
    """A channel that is held back, since when and why."""

    channel: str
    paused_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What operators should see. `unanswered` counts by channel what was sent and never confirmed."""

    oldest_ready_at: datetime | None
    ready: int
    unanswered: Mapping[str, int]


class Slot(NamedTuple):
    """One recipient about one person; `org_number` is empty for the employee."""

    person: bytes
    role: str
    org_number: str


# --- the world outside --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message about to leave; `at` is the instant of the attempt. Its own id makes a repeat harmless."""

    delivery_id: str
    message: SmsRequested | EmailRequested | LetterRequested | AdviserTaskOpened = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Recall:
    """Take back what was sent with that id."""

    delivery_id: str
    reason: str
    at: datetime


class Channel(Protocol):
    """One way out. Adding one is a new file and a line in the composition root's list.

    `send` may be called again with the same id after a crash or a lost answer: it passes the id on, so that
    whoever receives it can see the repeat. `Failed` is the receiver's answer; an exception is our own trouble,
    spends no attempt and is tried again. Several calls may run at once.
    """

    kind: Kind
    closes: frozenset[State]
    """The states in which it can take back what it was given."""

    async def send(self, outgoing: Outgoing) -> Outcome: ...

    async def close(self, recall: Recall) -> Outcome: ...


class Publish(Protocol):
    """Puts records on Kafka; returns when all of them are there, raises when that is not known."""

    async def publish(self, records: Sequence[Record]) -> None: ...


class Clock(Protocol):
    """Asked once a batch."""

    async def now(self) -> datetime: ...


class Words(Protocol):
    """The words that leave for people."""

    def sms(
        self, checkpoint: str, step: str, role: Role, language: Language, due_on: date
    ) -> str: ...

    def email(
        self, checkpoint: str, step: str, role: Role, language: Language, due_on: date
    ) -> EmailText: ...

    def letter_template(self, checkpoint: str, step: str) -> str: ...


# --- the tables ---------------------------------------------------------------------------------------------


class ContactBook(Protocol):
    """The contacts of a batch of people."""

    def of(self, person: bytes) -> Contacts: ...


class Contacted(Protocol):
    async def save(self, contacts: Sequence[Contact], persons: Mapping[str, bytes]) -> None: ...

    async def end_relations(self, gone: Sequence[tuple[str, Version]]) -> None: ...

    async def wake(self, persons: Collection[bytes], now: datetime) -> None: ...

    async def ended_employments(self, persons: Collection[bytes]) -> set[tuple[bytes, str]]: ...

    async def read(
        self,
        persons: Collection[bytes],
        *,
        org_numbers: Collection[str],
        adviser_ids: Collection[str],
        special_office: str,
    ) -> ContactBook: ...

    async def present(self, persons: Collection[bytes]) -> dict[bytes, tuple[bytes, str]]: ...

    async def renumber(
        self, old: bytes, new: bytes, new_person_id: str, version: Version
    ) -> bool: ...

    async def move(self, old: bytes, new: bytes, new_person_id: str) -> None: ...


class Events(Protocol):
    async def lock(self, persons: Collection[bytes]) -> None: ...

    async def erased(self, persons: Collection[bytes]) -> dict[bytes, datetime]: ...

    async def add(
        self, due: Sequence[DeadlineDue], persons: Mapping[str, PresentPerson], now: datetime
    ) -> set[str]: ...

    async def update(
        self,
        updates: Sequence[DeadlineUpdated],
        persons: Mapping[str, PresentPerson],
        now: datetime,
    ) -> set[str]: ...

    async def read(self, event_ids: Collection[str]) -> dict[str, KnownEvent]: ...

    async def withdraw(
        self, withdrawals: Sequence[DeadlineWithdrawn], persons: Mapping[str, PresentPerson]
    ) -> set[str]: ...

    async def withdrawals(
        self, event_ids: Collection[str]
    ) -> dict[str, list[DeadlineWithdrawn]]: ...

    async def deaths(self, persons: Collection[bytes]) -> dict[bytes, datetime]: ...


class Deliveries(Protocol):
    async def add(self, deliveries: Sequence[Delivery]) -> None: ...

    async def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Delivery]: ...

    async def lock_claimed(
        self, delivery_ids: Collection[str], lease_until: datetime
    ) -> list[Delivery]: ...

    async def lock(self, delivery_ids: Collection[str]) -> list[Delivery]: ...

    async def lock_of_events(self, event_ids: Collection[str]) -> list[Delivery]: ...

    async def lock_to_employers(self, persons: Collection[bytes]) -> list[Delivery]: ...

    async def lock_stale_tasks(self, event_ids: Collection[str]) -> list[Delivery]: ...

    async def write(self, deliveries: Sequence[Delivery]) -> None: ...


class Safety(Protocol):
    async def take_slots(
        self, deliveries: Sequence[Delivery], now: datetime, interval: timedelta
    ) -> set[str]: ...

    async def slots(self, deliveries: Sequence[Delivery]) -> Mapping[Slot, datetime]: ...

    async def give_back_slots(self, delivery_ids: Sequence[str]) -> None: ...

    async def take_from_hour(
        self, channel: ChannelName, hour: datetime, wanted: int, ceiling: int
    ) -> int: ...

    async def brakes(self) -> list[Brake]: ...


class Records(Protocol):
    async def add_seen(self, digests: Collection[bytes], now: datetime) -> set[bytes]: ...

    async def put(self, records: Sequence[Record]) -> None: ...

    async def take(self, limit: int) -> list[Record]: ...

    async def refuse_when_stopped(self) -> None: ...

    async def set_aside(self, dead: Sequence[Dead], now: datetime) -> None: ...


class Tables(Protocol):
    """All tables within one transaction."""

    @property
    def contacts(self) -> Contacted: ...

    @property
    def events(self) -> Events: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def safety(self) -> Safety: ...

    @property
    def records(self) -> Records: ...


class Store(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[Tables]:
        """Committed at the end, rolled back by any exception."""
        ...
