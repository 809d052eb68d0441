"""Both services on one database, turned by hand, and the operators' commands beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.wire import Record
from services.cli.main import app
from services.cli.pipeline.settings import settings_for
from services.notifier.app import SCHEMA, compose
from services.notifier.ports import Brake
from services.notifier.store import begin_on
from services.runtime.assembly import App
from services.runtime.postgres import Pool, close_pool, open_pool
from tests.support.notifier_desk import Out
from tests.support.scheduler_bench import KEY, Bench, scheduler_on


@dataclass
class BothServices:
    """A scheduler and a notifier: what the first publishes the second receives.

    `out` holds what the notifier's channels have sent.
    """

    bench: Bench
    pool: Pool
    notifier: App
    out: Out
    _passed_on: int = 0

    async def receive(self, *records: Record, at: datetime) -> None:
        """Records arrive at an instant at whichever service reads their topic."""
        await self.turn_to(at)
        await self.bench.receive(*[r for r in records if r.topic in SCHEDULER_TOPICS], at=at)
        await self.notifier.handle([r for r in records if r.topic in NOTIFIER_TOPICS])
        await self.settle()

    async def brakes(self) -> list[Brake]:
        """The notifier's channels that are held back."""
        async with begin_on(self.pool)() as tables:
            return await tables.safety.brakes()

    async def turn_to(self, at: datetime) -> None:
        """Turn the clock from due instant to due instant up to `at`, so that each message leaves at its own."""
        while True:
            ready = [await self.bench.scheduler.next_due_at(), await self.notifier.next_due_at()]
            due_at = min((instant for instant in ready if instant is not None), default=None)
            if due_at is None or due_at > at:
                break
            now = await self.bench.clock.now()
            self.bench.clock.turn(max(due_at, now))
            await self.settle()
        self.bench.clock.turn(at)

    async def settle(self) -> None:
        await self.bench.settle()
        new = self.bench.publisher.records[self._passed_on :]
        self._passed_on += len(new)
        now = await self.bench.clock.now()
        stamp = int(now.timestamp() * 1000)
        await self.notifier.handle([replace(record, timestamp_ms=stamp) for record in new])
        while await self.notifier.turn(now) or await self.notifier.relay():
            pass


@asynccontextmanager
async def both_services_on(
    database_url: str, *, start: datetime, rulebook: str = "standard"
) -> AsyncIterator[BothServices]:
    """Both services on a migrated database, their clock standing at `start`; see `scheduler_on` for `rulebook`."""
    pool = await open_pool(database_url, schema=SCHEMA, application_name="test notifier")
    try:
        async with scheduler_on(database_url, start=start, rulebook=rulebook) as bench:
            out = Out()
            settings = settings_for(database_url, "localhost:9092").model_copy(
                update={"pseudonym_key": KEY}
            )
            notifier = compose(settings, pool, bench.clock, out)
            yield BothServices(bench, pool, notifier, out)
    finally:
        await close_pool(pool)


@dataclass(frozen=True)
class Terminal:
    """An operator's shell, its clock standing (nearly) still at the instant that was set last."""

    monkeypatch: pytest.MonkeyPatch

    def set_clock(self, at: datetime) -> None:
        offset = (at - datetime.now(UTC)).total_seconds()
        self.monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str(offset))

    async def run(self, *command: str, given: str | None = None) -> Result:
        """In a thread: a command brings an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, app, list(command), input=given)


def terminal_on(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    *,
    kafka: str = "127.0.0.1:1",
    prefix: str = "",
    others: Sequence[tuple[str, str]] = (),
) -> Terminal:
    """A shell with the variables of both services."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("KAFKA_IDEMPOTENCE", "false")
    monkeypatch.setenv("TOPIC_PREFIX", prefix)
    monkeypatch.setenv("PSEUDONYM_KEY", KEY.get_secret_value())
    for name, value in others:
        monkeypatch.setenv(name, value)
    return Terminal(monkeypatch)
