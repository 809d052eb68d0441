"""One step of a case as it is planned: its state, with a reason (contract 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from schemas.messages import Recipient
from services.scheduler.domain.plan.assess import Assessment
from services.scheduler.domain.plan.history import Fired, StepKey
from services.scheduler.domain.plan.reasons import ShownReason, with_detail
from services.scheduler.domain.rulebook.model import Step

State = Literal["fired", "not_applicable", "done", "waiting", "missed", "armed"]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of one case: its state, and whom it is (or was) for; `legal_on` is known of an armed one."""

    step: Step | None
    key: StepKey
    generation: int
    due_on: date | None
    due_at: datetime | None
    state: State
    reason: ShownReason
    recipients: tuple[Recipient, ...] = ()
    caught_up: bool = False
    armed_since: datetime | None = None
    suspended_until: date | None = None
    legal_on: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A step on its way into the plan: `given` is its state, None while it is open (then `lateness` decides).

    `is_late`: it is open, and was first planned after its due instant.
    """

    step: Step
    key: StepKey
    assessment: Assessment
    generation: int
    last: Fired | None
    given: PlannedStep | None
    is_late: bool = False


def as_fired(step: Step | None, key: StepKey, fired: Fired) -> PlannedStep:
    event = fired.event
    late = event.late_seconds
    return PlannedStep(
        step,
        key,
        event.generation,
        event.due_on,
        event.due_at,
        "fired",
        with_detail("late", late) if late else "on_time",
        event.recipients,
        fired.caught_up,
    )
