"""Waiting for what another task or process does, as long as a slow machine needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 120.0
"""How long a test waits for what has to come. It ends a test that hangs and measures nothing: on a fast machine the
same comes within a second."""


SLOWNESS = 4
"""How many times slower a machine may be than the one on which a test's own limits were set. Only for a limit that is
itself the promise, such as the time of a stop; everything else waits for `PATIENCE_SECONDS`."""

SHORT_SECONDS = 1.5
"""A time-out that a test waits out, given to a client whose server hangs. What answers has to answer within it, also on
a slow machine."""


async def until(is_so: Callable[[], bool], *, what: str = "what was waited for") -> None:
    """Look until it is so; fails with `what` when that does not come about."""
    await _wait(lambda: _answer(is_so), what, every_seconds=0.01)


async def eventually(
    ask: Callable[[], Awaitable[bool]], *, what: str = "what was waited for"
) -> None:
    """Ask Kafka, PostgreSQL or a process until the answer is yes; fails with `what` when it does not come."""
    await _wait(ask, what, every_seconds=0.05)


async def _wait(ask: Callable[[], Awaitable[bool]], what: str, *, every_seconds: float) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not await ask():
        assert time.monotonic() < give_up_at, f"{what} did not come in {PATIENCE_SECONDS:.0f} s"
        await asyncio.sleep(every_seconds)


async def _answer(is_so: Callable[[], bool]) -> bool:
    return is_so()
