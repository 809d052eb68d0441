"""What time is it: asked once a batch or turn at the edge, its answer passed down as `now`.

Socket time-outs and sleeps do not use this; they run on the monotonic clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.runtime.postgres.pool import Pool
from services.runtime.postgres.queries import Queries

_QUERIES = Queries("services.runtime.postgres.sql")


class Clock(Protocol):
    """Answers with an aware instant in UTC, and remembers nothing between two questions."""

    async def now(self) -> datetime:
        """The instant at which the caller's unit of work happens."""
        ...


class PostgresClock:
    """PostgreSQL's clock, so that two instances whose own clocks differ agree."""

    def __init__(self, pool: Pool, offset_seconds: float = 0.0) -> None:
        self._pool = pool
        self._offset = timedelta(seconds=offset_seconds)

    async def now(self) -> datetime:
        """PostgreSQL's `clock_timestamp()` plus the offset; raises what asyncpg raises."""
        instant: datetime = await self._pool.fetchval(_QUERIES["read_clock"])
        return instant.astimezone(UTC) + self._offset


class TurnedClock:
    """A clock that stands still until it is turned by hand: demo, replay and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    async def now(self) -> datetime:
        """Where it was last turned to."""
        return self._now

    def turn(self, to: datetime) -> None:
        """Turn forward; raises ValueError for a naive instant or one before the present."""
        if _aware(to) < self._now:
            raise ValueError("a turned clock goes forward only")
        self._now = _aware(to)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(UTC)
