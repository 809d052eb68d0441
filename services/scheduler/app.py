"""The scheduler's composition root: what it is made of, and how it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from pydantic import SecretStr

from schemas.inbound import SCHEDULER_TOPICS
from schemas.messages import DeadlineMessage
from services.records.relay import Publish, Relay
from services.records.tables import dead_letters_check
from services.records.topics import own_topics
from services.runtime import assembly, postgres
from services.runtime.assembly import App
from services.runtime.clock import Clock
from services.runtime.housekeeping import Housekeeper
from services.runtime.postgres import Queries
from services.runtime.service import Life, run_service
from services.runtime.settings import InvalidSettings
from services.scheduler import metrics
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.explain.ask import explain
from services.scheduler.explain.endpoint import operator_routes
from services.scheduler.handlers import Scheduler
from services.scheduler.jobs.count_figures import count_figures
from services.scheduler.jobs.forget import forget
from services.scheduler.jobs.reconcile import Reconciliation
from services.scheduler.jobs.watch_rulebook import RulebookWatch, put_first_in_force
from services.scheduler.ports import Begin, Schemas, Tables, UnusableRulebook
from services.scheduler.rulebook_file import UnreadableRulebook, read_rulebook
from services.scheduler.schema_registry import SchemaRegistry
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import begin_on

SCHEMA = "scheduler"
GROUP_ID = "stoppunkt-scheduler"
_QUERIES = Queries("services.scheduler.sql")
TOPICS = own_topics(read=SCHEDULER_TOPICS, written=[DeadlineMessage.topic])
"""Every topic of ours that the scheduler reads or writes, its dead topics too (contract 10)."""

# With 200 people at a time everybody of a small country is looked at in a few days, at no noticeable cost.
RECONCILE_EVERY_SECONDS = 15.0
# Transactions read the rulebook themselves; this is how soon an instance with nothing to do says what it runs by.
LOOK_AT_RULEBOOK_EVERY_SECONDS = 15.0
# How soon after midnight a month is closed; after an outage, how long the records that waited have to be read first.
FIGURES_EVERY_SECONDS = 900.0
# People's time is over at midnight; that they go within the hour is soon enough.
FORGET_EVERY_SECONDS = 3600.0


TABLES = postgres.OwnTables(
    SCHEMA, "services.scheduler.sql.migrations", known_people=_QUERIES["read_known_people"]
)


async def migrate(database_url: str | SecretStr) -> list[str]:
    """Bring the schema `scheduler` up to date; returns the migrations that were applied now."""
    return await postgres.migrate(database_url, schema=TABLES.schema, package=TABLES.migrations)


def compose(
    begin: Begin, clock: Clock, publisher: Publish, *, schemas: Schemas | None = None
) -> App:
    """The scheduler without its loops, by the rulebook in force.

    `schemas` are those of a registry; without one, Avro records are read by the schemas shipped.
    """
    scheduler = Scheduler(begin, clock, schemas)
    relay = Relay(begin, clock, publisher, metrics.PUBLISHED)
    return App(scheduler.handle, scheduler.turn, relay.relay, scheduler.next_due_at)


async def start(life: Life, settings: SchedulerSettings) -> None:
    """Open the parts and let them run; raises when PostgreSQL, Kafka or a topic of ours is not there.

    Raises InvalidSettings: before anything is opened, for a rulebook that cannot be used; before anything is written,
    for tables that cannot; before anything runs, for a rulebook that has changed, or where this version cannot use the
    one in force.
    """
    wanted = _rulebook_of(settings)
    connections = await assembly.connect(life, settings, tables=TABLES, group_id=GROUP_ID)
    topics = await assembly.topics_to_read(settings, SCHEDULER_TOPICS, TOPICS)
    pool, clock = connections.pool, connections.clock
    begin = _ending(life, begin_on(pool, settings.hash_of))
    await put_first_in_force(begin, clock, wanted)
    watch = RulebookWatch(begin, wanted)
    await watch.run()
    app = compose(begin, clock, connections.publisher, schemas=_registry(life, settings))
    handle = assembly.keep_loops(life, app, clock, turn_name="turning")
    housekeeper = _housekeeper(begin, clock, watch)
    housekeeper.every(FIGURES_EVERY_SECONDS, "figures", partial(count_figures, pool, clock))
    forget_people = partial(forget, pool, clock, settings.hash_of, settings.retention_months)
    housekeeper.every(FORGET_EVERY_SECONDS, "forget", forget_people)
    await assembly.keep_house(life, housekeeper)
    life.health.watch("dead letters", readiness=dead_letters_check(pool))
    if settings.operator_token is not None:
        # An earlier rulebook that this version cannot read ends that answer, and not the service.
        ask = partial(explain, begin_on(pool, settings.hash_of), clock, operator="token")
        life.routes += operator_routes(settings.operator_token, ask)
    await assembly.consume(life, settings, group_id=GROUP_ID, topics=topics, handle=handle)


def run(settings: SchedulerSettings) -> int:
    """Run the service until a signal to stop; returns the exit code."""
    return run_service(SCHEMA, settings, lambda life: start(life, settings))


def _rulebook_of(settings: SchedulerSettings) -> Rulebook:
    try:
        return read_rulebook(settings.rulebook)
    except UnreadableRulebook as fault:
        raise InvalidSettings(f"RULEBOOK: {fault}") from None


def _ending(life: Life, begin: Begin) -> Begin:
    """`begin`, but a rulebook in force that this version cannot use ends the service: it must not plan by another."""

    @asynccontextmanager
    async def begin_or_end() -> AsyncIterator[Tables]:
        try:
            async with begin() as tables:
                yield tables
        except UnusableRulebook as fault:
            life.refuse(fault)
            raise

    return begin_or_end


def _registry(life: Life, settings: SchedulerSettings) -> SchemaRegistry | None:
    if settings.schema_registry_url is None:
        return None
    registry = SchemaRegistry(settings.schema_registry_url)
    life.at_stop("registry", registry.close)
    return registry


def _housekeeper(begin: Begin, clock: Clock, watch: RulebookWatch) -> Housekeeper:
    housekeeper = Housekeeper()
    housekeeper.every(RECONCILE_EVERY_SECONDS, "reconcile", Reconciliation(begin, clock).run)
    housekeeper.every(LOOK_AT_RULEBOOK_EVERY_SECONDS, "rulebook", watch.run)
    return housekeeper
