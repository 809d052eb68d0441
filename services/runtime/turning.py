"""The turning loop: turns for as long as there is something to do, and then sleeps until there may be more.

What a turn is, is its caller's: tests and the demo call it without this loop. Sleeps are on the
monotonic clock and short, so neither a step of the wall clock nor a lost wake-up stops the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.runtime import metrics
from services.runtime.clock import Clock
from services.runtime.health import Pulse
from services.runtime.kafka.publisher import PublishOutcomeUnknown
from services.runtime.logs import error_fields
from services.runtime.postgres.errors import is_transient

# A wake-up that was lost, or a change by another process, is noticed at most this late (contract 13.3).
IDLE_SECONDS = 5.0
# A turn is a few statements and a publish, each with a time-out of its own; this bounds all of it.
TURN_SECONDS = 25.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
# An error that waiting does not cure is a bug: the process ends, and its platform says so.
TRIES_OF_A_BUG = 5

_log = structlog.stdlib.get_logger(__name__)

Turn = Callable[[], Awaitable[bool | datetime | None]]


class Wake:
    """Ends a loop's sleep early; set from anywhere on the same event loop, also before it sleeps."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """There may be something to do now."""
        self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Until set or for `seconds`; what was set before counts."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()


async def keep_turning(
    turn: Turn,
    *,
    name: str,
    stopping: asyncio.Event,
    clock: Clock,
    next_due: Callable[[], Awaitable[datetime | None]] | None = None,
    wake: Wake | None = None,
    pulse: Pulse | None = None,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Turn until `stopping` is set; a turn under way is finished first.

    `turn` says True for "did something, there may be more"; an instant for "nothing before this";
    False or None for "nothing". After nothing, `next_due` is asked for an instant, if it is given.
    Transient errors (PostgreSQL, Kafka, sockets) are retried for ever, paced; any other error is raised
    after `TRIES_OF_A_BUG` in a row, and ends the service.
    """
    wake = wake or Wake()
    pulse = pulse or Pulse()
    waker = asyncio.create_task(_wake_when(stopping, wake), name=f"{name} stop")
    failures = 0
    try:
        while not stopping.is_set():
            pulse.beat()
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    outcome = await turn()
                    if outcome is not True and not outcome and next_due is not None:
                        outcome = await next_due()
                    seconds = await _seconds_until(outcome, clock, idle_seconds)
            except Exception as error:
                failures += 1
                pulse.failed(error)
                metrics.TURNS.labels(name, "failed").inc()
                _log.warning("turn.failed", loop=name, attempt=failures, **error_fields(error))
                if not _may_pass(error) and failures >= TRIES_OF_A_BUG:
                    raise
                await wake.sleep(_pause(failures))
            else:
                failures = 0
                pulse.succeeded()
                metrics.TURNS.labels(name, "idle" if seconds > 0 else "busy").inc()
                if seconds > 0:
                    await wake.sleep(seconds)
                else:
                    await asyncio.sleep(0)  # a turn that never waits must not starve the others
    finally:
        waker.cancel()


async def _seconds_until(outcome: bool | datetime | None, clock: Clock, idle: float) -> float:
    if outcome is True:
        return 0.0
    if not isinstance(outcome, datetime):
        return idle
    until_due = outcome - await clock.now()
    return min(idle, max(0.0, until_due.total_seconds()))


async def _wake_when(stopping: asyncio.Event, wake: Wake) -> None:
    await stopping.wait()
    wake.set()


def _may_pass(error: Exception) -> bool:
    return is_transient(error) or isinstance(error, PublishOutcomeUnknown)


def _pause(failures: int) -> float:
    """0.2 s, doubled with each failure up to 5 s; half of it by chance, so that instances part."""
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - pacing, not a secret
