"""What a withdrawal of a due event ends, and what its reason is called downstream (SPEC 5, 6.8)."""

import re
from collections.abc import Iterable

from schemas.messages import DeadlineDue, DeadlineWithdrawn
from services.notifier.domain.decision import withdrawn_for
from services.notifier.domain.delivery import Delivery

# A code such as plan_shared or exempted:medical. Anything else could hold anything.
_CODE = re.compile(r"^[a-z][a-z0-9_:.-]{0,63}$")
_LONG_NUMBER = re.compile(r"\d{6}")


def withdrawal_for(
    event: DeadlineDue, delivery: Delivery, withdrawals: Iterable[DeadlineWithdrawn]
) -> DeadlineWithdrawn | None:
    """The first of the event's withdrawals that ends this delivery."""
    return next(
        (each for each in withdrawals if withdrawn_for(event, delivery, each.recipients)), None
    )


def reason_code(withdrawal: DeadlineWithdrawn) -> str:
    """The reason, with its detail after a colon."""
    detail = code(withdrawal.detail)
    return f"{withdrawal.reason}:{detail}" if detail else withdrawal.reason


def code(text: str | None) -> str | None:
    """`text` where it is a code, None where it could say something about a person."""
    return text if text and _CODE.match(text) and not _LONG_NUMBER.search(text) else None
