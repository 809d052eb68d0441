"""A plan in the form that `plan --json` prints (contract 11): its names are a contract that others script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.messages import DeadlineDue
from services.cli.fold import FoldResult
from services.cli.output.instants import in_oslo
from services.scheduler.domain.people.explanation import Explanation, explain
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.plan.planned_step import PlannedStep


def persons_of(result: FoldResult) -> Iterator[dict[str, Any]]:
    """By id: everybody of whom there is a fact, except those whose number has become another."""
    known_people = result.simulation.known_people
    for number in sorted(result.plans):
        if known_people.number_of(number) == number:
            yield _person(number, result.plans[number])


def explanations_of(result: FoldResult, at: datetime) -> Iterator[Explanation]:
    """The same people in the same order, each in words as of `at` (aware)."""
    known_people = result.simulation.known_people
    for number in sorted(result.plans):
        if known_people.number_of(number) == number:
            yield explain(result.plans[number], at)


def events_of(result: FoldResult) -> Iterator[dict[str, Any]]:
    """The due events in order, as `replay` would publish them."""
    for at, message in result.simulation.sent:
        if isinstance(message, DeadlineDue):
            yield {
                "event_id": message.event_id,
                "fired_at": in_oslo(at),
                "late_seconds": message.late_seconds,
                "case_id": message.case_id,
                "checkpoint": message.checkpoint,
                "step": message.step,
                "subject": message.subject,
                "generation": message.generation,
            }


def _person(number: str, outcome: ReplanOutcome) -> dict[str, Any]:
    return {
        "person_id": number,
        "cases": [
            {
                "case_id": case.case_id,
                "start": case.start.isoformat(),
                "end": case.end.isoformat(),
                # Where the notes give no case any more, it is shown with the span that it had last.
                "sick_days": 0
                if (leave := outcome.leaves.get(case.case_id)) is None
                else len(leave.days),
                "timers": [_timer(step) for step in outcome.plans[case.case_id].steps],
            }
            for case in outcome.person.cases
        ],
    }


def _timer(planned: PlannedStep) -> dict[str, Any]:
    return {
        "checkpoint": planned.key.checkpoint,
        "step": planned.key.step,
        "subject": planned.key.subject or None,
        "generation": planned.generation,
        "due_on": planned.due_on.isoformat() if planned.due_on is not None else None,
        "due_at": in_oslo(planned.due_at) if planned.due_at is not None else None,
        "state": planned.state,
        "reason": planned.reason,
    }
