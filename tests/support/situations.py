"""Situations: records about made-up people, and the messages that then leave for them, through both services.

A situation is a function that publishes the facts and contacts of one life and returns what must leave, one line for
each message. All situations of a file go through both services in one run: each has people of its own, and what they
share (an office, an employer) is named.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from prometheus_client import REGISTRY

from schemas.ids import case_id, delivery_id, due_event_id, person_hash
from schemas.messages import (
    ActivityRequirementAssessed,
    AdviserChanged,
    AdviserTaskClosed,
    AdviserTaskOpened,
    AdviserTaskUpdated,
    DeliveryReceipt,
    DialogueMeetingHeld,
    EmailCancelled,
    EmailRequested,
    Employer,
    FollowUpPlanMade,
    FollowUpPlanShared,
    LetterCancelled,
    LetterRequested,
    LineManagerChanged,
    Message,
    OrganisationContactChanged,
    Period,
    PersonContactChanged,
    Role,
    SickNoteRegistered,
    SmsCancelled,
    SmsRequested,
)
from schemas.norway import OSLO
from schemas.wire import Envelope, Record, decode, encode
from services.cli.fold import PUBLIC_PSEUDONYM_KEY
from services.cli.pipeline.departures import Departure
from services.cli.pipeline.pipeline import pipeline
from services.cli.pipeline.settings import RunSettings, settings_for
from services.cli.record_files.read import FiledRecord
from services.notifier.operating import DeliveryStory, deliveries_of
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.rulebook_file import read_rulebook
from tests.support.postgres_and_kafka import Parts, create_database, drop_database

KAFE, SKOLE, BYGG = "310200107", "310202304", "310201200"
PHONE, EMAIL = "+4790000001", "ansatt@example.invalid"
MANAGER = "leder@example.invalid"
OFFICE, SPECIAL_OFFICE = "0219", "2103"
BEGIN = "2026-01-01 08:00"
"""When everybody's contacts are published, where a situation says no other instant."""

Requested = SmsRequested | EmailRequested | LetterRequested
Cancelled = SmsCancelled | EmailCancelled | LetterCancelled
Task = AdviserTaskOpened | AdviserTaskUpdated | AdviserTaskClosed


def oslo(text: str) -> datetime:
    """An instant on the wall clock in Oslo."""
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


class Life:
    """One made-up person, and the records about them in the order in which they are published."""

    def __init__(self, number: int) -> None:
        # 80 is added to the month; born on the 14th.
        self.number = f"148385{number:05d}"
        self.records: list[FiledRecord] = []
        self.others: dict[str, Life] = {}

    def another(self, name: str) -> Life:
        """Somebody else in the same situation, whose lines begin with that name."""
        self.others[name] = Life(int(self.number[-5:]) + 10_000 * (len(self.others) + 1))
        return self.others[name]

    def publish(self, at: str, message: Message) -> str:
        """A record of ours, under an id of its own, which is returned."""
        instant, event_id = oslo(at), f"{self.number[-5:]}-{len(self.records)}"
        try:
            key = message.key
        except NotImplementedError:
            key = f"key-{self.number[-5:]}"
        record = encode(
            message,
            event_id=event_id,
            source="urn:test",
            at=instant,
            timestamp_ms=int(instant.timestamp() * 1000),
            key=key,
        )
        self.records.append(FiledRecord(0, instant, record))
        return event_id

    def fact(self, at: str, kind: type[Message], **fields: Any) -> str:
        """A follow-up fact about this person that occurred, and was published, at an instant; returns its `ce_id`."""
        known = {"person_id": self.number, "occurred_at": oslo(at)}
        return self.publish(at, kind(**(known | fields)))

    def contact(self, at: str = BEGIN, **fields: Any) -> None:
        """May be notified, has a phone and an e-mail, belongs to office 0219; born on a 14th."""
        known: dict[str, Any] = {
            "person_id": self.number,
            "may_be_notified": True,
            "phone": PHONE,
            "email": EMAIL,
            "office": OFFICE,
            "birth_date": date(1985, 3, 14),
        }
        self.publish(at, PersonContactChanged(**(known | fields)))

    def manager(
        self,
        at: str = BEGIN,
        *,
        org: str = KAFE,
        email: str | None = MANAGER,
        active: bool = True,
        language: Any = None,
    ) -> None:
        changed = LineManagerChanged(
            person_id=self.number, org_number=org, email=email, active=active, language=language
        )
        self.publish(at, changed)

    def organisation(self, org: str, email: str, at: str = BEGIN, *, language: Any = None) -> None:
        changed = OrganisationContactChanged(org_number=org, email=email, language=language)
        self.publish(at, changed)

    def adviser(self, adviser_id: str, office: str, at: str = BEGIN, **fields: Any) -> None:
        self.publish(at, AdviserChanged(adviser_id=adviser_id, office=office, **fields))

    def sick(
        self,
        first: str,
        last: str,
        *,
        at: str | None = None,
        org: str = KAFE,
        form: Any = "digital",
        name: str | None = None,
    ) -> None:
        """Full sick leave, both days included; published at eight on its first morning, or `at`."""
        period = Period(from_=date.fromisoformat(first), to=date.fromisoformat(last), kind="full")
        at = at or f"{first} 08:00"
        note = SickNoteRegistered(
            note_id=name or f"note-{self.number[-5:]}-{len(self.records)}",
            person_id=self.number,
            employer=Employer(org_number=org),
            form=form,
            issued_on=oslo(at).date(),
            periods=(period,),
        )
        self.publish(at, note)

    def note_gone(self, at: str, name: str) -> None:
        """The note of that id is withdrawn: a null value under its key."""
        self.record(at, SickNoteRegistered.topic, name, None)

    def record(self, at: str, topic: str, key: str, value: dict[str, Any] | None) -> None:
        """A record in another team's form, or a null value."""
        raw = None if value is None else json.dumps(value).encode()
        milliseconds = int(oslo(at).timestamp() * 1000)
        record = Record(topic, key.encode(), raw, timestamp_ms=milliseconds)
        self.records.append(FiledRecord(0, oslo(at), record))

    def plan_made(self, at: str, org: str = KAFE) -> str:
        return self.fact(at, FollowUpPlanMade, org_number=org, made_on=oslo(at).date())

    def all_else_done(self, at: str) -> None:
        """No step before week 16 is left to do."""
        self.plan_and_meeting_1_done(at)
        self.activity_assessed(at)

    def plan_and_meeting_1_done(self, at: str) -> None:
        """The plan is made and the practitioner has it, and meeting 1 was held."""
        day = oslo(at).date()
        self.plan_made(at)
        shared: dict[str, Any] = {"shared_with": "practitioner", "shared_on": day}
        self.fact(at, FollowUpPlanShared, org_number=KAFE, **shared)
        self.fact(at, DialogueMeetingHeld, meeting=1, meeting_id="m1", takes_place_on=day)

    def activity_assessed(self, at: str) -> None:
        self.fact(at, ActivityRequirementAssessed, outcome="met", final=True)

    def receipt(self, at: str, outcome: Any, message: str, **others: Any) -> None:
        """What a channel says of a message of the first plan reminder, such as "employee sms"."""
        role, channel = message.split()
        fields = {"delivery_id": self.delivery(role, channel), "outcome": outcome, "at": oslo(at)}
        self.publish(at, DeliveryReceipt(**(fields | others)))

    def delivery(self, role: Role | str, channel: str) -> str:
        """The id of a delivery of the plan reminder."""
        org = KAFE if role == "line_manager" else None
        return delivery_id(self.event("follow_up_plan", "reminder"), role, org, channel)

    @property
    def case(self) -> str:
        """The id of the person's first case."""
        return case_id(person_hash(PUBLIC_PSEUDONYM_KEY.encode(), self.number), 1)

    def event(self, checkpoint: str, step: str) -> str:
        """The id of that step's first due event."""
        return due_event_id(self.case, checkpoint, step, "", 1)


Story = list[str]
"""What leaves, and what ends without having arrived: a line each, in any order."""
Publish = Callable[[Life], Story]


@dataclass(frozen=True)
class Situation:
    """One function, called when its story is first asked for."""

    publish: Publish
    life: Life = field(repr=False)

    @property
    def name(self) -> str:
        return self.publish.__name__

    @cached_property
    def story(self) -> Story:
        return self.publish(self.life)

    @property
    def people(self) -> dict[str, Life]:
        """By the name that their lines begin with; the first has none."""
        assert self.story, "a situation in which nothing leaves shows nothing"
        return {"": self.life} | self.life.others


class Situations(list[Situation]):
    """Those of one file, in its order; each has people of its own."""

    def add(self, publish: Publish) -> Publish:
        self.append(Situation(publish, Life(len(self) + 1)))
        return publish


def in_order(story: Iterable[str]) -> str:
    """A story as one text, whatever the order of its lines."""
    return "\n".join(sorted(story))


class Lived:
    """What became of everybody."""

    def __init__(self, moments: Sequence[tuple[datetime, Departure]]) -> None:
        self.left = moments
        self.counted: dict[tuple[str, str], float] = {}
        self._ends: dict[str, list[DeliveryStory]] = {}

    def add(self, number: str, deliveries: list[DeliveryStory]) -> None:
        self._ends[number] = deliveries

    def ends(self, state: str, channel: str) -> int:
        """How many deliveries through that channel are in a state."""
        everybody = (story.progress for stories in self._ends.values() for story in stories)
        return sum((d.state, d.channel) == (state, channel) for d in everybody)

    def messages(self, life: Life) -> list[tuple[datetime, Requested | Cancelled | Task]]:
        """What left about one person, with its instant, in that order."""
        own = {story.progress.delivery_id for story in self._ends[life.number]}
        envelopes = ((at, decode(departure.record)) for at, departure in self.left)
        return [
            (at, envelope.message)
            for at, envelope in envelopes
            if isinstance(envelope, Envelope)
            and isinstance(envelope.message, Requested | Cancelled | Task)
            and envelope.message.key in own
        ]

    def story(self, situation: Situation) -> str:
        """What became of the people of a situation, as `in_order` puts it."""
        return in_order(
            f"{name}: {line}" if name else line
            for name, life in situation.people.items()
            for line in self._lines(life)
        )

    def _lines(self, life: Life) -> list[str]:
        deliveries = {story.progress.delivery_id: story for story in self._ends[life.number]}
        lines = []
        for at, departure in self.left:
            envelope = decode(departure.record)
            assert isinstance(envelope, Envelope)
            message = envelope.message
            if isinstance(message, Requested | Cancelled | Task):
                identity = message.task_id if isinstance(message, Task) else message.delivery_id
                if identity in deliveries:
                    assert message.key == identity
                    assert departure.at == at, "it says another time than it left"
                    kind = f"{at.astimezone(OSLO):%Y-%m-%d %H:%M:%S} {message.kind}"
                    step = _step(deliveries[identity])
                    lines.append(f"{kind.replace(':00 ', ' ')} {step}{_says(message, life)}")
        for story in deliveries.values():
            delivery = story.progress
            if delivery.state in ("cancelled", "expired", "failed"):
                lines.append(
                    f"{delivery.state} {delivery.channel} {_step(story)}: {delivery.reason}"
                )
        return lines


def _step(delivery: DeliveryStory) -> str:
    return f"{delivery.checkpoint}.{delivery.step}"


def _says(message: Requested | Cancelled | Task, life: Life) -> str:
    match message:
        case SmsRequested() | EmailRequested():
            return f" to {message.to}"
        case LetterRequested():
            return "" if message.person_id == life.number else " under another number"
        case AdviserTaskOpened():
            whose = "/".join(filter(None, (message.office or "no office", message.adviser_id)))
            stands_in = message.step in ("no_line_manager", "protected", "undelivered")
            why = f": {message.step}" if stands_in else ""
            return f" {whose} due {message.due_on} {message.priority}{why}"
        case AdviserTaskUpdated():
            return f" revision {message.revision}"
        case _:
            return f": {message.reason}"


def _counted(state: str, channel: str) -> float:
    labels = {"state": state, "channel": channel}
    return REGISTRY.get_sample_value("stoppunkt_deliveries_total", labels) or 0.0


COUNTED = [(state, channel) for state in ("expired", "failed") for channel in ("sms", "email")]


@asynccontextmanager
async def lived(
    situations: Situations,
    parts: Parts,
    template_database: str,
    prefixes: list[str],
    *,
    rulebook: Rulebook | None = None,
) -> AsyncIterator[Lived]:
    """Live all of them in one run, from facts and contacts on Kafka to messages on Kafka; by default by `standard`."""
    name, prefix = f"stoppunkt_lives_{secrets.token_hex(4)}", f"l{secrets.token_hex(3)}."
    prefixes.append(prefix)
    kafka = parts.kafka_bootstrap_servers
    url = await create_database(parts.database_url, name, template=template_database)
    try:
        rules = rulebook or read_rulebook("standard")
        yield await _live(situations, settings_for(url, kafka, topic_prefix=prefix), rules)
    finally:
        await drop_database(parts.database_url, name)


async def _live(situations: Situations, settings: RunSettings, rulebook: Rulebook) -> Lived:
    people = [life for situation in situations for life in situation.people.values()]
    filed = [record for life in people for record in life.records]
    before = {labels: _counted(*labels) for labels in COUNTED}
    left: list[tuple[datetime, Departure]] = []
    start = min(record.at for record in filed) - timedelta(minutes=1)
    async with (
        pipeline(settings, rulebook, start=start) as driver,
        aclosing(driver.run(filed)) as moments,
    ):
        async for moment in moments:
            left += [(moment.at, departure) for departure in moment.departures]
    found = Lived(left)
    for life in people:
        found.add(life.number, await deliveries_of(settings, life.number))
    found.counted = {labels: _counted(*labels) - before[labels] for labels in COUNTED}
    return found
