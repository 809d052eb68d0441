"""One step of a case after the due events that it has sent were asked for again (contract 4.3).

Either a due event stands and is the step's state, or the facts decide it, or it is open: then `lateness` says
whether it is armed or missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from schemas.norway import ONE_DAY, oslo_instant
from services.scheduler.domain.plan.assess import Assessment, assess
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.plan.history import ArmedStep, Fired, StepKey
from services.scheduler.domain.plan.planned_step import Candidate, PlannedStep, as_fired
from services.scheduler.domain.plan.view import View
from services.scheduler.domain.plan.withdrawals import (
    Review,
    exemptions_withdrawn_for,
    review,
    review_of_twin,
)
from services.scheduler.domain.rulebook.model import Step, day_after_suspensions


@dataclass(frozen=True, slots=True)
class ReviewedStep:
    """A step on its way into the plan, and every due event that it has sent, as each stands from now on."""

    candidate: Candidate
    reviews: tuple[Review, ...]


def review_step(
    view: View,
    step: Step,
    key: StepKey,
    occurrence: Occurrence | None,
    history: Sequence[Fired],
    *,
    timer: ArmedStep | None,
) -> ReviewedStep:
    """Review the due events of one step; `history` has them all, oldest generation first, `timer` is what pends."""
    standing = [fired for fired in history if fired.remaining]
    reviews = [Review(fired) for fired in history if not fired.remaining]
    reviews += [review_of_twin(view, twin) for twin in standing[1:]]
    if standing:
        resumes = exemptions_withdrawn_for(history)
        reviewed, assessment = review(view, step, occurrence, standing[0], resumes=resumes)
        reviews.append(reviewed)
        if reviewed.fired.remaining:
            return ReviewedStep(_as_fired(step, key, assessment, reviewed.fired), tuple(reviews))
        history = [fired for fired in history if fired is not standing[0]] + [reviewed.fired]
    return ReviewedStep(
        _candidate(view, step, key, occurrence, history, timer=timer), tuple(reviews)
    )


def _candidate(
    view: View,
    step: Step,
    key: StepKey,
    occurrence: Occurrence | None,
    history: Sequence[Fired],
    *,
    timer: ArmedStep | None,
) -> Candidate:
    """The step where no due event of it stands; `history` has all that it ever sent."""
    last = max(history, key=lambda fired: fired.event.generation, default=None)
    resumes = exemptions_withdrawn_for(history)
    assessment = assess(step, occurrence, view, resumes=resumes)
    is_late = assessment.outcome == "open" and not _is_in_time(assessment.due_at, view, timer)
    lifted_on = _lifted_on(step, view) if is_late else None
    if lifted_on is not None:
        waits = assess(step, occurrence, view, resumes=resumes, told_on=lifted_on)
        assessment = replace(waits, catch_up_from=assessment.catch_up_from)
    cannot_fire = view.is_over or assessment.outcome != "open"
    if last is not None and last.ended_with_case and cannot_fire:
        # Withdrawn only because the case ended, it stays fired until it can fire again (contract 4.3).
        return _as_fired(step, key, assessment, last)
    generation = last.event.generation if last is not None else 1
    if assessment.outcome == "open":
        return Candidate(step, key, assessment, generation, last, None, is_late)
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


def _is_in_time(due_at: datetime | None, view: View, timer: ArmedStep | None) -> bool:
    """Not yet due, or armed before it fell due and still to fire (an outage)."""
    if due_at is None or due_at >= view.now:
        return True
    if timer is None or timer.caught_up:
        return False  # What was late when it was planned is judged anew until it fires.
    # A correction that moves the due date into the past is judged as late, unless the timer was due anyway.
    return timer.due_at == due_at or timer.due_at <= view.now


def _lifted_on(step: Step, view: View) -> date | None:
    """The day on whose morning the suspension ends that holds the step back now; None where there is none."""
    for day in (view.today - ONE_DAY, view.today):
        lifted_on = day_after_suspensions(day, step.suspensions)
        if lifted_on != day and oslo_instant(lifted_on, view.rulebook.at) >= view.now:
            return lifted_on
    return None


def _as_fired(step: Step, key: StepKey, assessment: Assessment, fired: Fired) -> Candidate:
    planned = as_fired(step, key, fired)
    return Candidate(step, key, assessment, fired.event.generation, fired, planned)
