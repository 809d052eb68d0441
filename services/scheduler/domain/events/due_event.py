"""How a planned step becomes a due event: the draft that its timer carries, and the event once it fires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from schemas.ids import due_event_id
from schemas.messages import Basis, CaseSnapshot, DeadlineDue, RulebookStamp
from schemas.norway import OSLO
from services.scheduler.domain.events.basis import with_history
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.history import Fired, Timer
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.rulebook.model import Rulebook, Step


def draft(
    step: Step,
    planned: PlannedStep,
    leave: Leave,
    rulebook: Rulebook,
    *,
    case_id: str,
    person_id: str,
    not_after: datetime | None,
    basis: Basis | None,
) -> DeadlineDue:
    """The due event of an armed step, as if it fired at its due instant."""
    if planned.due_on is None or planned.due_at is None:
        raise ValueError(f"{planned.key.checkpoint}.{planned.key.step} is armed without a due date")
    due_at = planned.due_at.astimezone(OSLO)
    show = step.show_after_days
    return DeadlineDue(
        event_id=due_event_id(case_id, *planned.key, planned.generation),
        case_id=case_id,
        person_id=person_id,
        checkpoint=planned.key.checkpoint,
        step=planned.key.step,
        subject=planned.key.subject or None,
        generation=planned.generation,
        due_on=planned.due_on,
        due_at=due_at,
        legal_on=planned.legal_on,
        fired_at=due_at,
        late_seconds=0,
        show_on=planned.due_on + timedelta(days=show) if show is not None else None,
        not_after=not_after.astimezone(OSLO) if not_after is not None else None,
        rulebook=RulebookStamp(
            name=rulebook.name, version=rulebook.version, office=rulebook.office
        ),
        case=snapshot(leave, planned.due_on),
        recipients=planned.recipients,
        basis=basis,
    )


def snapshot(leave: Leave, due_on: date) -> CaseSnapshot:
    """The case on a due date; the grade of a date outside it is that of the nearest sick day."""
    day = min(max(due_on, leave.start), leave.end)
    number = (due_on - leave.start).days + 1
    return CaseSnapshot(
        start=leave.start,
        end=leave.end,
        sick_days=len(leave.days),
        day=number,
        week=(number - 1) // 7 + 1,
        grade=leave.grade(day),
        form=leave.form(day),
        employers=leave.employers(day),
    )


def is_due(timer: Timer, now: datetime) -> bool:
    """Whether a timer fires at `now` (UTC); once its case is over it never does."""
    return timer.due_at <= now < timer.fire_before


def fire_due(
    timers: Iterable[Timer], now: datetime, notes_since: date | None = None
) -> tuple[Fired, ...]:
    """The due events of the timers that are due at `now` (UTC), in the order in which they fell due.

    `notes_since` is the Oslo date since when the system has known sick notes, which only now can be said.
    `plan` and the running service both fire through this, so that they agree on order, ids and lateness.
    """
    due = sorted(
        (timer for timer in timers if is_due(timer, now)),
        key=lambda timer: (timer.due_at, timer.case_id, timer.key),
    )
    return tuple(
        Fired(timer.case_id, fire(timer, now, notes_since), timer.caught_up) for timer in due
    )


def fire(timer: Timer, now: datetime, notes_since: date | None) -> DeadlineDue:
    """The due event of a timer that fires now (UTC), marked with how late it is.

    After an outage its basis is still as of the day for which it was drafted: what it says was found for that day.
    """
    basis = timer.draft.basis
    return timer.draft.model_copy(
        update={
            "fired_at": now.astimezone(OSLO),
            "late_seconds": max(int((now - timer.due_at).total_seconds()), 0),
            "basis": with_history(basis, notes_since) if basis is not None else None,
        }
    )


def not_after(planned: PlannedStep, steps: Sequence[PlannedStep], now: datetime) -> datetime | None:
    """The due instant of the checkpoint's next step: until then the event's messages make sense (contract 6.4)."""
    if planned.due_at is None:
        return None
    after = max(planned.due_at, now)
    return min(
        (
            other.due_at
            for other in steps
            if other.key.checkpoint == planned.key.checkpoint
            and other.key.subject == planned.key.subject
            and other.reason != "disabled"
            and other.due_at is not None
            and other.due_at > after
        ),
        default=None,
    )
