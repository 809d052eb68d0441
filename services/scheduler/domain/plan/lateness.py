"""When an open step fires: in time, late, or never (contract 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.scheduler.domain.plan.history import ArmedStep, StepKey
from services.scheduler.domain.plan.planned_step import Candidate, PlannedStep, as_fired
from services.scheduler.domain.plan.reasons import ShownReason, with_detail
from services.scheduler.domain.plan.view import View


def arm_or_miss(
    view: View, candidates: Sequence[Candidate], timers: Mapping[StepKey, ArmedStep]
) -> list[PlannedStep]:
    """Give the open candidates their state: armed where they are in time, else judged as late."""
    late: dict[StepKey, ShownReason | None] = {}
    by_path: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_path.setdefault(candidate.step.path, []).append(candidate)
    for candidate in candidates:
        if candidate.given is None and not _is_in_time(candidate, view, timers.get(candidate.key)):
            late[candidate.key] = _missed_reason(candidate, view, by_path)
    _only_the_latest_fires(candidates, late)
    return [
        candidate.given
        if candidate.given is not None
        else _state_of(candidate, view, timers.get(candidate.key), late)
        for candidate in candidates
    ]


def _state_of(
    candidate: Candidate,
    view: View,
    timer: ArmedStep | None,
    late: Mapping[StepKey, ShownReason | None],
) -> PlannedStep:
    assessment, last = candidate.assessment, candidate.last
    missed = late.get(candidate.key)
    is_over = view.is_over
    if missed is None and is_over:
        missed = "ended"
    if missed is not None:
        if last is not None and last.ended_with_case:
            return as_fired(candidate.step, candidate.key, last)
        return PlannedStep(
            candidate.step,
            candidate.key,
            candidate.generation,
            assessment.due_on,
            assessment.due_at,
            "missed",
            missed,
        )
    generation = candidate.generation + 1 if last is not None else 1
    is_due = assessment.due_at is not None and assessment.due_at <= view.now
    reason: ShownReason = "overdue" if is_due else "due"
    if generation > 1:
        reason = with_detail("again", generation)
    keeps = timer is not None and timer.generation == generation
    return PlannedStep(
        candidate.step,
        candidate.key,
        generation,
        assessment.due_on,
        assessment.due_at,
        "armed",
        reason,
        assessment.open_to,
        caught_up=candidate.key in late,
        armed_since=timer.armed_since if keeps and timer is not None else view.now,
    )


def _is_in_time(candidate: Candidate, view: View, timer: ArmedStep | None) -> bool:
    """Not yet due, or armed before it fell due and still to fire (an outage)."""
    due_at = candidate.assessment.due_at
    if due_at is None or due_at > view.now:
        return True
    if timer is None or timer.caught_up:
        return False  # What was late when it was planned is judged anew until it fires.
    # A correction that moves the due date into the past is judged as late, unless the timer was due anyway.
    return timer.due_at == due_at or timer.due_at <= view.now


def _missed_reason(
    candidate: Candidate, view: View, by_path: Mapping[str, Sequence[Candidate]]
) -> ShownReason | None:
    """Why a step first planned after its due instant is missed, or None where it fires at once.

    `by_path` has every step of the case.
    """
    step, assessment = candidate.step, candidate.assessment
    counts_from = assessment.catch_up_from
    if counts_from is None or view.leave is None:
        return "catch_up_passed"
    if (view.today - counts_from).days > step.catch_up_days:
        return "catch_up_passed"
    waits_for_notes = step.requires("sick_listed") and not step.is_at_once
    if waits_for_notes and not view.leave.is_sick_listed(view.today):
        return "recovered"
    if view.is_over:
        return "ended"
    for path in step.superseded_by:
        if any(_supersedes(other, candidate, view) for other in by_path.get(path, ())):
            return with_detail("superseded", path)
    return None


def _supersedes(other: Candidate, candidate: Candidate, view: View) -> bool:
    """Whether `other`, of a step that would, applies and has fallen due."""
    if other.key.subject not in ("", candidate.key.subject):
        return False
    if other.given is not None:
        has_fallen_due = other.given.state == "fired"
    else:
        due_at = other.assessment.due_at
        has_fallen_due = due_at is not None and due_at <= view.now
    # What happens at once is only superseded by what fell due after it.
    at, mine = other.assessment.due_at, candidate.assessment.due_at
    is_after = at is not None and mine is not None and at > mine
    return has_fallen_due and (is_after or not candidate.step.is_at_once)


def _only_the_latest_fires(
    candidates: Sequence[Candidate], late: dict[StepKey, ShownReason | None]
) -> None:
    """No burst after a backdated note: a checkpoint's late steps give way to the latest of them."""
    latest: dict[tuple[str, str], tuple[datetime, str]] = {}
    for candidate in candidates:
        at = _caught_up_at(candidate, late)
        if at is not None:
            group = (candidate.key.checkpoint, candidate.key.subject)
            latest[group] = max(
                latest.get(group, (at, candidate.step.path)), (at, candidate.step.path)
            )
    for candidate in candidates:
        due_at = candidate.assessment.due_at
        first = latest.get((candidate.key.checkpoint, candidate.key.subject))
        if (
            late.get(candidate.key, "") is not None
            or candidate.step.is_at_once
            or due_at is None
            or not first
        ):
            continue
        if due_at < first[0]:
            late[candidate.key] = with_detail("superseded", first[1])


def _caught_up_at(
    candidate: Candidate, late: Mapping[StepKey, ShownReason | None]
) -> datetime | None:
    """The due instant of a step that is about to fire late or has done so; None for all others."""
    if candidate.step.is_at_once:
        return None
    if candidate.given is not None:
        has_fired_late = candidate.given.state == "fired" and candidate.given.caught_up
        return candidate.given.due_at if has_fired_late else None
    return candidate.assessment.due_at if late.get(candidate.key, "") is None else None
