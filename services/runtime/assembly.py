"""How a service is put together: connections, two loops, a consumer, housekeeping. What it does with them is its own.

A service calls these in this order, the consumer last: nothing is taken in before everything else runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from schemas.wire import Record
from services.runtime.clock import Clock, PostgresClock
from services.runtime.health import Pulse
from services.runtime.housekeeping import Housekeeper
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    Handle,
    Publisher,
    TopicsUnavailable,
    make_broker,
    missing_topics,
)
from services.runtime.postgres import (
    OwnTables,
    Pool,
    close_pool,
    mark_with_key,
    open_pool,
    refuse_other_tables,
)
from services.runtime.service import Life
from services.runtime.settings import ServiceSettings
from services.runtime.turning import Turn, Wake, keep_turning

# Two loops, a batch that is handled, housekeeping, a question over HTTP, and one to spare.
CONNECTIONS_MAX = 6
OPERATOR_CONNECTIONS_MAX = 2

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """A service without its loops: nothing happens unless one of these is called (demo, replay, tests, `keep_loops`).

    Each raises what PostgreSQL and Kafka raise, and may be called by several processes at once.
    """

    handle: Handle
    """Take in a batch of records, in any composition and however often; all of it is stored, or nothing."""
    turn: Callable[[datetime], Coroutine[Any, Any, bool]]
    """Do one batch of what is due by an instant (aware); False where nothing was."""
    relay: Callable[[], Coroutine[Any, Any, bool]]
    """Publish one batch of the outbox; False where it was empty."""
    next_due_at: Callable[[], Awaitable[datetime | None]]
    """When the next turn has something to do; None while nothing waits."""


@dataclass(frozen=True, slots=True)
class Connections:
    """What a running service is connected to."""

    pool: Pool
    publisher: Publisher
    clock: Clock


async def topics_to_read(
    settings: ServiceSettings, read: Sequence[str], own: Collection[str]
) -> list[str]:
    """Those of `read` that are there; raises TopicsUnavailable where one of `own` is not.

    Other teams make their topics when they like, so one that is absent is left out until the next start.
    """
    missing = await missing_topics(settings, list(dict.fromkeys((*read, *own))))
    if ours := [topic for topic in missing if topic in own]:
        raise TopicsUnavailable(", ".join(ours))
    if missing:
        _log.info("topics.absent", topics=missing)
    return [topic for topic in read if topic not in missing]


async def connect(
    life: Life, settings: ServiceSettings, *, tables: OwnTables, group_id: str
) -> Connections:
    """A pool whose sessions see `tables`, a publisher that has started, and PostgreSQL's clock; closed with `life`.

    Raises InvalidSettings, having written nothing, where the tables are not of this version or under another key.
    """
    pool = await open_pool(
        settings.database_url,
        schema=tables.schema,
        application_name=group_id,
        max_size=CONNECTIONS_MAX,
    )
    life.at_stop("pool", lambda: close_pool(pool))
    async with pool.acquire() as connection:
        await refuse_other_tables(connection, tables, settings)
        await mark_with_key(connection, tables, settings)
    publisher = Publisher(settings)
    await publisher.start()
    life.at_stop("publisher", publisher.stop)
    return Connections(pool, publisher, PostgresClock(pool, settings.clock_offset_seconds))


def keep_loops(life: Life, app: App, clock: Clock, *, turn_name: str) -> Handle:
    """Turn and relay until the stop; returns `app.handle`, which wakes both loops after each batch.

    `turn_name` is what logs, metrics and health call the loop that turns; the other is `relay`.
    """
    to_turn, to_relay = Wake(), Wake()

    async def handle(records: Sequence[Record]) -> None:
        await app.handle(records)
        to_turn.set()
        to_relay.set()

    async def turn() -> bool:
        was_busy = await app.turn(await clock.now())
        if was_busy:
            to_relay.set()
        return was_busy

    _keep_loop(life, turn_name, turn, clock, to_turn, next_due=app.next_due_at)
    _keep_loop(life, "relay", app.relay, clock, to_relay)
    return handle


def _keep_loop(
    life: Life,
    name: str,
    turn: Turn,
    clock: Clock,
    wake: Wake,
    *,
    next_due: Callable[[], Awaitable[datetime | None]] | None = None,
) -> None:
    pulse = Pulse()
    turning = keep_turning(
        turn,
        name=name,
        stopping=life.stopping,
        clock=clock,
        next_due=next_due,
        wake=wake,
        pulse=pulse,
    )
    life.keep(name, turning)
    life.health.watch(name, liveness=pulse.liveness, readiness=pulse.readiness)


async def keep_house(life: Life, housekeeper: Housekeeper) -> None:
    """Run its jobs until the stop."""
    await housekeeper.start()
    life.at_stop("housekeeping", housekeeper.stop)


async def consume(
    life: Life, settings: ServiceSettings, *, group_id: str, topics: Sequence[str], handle: Handle
) -> None:
    """Hand the records of these topics, which must exist, to `handle` until the stop."""
    broker = make_broker(settings)
    consumer = Consumer(
        broker, topics=topics, group_id=group_id, handle=handle, prefix=settings.topic_prefix
    )
    await broker.start()
    life.at_stop("broker", broker.stop)
    probe = ConsumerProbe(consumer)
    life.health.watch("consumer", liveness=probe.liveness, readiness=probe.readiness)


@asynccontextmanager
async def operator_connections(
    settings: ServiceSettings,
    *,
    tables: OwnTables,
    group_id: str,
    command_timeout_seconds: float = 5.0,
) -> AsyncIterator[tuple[Pool, Clock]]:
    """A small pool for a command at a terminal, beside the running service's, and the clock of its database.

    Raises InvalidSettings as a service's start does: what a command hashes under another key, it would not find.
    """
    pool = await open_pool(
        settings.database_url,
        schema=tables.schema,
        application_name=f"{group_id} operator",
        max_size=OPERATOR_CONNECTIONS_MAX,
        command_timeout_seconds=command_timeout_seconds,
    )
    try:
        async with pool.acquire() as connection:
            await refuse_other_tables(connection, tables, settings)
        yield pool, PostgresClock(pool, settings.clock_offset_seconds)
    finally:
        await close_pool(pool)
