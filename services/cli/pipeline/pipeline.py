"""Puts together what the driver turns: both apps, their consumers, and topics on Kafka for this run alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from services.cli.pipeline.departures import DepartureReader
from services.cli.pipeline.driver import DEPARTURE_TOPICS, READ_TOPICS, Driver, Service
from services.cli.pipeline.held_records import HeldRecords
from services.cli.pipeline.settings import RunSettings
from services.notifier import app as notifier_app
from services.runtime.clock import TurnedClock
from services.runtime.kafka import Consumer, Publisher, TopicSpec, ensure_topics, make_broker
from services.runtime.postgres import close_pool, open_pool
from services.scheduler import app as scheduler_app
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.jobs.watch_rulebook import put_first_in_force
from services.scheduler.store import begin_on

# Records come with timestamps of other years: none may be refused as too new or dropped as too old, and none
# compacted away before everybody has read it.
_ANY_TIME = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
FETCH_WAIT_MS = 10
POLL_MILLISECONDS = 5
JOIN_SECONDS = 60.0


@asynccontextmanager
async def pipeline(
    settings: RunSettings, rulebook: Rulebook, *, start: datetime
) -> AsyncIterator[Driver]:
    """Both services on an empty database, ready to be turned from `start` (aware) on.

    Raises what PostgreSQL and Kafka raise when a part is not there.
    """
    await scheduler_app.migrate(settings.database_url)
    await notifier_app.migrate(settings.database_url)
    topics = dict.fromkeys((*READ_TOPICS, *DEPARTURE_TOPICS), TopicSpec(1, _ANY_TIME))
    await ensure_topics(settings, topics)
    clock = TurnedClock(start)
    async with AsyncExitStack() as stack:
        publisher = Publisher(settings)
        await publisher.start()
        stack.push_async_callback(publisher.stop)
        reader = DepartureReader(settings, DEPARTURE_TOPICS)
        stack.push_async_callback(reader.stop)
        await reader.start()
        services = [
            await _scheduler(stack, settings, rulebook, clock, publisher),
            await _notifier(stack, settings, clock, publisher),
        ]
        await asyncio.gather(*(_consume(stack, settings, service) for service in services))
        yield Driver(services, publisher, reader, clock)


async def _scheduler(
    stack: AsyncExitStack,
    settings: RunSettings,
    rulebook: Rulebook,
    clock: TurnedClock,
    publisher: Publisher,
) -> Service:
    pool = await open_pool(
        settings.database_url, schema=scheduler_app.SCHEMA, application_name="scheduler"
    )
    stack.push_async_callback(close_pool, pool)
    begin = begin_on(pool, settings.hash_of)
    await put_first_in_force(begin, clock, rulebook)
    app = scheduler_app.compose(begin, clock, publisher)
    return Service("scheduler", app, HeldRecords(SCHEDULER_TOPICS))


async def _notifier(
    stack: AsyncExitStack, settings: RunSettings, clock: TurnedClock, publisher: Publisher
) -> Service:
    pool = await open_pool(
        settings.database_url, schema=notifier_app.SCHEMA, application_name="notifier"
    )
    stack.push_async_callback(close_pool, pool)
    app = notifier_app.compose(settings, pool, clock, publisher)
    return Service("notifier", app, HeldRecords(NOTIFIER_TOPICS))


async def _consume(stack: AsyncExitStack, settings: RunSettings, service: Service) -> None:
    """Start the service's consumer; returns once it has its partitions, or raises TimeoutError."""
    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=service.held.topics,
        group_id=service.name,
        handle=service.held.collect,
        prefix=settings.topic_prefix,
        poll_milliseconds=POLL_MILLISECONDS,
        fetch_wait_ms=FETCH_WAIT_MS,
    )
    stack.push_async_callback(broker.stop)
    async with asyncio.timeout(JOIN_SECONDS):
        await broker.start()
        while not _has_all(consumer, service):  # noqa: ASYNC110 - FastStream has no event for it
            await asyncio.sleep(0.02)


def _has_all(consumer: Consumer, service: Service) -> bool:
    client = consumer.subscriber.consumer
    return client is not None and len(client.assignment()) == len(service.held.topics)
