"""For the notifier's tests: made-up people, records about them, and a notifier without its loops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from schemas.ids import due_event_id, person_hash, withdrawal_id
from schemas.messages import (
    AdviserChanged,
    Basis,
    CaseSnapshot,
    DeadlineDue,
    DeadlineUpdated,
    DeadlineWithdrawn,
    DeliveryReceipt,
    Employer,
    LineManagerChanged,
    Message,
    OrganisationContactChanged,
    PersonContactChanged,
    PersonRenumbered,
    Recipient,
    RulebookStamp,
)
from schemas.norway import OSLO
from schemas.wire import Record, encode
from services.cli.pipeline.settings import settings_for
from services.notifier.app import SCHEMA, compose, migrate
from services.notifier.domain.delivery import ChannelName
from services.notifier.lookups import present_number
from services.notifier.ports import Brake, DeliveryProgress
from services.notifier.sending.limits import Limits
from services.notifier.store import begin_on
from services.runtime.assembly import App
from services.runtime.clock import TurnedClock
from services.runtime.postgres import Pool, close_pool, open_pool
from tests.support.waiting import until

# Made-up national numbers: 80 is added to the month.
ANNE = "14838511253"
JON_OLD = "12928610118"
JON_NEW = "12928618070"
KAFE = "310200107"
BYGG = "310201200"
CASE = "5d4f1c1e-6a6c-5f0a-8a37-0d8f8a5f7b11"
KEY = SecretStr("a key for tests that is public and long enough")
SPECIAL_OFFICE = "2103"

CHOSEN_KEYS = (PersonContactChanged.topic, PersonRenumbered.topic)
EMPLOYEE = Recipient(role="employee")
MANAGER = Recipient(role="line_manager", org_number=KAFE)
ADVISER = Recipient(role="adviser")


def oslo(text: str) -> datetime:
    """An instant on the wall clock in Oslo."""
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


def due(
    checkpoint: str = "dialogue_meeting_1",
    step: str = "deadline",
    *,
    at: datetime,
    recipients: Sequence[Recipient] = (EMPLOYEE,),
    person_id: str = ANNE,
    **others: Any,
) -> DeadlineDue:
    """A due event that fires at `at`; `form` and `employers` go into its case."""
    form = others.pop("form", "digital")
    employers = others.pop("employers", (Employer(org_number=KAFE, name="SYNTETISK KAFE OSLO"),))
    due_on: date = others.pop("due_on", at.astimezone(OSLO).date())
    generation: int = others.pop("generation", 1)
    fields: dict[str, Any] = {
        "event_id": due_event_id(CASE, checkpoint, step, "", generation),
        "case_id": CASE,
        "person_id": person_id,
        "checkpoint": checkpoint,
        "step": step,
        "subject": None,
        "generation": generation,
        "due_on": due_on,
        "due_at": at,
        "fired_at": at,
        "late_seconds": 0,
        "show_on": None,
        "rulebook": RulebookStamp(name="standard", version="2026-11", office=None),
        "case": CaseSnapshot(
            start=due_on - timedelta(days=48),
            end=due_on + timedelta(days=30),
            sick_days=49,
            day=49,
            week=7,
            grade=100,
            form=form,
            employers=tuple(employers),
        ),
        "recipients": tuple(recipients),
        "basis": None,
    }
    return DeadlineDue(**(fields | others))


def withdrawal(
    event: DeadlineDue,
    *,
    at: datetime,
    reason: str = "done",
    detail: str | None = "held",
    recipients: Sequence[Recipient] | None = None,
) -> DeadlineWithdrawn:
    first = recipients[0] if recipients else None
    return DeadlineWithdrawn.model_validate(
        {
            "withdrawal_id": withdrawal_id(
                event.event_id, first.role if first else None, first.org_number if first else None
            ),
            "event_id": event.event_id,
            "case_id": event.case_id,
            "person_id": event.person_id,
            "checkpoint": event.checkpoint,
            "step": event.step,
            "subject": event.subject,
            "generation": event.generation,
            "reason": reason,
            "detail": detail,
            "recipients": recipients,
            "withdrawn_at": at,
        }
    )


def anne(**others: Any) -> PersonContactChanged:
    known: dict[str, Any] = {
        "person_id": ANNE,
        "may_be_notified": True,
        "phone": "+4790000001",
        "email": "anne@example.invalid",
        "language": "nb",
        "office": "0219",
        "birth_date": date(1985, 3, 14),
    }
    return PersonContactChanged(**(known | others))


def manager(**others: Any) -> LineManagerChanged:
    known: dict[str, Any] = {
        "person_id": ANNE,
        "org_number": KAFE,
        "email": "leder@example.invalid",
        "active": True,
    }
    return LineManagerChanged(**(known | others))


def organisation(**others: Any) -> OrganisationContactChanged:
    known: dict[str, Any] = {"org_number": KAFE, "email": "post@kafe.example.invalid"}
    return OrganisationContactChanged(**(known | others))


def adviser(adviser_id: str = "Z990001", **others: Any) -> AdviserChanged:
    known: dict[str, Any] = {"adviser_id": adviser_id, "office": "0219"}
    return AdviserChanged(**({"birth_days": tuple(range(1, 17))} | known | others))


class Offsets:
    """Records as Kafka hands them over: each with the next offset and the timestamp it was given."""

    def __init__(self) -> None:
        self._next = 0

    def record(self, message: Message, at: datetime, *, event_id: str | None = None) -> Record:
        self._next += 1
        record = encode(
            message,
            event_id=event_id or f"test-{self._next}",
            source="urn:test",
            at=at,
            timestamp_ms=int(at.timestamp() * 1000),
            # Where the key is the publisher's choice it is read by nobody.
            key="chosen" if message.topic in CHOSEN_KEYS else None,
        )
        return replace(record, offset=self._next)


@dataclass
class Out:
    """Takes what is published, in order.

    `fails` times it raises instead of taking anything; while `hangs` it takes it and never answers.
    """

    records: list[Record] = field(default_factory=list)
    fails: int = 0
    hangs: bool = False

    async def publish(self, records: Sequence[Record]) -> None:
        if self.fails > 0:
            self.fails -= 1
            raise ConnectionError
        self.records.extend(records)
        if self.hangs:
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Left:
    """A record that left, read back."""

    type: str
    id: str
    at: datetime
    key: str
    data: dict[str, Any]


def read_back(record: Record) -> Left:
    headers = {name: value.decode() for name, value in record.headers}
    return Left(
        type=headers["ce_type"].removeprefix("no.stoppunkt.").rpartition(".v")[0],
        id=headers["ce_id"],
        at=datetime.fromisoformat(headers["ce_time"]),
        key=(record.key or b"").decode(),
        data=json.loads(record.value or b"null"),
    )


class Desk:
    """A notifier without its loops, a clock that the test turns, and the records that have left it."""

    def __init__(self, pool: Pool, start: datetime, **parts: Any) -> None:
        self.pool = pool
        self.clock = TurnedClock(start)
        self.out = Out()
        self.offsets = Offsets()
        self.parts = parts
        self.begin = begin_on(pool)
        self.notifier = self.another()

    def another(self, **changes: Any) -> App:
        """A second process on the same database."""
        parts = self.parts | changes
        limits: Limits = parts.get("limits", Limits())
        settings = settings_for("postgresql://test/test", "localhost:9092").model_copy(
            update={
                "pseudonym_key": KEY,
                "special_office": SPECIAL_OFFICE,
                "contact_interval_hours": limits.interval / timedelta(hours=1),
                "channel_ceiling_per_hour": limits.ceiling_per_hour,
            }
        )
        return compose(
            settings,
            self.pool,
            self.clock,
            self.out,
            channels=parts.get("channels"),
            decode=parts.get("decode"),
        )

    async def deliveries(self, person_id: str | None = None) -> list[DeliveryProgress]:
        """How far every delivery has come, of one person under whatever number or all."""
        async with self.begin() as tables:
            person = None
            if person_id is not None:
                person = await present_number(
                    tables, person_hash(KEY.get_secret_value().encode(), person_id)
                )
            return await tables.deliveries.progress(person)

    async def pause(self, channel: ChannelName, why: str) -> None:
        async with self.begin() as tables:
            await tables.safety.pause(channel, self.now, why)

    async def resume(self, channel: ChannelName) -> None:
        async with self.begin() as tables:
            await tables.safety.resume(channel, self.now)

    async def brakes(self) -> list[Brake]:
        async with self.begin() as tables:
            return await tables.safety.brakes()

    async def stopped_at(self) -> datetime | None:
        async with self.begin() as tables:
            return await tables.records.stopped_at()

    async def resume_after_dead_letters(self) -> None:
        async with self.begin() as tables:
            await tables.records.resume()

    @property
    def now(self) -> datetime:
        return self.clock._now

    async def receive(self, *messages: Message) -> None:
        """Handle these as one batch; nothing is sent."""
        await self.notifier.handle([self.offsets.record(message, self.now) for message in messages])

    async def receive_and_send(self, *messages: Message) -> None:
        """Handle these as one batch, and then send what is ready."""
        await self.receive(*messages)
        await self.settle()

    async def settle(self) -> None:
        while await self.notifier.turn(self.now) or await self.notifier.relay():
            pass

    async def kill_while_sending(self) -> None:
        """A process takes a turn and is gone after its message has left, before it hears of it."""
        self.out.hangs, before = True, len(self.out.records)
        doomed = asyncio.create_task(self.another().turn(self.now))
        await until(lambda: len(self.out.records) > before)
        doomed.cancel()
        await asyncio.wait([doomed])
        self.out.hangs = False

    async def until(self, instant: datetime) -> None:
        """Turn the clock to each instant at which something is due, and at last to `instant`."""
        while (at := await self.notifier.next_due_at()) is not None and at <= instant:
            self.clock.turn(max(at, self.now))
            await self.settle()
        self.clock.turn(instant.astimezone(UTC))
        await self.settle()

    def left(self, *types: str) -> list[Left]:
        """What has left, all of it or of these types."""
        living = [record for record in self.out.records if not record.topic.endswith(".dead")]
        left = map(read_back, living)
        return [record for record in left if not types or record.type in types]

    async def states(self) -> list[tuple[str, str, str, str | None]]:
        """(role, channel, state, reason or what it waits for) of each delivery, sorted."""
        return sorted(
            (
                delivery.role,
                delivery.channel,
                delivery.state,
                delivery.wait_reason or delivery.reason,
            )
            for delivery in await self.deliveries()
        )


@asynccontextmanager
async def desk(database_url: str, start: datetime, **parts: Any) -> AsyncIterator[Desk]:
    """A notifier of its own on a migrated database."""
    await migrate(database_url)  # nothing to do where the template has it already
    pool = await open_pool(database_url, schema=SCHEMA, application_name="test notifier")
    try:
        yield Desk(pool, start, **parts)
    finally:
        await close_pool(pool)


def updated(event: DeadlineDue, basis: Any, *, at: datetime) -> DeadlineUpdated:
    return DeadlineUpdated(
        event_id=event.event_id,
        case_id=event.case_id,
        person_id=event.person_id,
        revision=basis.revision,
        basis=basis,
        updated_at=at,
    )


def basis(revision: int, *, wants_meeting: bool = False) -> Basis:
    """What an adviser is shown; with the employee's answer where that wants a meeting."""
    answer = {
        "party": "employee",
        "org_number": None,
        "wants_meeting": True,
        "justified": True,
        "answered_on": "2026-02-20",
    }
    return Basis.model_validate(
        {
            "as_of": date(2026, 2, 24),
            "revision": revision,
            "weeks_completed": 16,
            "grade": {"now": 100, "history": []},
            "earlier_cases": [],
            "employers": [],
            "follow_up_plans": [],
            "answers": [answer] if wants_meeting else [],
            "requests": [],
            "meetings": [],
            "exemptions": [],
            "activity_requirement": None,
            "missing": [],
        }
    )


def receipt(delivery_id: str, outcome: str, *, at: datetime, **others: Any) -> DeliveryReceipt:
    return DeliveryReceipt.model_validate(
        {"delivery_id": delivery_id, "outcome": outcome, "at": at, **others}
    )
