"""A replay as a story: what came in, what fell due, each message and task that left and why, what was withdrawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from schemas.ids import delivery_id
from schemas.inbound import decode_inbound
from schemas.messages import (
    AdviserTaskClosed,
    AdviserTaskOpened,
    AdviserTaskUpdated,
    DeadlineDue,
    DeadlineWithdrawn,
    EmailCancelled,
    EmailRequested,
    LetterCancelled,
    LetterRequested,
    Message,
    Recipient,
    SmsCancelled,
    SmsRequested,
)
from schemas.norway import OSLO
from schemas.wire import Envelope, decode
from services.cli.pipeline.departures import Departure, in_form_order
from services.cli.pipeline.driver import Moment
from services.cli.record_files.read import FiledRecord
from services.cli.story.incoming import who_and_what
from services.cli.story.names import Names
from services.cli.story.outgoing import (
    due_words,
    email_words,
    name_words,
    step_words,
    task_words,
    why_words,
)

_REGISTERS = "registers"
_CHANNELS = ("sms", "email", "organisation_email", "letter", "adviser_task")
_SENT = ("SMS", "e-mail", "letter", "task")


class Line(NamedTuple):
    """One line: what kind of thing, about whom, and its text; `event_id` is the due event that it belongs to."""

    kind: str
    who: str
    text: str
    event_id: str = ""


class Page(NamedTuple):
    """The lines of one moment, at an instant in Oslo."""

    at: datetime
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class _Delivery:
    """The due event that a delivery is for, and whom it goes to."""

    event: DeadlineDue
    recipient: Recipient


class Story:
    """Makes a page of each moment, in order; `counts` are the lines so far by kind."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._events: dict[str, DeadlineDue] = {}
        self._deliveries: dict[str, _Delivery] = {}
        self.counts: Counter[str] = Counter()

    def page(self, moment: Moment) -> Page:
        """The page of a moment; without lines where nothing happened that a story shows."""
        arrivals = list(self._arrivals(moment.arrivals))
        # Due events first: a message's line names the due event that it is for.
        departures = sorted(
            in_form_order(moment.departures),
            key=lambda departure: departure.record.topic != DeadlineDue.topic,
        )
        departure_lines = [line for departure in departures for line in self._departure(departure)]
        self.counts.update(line.kind for line in departure_lines)
        self.counts["in"] += sum(line.who != _REGISTERS for line in arrivals)
        return Page(
            moment.at.astimezone(OSLO), [*arrivals, *_grouped(departure_lines, self._events)]
        )

    def _arrivals(self, records: Sequence[FiledRecord]) -> Iterator[Line]:
        unshown = 0
        for filed in records:
            decoded = decode_inbound(filed.record)
            for one in decoded.split() if isinstance(decoded, Envelope) else ():
                words = who_and_what(one.message, self._names)
                if words is not None:
                    yield Line("in", *words)
                unshown += words is None
        if unshown:
            yield Line("in", _REGISTERS, f"{unshown} contact records of people, managers, advisers")

    def _departure(self, departure: Departure) -> Iterator[Line]:
        if (reason := departure.header("dead_reason")) is not None:
            yield Line("dead", departure.record.topic.removesuffix(".dead"), reason)
            return
        decoded = decode(departure.record)
        if isinstance(decoded, Envelope) and isinstance(decoded.message, Message):
            line = self._line(decoded.message)
            if line is not None:
                yield line

    def _line(self, message: Message) -> Line | None:
        match message:
            case DeadlineDue():
                self._remember(message)
                return Line("due", self._person(message), due_words(message), message.event_id)
            case DeadlineWithdrawn():
                who = self._names.person(message.person_id)
                return Line("withdrawn", who, self._withdrawal(message), message.event_id)
            case SmsRequested():
                return self._sent("SMS", message.delivery_id, f"“{message.text}”")
            case EmailRequested():
                return self._sent("e-mail", message.delivery_id, email_words(message))
            case LetterRequested():
                text = f"letter {message.template}, in {message.language}"
                return self._sent("letter", message.delivery_id, text)
            case AdviserTaskOpened():
                return self._sent("task", message.task_id, task_words(message))
            case AdviserTaskUpdated():
                text = f"what the adviser is told has changed (revision {message.revision})"
                return self._closed("updated", message.task_id, text)
            case SmsCancelled() | EmailCancelled() | LetterCancelled():
                return self._closed("closed", message.delivery_id, f"taken back: {message.reason}")
            case AdviserTaskClosed():
                return self._closed("closed", message.task_id, f"task closed: {message.reason}")
            case _:
                return None  # deadline.updated is shown by the update of its task

    def _remember(self, event: DeadlineDue) -> None:
        """Keep the ids that its deliveries will have (contract 5), so that a message can be shown with its reason."""
        self._events[event.event_id] = event
        protected = Recipient(
            role="line_manager"
        )  # of a protected person: one task for all employers
        for recipient in (*event.recipients, protected):
            for channel in _CHANNELS:
                known_as = delivery_id(
                    event.event_id, recipient.role, recipient.org_number, channel
                )
                self._deliveries.setdefault(known_as, _Delivery(event, recipient))

    def _sent(self, kind: str, known_as: str, text: str) -> Line:
        delivery = self._deliveries.get(known_as)
        if delivery is None:
            return Line(kind, "somebody", text)
        to = f"to {self._recipient(delivery)}: " if kind != "task" else ""
        return Line(kind, self._person(delivery.event), to + text, delivery.event.event_id)

    def _closed(self, kind: str, known_as: str, text: str) -> Line:
        delivery = self._deliveries.get(known_as)
        if delivery is None:
            return Line(kind, "somebody", text)
        event = delivery.event
        text = f"{step_words(event)}, to {self._recipient(delivery)}: {text}".replace("_", " ")
        return Line(kind, self._person(event), text, event.event_id)

    def _withdrawal(self, message: DeadlineWithdrawn) -> str:
        whom = ", ".join(self._role(recipient) for recipient in message.recipients or ())
        detail = f", {message.detail}" if message.detail else ""
        text = f"{name_words(message.checkpoint, message.step)}, for {whom or 'all'}"
        return f"{text}: {message.reason}{detail}".replace("_", " ")

    def _person(self, event: DeadlineDue) -> str:
        return self._names.person(event.person_id)

    def _recipient(self, delivery: _Delivery) -> str:
        return self._role(delivery.recipient)

    def _role(self, recipient: Recipient) -> str:
        at = f" at {self._names.employer(recipient.org_number)}" if recipient.org_number else ""
        return f"the {recipient.role.replace('_', ' ')}{at}"


def _grouped(lines: Sequence[Line], events: Mapping[str, DeadlineDue]) -> Iterator[Line]:
    """A message stands below the due event that it is for; where that fell due earlier, its line says why."""
    heads = [line for line in lines if line.kind in ("due", "withdrawn")]
    headed = {line.event_id for line in heads}
    for head in heads:
        yield head
        for line in lines:
            if line.event_id == head.event_id and line not in heads:
                yield line
    for line in lines:
        if line.event_id in headed:
            continue
        event = events.get(line.event_id)
        if line.kind in _SENT and event is not None:
            yield line._replace(text=f"{line.text}\nwhy: {why_words(event)}")
        else:
            yield line
