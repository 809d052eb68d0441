"""A run told as a story: what came in, what fell due, each message and task that left and why, what was taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
from services.cli.files.record_file import FiledRecord
from services.cli.pipeline.departures import Departure, in_form_order
from services.cli.pipeline.driver import Moment
from services.cli.story.arrivals import day, told_of
from services.cli.story.names import Cast

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

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
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
                told = told_of(one.message, self._cast)
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
                return Line("due", self._person(message), _due(message), message.event_id)
            case DeadlineWithdrawn():
                who = self._cast.person(message.person_id)
                return Line("withdrawn", who, self._back(message), message.event_id)
            case SmsRequested():
                return self._sent("SMS", message.delivery_id, f"“{message.text}”")
            case EmailRequested():
                return self._sent("e-mail", message.delivery_id, _email(message))
            case LetterRequested():
                text = f"letter {message.template}, in {message.language}"
                return self._sent("letter", message.delivery_id, text)
            case AdviserTaskOpened():
                return self._sent("task", message.task_id, _task(message))
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
        text = f"{_step(event)}, to {self._recipient(errand)}: {text}".replace("_", " ")
        return Line(kind, self._person(event), text, event.event_id)

    def _back(self, message: DeadlineWithdrawn) -> str:
        whom = ", ".join(self._role(each) for each in message.recipients or ())
        detail = f", {message.detail}" if message.detail else ""
        text = f"{_name(message.checkpoint, message.step)}, for {whom or 'all'}"
        return f"{text}: {message.reason}{detail}".replace("_", " ")

    def _person(self, event: DeadlineDue) -> str:
        return self._cast.person(event.person_id)

    def _recipient(self, errand: _Errand) -> str:
        return self._role(errand.recipient)

    def _role(self, recipient: Recipient) -> str:
        at = f" at {self._cast.employer(recipient.org_number)}" if recipient.org_number else ""
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
            yield line._replace(text=f"{line.text}\nwhy: {_why(event)}")
        else:
            yield line


def _name(checkpoint: str, step: str) -> str:
    return f"{checkpoint} · {step}".replace("_", " ")


def _step(event: DeadlineDue) -> str:
    return _name(event.checkpoint, event.step)


def _due(event: DeadlineDue) -> str:
    late = f", {_span(event.late_seconds)} late" if event.late_seconds else ""
    again = f", for the {event.generation}. time" if event.generation > 1 else ""
    on = "" if event.due_on == event.due_at.astimezone(OSLO).date() else ", told before"
    return f"{_why(event)}{on}{late}{again}"


def _why(event: DeadlineDue) -> str:
    return f"{_step(event)}, due {_weekday(event.due_on)} (day {event.case.day}, week {event.case.week})"


def _weekday(on: date) -> str:
    return f"{on:%a} {day(on)}"


def _span(seconds: int) -> str:
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"


def _email(message: EmailRequested) -> str:
    """Its subject and what it says first; the guide below is the same for everybody."""
    paragraphs = [part.strip() for part in message.text.split("\n\n")]
    says = [part for part in paragraphs if len(part) > len("Hello.")]
    return f"“{message.subject}” - {' '.join(says[0].split()) if says else ''}"


def _task(message: AdviserTaskOpened) -> str:
    desk = f"adviser {message.adviser_id}" if message.adviser_id else "the office's queue"
    office = f" at office {message.office}" if message.office else ""
    missing = f"; not known: {', '.join(message.basis.missing)}" if message.basis else ""
    what = f"for {desk}{office}, {message.priority} priority, due {_weekday(message.due_on)}"
    return what + missing.replace("_", " ")
