"""What a case's steps have been through: timers that pend, due events that went out, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from schemas.messages import Basis, DeadlineDue, Recipient, WithdrawalReason


class StepKey(NamedTuple):
    """A timer's name within its case; `subject` is empty where the step has none."""

    checkpoint: str
    step: str
    subject: str


@dataclass(frozen=True, slots=True)
class ArmedStep:
    """What the plan asks of a pending timer.

    `armed_since` is when it was armed without a break. `caught_up` says that it was first planned after its due
    instant.
    """

    case_id: str
    key: StepKey
    generation: int
    due_at: datetime
    armed_since: datetime
    caught_up: bool


@dataclass(frozen=True, slots=True)
class Timer(ArmedStep):
    """A pending timer. `due_at` is when it fires, not before and not once `fire_before` has come.

    `draft` is the due event, to be completed when fired. `suspended_until` is the last day of a suspension for which it
    waits, if any.
    """

    due_on: date
    fire_before: datetime
    draft: DeadlineDue
    suspended_until: date | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A due event that was taken back, for one recipient or (None) for all that were left."""

    recipient: Recipient | None
    reason: WithdrawalReason
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Fired:
    """A due event that went out. `case_id` is the case whose history it is part of now (cases merge).

    `doubted_since` is since when the notes no longer give it: they are asked again before it is withdrawn.
    `basis` is the one that was sent last.
    """

    case_id: str
    event: DeadlineDue
    caught_up: bool
    withdrawn: tuple[Withdrawn, ...] = ()
    doubted_since: datetime | None = None
    basis: Basis | None = None

    @property
    def key(self) -> StepKey:
        return StepKey(self.event.checkpoint, self.event.step, self.event.subject or "")

    @property
    def remaining(self) -> tuple[Recipient, ...]:
        """The recipients for whom it still holds."""
        gone = [part.recipient for part in self.withdrawn]
        if None in gone:
            return ()
        return tuple(recipient for recipient in self.event.recipients if recipient not in gone)

    @property
    def ended_with_case(self) -> bool:
        """Whether what was left of it was withdrawn only because the case ended."""
        return bool(self.withdrawn) and not self.remaining and self.withdrawn[-1].reason == "ended"
