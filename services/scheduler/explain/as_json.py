"""An explanation as JSON: the same names for the command line and for the endpoint (contract 4.5)."""

from __future__ import annotations

from typing import Any

from schemas.norway import OSLO
from services.scheduler.domain.people.explanation import CaseStory, Explanation, Line
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.plan.reasons import in_words


def explanation_form(explanation: Explanation) -> dict[str, Any]:
    """Instants are ISO 8601 with Oslo's offset; each step has its reason as a code and in words."""
    return {
        "person_id": explanation.person_id,
        "as_of": explanation.as_of.isoformat(),
        "caveats": list(explanation.caveats),
        "office": explanation.office,
        "facts": [_line(line) for line in explanation.facts],
        "notes": [_line(line) for line in explanation.notes],
        "cases": [_case(case) for case in explanation.cases],
    }


def _line(line: Line) -> dict[str, Any]:
    return {"at": line.at.isoformat(), "what": line.what, "why": line.why or None}


def _case(case: CaseStory) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "start": case.start.isoformat(),
        "end": case.end.isoformat(),
        "sick_days": case.sick_days,
        "timers": [_step(step) for step in case.steps],
        "timeline": [_line(line) for line in case.timeline],
    }


def _step(planned: PlannedStep) -> dict[str, Any]:
    due_at = planned.due_at
    return {
        "checkpoint": planned.key.checkpoint,
        "step": planned.key.step,
        "subject": planned.key.subject or None,
        "generation": planned.generation,
        "due_on": planned.due_on.isoformat() if planned.due_on is not None else None,
        "due_at": due_at.astimezone(OSLO).isoformat() if due_at is not None else None,
        "state": planned.state,
        "reason": planned.reason,
        "words": in_words(planned.reason),
    }
