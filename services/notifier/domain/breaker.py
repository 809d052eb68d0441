"""A gateway that fails again and again is not called for a while (contract 6.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Five in a row is a gateway, not a recipient (policy); a minute is also the first wait after a failure.
FAILURES_MAX = 5
REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures in a row of one kind of channel, and until when nothing is tried."""

    failures: int = 0
    open_until: datetime | None = None

    def blocks(self, now: datetime) -> datetime | None:
        """Until when, or None where the channel may be tried."""
        return self.open_until if self.open_until is not None and now < self.open_until else None

    def succeeded(self) -> Breaker:
        return Breaker()

    def failed(self, now: datetime) -> Breaker:
        """A failure that may pass. A permanent one is about its recipient, not the gateway, and is not counted."""
        failures = self.failures + 1
        return Breaker(failures, now + REST if failures >= FAILURES_MAX else None)
