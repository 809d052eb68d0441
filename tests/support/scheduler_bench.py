"""A scheduler on a real PostgreSQL without its loops, and records to feed it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from schemas.ids import person_hash
from schemas.messages import Message
from schemas.wire import Envelope, Record, decode, event_headers
from services.runtime.assembly import App
from services.runtime.clock import TurnedClock
from services.runtime.postgres import Pool, close_pool, open_pool
from services.scheduler.app import SCHEMA, compose
from services.scheduler.jobs.watch_rulebook import put_first_in_force
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on

KEY = SecretStr("a key that is for these tests alone")
ANNE = "14838511253"
BJORN = "02917920144"
KAFE = "310200107"
BYGG = "310201200"
NOTES = "stoppunkt.sick-notes.v1"
FACTS = "stoppunkt.follow-up.v1"


def hash_of(person_id: str) -> bytes:
    """The keyed hash of a number under KEY."""
    return person_hash(KEY.get_secret_value().encode(), person_id)


@dataclass
class CollectingPublisher:
    """Takes the place of the Kafka publisher, and collects the records that it is given."""

    records: list[Record] = field(default_factory=list)

    async def publish(self, records: Sequence[Record]) -> None:
        self.records += records

    @property
    def messages(self) -> list[Message]:
        envelopes = [decode(record) for record in self.records]
        assert all(isinstance(envelope, Envelope) for envelope in envelopes)
        return [e.message for e in envelopes if isinstance(e, Envelope)]  # type: ignore[misc]


@dataclass
class Bench:
    """A scheduler, its clock and what it published."""

    pool: Pool
    clock: TurnedClock
    publisher: CollectingPublisher
    scheduler: App

    async def receive(self, *records: Record, at: datetime) -> None:
        """Hand a batch over at an instant, and let everything that follows at once happen."""
        await self.turn_to(at)
        await self.scheduler.handle(records)
        await self.settle()

    async def turn_to(self, at: datetime) -> None:
        """Turn the clock from due instant to due instant, up to and including `at`."""
        while (due_at := await self.scheduler.next_due_at()) is not None and due_at <= at:
            self.clock.turn(max(due_at, await self.clock.now()))
            await self.settle()
        self.clock.turn(at)

    async def settle(self) -> None:
        now = await self.clock.now()
        while await self.scheduler.turn(now):
            pass
        while await self.scheduler.relay():
            pass


@asynccontextmanager
async def scheduler_on(
    database_url: str, *, start: datetime, rulebook: str = "standard"
) -> AsyncIterator[Bench]:
    """A scheduler on a migrated database, its clock standing at `start`; `rulebook` where none is in force yet."""
    pool = await open_pool(database_url, schema=SCHEMA, application_name="test")
    clock = TurnedClock(start)
    publisher = CollectingPublisher()
    begin = begin_on(pool, hash_of)
    await put_first_in_force(begin, clock, read_rulebook(rulebook))
    scheduler = compose(begin, clock, publisher)
    try:
        yield Bench(pool, clock, publisher, scheduler)
    finally:
        await close_pool(pool)


_offset = iter(range(1, 1_000_000_000))


def event(topic: str, kind: str, at: datetime, key: str, **value: Any) -> Record:
    """A canonical record of its own event, with the instant as its Kafka timestamp."""
    number = next(_offset)
    return Record(
        topic=topic,
        key=key.encode(),
        value=json.dumps(value, default=str).encode(),
        headers=event_headers(
            f"no.stoppunkt.{kind}.v1", event_id=f"event-{number}", source="urn:test", at=at
        ),
        timestamp_ms=int(at.timestamp() * 1000),
        offset=number,
    )


def note(
    at: datetime,
    from_: date,
    days: int,
    *,
    person: str = ANNE,
    note_id: str = "note-1",
    org: str | None = KAFE,
    grade: int = 100,
    form: str = "digital",
    issued_on: date | None = None,
) -> Record:
    """A registered sick note of one period."""
    kind = {"kind": "full"} if grade == 100 else {"kind": "graded", "grade": grade}
    period = {"from": from_, "to": from_ + timedelta(days=days - 1), **kind}
    return event(
        NOTES,
        "sick_note.registered",
        at,
        note_id,
        note_id=note_id,
        person_id=person,
        employer={"org_number": org, "name": "SYNTETISK"} if org is not None else None,
        form=form,
        issued_on=issued_on or at.date(),
        periods=[period],
    )


def no_note(at: datetime, note_id: str = "note-1") -> Record:
    """The withdrawal of a note: a null value under its key."""
    return Record(NOTES, note_id.encode(), None, (), int(at.timestamp() * 1000), 0, next(_offset))


def fact(at: datetime, kind: str, *, person: str = ANNE, **value: Any) -> Record:
    """A follow-up fact that occurred when it arrives."""
    return event(
        FACTS,
        kind,
        at,
        "key-of-a-person",
        **{"person_id": person, "occurred_at": at.isoformat()} | value,
    )


def oslo_nine(day: date) -> datetime:
    """09:00 in Oslo in winter, in UTC."""
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
