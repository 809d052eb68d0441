"""What a record that comes in says, in a few words."""

from __future__ import annotations

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingFact,
    ExemptionFact,
    FollowUpFact,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    Message,
    Period,
    PersonRenumbered,
    SickNoteRegistered,
    SickNoteWithdrawn,
    WorkResumed,
)
from schemas.nav_messages import NavMessage, NoteStatusVersion, NoteVersion
from services.cli.output.instants import day
from services.cli.story.names import Names


def who_and_what(message: Message | NavMessage, names: Names) -> tuple[str, str] | None:
    """Who and what; None for contacts and others that belong in no story."""
    match message:
        case SickNoteRegistered():
            return names.person(message.person_id), _note(message, names)
        case NoteVersion(note=SickNoteRegistered() as note):
            return names.person(note.person_id), _note(note, names)
        case SickNoteWithdrawn() | NoteVersion():
            return "somebody", "a sick note is withdrawn (or moves to another topic)"
        case NoteStatusVersion(person_id=str(number)):
            return names.person(number), f"a sick note is now {message.status}"
        case PersonRenumbered():
            names.renumber(message.old_person_id, message.new_person_id)
            return names.person(message.new_person_id), "has got a new national number"
        case FollowUpFact():
            return names.person(message.person_id), _fact(message, names)
        case _:
            return None


def _note(note: SickNoteRegistered, names: Names) -> str:
    periods = ", ".join(map(_period, note.periods))
    employer = note.employer
    at = names.employer(employer.org_number, employer.name) if employer is not None else None
    form = "" if note.form == "digital" else f" on {note.form}"
    return f"sick note{form}: {periods}" + (f", {at}" if at is not None else ", no employer")


def _period(period: Period) -> str:
    kind = f"{period.grade} %" if period.kind == "graded" else period.kind.replace("_", " ")
    return f"{kind} {day(period.from_)} to {day(period.to)}"


def _fact(fact: FollowUpFact, names: Names) -> str:
    words = type(fact).kind.replace("_", " ").replace(".", " ")
    match fact:
        case FollowUpPlanShared():
            words += f" with the {fact.shared_with}"
        case DialogueMeetingFact():
            words = words.replace("meeting", f"meeting {fact.meeting}", 1)
            on = fact.takes_place_on
            words += f", for {day(on)}" if on is not None else ""
        case ExemptionFact():
            words += f" from {fact.checkpoint}: {fact.reason}".replace("_", " ")
        case ActivityRequirementAssessed():
            words += f": {fact.outcome}".replace("_", " ") + (", final" if fact.final else "")
        case MeetingNeedAnswered():
            wants = "wants a meeting" if fact.wants_meeting else "wants no meeting"
            words += f": the {fact.party} {wants}"
        case WorkResumed():
            words += f" from {day(fact.from_)}"
        case _:
            pass
    org = getattr(fact, "org_number", None)
    return words + (f" ({names.employer(org)})" if org is not None else "")
