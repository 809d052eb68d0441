"""What a message that leaves says, in a few words."""

from __future__ import annotations

from schemas.messages import AdviserTaskOpened, Basis, DeadlineDue, EmailRequested
from schemas.norway import OSLO
from services.cli.output.instants import weekday


def name_words(checkpoint: str, step: str) -> str:
    return f"{checkpoint} · {step}".replace("_", " ")


def step_words(event: DeadlineDue) -> str:
    return name_words(event.checkpoint, event.step)


def due_words(event: DeadlineDue) -> str:
    late = f", {_span(event.late_seconds)} late" if event.late_seconds else ""
    again = f", for the {event.generation}. time" if event.generation > 1 else ""
    on = "" if event.due_on == event.due_at.astimezone(OSLO).date() else ", told before"
    return f"{why_words(event)}{on}{late}{again}"


def why_words(event: DeadlineDue) -> str:
    return f"{step_words(event)}, due {weekday(event.due_on)} (day {event.case.day}, week {event.case.week})"


def _span(seconds: int) -> str:
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {name}"
    return f"{seconds} s"


def email_words(message: EmailRequested) -> str:
    """Its subject and what it says first; the guide below is the same for everybody."""
    paragraphs = [part.strip() for part in message.text.split("\n\n")]
    says = [part for part in paragraphs if len(part) > len("Hello.")]
    return f"“{message.subject}” - {' '.join(says[0].split()) if says else ''}"


def task_words(message: AdviserTaskOpened) -> str:
    desk = f"adviser {message.adviser_id}" if message.adviser_id else "the office's queue"
    office = f" at office {message.office}" if message.office else ""
    missing = f"; not known: {', '.join(_missing(message.basis))}" if message.basis else ""
    what = f"for {desk}{office}, {message.priority} priority, due {weekday(message.due_on)}"
    return what + missing.replace("_", " ")


def _missing(basis: Basis) -> list[str]:
    omitted = basis.omitted.get("missing", 0)
    return [*basis.missing, *([f"{omitted} more"] if omitted else [])]
