"""The scheduler's composition root: what it is made of, and how it lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from pydantic import SecretStr

from schemas.inbound import SCHEDULER_TOPICS
from services.records.dead_letters import DEAD_TOPIC_CONFIGS, dead_topic
from services.records.tables import RecordTables
from services.runtime import postgres
from services.runtime.clock import Clock, PostgresClock
from services.runtime.health import Pulse
from services.runtime.housekeeping import Housekeeper
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    Publisher,
    TopicSpec,
    TopicsUnavailable,
    make_broker,
    missing_topics,
)
from services.runtime.postgres import Pool, close_pool, open_pool
from services.runtime.service import Life, run_service
from services.runtime.turning import Wake, keep_turning
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.explain.ask import explain
from services.scheduler.explain.endpoint import operator_routes
from services.scheduler.handlers import Scheduler
from services.scheduler.jobs.reconcile import Reconciliation
from services.scheduler.ports import Schemas
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.schema_registry import SchemaRegistry
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import begin_on

SCHEMA = "scheduler"
GROUP_ID = "stoppunkt-scheduler"
# With 200 people at a time everybody of a small country is looked at in a few days, at no noticeable cost.
RECONCILE_EVERY_SECONDS = 15.0

_log = structlog.stdlib.get_logger(__name__)

DAY_MS = 24 * 60 * 60 * 1000

_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1"}
_COMPACTED = {"cleanup.policy": "compact"}
_THIRTY_DAYS = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}

TOPICS: dict[str, TopicSpec] = {
    "stoppunkt.sick-notes.v1": TopicSpec(6, _COMPACTED),
    "stoppunkt.follow-up.v1": TopicSpec(6, _FOR_EVER),
    "stoppunkt.contacts.v1": TopicSpec(6, _COMPACTED),
    "stoppunkt.deadlines.v1": TopicSpec(6, _THIRTY_DAYS),
    **{dead_topic(topic): TopicSpec(1, DEAD_TOPIC_CONFIGS) for topic in SCHEDULER_TOPICS},
}
"""The topics of ours that the scheduler reads or writes (contract 10); other teams' topics are theirs to make."""


async def migrate(database_url: str | SecretStr) -> list[str]:
    """Bring the schema `scheduler` up to date; returns the migrations that were applied now."""
    return await postgres.migrate(
        database_url, schema=SCHEMA, package="services.scheduler.sql.migrations"
    )


def compose(
    pool: Pool,
    clock: Clock,
    publisher: Publisher,
    rulebook: Rulebook,
    hash_of: Callable[[str], bytes],
    *,
    wake: Callable[[], None] = lambda: None,
    schemas: Schemas | None = None,
) -> Scheduler:
    """A scheduler without loops, to be turned by hand (demo, replay, tests) or by `start`."""
    return Scheduler(
        begin_on(pool, rulebook, hash_of), clock, publisher, wake=wake, schemas=schemas
    )


async def start(life: Life, settings: SchedulerSettings) -> None:
    """Build and start the parts of the running service."""
    rulebook = read_rulebook(settings.rulebook)
    pool = await open_pool(
        settings.database_url, schema=SCHEMA, application_name=GROUP_ID, max_size=6
    )
    life.at_stop("pool", lambda: close_pool(pool))
    topics = await _topics_to_read(settings)
    publisher = Publisher(settings)
    await publisher.start()
    life.at_stop("publisher", publisher.stop)
    clock = PostgresClock(pool, settings.clock_offset_seconds)
    to_fire, to_relay = Wake(), Wake()

    def wake() -> None:
        to_fire.set()
        to_relay.set()

    registry = None
    if settings.schema_registry_url is not None:
        registry = SchemaRegistry(settings.schema_registry_url)
        life.at_stop("registry", registry.close)
    scheduler = compose(
        pool,
        clock,
        publisher,
        rulebook,
        settings.hash_of,
        wake=wake,
        schemas=registry,
    )

    async def turn() -> bool | datetime | None:
        did = await scheduler.turn(await clock.now())
        if did:
            to_relay.set()
        return did

    turning, relaying = Pulse(), Pulse()
    life.keep(
        "turning",
        keep_turning(
            turn,
            name="turning",
            stopping=life.stopping,
            clock=clock,
            next_due=scheduler.next_due_at,
            wake=to_fire,
            pulse=turning,
        ),
    )
    life.keep(
        "relay",
        keep_turning(
            scheduler.relay,
            name="relay",
            stopping=life.stopping,
            clock=clock,
            wake=to_relay,
            pulse=relaying,
        ),
    )
    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=topics,
        group_id=GROUP_ID,
        handle=scheduler.handle,
        prefix=settings.topic_prefix,
    )
    await broker.start()
    life.at_stop("broker", broker.stop)
    probe = ConsumerProbe(consumer)
    life.health.watch("consumer", liveness=probe.liveness, readiness=probe.readiness)
    life.health.watch("turning", liveness=turning.liveness, readiness=turning.readiness)
    life.health.watch("relay", liveness=relaying.liveness, readiness=relaying.readiness)
    life.health.watch("publisher", liveness=publisher.liveness)
    life.health.watch("dead letters", readiness=lambda: _dead_letters_readiness(pool))
    begin = begin_on(pool, rulebook, settings.hash_of)
    housekeeper = Housekeeper()
    reconciliation = Reconciliation(begin, clock, rulebook)
    housekeeper.every(RECONCILE_EVERY_SECONDS, "reconcile", reconciliation.run)
    await housekeeper.start()
    life.at_stop("housekeeping", housekeeper.stop)
    if settings.operator_token is not None:
        life.routes += operator_routes(
            settings.operator_token, partial(explain, begin, clock, rulebook, operator="token")
        )


async def _topics_to_read(settings: SchedulerSettings) -> list[str]:
    """Our own topics, which must be there, and those of other teams' that are."""
    missing = await missing_topics(settings, [*SCHEDULER_TOPICS, *TOPICS])
    own = [topic for topic in missing if topic in TOPICS]
    if own:
        raise TopicsUnavailable(", ".join(own))
    if missing:
        _log.info("topics.absent", topics=missing)
    return [topic for topic in SCHEDULER_TOPICS if topic not in missing]


async def _dead_letters_readiness(pool: Pool) -> str | None:
    async with pool.acquire() as connection:
        stopped_at = await RecordTables(connection).stopped_at()
    return "stopped: too many dead letters" if stopped_at is not None else None


def run(settings: SchedulerSettings) -> int:
    """Live until told to stop; returns the exit code."""
    return run_service(SCHEMA, settings, lambda life: start(life, settings))
