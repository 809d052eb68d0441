"""Generated lives: many notes and all kinds of facts, and the records by which they reach the scheduler.

A life is the dict that `tests/reference/model.py` reads. Instants are a day, counted from Monday 5 January 2026, and
a minute of that day in Oslo; they are compared as local time, so that a change of the hour does not matter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from schemas import messages as m
from schemas.wire import Version
from services.scheduler.domain.facts.facts import Fact, NoteSlot
from services.scheduler.domain.facts.intake import Observation, OfficeChange
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ADVISER, ANNE, BYGG, KAFE, NO_RECORD, at, day, note, shipped

Dict = dict[str, Any]
ORGS = st.sampled_from([KAFE, KAFE, BYGG])
ANY_ORG = st.sampled_from([None, KAFE, BYGG])
KINDS = st.sampled_from(
    ["full"] * 6 + ["graded"] * 3 + ["waiting", "treatment_days", "travel_allowance"]
)
REASONS = ["medical", "recovery_expected_within_28_weeks", "too_ill_for_now", "measures_working"]
ANSWERS = ["coming", "not_coming", "other_time"]
CHECKPOINTS = ["dialogue_meeting_2", "dialogue_meeting_1", "follow_up_plan", "activity_requirement"]


@st.composite
def periods(draw: st.DrawFn, first: int) -> tuple[int, int, str, int | None]:
    length = draw(st.sampled_from([1, 5, 14, 28, 30, 60, 90, 150, 210]))
    kind = draw(KINDS)
    return (first, first + length - 1, kind, draw(st.integers(1, 99)) if kind == "graded" else None)


@st.composite
def notes(draw: st.DrawFn) -> Dict:
    first = draw(st.integers(-40, 200))
    note_periods = [draw(periods(first))]
    if draw(st.booleans()):
        note_periods.append(
            draw(periods(note_periods[0][1] + draw(st.sampled_from([1, 1, 15, 16, 17]))))
        )
    return {
        "employer": draw(st.sampled_from([KAFE, KAFE, KAFE, BYGG, None])),
        "issued": first + draw(st.integers(-3, 20)),
        "periods": note_periods,
        "certified": [
            first - days_before for days_before in draw(st.sets(st.integers(1, 20), max_size=3))
        ],
    }


@st.composite
def facts(draw: st.DrawFn) -> Dict:
    number = draw(st.integers(-40, 300))
    fact: Dict = {"at": (number, draw(st.integers(0, 1439)))}
    kind = draw(st.sampled_from(sorted(MESSAGES)))
    fact |= {"type": kind, "adviser": ADVISER}
    if kind.startswith("plan_"):
        fact |= {"org": draw(ORGS), "on": number - draw(st.integers(0, 10))}
        fact["with"] = draw(st.sampled_from(["practitioner", "office"]))
    elif kind in ("summoned", "held", "cancelled", "moved", "minutes"):
        meeting = draw(st.sampled_from([1, 2, 2, 2, 3]))
        ahead = draw(st.sampled_from([None, -5, 0, 10, 21, 40]))
        fact |= {"meeting": meeting, "meeting_id": f"m{meeting}{draw(st.sampled_from('ab'))}"}
        fact |= {"date": None if ahead is None else number + ahead, "org": draw(ANY_ORG)}
    elif kind in ("granted", "revoked"):
        ahead = draw(st.sampled_from([None, None, -1, 0, 7, 20, 60]))
        fact |= {"checkpoint": draw(st.sampled_from(CHECKPOINTS)), "org": draw(ANY_ORG)}
        fact |= {"reason": draw(st.sampled_from(REASONS))}
        fact["until"] = None if ahead is None else number + ahead
    elif kind == "assessed":
        fact |= {
            "final": draw(st.booleans()),
            "reply_by": draw(st.sampled_from([None, number + 14])),
        }
    elif kind in ("need", "requested", "answered"):
        fact["wants_meeting"] = draw(st.booleans())
        fact |= {"party": draw(st.sampled_from(["employee", "employer"])), "org": draw(ANY_ORG)}
        number_of = [1, 2, 2, 3] if kind == "requested" else [2]
        fact |= {"meeting": draw(st.sampled_from(number_of))}
        if kind == "answered":
            fact |= {"meeting_id": "m2a", "answer": draw(st.sampled_from(ANSWERS))}
    elif kind in ("reassessment", "reassessed"):
        fact |= {"id_": draw(st.sampled_from("rs")), "on": number + draw(st.integers(0, 60))}
    elif kind == "resumed":
        fact |= {
            "from": number + draw(st.integers(-10, 5)),
            "org": draw(st.sampled_from([None, KAFE])),
        }
    elif kind in ("plan", "closed"):
        fact |= {"org": draw(ORGS), "meeting": draw(st.sampled_from([2, 3]))}
    return fact


@st.composite
def lives(draw: st.DrawFn, *, notes_max: int = 6, facts_max: int = 10) -> Dict:
    sick_notes = draw(st.lists(notes(), min_size=1, max_size=notes_max))
    later_facts = draw(st.lists(facts(), max_size=facts_max))
    for number, fact in enumerate(later_facts):
        fact["id"] = f"fact-{number}"
    for number in draw(st.sets(st.integers(0, max(len(later_facts) - 1, 0)), max_size=2)):
        where = draw(st.integers(0, len(later_facts)))
        gone = {"type": "withdrawn", "id": f"fact-{number}", "at": (0, 0), "on": 0}
        later_facts.insert(where, gone)
    return {"notes": sick_notes, "facts": later_facts}


def records_of(life: Dict) -> list[Observation]:
    """The life as records, in the order of their versions."""
    return [record for record, _ in arrivals_of(life)]


def arrivals_of(life: Dict) -> list[tuple[Observation, Any]]:
    """Each record in the order of versions, with the instant at which it arrives, None where the life has none."""
    arrivals: list[tuple[Observation, Any]] = []
    for number, entry in enumerate(life["notes"]):
        note_id, version = entry.get("id", f"note-{number}"), Version(number, number)
        slot = NoteSlot("canonical", note_id, version, None)
        if not entry.get("gone"):
            slot = note(
                *(0, 0),
                note_id=note_id,
                employer=entry["employer"],
                issued=entry["issued"],
                periods=entry["periods"],
                certified=sorted(entry["certified"]),
                version=version,
            )
        arrivals.append((Observation(slot, None, NO_RECORD), entry.get("arrives")))
    for number, entry in enumerate(life["facts"]):
        own = f"withdrawal-{number}" if entry["type"] == "withdrawn" else entry["id"]
        fact = Fact("tests", own, Version(number, number), message_of(entry))
        arrivals.append((Observation(fact, ("tests", own), NO_RECORD), entry.get("arrives")))
    for number, (since, office) in enumerate(life.get("offices", ())):
        change = OfficeChange(ANNE, office, Version(number, number))
        arrivals.append((Observation(change, None, NO_RECORD), since))
    return arrivals


def rulebook_changes(life: Dict) -> set[Any]:
    """The instants at which another rulebook is put in force."""
    stops = life.get("suspensions", ())
    return {stop["known"] for stop in stops} | {stop["gone"] for stop in stops} - {None}


def rulebook_of(life: Dict, now: Any) -> Rulebook:
    """The rulebook in force: `standard` with the life's suspensions that it has then."""
    text = ""
    for stop in life.get("suspensions", ()):
        if stop["known"] <= now and (stop["gone"] is None or now < stop["gone"]):
            office = f'office = "{stop["office"]}"\n' if stop["office"] else ""
            text += (
                f"[[suspend]]\nsteps = {stop['steps']}\nfrom = {day(stop['from'])}\n"
                f'until = {day(stop["until"])}\nsource = "tests"\n{office}'
            )
    return _suspending(text)


@lru_cache(maxsize=100)
def _suspending(text: str) -> Rulebook:
    standard = shipped("standard")
    return parse(f"{standard.text}\n{text}") if text else standard


def gone_of(life: Dict, number: int) -> Observation:
    """A null under one of the life's notes, newer than it."""
    return Observation(
        NoteSlot("canonical", f"note-{number}", Version(10**6, 0), None), None, NO_RECORD
    )


MESSAGES: dict[str, type[m.FollowUpFact]] = {
    "plan_made": m.FollowUpPlanMade,
    "plan_shared": m.FollowUpPlanShared,
    "plan": m.FollowUpPlanRequested,
    "summoned": m.DialogueMeetingSummoned,
    "moved": m.DialogueMeetingMoved,
    "held": m.DialogueMeetingHeld,
    "cancelled": m.DialogueMeetingCancelled,
    "minutes": m.DialogueMeetingMinutesSent,
    "answered": m.DialogueMeetingAnswered,
    "granted": m.ExemptionGranted,
    "revoked": m.ExemptionRevoked,
    "assessed": m.ActivityRequirementAssessed,
    "need": m.MeetingNeedAnswered,
    "requested": m.MeetingRequested,
    "closed": m.MeetingRequestClosed,
    "reassessment": m.ReassessmentRequested,
    "reassessed": m.ReassessmentClosed,
    "resumed": m.WorkResumed,
    "died": m.PersonDied,
    "annulled": m.DeathAnnulled,
}


def message_of(fact: Dict) -> m.FollowUpFact:
    number, minute = fact["at"]
    members: Dict = {
        "person_id": ANNE,
        "occurred_at": at(number, f"{minute // 60:02}:{minute % 60:02}"),
        "org_number": fact.get("org"),
        "adviser_id": ADVISER,
        "granted_by": "adviser",
        "outcome": "met",
        "justified": fact.get("justified", False),
    }
    if fact["type"] == "withdrawn":
        return m.FactWithdrawn.model_validate(members | {"fact_id": fact["id"]})
    names = {"id_": "reassessment_id", "date": "takes_place_on", "with": "shared_with"}
    members |= {
        names.get(name, name): value
        for name, value in fact.items()
        if name not in ("at", "type", "arrives", "adviser")
    }
    members |= {"made_on": members.get("on"), "shared_on": members.get("on")}
    dates = ("on", "made_on", "shared_on", "takes_place_on", "until", "reply_by", "from")
    for name in dates:
        if members.get(name) is not None:
            members[name] = day(members[name])
    return MESSAGES[fact["type"]].model_validate(members)
