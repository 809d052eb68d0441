"""What a withdrawal of a due event ends, and what its reason is called downstream (contract 5, 6.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from schemas.messages import DeadlineWithdrawn, Role
from services.notifier.domain.decision import Party, names
from services.notifier.domain.delivery import STANDING_IN, Purpose

# A code such as plan_shared or exempted:medical. Other text is not passed on: it could hold personal data.
_CODE = re.compile(r"^[a-z][a-z0-9_:.-]{0,63}$")
_LONG_NUMBER = re.compile(r"\d{6}")


class Addressed(Protocol):
    """Of a delivery: to whom, and what for."""

    @property
    def role(self) -> Role: ...

    @property
    def org_number(self) -> str | None: ...

    @property
    def purpose(self) -> Purpose: ...


def withdrawal_for(
    delivery: Addressed, withdrawals: Sequence[DeadlineWithdrawn]
) -> DeadlineWithdrawn | None:
    """The first of the event's withdrawals, oldest first, that ends this delivery.

    None ends a task that stands in for an employer's side: it is about other events too, and ends with the last.
    """
    if delivery.purpose in STANDING_IN:
        return None
    party = Party(delivery.role, delivery.org_number)
    return next(
        (withdrawal for withdrawal in withdrawals if names(withdrawal.recipients, party)), None
    )


def reason_code(withdrawal: DeadlineWithdrawn) -> str:
    """The reason, with its detail after a colon."""
    detail = code(withdrawal.detail)
    return f"{withdrawal.reason}:{detail}" if detail else withdrawal.reason


def code(text: str | None) -> str | None:
    """`text` where it is a code, None where it could say something about a person."""
    return text if text and _CODE.match(text) and not _LONG_NUMBER.search(text) else None
