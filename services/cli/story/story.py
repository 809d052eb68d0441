"""A run told as a story: what came in, what fell due, each message and task that left and why, what was taken back."""

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
class _Errand:
    """What a delivery is for."""

    event: DeadlineDue
    recipient: Recipient


class Story:
    """Told moment by moment; `counts` sums up by kind, for the end."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._events: dict[str, DeadlineDue] = {}
        self._errands: dict[str, _Errand] = {}
        self.counts: Counter[str] = Counter()

    def page(self, moment: Moment) -> Page:
        """What is to be told of a moment; no lines where it was silent."""
        came = list(self._arrivals(moment.arrived))
        # Deadlines first: the others are known by them.
        left = sorted(
            in_form_order(moment.left), key=lambda each: each.record.topic != DeadlineDue.topic
        )
        went = [line for each in left for line in self._departure(each)]
        self.counts.update(line.kind for line in went)
        self.counts["in"] += sum(line.who != _REGISTERS for line in came)
        return Page(moment.at.astimezone(OSLO), [*came, *_grouped(went, self._events)])

    def _arrivals(self, arrived: Sequence[FiledRecord]) -> Iterator[Line]:
        untold = 0
        for filed in arrived:
            decoded = decode_inbound(filed.record)
            for one in decoded.split() if isinstance(decoded, Envelope) else ():
                told = who_and_what(one.message, self._names)
                if told is not None:
                    yield Line("in", *told)
                untold += told is None
        if untold:
            yield Line("in", _REGISTERS, f"{untold} contact records of people, managers, advisers")

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
                return Line("withdrawn", who, self._back(message), message.event_id)
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
                return None  # of deadline.updated the task that is updated tells

    def _remember(self, event: DeadlineDue) -> None:
        """The ids that its deliveries will have (contract 5), so that each can be told with its reason."""
        self._events[event.event_id] = event
        protected = Recipient(role="line_manager")  # one task stands for all employers
        for recipient in (*event.recipients, protected):
            for channel in _CHANNELS:
                known_as = delivery_id(
                    event.event_id, recipient.role, recipient.org_number, channel
                )
                self._errands.setdefault(known_as, _Errand(event, recipient))

    def _sent(self, kind: str, delivery: str, text: str) -> Line:
        errand = self._errands.get(delivery)
        if errand is None:
            return Line(kind, "somebody", text)
        to = f"to {self._recipient(errand)}: " if kind != "task" else ""
        return Line(kind, self._person(errand.event), to + text, errand.event.event_id)

    def _closed(self, kind: str, delivery: str, text: str) -> Line:
        errand = self._errands.get(delivery)
        if errand is None:
            return Line(kind, "somebody", text)
        event = errand.event
        text = f"{step_words(event)}, to {self._recipient(errand)}: {text}".replace("_", " ")
        return Line(kind, self._person(event), text, event.event_id)

    def _back(self, message: DeadlineWithdrawn) -> str:
        whom = ", ".join(self._role(each) for each in message.recipients or ())
        detail = f", {message.detail}" if message.detail else ""
        text = f"{name_words(message.checkpoint, message.step)}, for {whom or 'all'}"
        return f"{text}: {message.reason}{detail}".replace("_", " ")

    def _person(self, event: DeadlineDue) -> str:
        return self._names.person(event.person_id)

    def _recipient(self, errand: _Errand) -> str:
        return self._role(errand.recipient)

    def _role(self, recipient: Recipient) -> str:
        at = f" at {self._names.employer(recipient.org_number)}" if recipient.org_number else ""
        return f"the {recipient.role.replace('_', ' ')}{at}"


def _grouped(lines: Sequence[Line], events: Mapping[str, DeadlineDue]) -> Iterator[Line]:
    """What leaves stands below what it leaves for; where that fell due earlier, it says why itself."""
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
