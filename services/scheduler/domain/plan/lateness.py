"""When an open step fires: in time, late, or never (contract 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from schemas.norway import oslo_date
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
        if candidate.is_late:
            late[candidate.key] = _missed_reason(candidate, view, by_path)
    missed = late | _giving_way(view, candidates, late)
    return [
        candidate.given
        if candidate.given is not None
        else _state_of(
            candidate,
            view,
            timers.get(candidate.key),
            missed.get(candidate.key),
            is_late=candidate.key in late,
        )
        for candidate in candidates
    ]


def _state_of(
    candidate: Candidate,
    view: View,
    timer: ArmedStep | None,
    missed: ShownReason | None,
    *,
    is_late: bool,
) -> PlannedStep:
    assessment, last = candidate.assessment, candidate.last
    if missed is None and view.is_over:
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
    if assessment.suspended_until is not None and not is_due:
        reason = with_detail("suspended", assessment.suspended_until)
    elif generation > 1:
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
        caught_up=is_late,
        armed_since=timer.armed_since if keeps and timer is not None else view.now,
        suspended_until=assessment.suspended_until,
        legal_on=assessment.legal_on,
    )


def _missed_reason(
    candidate: Candidate, view: View, by_path: Mapping[str, Sequence[Candidate]]
) -> ShownReason | None:
    """Why a step first planned after its due instant is missed; None where it fires at once, or once it may again.

    `by_path` has every step of the case.
    """
    step, assessment = candidate.step, candidate.assessment
    if assessment.catch_up_from is None or assessment.due_at is None or view.leave is None:
        return "catch_up_passed"
    told_on = max(view.today, oslo_date(assessment.due_at))
    if (told_on - assessment.catch_up_from).days > step.catch_up_days:
        return "catch_up_passed"
    waits_for_notes = step.requires("sick_listed") and not step.is_at_once
    if waits_for_notes and not view.leave.is_sick_listed(told_on):
        return "recovered"
    if view.is_over:
        return "ended"
    for path in step.superseded_by:
        if any(_supersedes(other, candidate, view) for other in by_path.get(path, ())):
            return with_detail("superseded", path)
    return None


def _supersedes(other: Candidate, candidate: Candidate, view: View) -> bool:
    """Whether `other`, of a step that would, applies and has fallen due by the time at which this one is told."""
    if other.key.subject not in ("", candidate.key.subject):
        return False
    due_at, mine = other.assessment.due_at, candidate.assessment.due_at
    if other.given is not None:
        has_fallen_due = _has_fired_for_this_start(other, view)
    else:
        has_fallen_due = due_at is not None and due_at <= max(view.now, mine or view.now)
    # What happens at once is only superseded by what fell due after it.
    is_after = due_at is not None and mine is not None and due_at > mine
    return has_fallen_due and (is_after or not candidate.step.is_at_once)


def _has_fired_for_this_start(candidate: Candidate, view: View) -> bool:
    """Whether its due event stands; one that was sent for another start of the case supersedes nothing."""
    return (
        candidate.given is not None
        and candidate.given.state == "fired"
        and candidate.last is not None
        and view.leave is not None
        and candidate.last.event.case.start == view.leave.start
    )


def _giving_way(
    view: View, candidates: Sequence[Candidate], late: Mapping[StepKey, ShownReason | None]
) -> dict[StepKey, ShownReason]:
    """The steps that give way to a later one of their checkpoint, so that nobody hears of one twice at a time.

    Of those that are late the latest fires, and so of those that an exemption or a suspension has held up until the
    same morning.
    """
    in_order = sorted(candidates, key=_due_on)
    giving_way: dict[StepKey, ShownReason] = {}
    for place, candidate in enumerate(in_order):
        if not _will_fire(candidate, late) or candidate.step.is_at_once:
            continue
        for other in reversed(in_order[place + 1 :]):
            if (
                other.key.checkpoint == candidate.key.checkpoint
                and other.key.subject == candidate.key.subject
                and not other.step.is_at_once
                and not _is_for_other_employers(other, candidate)
                and _makes_needless(view, other, candidate, late)
            ):
                giving_way[candidate.key] = with_detail("superseded", other.step.path)
                break
    return giving_way


def _is_for_other_employers(other: Candidate, candidate: Candidate) -> bool:
    """Whether both go to line managers and none of them is the same: each is to hear its own."""
    asked_by_other = other.given.recipients if other.given is not None else other.assessment.open_to
    theirs = {recipient for recipient in asked_by_other if recipient.role == "line_manager"}
    mine = {r for r in candidate.assessment.open_to if r.role == "line_manager"}
    return bool(theirs) and bool(mine) and not theirs & mine


def _due_on(candidate: Candidate) -> date:
    """Its date by the start of today, also of one that was sent for another: it decides what comes after what."""
    return candidate.assessment.due_on or date.min


def _will_fire(candidate: Candidate, late: Mapping[StepKey, ShownReason | None]) -> bool:
    return candidate.given is None and late.get(candidate.key) is None


def _makes_needless(
    view: View,
    other: Candidate,
    candidate: Candidate,
    late: Mapping[StepKey, ShownReason | None],
) -> bool:
    """Whether a later step of a checkpoint is late as well, or is told by the time at which this one may be told."""
    fired = other.given if other.given is not None and other.given.state == "fired" else None
    if fired is None and not _will_fire(other, late):
        return False
    if candidate.key in late and _is_told_late(view, other, late):
        return True  # Missed for good, also where the start has moved since the other was sent.
    mine, others = candidate.assessment.due_at, (fired or other.assessment).due_at
    if not candidate.assessment.is_resumed or mine is None or others is None:
        return False
    is_suspended = candidate.assessment.suspended_until is not None
    if fired is None:
        # One that the suspension does not hold back is told before this one may be.
        return others == mine or (is_suspended and others < mine)
    is_after = others >= mine or is_suspended
    return is_after and _has_fired_for_this_start(other, view)


def _is_told_late(view: View, other: Candidate, late: Mapping[StepKey, ShownReason | None]) -> bool:
    """Whether a step is late itself, or was put off until today or before by an exemption or a suspension."""
    if other.given is not None:
        told_at, due_on = other.given.due_at, other.given.due_on
        is_put_off = told_at is not None and due_on is not None and oslo_date(told_at) > due_on
        return other.given.caught_up or is_put_off
    if other.key in late:
        return True
    told_at = other.assessment.due_at
    return other.assessment.is_resumed and told_at is not None and oslo_date(told_at) <= view.today
