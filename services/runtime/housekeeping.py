"""Housekeeping: a handful of jobs a process that tidy up now and then, on APScheduler.

Never a timer of a case: those live in PostgreSQL alone. Each job is safe to run twice and in two
processes at once, and to miss.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from services.runtime import metrics
from services.runtime.logs import error_fields

Job = Callable[[], Awaitable[object]]

_log = structlog.stdlib.get_logger(__name__)


class Housekeeper:
    """The jobs of one process; the next run of a job waits for the last one's end."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={
                # APScheduler drops a run that is a second late by default.
                "misfire_grace_time": None,
                "coalesce": True,
                "max_instances": 1,
            },
        )

    def every(self, seconds: float, name: str, job: Job) -> None:
        """Run `job` every `seconds`, the first time after that long. Its errors are logged, no more."""
        self._scheduler.add_job(
            _observed(name, job), "interval", seconds=seconds, id=name, name=name
        )

    async def start(self) -> None:
        """Start on the running event loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Start no more runs; a run under way is cancelled, whatever `wait` says."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _observed(name: str, job: Job) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        started_at = time.monotonic()
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - the next run is the retry
            metrics.HOUSEKEEPING_RUNS.labels(name, "failed").inc()
            _log.warning("housekeeping.failed", job=name, **error_fields(error))
        else:
            metrics.HOUSEKEEPING_RUNS.labels(name, "done").inc()
            seconds = round(time.monotonic() - started_at, 3)
            _log.info("housekeeping.done", job=name, seconds=seconds)

    return run
