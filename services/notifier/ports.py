"""What the handlers and the turns need from the world, and what passes between: a few narrow Protocols.

Each promises no more than its callers need. What a transaction's tables do is seen together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
from schemas.numbers import NumberChange
from schemas.wire import Version
from services.notifier.domain.delivery import (
    ChannelName,
    Delivery,
    Outcome,
    Purpose,
    State,
    TooLate,
)
from services.notifier.domain.recipients import ContactBook, OpenTasks
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.texts import EmailText, LetterText
from services.notifier.inbox import Contact
from services.records.tables import RecordTables

Kind = Literal["sms", "email", "letter", "adviser_task"]
"""What a transport carries; a manager's and an organisation's e-mail are both `email`."""


@dataclass(frozen=True, slots=True)
class PresentPerson:
    """A person under the number that is in force now; `stated` is the hash of the number as it was written."""

    hash: bytes
    person_id: str = field(repr=False)
    stated: bytes


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """A due event under the person's present number, with the newest basis; `received_at` is when it first came."""

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
class Backlog:
    """What is ready, since when the oldest of it is (None where nothing is), and what has no receipt.

    `ready` stops at 1 000. `unanswered` counts by channel what was sent and never confirmed.
    """

    oldest_ready_at: datetime | None
    ready: int
    unanswered: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many tasks are open on a desk; of these, how many were due before today, and are from today to Sunday."""

    open: int = 0
    overdue: int = 0
    due_this_week: int = 0

    def __add__(self, other: TaskCounts) -> TaskCounts:
        """Those of both together."""
        return TaskCounts(
            self.open + other.open,
            self.overdue + other.overdue,
            self.due_this_week + other.due_this_week,
        )


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """How far one delivery has come: for demo, support and tests. Codes and ids, nothing personal.

    `attempts` is None where an earlier moment is shown for which it is not kept.
    """

    delivery_id: str
    event_id: str
    role: Role
    org_number: str | None
    channel: str
    purpose: Purpose
    state: str
    reason: str | None
    wait_reason: str | None
    ready_at: datetime | None
    attempts: int | None
    withdrawn: str | None
    planned_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    ended_at: datetime | None


class ContactSlot(NamedTuple):
    """One recipient about one person; `org_number` is empty for the employee."""

    person: bytes
    role: str
    org_number: str

    @classmethod
    def of(cls, delivery: Delivery) -> ContactSlot:
        """Whom the interval between two messages is about."""
        return cls(delivery.person, delivery.role, delivery.org_number or "")


# --- the world outside --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message about to leave, and what the turn knew when it decided to send it.

    `at` is the instant of the attempt; `language` is that of the words. `notice` is the sentence that an e-mail is
    about, without greeting and guide, for a channel that also shows it by itself; None for every other kind.
    `named_on` is the date in the words of an SMS or an e-mail, for a channel that says them again; None where they
    name none.
    """

    delivery: Delivery
    known: KnownEvent
    message: SmsRequested | EmailRequested | LetterRequested | AdviserTaskOpened = field(repr=False)
    language: Language
    at: datetime
    notice: str | None = field(default=None, repr=False)
    named_on: date | None = None

    @property
    def delivery_id(self) -> str:
        """The message's own id, which makes a repeat harmless."""
        return self.delivery.delivery_id

    @property
    def is_task(self) -> bool:
        """Whether it is for an adviser's desk."""
        return isinstance(self.message, AdviserTaskOpened)


@dataclass(frozen=True, slots=True)
class Recall:
    """Take back what was sent for this delivery; `reason` is the code of its withdrawal, `at` now."""

    delivery: Delivery
    reason: str
    at: datetime

    @property
    def delivery_id(self) -> str:
        """The id that the message was sent with."""
        return self.delivery.delivery_id


class Channel(Protocol):
    """One way out for messages of a kind. Adding one is a file in `channels` and a line in `transports.py`.

    A channel is given all that it needs: it reads no table, and remembers nothing that it could not do without.
    Several calls may run at once, each for another delivery. `Failed` is the receiver's answer; any exception is
    our own trouble, which spends no attempt and is tried again.
    """

    kind: Kind
    closes: frozenset[State]
    """The states in which it can take back what it was given; empty where it never can."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand the message over; `Sent` once the receiver has it.

        May be called again with the same delivery id after a crash or a lost answer: the id is passed on, so that
        the receiver can see the repeat.
        """
        ...

    async def close(self, recall: Recall) -> Outcome | TooLate:
        """Take back what was sent with that id, or would have been; may be called again, and then changes nothing.

        `TooLate` where it never can be any more; what failed is asked for again. Called only in the states of
        `closes`, and before `not_after` unless it is a task.
        """
        ...


class Words(Protocol):
    """The words that leave for people, in the language asked for.

    There are words for every checkpoint and step, general ones where nobody wrote any of their own.
    """

    def sms(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
    ) -> str:
        """One SMS; raises ValueError for anybody but the employee."""
        ...

    def email(
        self,
        checkpoint: str,
        step: str,
        role: Role,
        language: Language,
        dates: MessageDates,
    ) -> EmailText:
        """An e-mail in plain text; raises ValueError for an adviser."""
        ...

    def letter(
        self, checkpoint: str, step: str, language: Language, dates: MessageDates
    ) -> LetterText:
        """A whole letter to the employee."""
        ...

    def date_named(
        self, checkpoint: str, step: str, role: Role, dates: MessageDates
    ) -> date | None:
        """The date by which the message says to do something; None where it names none."""
        ...

    def letter_template(self, checkpoint: str, step: str) -> str:
        """Which words a letter to the employee has."""
        ...


# --- the world outside: registers, asked over HTTP -----------------------------------------------------------


class RegisterUnavailable(Exception):
    """A register gave no answer that can be used; its text is the register's name and a code."""


@dataclass(frozen=True, slots=True)
class RegisteredContact:
    """The contact register's answer about a person; addresses as they stand there."""

    may_be_notified: bool
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)


class ContactRegister(Protocol):
    """Asked again at each attempt; nothing of its answer is kept. Without an answer nothing is sent."""

    async def contact(self, person_id: str, at: datetime) -> RegisteredContact | None:
        """None where the register knows nobody by that number; raises RegisterUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredManager:
    """An active line manager: the manager's own number, and one address or none."""

    person_id: str = field(repr=False)
    email: str | None = field(repr=False)


class ManagerRegister(Protocol):
    """Asked as the contact register is."""

    async def manager(
        self, person_id: str, org_number: str, at: datetime
    ) -> RegisteredManager | None:
        """None where the employee has no active line manager there; raises RegisterUnavailable."""
        ...


# --- a delivery, for whoever asks about it by its id -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AboutDelivery:
    """A delivery, and the due event it is about under the person's present number.

    `withdrawals` are all that were made of the event, oldest first; `died_at` is when the person was last said to
    have died.
    """

    delivery: Delivery
    event: DeadlineDue = field(repr=False)
    withdrawals: tuple[DeadlineWithdrawn, ...] = field(default=(), repr=False)
    died_at: datetime | None = None


class DeliveryLookup(Protocol):
    """For a receiver who asks us whether a message is still wanted; channels are given what they need."""

    async def about(self, delivery_id: str) -> AboutDelivery | None:
        """None where there is no such delivery; locks nothing; raises what PostgreSQL raises."""
        ...


# --- the tables ---------------------------------------------------------------------------------------------
# Each method raises what PostgreSQL raises. Persons are keyed hashes, and those of the present number unless said;
# instants are aware. Locks are held to the end of the transaction and taken in one order, so that two batches with
# the same rows never wait for each other in a ring.


class ContactStore(Protocol):
    """Contacts as the newest record of each has them, and the numbers that people had before."""

    async def save(self, contacts: Sequence[Contact], persons: Mapping[str, bytes]) -> None:
        """Store what is newer than what is there; `persons` has the present hash of each number."""
        ...

    async def end_relations(self, gone: Sequence[tuple[str, Version]]) -> None:
        """These relations to a line manager have ended, by id; an id that is not known is passed over."""
        ...

    async def wake(self, persons: Collection[bytes], now: datetime) -> None:
        """Deliveries that wait for a register record of these people are ready at `now`.

        Locks those deliveries and the ones being sent: a turn that is about to let one wait has written it before
        this returns.
        """
        ...

    async def ended_employments(
        self, persons: Collection[bytes], today: date
    ) -> set[tuple[bytes, str]]:
        """The (person, employer) of which the employment is over `today`, as far as line managers' relations show."""
        ...

    async def ended_between(self, first: date, last: date) -> set[bytes]:
        """Those of whom an employment had its last day then, both dates included; locks nothing."""
        ...

    async def read(
        self,
        persons: Collection[bytes],
        today: date,
        *,
        org_numbers: Collection[str],
        adviser_ids: Collection[str],
        special_office: str,
    ) -> ContactBook:
        """All that is known of these people, these employers and these advisers, as it holds `today`; locks nothing."""
        ...

    async def present(self, persons: Collection[bytes]) -> dict[bytes, tuple[bytes, str]]:
        """The present (hash, number) by old hash, for those alone whose number changed."""
        ...

    async def connected(self, persons: Collection[bytes]) -> set[bytes]:
        """These people, and every number that changes of number tie to them."""
        ...

    async def renumber(
        self, changes: Sequence[tuple[NumberChange[bytes], str]]
    ) -> dict[bytes, tuple[bytes, str]]:
        """Store each change, beside its new number, where no newer record says something else of the old number.

        Returns the present (hash, number) of every old number that is connected with these.

        The caller has locked both numbers of each.
        """
        ...

    async def move(self, present: Mapping[bytes, tuple[bytes, str]]) -> None:
        """Put the events, withdrawals and deliveries of each number under the (hash, number) that it has become.

        The caller has locked all of them.
        """
        ...


class Events(Protocol):
    """Due events, their withdrawals and the newest basis of each; `persons` is by number as written."""

    async def lock(self, persons: Collection[bytes]) -> None:
        """Wait until nobody else changes what is known about these people, and keep others out."""
        ...

    async def erased(self, persons: Collection[bytes]) -> dict[bytes, datetime]:
        """When those of these people were erased who were; under whatever number."""
        ...

    async def add(
        self, due: Sequence[DeadlineDue], persons: Mapping[str, PresentPerson], now: datetime
    ) -> set[str]:
        """Store the events that are new, as received at `now`; returns their ids."""
        ...

    async def update(
        self,
        updates: Sequence[DeadlineUpdated],
        persons: Mapping[str, PresentPerson],
        now: datetime,
    ) -> set[str]:
        """Store each basis that is newer than the one known, also before its event; returns the events' ids."""
        ...

    async def read(self, event_ids: Collection[str]) -> dict[str, KnownEvent]:
        """Those of these events that have come, by id; locks nothing."""
        ...

    async def withdraw(
        self, withdrawals: Sequence[DeadlineWithdrawn], persons: Mapping[str, PresentPerson]
    ) -> set[str]:
        """Store the withdrawals that are new, also before their event; returns the events' ids."""
        ...

    async def withdrawals(self, event_ids: Collection[str]) -> dict[str, list[DeadlineWithdrawn]]:
        """The withdrawals of each event that has one, oldest first."""
        ...

    async def deaths(self, persons: Collection[bytes]) -> dict[bytes, datetime]:
        """When those of these people died who did, as it was last reported."""
        ...


class Deliveries(Protocol):
    """Deliveries, whole rows. What is returned is locked, and in the order of the ids unless said."""

    async def add(self, deliveries: Sequence[Delivery]) -> set[str]:
        """Store those that are not there yet, and return their ids; one that is there stays as it is."""
        ...

    async def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Delivery]:
        """Lease up to `limit` that are ready until that instant, planned first first.

        What waits for somebody at an employer, and what somebody else is claiming, is passed over.

        One that was being sent already comes back `uncertain`.
        """
        ...

    async def lock_claimed(
        self, delivery_ids: Collection[str], lease_until: datetime
    ) -> list[Delivery]:
        """Those that still hold that lease; the others belong to somebody else by now."""
        ...

    async def lock(self, delivery_ids: Collection[str]) -> list[Delivery]:
        """Those of these that there are."""
        ...

    async def lock_of_events(self, event_ids: Collection[str]) -> list[Delivery]:
        """All deliveries of these events, in whatever state."""
        ...

    async def lock_to_employers(self, persons: Collection[bytes]) -> list[Delivery]:
        """Deliveries to the employers of these people, tasks that stand in for them included."""
        ...

    async def ready_for_managers(self, now: datetime, limit: int) -> set[tuple[bytes, str]]:
        """The (person, employer) of at most `limit` e-mails that wait for somebody there and are to be looked at.

        Locks nothing.
        """
        ...

    async def lock_for_managers(self, persons: Collection[bytes]) -> list[Delivery]:
        """E-mails about these people that wait for somebody at an employer, and all tasks in the place of employers."""
        ...

    async def wake_for_managers(
        self, persons: Collection[bytes], org_numbers: Collection[str], now: datetime
    ) -> None:
        """E-mails that wait for somebody at an employer, of these people and of these employers, are ready at `now`.

        The caller has locked the people and the employers.
        """
        ...

    async def lock_of_protected(self, persons: Collection[bytes]) -> list[Delivery]:
        """Open tasks about the protected address of these people, and what was cancelled because of it."""
        ...

    async def lock_stale_tasks(self, event_ids: Collection[str]) -> list[Delivery]:
        """Open tasks that were opened or updated with an older basis than their event has now."""
        ...

    async def open_tasks(
        self, adviser_ids: Collection[str], persons: Collection[bytes]
    ) -> OpenTasks:
        """How many tasks these advisers have, also those just being sent, and for whom of these people."""
        ...

    async def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write what may have changed of rows that the caller has locked."""
        ...

    async def next_ready_at(self) -> datetime | None:
        """When the next delivery is to be looked at, or the next lease ends; None while nothing waits."""
        ...


class Safety(Protocol):
    """The interval between two messages, the ceiling of an hour, and the brake (contract 6.9)."""

    async def take_slots(
        self, deliveries: Sequence[Delivery], now: datetime, interval: timedelta
    ) -> set[str]:
        """The ids of those that may go now; at most one of `deliveries` is for each slot.

        Of several processes one gets a slot. A delivery that has it already keeps it.
        """
        ...

    async def slots(self, deliveries: Sequence[Delivery]) -> Mapping[ContactSlot, datetime]:
        """When the slots of these deliveries were last taken; those that never were are left out."""
        ...

    async def give_back_slots(self, delivery_ids: Sequence[str]) -> None:
        """Return the slots of what reached nobody; a delivery without one is passed over."""
        ...

    async def take_from_hour(
        self, channel: ChannelName, hour: datetime, wanted: int, ceiling: int
    ) -> int:
        """How many of `wanted` may still go through the channel in the hour that begins at `hour`.

        They are counted at once; the channel's hour is locked.
        """
        ...

    async def brakes(self) -> list[Brake]:
        """The channels that are held back by hand, by name."""
        ...


class Tables(Protocol):
    """All tables within one transaction."""

    @property
    def contacts(self) -> ContactStore: ...

    @property
    def events(self) -> Events: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def safety(self) -> Safety: ...

    @property
    def records(self) -> RecordTables: ...


Begin = Callable[[], AbstractAsyncContextManager[Tables]]
"""Begins a transaction: committed at its end, rolled back by any exception."""
