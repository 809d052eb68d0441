"""One step of a case after the due events that it has sent were asked for again (contract 4.3).

Either a due event stands and is the step's state, or the facts decide it, or it is open: then `lateness` says
whether it is armed or missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.scheduler.domain.plan.assess import Assessment, assess
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.plan.history import Fired, StepKey
from services.scheduler.domain.plan.planned_step import Candidate, PlannedStep, as_fired
from services.scheduler.domain.plan.view import View
from services.scheduler.domain.plan.withdrawals import (
    Review,
    exemptions_withdrawn_for,
    review,
    review_of_twin,
)
from services.scheduler.domain.rulebook.model import Step


@dataclass(frozen=True, slots=True)
class ReviewedStep:
    """A step on its way into the plan, and every due event that it has sent, as each stands from now on."""

    candidate: Candidate
    reviews: tuple[Review, ...]


def review_step(
    view: View, step: Step, key: StepKey, occurrence: Occurrence | None, history: Sequence[Fired]
) -> ReviewedStep:
    """Review the due events of one step; `history` has them all, oldest generation first."""
    standing = [fired for fired in history if fired.remaining]
    reviews = [Review(fired) for fired in history if not fired.remaining]
    reviews += [review_of_twin(view, twin) for twin in standing[1:]]
    if standing:
        resumes = exemptions_withdrawn_for(history)
        assessment = assess(step, occurrence, view, resumes=resumes)
        reviewed = review(view, step, occurrence, standing[0], assessment, resumes=resumes)
        reviews.append(reviewed)
        if reviewed.fired.remaining:
            return ReviewedStep(_as_fired(step, key, assessment, reviewed.fired), tuple(reviews))
        history = [fired for fired in history if fired is not standing[0]] + [reviewed.fired]
    return ReviewedStep(_candidate(view, step, key, occurrence, history), tuple(reviews))


def _candidate(
    view: View, step: Step, key: StepKey, occurrence: Occurrence | None, history: Sequence[Fired]
) -> Candidate:
    """The step where no due event of it stands; `history` has all that it ever sent."""
    last = max(history, key=lambda fired: fired.event.generation, default=None)
    assessment = assess(step, occurrence, view, resumes=exemptions_withdrawn_for(history))
    cannot_fire = view.is_over or assessment.outcome != "open"
    if last is not None and last.ended_with_case and cannot_fire:
        # Withdrawn only because the case ended, it stays fired until it can fire again (contract 4.3).
        return _as_fired(step, key, assessment, last)
    generation = last.event.generation if last is not None else 1
    if assessment.outcome == "open":
        return Candidate(step, key, assessment, generation, last, None)
    planned = PlannedStep(
        step,
        key,
        generation,
        assessment.due_on,
        assessment.due_at,
        assessment.outcome,
        assessment.reason,
    )
    return Candidate(step, key, assessment, generation, last, planned)


def _as_fired(step: Step, key: StepKey, assessment: Assessment, fired: Fired) -> Candidate:
    planned = as_fired(step, key, fired)
    return Candidate(step, key, assessment, fired.event.generation, fired, planned)
