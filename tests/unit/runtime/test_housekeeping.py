"""Jobs run now and then, one at a time, whatever APScheduler's defaults would drop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from apscheduler.events import EVENT_JOB_MISSED

from services.runtime.housekeeping import Housekeeper
from tests.support.captured_logs import NATIONAL_ID, captured_logs
from tests.support.waiting import until


@pytest.fixture
async def housekeeper() -> AsyncIterator[Housekeeper]:
    housekeeper = Housekeeper()
    yield housekeeper
    await housekeeper.stop()


async def test_a_job_runs_again_after_an_error_that_is_logged_without_its_text(
    housekeeper: Housekeeper,
) -> None:
    runs = 0

    async def job() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise LookupError(NATIONAL_ID)

    housekeeper.every(0.02, "sweep", job)
    with captured_logs() as lines:
        await housekeeper.start()
        await until(lambda: runs > 2)
    assert [line["error"] for line in lines.named("housekeeping.failed")] == ["LookupError"]
    assert len(lines.named("housekeeping.done")) >= 2
    assert NATIONAL_ID not in lines.text


async def test_a_run_that_the_loop_was_too_busy_for_still_happens(
    housekeeper: Housekeeper,
) -> None:
    """With the default misfire_grace_time a run more than a second late is dropped."""
    runs = 0
    missed: list[object] = []

    async def job() -> None:
        nonlocal runs
        runs += 1

    housekeeper.every(0.5, "sweep", job)
    housekeeper._scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    await housekeeper.start()
    time.sleep(1.7)  # noqa: ASYNC251 - the busy loop is the point
    await until(lambda: runs > 0)
    assert missed == []


async def test_a_long_run_is_not_overtaken_by_the_next(housekeeper: Housekeeper) -> None:
    at_once, most, runs = 0, 0, 0

    async def job() -> None:
        nonlocal at_once, most, runs
        runs += 1
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.1)
        at_once -= 1

    housekeeper.every(0.02, "sweep", job)
    with captured_logs():
        await housekeeper.start()
        await until(lambda: runs > 2)
        await housekeeper.stop()
        await until(lambda: at_once == 0 or not _running())
    assert most == 1


def _running() -> bool:
    return any(
        "Housekeeper" in str(task.get_coro()) for task in asyncio.all_tasks() if not task.done()
    )
