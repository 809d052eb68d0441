"""How long to wait after a failure that may pass (contract 6.7)."""

from __future__ import annotations

from datetime import timedelta

# Policy: 1, 2, 4, … 32, 60, 60, 60 minutes are about five hours, so a gateway may be away for half a
# working day before the next channel is tried, and a window's closing time is reached at most once.
ATTEMPTS_MAX = 10
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
# A gateway that comes back should not meet everybody at once.
JITTER_SHARE = 0.2


def retry_after(attempts: int, fraction: float) -> timedelta | None:
    """The wait after the `attempts`-th failure, None when that was the last attempt.

    `fraction`, in [0, 1), spreads the retries; the caller derives it, so that the same delivery
    waits equally long in every replay.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    # The exponent is bounded by the line above; the power of two needs no cap of its own.
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** max(attempts - 1, 0))
    return max(FIRST_WAIT, wait * (1 - JITTER_SHARE * fraction))
