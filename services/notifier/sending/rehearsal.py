"""What a turn would do with a delivery, in codes, for operators who ask before they let it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.notifier.domain.delivery import Delivery
from services.notifier.ports import Recall
from services.notifier.sending.judging import Judged

Would = Literal["send", "take_back", "wait", "cancel", "expire", "fail"]

_WOULD: dict[str, Would] = {
    "waiting": "wait",
    "closing": "take_back",
    "cancelled": "cancel",
    "expired": "expire",
    "failed": "fail",
}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a turn would do with one delivery; `why` is a code, `until` is set where it would wait."""

    channel: str
    role: str
    checkpoint: str
    step: str
    would: Would
    why: str | None
    until: datetime | None


def rehearsed(judged: Judged) -> Rehearsed:
    """The judgement as operators read it."""
    delivery, event, step = judged.delivery, judged.known.event, judged.step
    would: Would = "send"
    why = until = None
    if isinstance(step, Recall):
        would, why = "take_back", step.reason
    elif isinstance(step, Delivery):
        would = _WOULD[step.state]
        why = step.wait_reason if step.state == "waiting" else step.reason
        until = step.ready_at if step.state == "waiting" else None
    return Rehearsed(
        delivery.channel, delivery.role, event.checkpoint, event.step, would, why, until
    )
