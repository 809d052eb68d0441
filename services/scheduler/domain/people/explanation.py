"""Why somebody did, or did not, get a message: facts, cases and the whole plan in words and in order (contract 4.5).

Pure, and derived from the same replan that the service acts on, so that both give the same reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from schemas.messages import FactWithdrawn
from schemas.norway import OSLO, midnight
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.plan.history import Fired
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.plan.reasons import in_words


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline: an instant in Oslo, what happened or will happen, and why."""

    at: datetime
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class CaseStory:
    """One case: its span as the notes make it (`leave` is None once none does), its plan, its timeline."""

    case_id: str
    start: date
    end: date
    sick_days: int
    leave: Leave | None
    steps: tuple[PlannedStep, ...]
    timeline: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one person at an instant; `facts` are the follow-up facts in the order in which they happened.

    `due_events` are the ids of those that had gone out, `caveats` sentences about what is not known of the instant.
    """

    person_id: str
    as_of: datetime
    office: str | None
    facts: tuple[Line, ...]
    notes: tuple[Line, ...]
    cases: tuple[CaseStory, ...]
    due_events: frozenset[str] = frozenset()
    caveats: tuple[str, ...] = ()


def explain(outcome: ReplanOutcome, as_of: datetime, caveats: tuple[str, ...] = ()) -> Explanation:
    """A replan in words; `as_of` (aware) is its instant."""
    person = outcome.person
    return Explanation(
        person_id=person.person_id,
        as_of=as_of.astimezone(OSLO),
        office=person.office,
        facts=_facts(person),
        notes=_notes(person),
        cases=tuple(
            CaseStory(
                case_id=case.case_id,
                start=case.start,
                end=case.end,
                sick_days=len(leave.days) if leave is not None else 0,
                leave=leave,
                steps=outcome.plans[case.case_id].steps,
                timeline=_timeline(
                    leave, outcome.plans[case.case_id].steps, outcome.plans[case.case_id].fired
                ),
            )
            for case in person.cases
            for leave in (outcome.leaves.get(case.case_id),)
        ),
        due_events=frozenset(due_event.event.event_id for due_event in person.fired),
        caveats=caveats,
    )


def _facts(person: Person) -> tuple[Line, ...]:
    withdrawn = {
        fact.message.fact_id for fact in person.facts if isinstance(fact.message, FactWithdrawn)
    }
    return tuple(
        Line(
            fact.message.occurred_at.astimezone(OSLO),
            fact.message.kind,
            "withdrawn later" if fact.id in withdrawn else "",
        )
        for fact in sorted(person.facts, key=lambda fact: (fact.message.occurred_at, fact.id))
    )


def _notes(person: Person) -> tuple[Line, ...]:
    lines = []
    for slot in person.slots:
        if slot.note is None:
            continue
        for period in slot.note.periods:
            grade = f" {period.grade} %" if period.kind == "graded" else ""
            employer = f", {slot.note.employer.org_number}" if slot.note.employer else ""
            counts = "" if slot.counts else " (does not count)"
            lines.append(
                Line(
                    midnight(period.from_).astimezone(OSLO),
                    f"{period.kind}{grade} to {period.to}{employer}",
                    f"{slot.source}{counts}",
                )
            )
    return tuple(sorted(lines, key=lambda line: (line.at, line.what)))


def _timeline(
    leave: Leave | None, steps: Sequence[PlannedStep], fired: Sequence[Fired]
) -> tuple[Line, ...]:
    lines = []
    if leave is not None:
        lines.append(Line(midnight(leave.start).astimezone(OSLO), "first sick day", ""))
        lines.append(Line(midnight(leave.end).astimezone(OSLO), "last sick day", ""))
        lines.append(Line(midnight(leave.over_on).astimezone(OSLO), "case over", ""))
    for due_event in fired:
        event = due_event.event
        why = f"late by {event.late_seconds} s" if event.late_seconds else "on time"
        name = _name(event.checkpoint, event.step, event.subject or "", event.generation)
        lines.append(Line(event.fired_at.astimezone(OSLO), f"told: {name}", why))
        for part in due_event.withdrawn:
            whom = f" for {part.recipient.role}" if part.recipient is not None else ""
            why = f"{part.reason}:{part.detail}" if part.detail else part.reason
            lines.append(Line(part.at.astimezone(OSLO), f"withdrawn{whom}: {name}", why))
    fired_keys = {due_event.key for due_event in fired}
    for planned in steps:
        # A due event that went out and was withdrawn stands above, with its reason.
        is_ahead = planned.state == "armed" or planned.key not in fired_keys
        if planned.state != "fired" and is_ahead and planned.due_at is not None:
            name = _name(*planned.key, planned.generation)
            why = f"{planned.state}, {in_words(planned.reason)}"
            lines.append(Line(planned.due_at.astimezone(OSLO), name, why))
    return tuple(sorted(lines, key=lambda line: (line.at, line.what)))


def _name(checkpoint: str, step: str, subject: str, generation: int) -> str:
    again = f" (generation {generation})" if generation > 1 else ""
    return f"{checkpoint}.{step}{' ' + subject if subject else ''}{again}"
