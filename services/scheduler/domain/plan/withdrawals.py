"""Whether a due event that went out still holds, and for whom it is withdrawn if not (contract 4.3). Pure.

What acts and deaths bring about is withdrawn at once. What notes bring about waits fifteen minutes and is then
asked again, since a note that changes topic is gone for a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.messages import Recipient, WithdrawalReason
from schemas.norway import oslo_date
from services.scheduler.domain.plan.assess import Assessment, assess
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.plan.history import Fired, Withdrawn
from services.scheduler.domain.plan.view import View
from services.scheduler.domain.rulebook.model import Step

MOVED_AFTER_DAYS = 7
"""A due event whose due date is now more than that many days ahead is withdrawn as moved (contract 4.3)."""

NOTES_SETTLE_AFTER = timedelta(minutes=15)
"""How long what notes bring about waits before it withdraws anything (policy)."""

_EXEMPTED = "exempted:"
# Brought about by acts or by the rulebook, not by notes, and so withdrawn at once.
_NOT_BY_NOTES = {"summoned", "not_exempted", "nobody_asked", "disabled"}


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a due event no longer holds for a recipient; with `by_notes` it waits before it withdraws."""

    reason: WithdrawalReason
    detail: str | None
    by_notes: bool


@dataclass(frozen=True, slots=True)
class Review:
    """A due event as it stands from now on, and the withdrawals of it that go out now."""

    fired: Fired
    withdrawals: tuple[Withdrawn, ...] = ()


def review(
    view: View,
    step: Step,
    occurrence: Occurrence | None,
    fired: Fired,
    *,
    resumes: Sequence[str],
) -> tuple[Review, Assessment]:
    """Ask a due event's ground again; also returns what the facts say of its step today, with those `resumes`."""
    planned_for = oslo_date(fired.event.due_at)
    assessment = assess(step, occurrence, view, resumes=resumes, planned_for=planned_for)
    # The start may move a little, or back: what was right for the date that the event names is still right.
    due_on = fired.event.due_on
    then = assessment
    if step.on is None:
        then = assess(
            step, occurrence, view, resumes=resumes, due_on=due_on, planned_for=planned_for
        )
    of_case = _ground_of_case(view)
    grounds: dict[Recipient, Ground] = {}
    for recipient in fired.remaining:
        ground = of_case if view.is_dead or view.leave is None else None
        ground = (
            ground
            or _ground_of_renewal(view, occurrence, fired)
            or _ground_of_facts(view, step, recipient, today=assessment, then=then)
            or of_case
        )
        if ground is not None:
            grounds[recipient] = ground
    return _withdraw(view, fired, grounds), assessment


def review_of_twin(view: View, fired: Fired) -> Review:
    """Withdraw the second due event of one step: two cases became one, both had fired it, and one of them stands."""
    ground = Ground("case_withdrawn", None, by_notes=True)
    return _withdraw(view, fired, dict.fromkeys(fired.remaining, ground))


def review_of_lost_step(view: View, fired: Fired) -> Review:
    """A due event of a step that the rulebook no longer has stands until its case is over."""
    ground = _ground_of_case(view)
    return _withdraw(view, fired, dict.fromkeys(fired.remaining, ground) if ground else {})


def exemptions_withdrawn_for(history: Sequence[Fired]) -> tuple[str, ...]:
    """The reasons of the exemptions for which due events of a step were withdrawn."""
    withdrawn = [part for fired in history for part in fired.withdrawn]
    return tuple(part.detail for part in withdrawn if part.reason == "exempted" and part.detail)


def _ground_of_case(view: View) -> Ground | None:
    if view.is_dead:
        return Ground("died", None, by_notes=False)
    if view.leave is None:
        return Ground("case_withdrawn", None, by_notes=True)
    return Ground("ended", None, by_notes=_was_shortened(view)) if view.is_over else None


def _was_shortened(view: View) -> bool:
    """Whether notes have ended the case in the past: neither midnight now nor a return to work did.

    The last note of a long leave that changes topic leaves a case that was over long ago, for a moment.
    """
    leave = view.leave
    if leave is None or leave.over_on == leave.resumed_on:
        return False
    return view.today > leave.over_on


def _ground_of_renewal(view: View, occurrence: Occurrence | None, fired: Fired) -> Ground | None:
    """Whether the fact that the step hangs on has been renewed since, as by a meeting that was moved."""
    if occurrence is None or occurrence.renewed_at is None:
        return None
    is_renewed = fired.event.fired_at < occurrence.renewed_at <= view.now
    return Ground("done", occurrence.renewed_by, by_notes=False) if is_renewed else None


def _ground_of_facts(
    view: View, step: Step, recipient: Recipient, *, today: Assessment, then: Assessment
) -> Ground | None:
    """`today` is for the due date that the facts give today, `then` for the one that the event names."""
    reason = today.closed.get(recipient) or then.closed.get(recipient)
    if reason is not None:
        if reason.startswith(_EXEMPTED):
            return Ground("exempted", reason.removeprefix(_EXEMPTED), by_notes=False)
        return Ground("done", reason, by_notes=False)
    if view.is_over:
        return None  # The ground is then the end of the case.
    if today.due_on is not None and (today.due_on - view.today).days > MOVED_AFTER_DAYS:
        return Ground("moved", None, by_notes=step.on is None)
    if _asks(today, recipient) or _asks(then, recipient):
        return None
    return _not_applicable(step, today if today.outcome == "not_applicable" else then)


def _asks(assessment: Assessment, recipient: Recipient) -> bool:
    return assessment.outcome == "open" and recipient in assessment.open_to


def _not_applicable(step: Step, assessment: Assessment) -> Ground:
    match assessment.outcome:
        case "not_applicable":
            detail = assessment.reason
        case "open":
            detail = "no_employer"  # The step is open to others, and no longer to this employer.
        case _:
            detail = "not_sick_listed"
    # Where a date of the leave is the limit, notes too decide whether a fact asks.
    is_limit_moved = detail == "nobody_asked" and step.after is not None
    by_notes = detail not in _NOT_BY_NOTES or is_limit_moved
    return Ground("not_applicable", detail, by_notes=by_notes)


def _withdraw(view: View, fired: Fired, grounds: Mapping[Recipient, Ground]) -> Review:
    """Withdraw what is certain by now, and remember since when the rest waits for the notes to settle."""
    if not grounds and fired.doubted_since is None:
        return Review(fired)
    waits = any(ground.by_notes for ground in grounds.values())
    since = (fired.doubted_since or view.now) if waits else None
    has_settled = since is not None and view.now >= since + NOTES_SETTLE_AFTER
    certain = {r: ground for r, ground in grounds.items() if not ground.by_notes or has_settled}
    withdrawals = _withdrawals(fired, certain, view.now)
    after = replace(
        fired,
        withdrawn=fired.withdrawn + withdrawals,
        doubted_since=None if has_settled else since,
    )
    return Review(after, withdrawals)


def _withdrawals(
    fired: Fired, certain: Mapping[Recipient, Ground], now: datetime
) -> tuple[Withdrawn, ...]:
    """One withdrawal for all where all are withdrawn for one reason, else one for each recipient."""
    reasons = {(ground.reason, ground.detail) for ground in certain.values()}
    if len(reasons) == 1 and set(certain) == set(fired.remaining):
        reason, detail = reasons.pop()
        return (Withdrawn(None, reason, detail, now),)
    return tuple(
        Withdrawn(recipient, ground.reason, ground.detail, now)
        for recipient, ground in certain.items()
    )
