"""A service of the runtime alone, run as a process by test_runtime_service.py; its argument is the fault."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from schemas.wire import Record
from services.runtime import health, service
from services.runtime.clock import TurnedClock
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    Publisher,
    TopicSpec,
    ensure_topics,
    make_broker,
)
from services.runtime.service import Life, run_service
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.turning import keep_turning
from tests.support.captured_logs import NATIONAL_ID

TOPIC = "facts"
NOON = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)
handled: list[Record] = []


async def handle(records: Sequence[Record]) -> None:
    handled.extend(records)


async def on_kafka(life: Life, settings: ServiceSettings) -> Consumer:
    await ensure_topics(settings, {TOPIC: TopicSpec()})
    publisher = Publisher(settings)
    await publisher.start()
    life.at_stop("publisher", publisher.stop)
    broker = make_broker(settings)
    consumer = Consumer(
        broker, topics=[TOPIC], group_id="g", handle=handle, prefix=settings.topic_prefix
    )
    await broker.start()
    life.at_stop("consumers", broker.stop)
    probe = ConsumerProbe(consumer)
    life.health.watch("consumer", liveness=probe.liveness, readiness=probe.readiness)

    async def turn() -> None:
        await publisher.publish([Record(TOPIC, b"k", b"%d" % len(handled))], timeout_seconds=1.5)

    life.keep(
        "turning",
        keep_turning(
            turn, name="test", stopping=life.stopping, clock=TurnedClock(NOON), idle_seconds=0.05
        ),
    )
    return consumer


async def healthy(life: Life, settings: ServiceSettings) -> None:
    await on_kafka(life, settings)


async def dead_coordinator(life: Life, settings: ServiceSettings) -> None:
    health.PATIENCE_SECONDS = 0.5
    consumer = await on_kafka(life, settings)
    client = consumer.subscriber.consumer
    assert client is not None
    client._coordinator._coordination_task.cancel()


async def frozen_loop(life: Life, settings: ServiceSettings) -> None:
    service.FROZEN_SECONDS = 2.0
    asyncio.get_running_loop().call_later(0.2, time.sleep, 1000)


async def failing_part(life: Life, settings: ServiceSettings) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.1)
        raise LookupError(NATIONAL_ID)

    life.keep("part", fail())


async def failing_start(life: Life, settings: ServiceSettings) -> None:
    async def close() -> None:
        sys.stdout.write("closed\n")
        sys.stdout.flush()

    life.at_stop("first", close)
    raise LookupError(NATIONAL_ID)


async def hanging_stop(life: Life, settings: ServiceSettings) -> None:
    async def close() -> None:
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue  # as some clients do

    life.at_stop("stubborn", close)


FAULTS: dict[str, Callable[[Life, ServiceSettings], Awaitable[None]]] = {
    function.__name__: function
    for function in (
        healthy,
        dead_coordinator,
        frozen_loop,
        failing_part,
        failing_start,
        hanging_stop,
    )
}

if __name__ == "__main__":
    settings = load_settings(ServiceSettings)
    start = FAULTS[sys.argv[1]]

    async def begin(life: Life) -> None:
        await start(life, settings)

    sys.exit(run_service("test", settings, begin))
