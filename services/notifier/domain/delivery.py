"""A delivery's life: one message, to one recipient, through one channel (contract 6).

    waiting ──► sending ──► sent ──► delivered
       │  ▲        │          │          │
       │  └────────┤ retry    └──────────┴◄─► closing ──► closed
       ▼           ▼
    cancelled   failed (the next channel gets a delivery of its own)
    expired

Pure transitions: each takes a delivery and what happened, and returns the delivery as it is then. What cannot
happen in a state changes nothing, so that a repeat, or a message that comes late, changes nothing either.
`TRANSITIONS` says the same as a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from schemas.ids import delivery_id
from schemas.messages import Role
from services.notifier.domain.retry import retry_after

ChannelName = Literal["sms", "email", "organisation_email", "letter", "adviser_task"]
State = Literal[
    "waiting", "sending", "sent", "delivered", "closing", "closed", "cancelled", "expired", "failed"
]
WaitReason = Literal[
    "window", "brake", "interval", "retry", "show_on", "register", "no_line_manager"
]
Purpose = Literal["step", "no_line_manager", "protected", "undelivered"]
"""Why a delivery exists: the step itself, or a task that stands in for somebody who is not reached."""
STANDING_IN: frozenset[Purpose] = frozenset({"no_line_manager", "protected"})
"""Those of tasks that stand in for an employer's side, however many steps (employers_side.py)."""

TRANSITIONS: dict[State, frozenset[State]] = {
    "waiting": frozenset({"sending", "cancelled", "closing"}),
    "sending": frozenset(
        {"waiting", "sent", "delivered", "closing", "cancelled", "expired", "failed"}
    ),
    "sent": frozenset({"waiting", "delivered", "closing", "cancelled", "failed"}),
    "delivered": frozenset({"closing"}),
    "closing": frozenset({"closed", "sent", "delivered"}),
    "closed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
    "failed": frozenset(),
}
CLOSABLE: frozenset[State] = frozenset({"sent", "delivered"})
OPEN_TASK: frozenset[State] = frozenset({"waiting", "sending", "sent", "delivered"})
"""A task in these states is on a desk, or on its way there."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row. `ready_at` is the next attempt, or the end of the lease of the one that is under way.

    `uncertain`: an attempt began and nobody knows how it ended, so the message may be out already.
    `withdrawn` is the reason of a withdrawal that came while the message was on its way, or that could
    not be passed on. `basis_revision` is the one that an adviser's task was opened or updated with; `office`,
    `adviser_id` and `due_on` are the task's own, from the moment at which it leaves. `date_named` is the date that a
    message's words name; None where they name none, and for a task.
    """

    delivery_id: str
    event_id: str
    person: bytes
    role: Role
    org_number: str | None
    channel: ChannelName
    purpose: Purpose
    state: State
    ready_at: datetime | None
    planned_at: datetime
    not_after: datetime
    reason: str | None = None
    wait_reason: WaitReason | None = None
    attempts: int = 0
    uncertain: bool = False
    withdrawn: str | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None
    basis_revision: int | None = None
    office: str | None = None
    adviser_id: str | None = None
    due_on: date | None = None
    date_named: date | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has taken the message over."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The channel refused. `permanent`: it always will. `reason` is a code without personal data.

    `uncertain`: it did not answer, so it may have taken the message all the same.
    """

    permanent: bool
    reason: str
    uncertain: bool = False


Outcome = Sent | Failed


@dataclass(frozen=True, slots=True)
class TooLate:
    """What was sent has gone on its way, and can never be taken back."""


def planned(
    *,
    event_id: str,
    person: bytes,
    role: Role,
    org_number: str | None,
    channel: ChannelName,
    purpose: Purpose,
    now: datetime,
    not_after: datetime,
    date_named: date | None = None,
) -> Delivery:
    """A new delivery that waits for its first attempt, which may be now."""
    return Delivery(
        delivery_id=delivery_id(event_id, role, org_number, channel),
        event_id=event_id,
        person=person,
        role=role,
        org_number=org_number,
        channel=channel,
        purpose=purpose,
        state="waiting",
        ready_at=now,
        planned_at=now,
        not_after=not_after,
        date_named=date_named,
    )


def deferred(delivery: Delivery, until: datetime, why: WaitReason) -> Delivery:
    """Waits without spending an attempt."""
    return replace(delivery, state="waiting", ready_at=until, wait_reason=why)


def until_manager_known(delivery: Delivery, now: datetime) -> Delivery:
    """Waits until somebody at the employer can receive it; looked at at once, for a task has to say so."""
    return deferred(delivery, now, "no_line_manager")


def waits_for_manager(delivery: Delivery) -> bool:
    """Whether it waits for somebody at the employer who can receive it."""
    return delivery.state == "waiting" and delivery.wait_reason == "no_line_manager"


def cancelled(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    return _ended(delivery, "cancelled", reason, now)


def expired(delivery: Delivery, now: datetime) -> Delivery:
    return _ended(delivery, "expired", "not_after", now)


def closing(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """To be taken back downstream, by the id that it was sent with."""
    return replace(delivery, state="closing", reason=reason, ready_at=now, wait_reason=None)


def closed(delivery: Delivery, now: datetime) -> Delivery:
    return replace(delivery, state="closed", ready_at=None, ended_at=now)


def close_put_off(delivery: Delivery, until: datetime) -> Delivery:
    """The channel could not take it back now; asked again then."""
    return replace(delivery, ready_at=until, wait_reason="retry")


def not_closed(delivery: Delivery) -> Delivery:
    """It could not be taken back: it stays what it was, with the reason of its withdrawal beside it."""
    state: State = "delivered" if delivery.delivered_at else "sent"
    return replace(
        delivery,
        state=state,
        withdrawn=delivery.withdrawn or delivery.reason,
        reason=None,
        wait_reason=None,
        ready_at=None,
    )


def after_attempt(
    delivery: Delivery, outcome: Outcome, *, can_close: bool, now: datetime
) -> Delivery:
    """What an attempt led to. `can_close`: whether the channel can take back what it was given."""
    match outcome:
        case Sent():
            state: State = "delivered" if delivery.delivered_at else "sent"
            done = replace(
                delivery, state=state, sent_at=now, ready_at=None, wait_reason=None, reason=None,
                uncertain=False,
            )  # fmt: skip
            return withdrawn(done, delivery.withdrawn, can_close=can_close, now=now)
        case Failed(permanent, reason, uncertain):
            tried = replace(delivery, uncertain=uncertain)
            return _after_failure(tried, permanent=permanent, reason=reason, now=now)


def _after_failure(delivery: Delivery, *, permanent: bool, reason: str, now: datetime) -> Delivery:
    if delivery.withdrawn:
        return cancelled(delivery, delivery.withdrawn, now)
    attempts = delivery.attempts + 1
    wait = None if permanent else retry_after(attempts, _fraction(delivery.delivery_id, attempts))
    tried = replace(delivery, attempts=attempts, reason=reason)
    if wait is None:
        return _ended(tried, "failed", reason, now)
    return deferred(tried, now + wait, "retry")


def withdrawn(
    delivery: Delivery, reason: str | None, *, can_close: bool, now: datetime
) -> Delivery:
    """What a withdrawal does: cancels what has not left, takes back what has, marks what is leaving."""
    if reason is None:
        return delivery
    match delivery.state:
        case "waiting" if waits_for_manager(delivery):
            # Looked at at once, together with the task that stands in for it (employers_side.py).
            return replace(delivery, withdrawn=reason, ready_at=now)
        case "waiting" if not delivery.uncertain:
            return cancelled(delivery, reason, now)
        case "sending":
            return replace(delivery, withdrawn=reason)
        case "waiting" | "sent" | "delivered":
            marked = replace(delivery, withdrawn=reason)
            if can_close:
                return closing(marked, reason, now)
            return cancelled(marked, reason, now) if delivery.state == "waiting" else marked
        case _:
            return delivery


def confirmed(delivery: Delivery, at: datetime) -> Delivery:
    """A receipt says that it arrived. It may come before the attempt that caused it is recorded."""
    match delivery.state:
        case "sent":
            return replace(delivery, state="delivered", delivered_at=at)
        case "sending" | "closing" | "closed" if delivery.delivered_at is None:
            return replace(delivery, delivered_at=at)
        case _:
            return delivery


def bounced(delivery: Delivery, *, permanent: bool, reason: str, now: datetime) -> Delivery:
    """A receipt says that what was sent did not arrive: again, or failed.

    A quick channel reports it before the attempt is recorded; the recording then finds its lease gone and writes
    nothing.
    """
    if delivery.state not in ("sent", "sending"):
        return delivery
    return _after_failure(delivery, permanent=permanent, reason=reason, now=now)


def released(delivery: Delivery, until: datetime) -> Delivery:
    """Our own trouble ended an attempt: again at `until` with the same id, no attempt spent."""
    return replace(delivery, state="waiting", ready_at=until, wait_reason="retry", uncertain=True)


def _ended(delivery: Delivery, state: State, reason: str, now: datetime) -> Delivery:
    return replace(
        delivery, state=state, reason=reason, wait_reason=None, ready_at=None, ended_at=now
    )


def _fraction(delivery: str, attempts: int) -> float:
    """In [0, 1), the same for the same attempt of the same delivery, however often it is replayed."""
    digest = sha256(f"{delivery}/{attempts}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
