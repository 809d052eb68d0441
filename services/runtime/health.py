"""Is the service alive, and can it work: asked by the platform over HTTP and by our own watchdog.

FastStream's and aiokafka's own answers stay green while nothing is consumed, so each part
is asked whether it makes progress. Live means "a restart would not help"; ready means "work flows".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.runtime.metrics import READY

# None, or one sentence about what is wrong; it is shown to operators, so no personal data.
Check = Callable[[], Awaitable[str | None]]

CHECK_SECONDS = 2.0
# Nothing progresses for 30 s with work waiting: the process ends (contract 13.8). 20 s of a failing check after
# at most 2 s until the first look and 2 s for its answer.
PATIENCE_SECONDS = 20.0
LOOK_EVERY_SECONDS = 2.0
# A loop beats at least every IDLE_SECONDS, and a turn ends within TURN_SECONDS (turning.py).
PULSE_SECONDS = 30.0

_log = structlog.stdlib.get_logger(__name__)


class Unhealthy(Exception):
    """A liveness check has failed for too long; the text names the checks."""


class Pulse:
    """A loop's sign of life: it beats at each turn, and knows how the last one went."""

    def __init__(self) -> None:
        self._beat_at = time.monotonic()
        self._failing_since: float | None = None
        self._error = ""

    def beat(self) -> None:
        """A turn begins."""
        self._beat_at = time.monotonic()

    def succeeded(self) -> None:
        """A turn ended well."""
        self.beat()
        self._failing_since = None

    def failed(self, error: Exception) -> None:
        """A turn ended with an error, and will be tried again."""
        self.beat()
        self._error = type(error).__name__
        if self._failing_since is None:
            self._failing_since = time.monotonic()

    async def liveness(self) -> str | None:
        """A check: the loop still turns."""
        age = time.monotonic() - self._beat_at
        return f"has not turned for {age:.0f} s" if age > PULSE_SECONDS else None

    async def readiness(self) -> str | None:
        """A check: the last turn went well."""
        if self._failing_since is None:
            return None
        return f"fails since {time.monotonic() - self._failing_since:.0f} s ({self._error})"


class Health:
    """Named checks. A liveness check counts for readiness too."""

    def __init__(self) -> None:
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def watch(
        self, name: str, *, liveness: Check | None = None, readiness: Check | None = None
    ) -> None:
        """Add a part's checks; each is given CHECK_SECONDS to answer."""
        if liveness is not None:
            self._live[name] = liveness
        if readiness is not None:
            self._ready[name] = readiness

    async def liveness(self) -> dict[str, str]:
        """What is wrong, by name, and only a restart may cure; empty when all is well."""
        return await _faults(self._live)

    async def readiness(self) -> dict[str, str]:
        """What keeps work from flowing, by name; empty when all is well."""
        _, faults = await self._look()
        return faults

    async def _look(self) -> tuple[dict[str, str], dict[str, str]]:
        dead = await self.liveness()
        faults = await _faults(self._ready) | dead
        READY.set(0 if faults else 1)
        return dead, faults

    async def guard(self, patience_seconds: float | None = None) -> None:
        """Look every 2 s, for ever; raises `Unhealthy` when a liveness check failed for too long.

        Readiness is looked at as well: some checks compare with what they saw the last time.
        """
        patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        failing_since: dict[str, float] = {}
        while True:
            faults, _ = await self._look()
            now = time.monotonic()
            failing_since = {name: failing_since.get(name, now) for name in faults}
            if dead := [n for n, since in failing_since.items() if now - since >= patience_seconds]:
                _log.error("service.unhealthy", checks=[f"{n}: {faults[n]}" for n in dead])
                raise Unhealthy(", ".join(dead))
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _faults(checks: Mapping[str, Check]) -> dict[str, str]:
    checks = dict(checks)  # a part that starts may add its own while these answer
    answers = await asyncio.gather(*(_answer(check) for check in checks.values()))
    return {name: fault for name, fault in zip(checks, answers, strict=True) if fault is not None}


async def _answer(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer in {CHECK_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is itself a fault
        return type(error).__name__


def health_app(health: Health) -> Starlette:
    """GET /health/live, /health/ready (200 or 503, with the faults by name) and /metrics."""

    async def live(_: Request) -> Response:
        return _verdict(await health.liveness())

    async def ready(_: Request) -> Response:
        return _verdict(await health.readiness())

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/health/live", live),
            Route("/health/ready", ready),
            Route("/metrics", metrics),
        ]
    )


def _verdict(faults: dict[str, str]) -> Response:
    return JSONResponse({"faults": faults}, status_code=503 if faults else 200)
