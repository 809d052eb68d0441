"""The loop turns while there is something to do, sleeps until there may be, and survives bad luck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.runtime.clock import TurnedClock
from services.runtime.health import Pulse
from services.runtime.kafka import PublishOutcomeUnknown
from services.runtime.turning import TRIES_OF_A_BUG, Wake, keep_turning
from tests.support.captured_logs import NATIONAL_ID, captured_logs
from tests.support.waiting import PATIENCE_SECONDS, until

NOON = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)
HOUR = 3600.0
"""Longer than a test waits: a loop that sleeps so long and is not woken fails the test."""
Outcome = bool | datetime | None


class Turns:
    """A turn that gives the answers of a list, then None."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.left = list(outcomes)
        self.done = 0

    async def __call__(self) -> Outcome:
        self.done += 1
        outcome = self.left.pop(0) if self.left else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@asynccontextmanager
async def turning(turns: Turns, **others: Any) -> AsyncIterator[asyncio.Task[None]]:
    stopping = asyncio.Event()
    clock = others.pop("clock", TurnedClock(NOON))
    task = asyncio.create_task(
        keep_turning(turns, name="test", stopping=stopping, clock=clock, **others)
    )
    try:
        yield task
    finally:
        stopping.set()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), PATIENCE_SECONDS)


async def test_it_turns_again_at_once_while_there_is_something_to_do() -> None:
    turns = Turns(True, True, True)
    async with turning(turns, idle_seconds=HOUR):
        await until(lambda: turns.done == 4)


async def test_idle_it_looks_again_after_a_while_as_a_net() -> None:
    turns = Turns()
    async with turning(turns, idle_seconds=0.01):
        await until(lambda: turns.done > 3)


async def test_it_sleeps_until_the_next_due_instant_and_not_longer() -> None:
    turns = Turns(NOON + timedelta(milliseconds=20), NOON - timedelta(hours=1))
    async with turning(turns, idle_seconds=HOUR):
        await until(lambda: turns.done == 3)


async def test_a_far_due_instant_is_no_reason_to_sleep_past_the_net() -> None:
    turns = Turns(*[NOON + timedelta(days=100)] * 3)
    async with turning(turns, idle_seconds=0.01):
        await until(lambda: turns.done > 3)


async def test_the_next_due_instant_may_be_asked_for_apart() -> None:
    turns = Turns(False, True)
    asked: list[int] = []

    async def next_due() -> datetime | None:
        asked.append(turns.done)
        return NOON if len(asked) == 1 else None

    async with turning(turns, idle_seconds=HOUR, next_due=next_due):
        await until(lambda: turns.done == 3)
    assert asked == [1, 3]


async def test_a_wake_up_ends_the_sleep_also_when_it_comes_before_it() -> None:
    wake = Wake()
    wake.set()
    turns = Turns()
    async with turning(turns, idle_seconds=HOUR, wake=wake):
        await until(lambda: turns.done == 2)
        wake.set()
        await until(lambda: turns.done == 3)


async def test_bad_luck_is_tried_again_for_as_long_as_it_lasts() -> None:
    pulse = Pulse()
    troubles = [OSError(NATIONAL_ID), PublishOutcomeUnknown(), TimeoutError()]
    turns = Turns(*troubles, True)
    with captured_logs() as lines:
        async with turning(turns, idle_seconds=HOUR, pulse=pulse) as task:
            await until(lambda: turns.done == 2)
            assert "fails since" in (await pulse.readiness() or "")
            await until(lambda: turns.done == 5)
            assert await pulse.readiness() is None
            assert not task.done()
    assert [line["error"] for line in lines.named("turn.failed")] == [
        "OSError",
        "PublishOutcomeUnknown",
        "TimeoutError",
    ]
    assert NATIONAL_ID not in lines.text


async def test_a_bug_ends_the_loop_after_a_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.turning.LONGEST_PAUSE_SECONDS", 0.01)
    turns = Turns(*[LookupError() for _ in range(10)])
    with captured_logs():
        async with turning(turns) as task:
            await until(task.done)
    assert turns.done == TRIES_OF_A_BUG
    with pytest.raises(LookupError):
        task.result()


async def test_a_turn_that_hangs_is_cut_and_counts_as_bad_luck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.runtime.turning.TURN_SECONDS", 0.02)
    started = 0

    async def hang() -> bool:
        nonlocal started
        started += 1
        await asyncio.Event().wait()
        return True

    stopping = asyncio.Event()
    with captured_logs():
        task = asyncio.create_task(
            keep_turning(hang, name="test", stopping=stopping, clock=TurnedClock(NOON))
        )
        await until(lambda: started == 2)
        stopping.set()
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def test_a_stop_lets_the_turn_under_way_end() -> None:
    finish, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> bool:
        await finish.wait()
        ended.set()
        return True

    stopping = asyncio.Event()
    task = asyncio.create_task(
        keep_turning(slow, name="test", stopping=stopping, clock=TurnedClock(NOON))
    )
    await asyncio.sleep(0)
    stopping.set()
    await asyncio.sleep(0)
    assert not task.done()
    finish.set()
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert ended.is_set()


async def test_a_turned_clock_stands_still_and_goes_forward_only() -> None:
    clock = TurnedClock(NOON)
    assert await clock.now() == NOON
    clock.turn(NOON + timedelta(hours=1))
    assert await clock.now() == NOON + timedelta(hours=1)
    with pytest.raises(ValueError, match="forward"):
        clock.turn(NOON)
    with pytest.raises(ValueError, match="zone"):
        clock.turn(datetime(2026, 3, 3))  # noqa: DTZ001 - the point
