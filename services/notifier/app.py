"""The notifier's composition root: what it is made of, and how it lives."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from schemas.inbound import NOTIFIER_TOPICS, decode_inbound
from schemas.messages import AdviserTaskMessage, EmailRequested, LetterRequested, SmsRequested
from services.notifier import metrics
from services.notifier.gateways.transport import ChannelParts, Decode
from services.notifier.handlers import Handlers
from services.notifier.jobs.count_backlog import count_backlog
from services.notifier.jobs.end_employments import end_employments
from services.notifier.jobs.forget import Forgetting
from services.notifier.ports import Channel
from services.notifier.sending.judging import Judging
from services.notifier.sending.limits import Limits
from services.notifier.sending.senders import Senders
from services.notifier.sending.turns import Turns
from services.notifier.settings import NotifierSettings
from services.notifier.store import begin_on
from services.notifier.store.lookup import StoredDeliveries
from services.notifier.store.queries import QUERIES
from services.notifier.texts_folder import load_texts
from services.notifier.wiring.choosing import (
    channels_for,
    check_transports,
    receipt_reading,
    receipt_topics,
)
from services.records.relay import Publish, PublishOrPut, Relay
from services.records.tables import dead_letters_check
from services.records.topics import own_topics
from services.runtime import assembly, postgres
from services.runtime.assembly import App
from services.runtime.clock import Clock
from services.runtime.housekeeping import Housekeeper
from services.runtime.postgres import Pool
from services.runtime.service import Life, run_service

SCHEMA = "notifier"
GROUP_ID = "stoppunkt-notifier"
TOPICS = own_topics(
    read=NOTIFIER_TOPICS,
    written=[
        SmsRequested.topic,
        EmailRequested.topic,
        LetterRequested.topic,
        AdviserTaskMessage.topic,
    ],
)
"""Every topic of ours that the notifier reads or writes, its dead topics too (contract 10)."""

COUNT_BACKLOG_EVERY_SECONDS = 60.0
# With 200 people at a time everybody of a small country is looked at in a few days, at no noticeable cost.
FORGET_EVERY_SECONDS = 15.0
END_EMPLOYMENTS_EVERY_SECONDS = 900.0


TABLES = postgres.OwnTables(
    SCHEMA, "services.notifier.sql.migrations", known_people=QUERIES["read_known_people"]
)


async def migrate(database_url: str | SecretStr) -> list[str]:
    """Bring the schema `notifier` up to date; returns the migrations that were applied now."""
    return await postgres.migrate(database_url, schema=TABLES.schema, package=TABLES.migrations)


def compose(
    settings: NotifierSettings,
    pool: Pool,
    clock: Clock,
    publisher: Publish,
    *,
    channels: Sequence[Channel] | None = None,
    decode: Decode | None = None,
    life: Life | None = None,
) -> App:
    """The notifier without its loops.

    Without `channels` and `decode`, those that the settings choose; what such channels open is closed with `life`, or
    without one by the end of the process.
    """
    begin = begin_on(pool)
    if channels is None:
        channels = channels_of(settings, pool, clock, publisher, life)
    senders = Senders(channels)
    handlers = Handlers(
        begin=begin,
        clock=clock,
        decode=decode or receipt_reading(settings, decode_inbound),
        hash_of=settings.hash_of,
        special_office=settings.special_office,
        retention_months=settings.retention_months,
        can_close=senders.can_close,
        words=load_texts(sender=settings.sender),
    )
    turns = turns_with(settings, pool, senders)
    relay = Relay(begin, clock, publisher, metrics.PUBLISHED)
    return App(handlers.handle, turns.turn, relay.relay, turns.next_due_at)


def channels_of(
    settings: NotifierSettings,
    pool: Pool,
    clock: Clock,
    publisher: Publish,
    life: Life | None = None,
) -> list[Channel]:
    """The channels that the settings choose, on parts that somebody else opens and closes.

    What Kafka refuses of theirs goes into the outbox.
    """
    publisher = PublishOrPut(begin_on(pool), publisher)
    parts = ChannelParts(
        publisher, clock, StoredDeliveries(pool), load_texts(sender=settings.sender), life=life
    )
    return channels_for(settings, publisher, parts)


def turns_with(settings: NotifierSettings, pool: Pool, senders: Senders) -> Turns:
    """What a turn of the notifier does, and what a rehearsal of it would."""
    words = load_texts(sender=settings.sender)
    judging = Judging(
        senders=senders,
        words=words,
        special_office=settings.special_office,
        limits=Limits(settings.contact_interval, settings.channel_ceiling_per_hour),
    )
    return Turns(
        begin=begin_on(pool),
        senders=senders,
        judging=judging,
        special_office=settings.special_office,
        words=words,
    )


async def start(life: Life, settings: NotifierSettings) -> None:
    """Open the parts and let them run; raises when PostgreSQL, Kafka or a topic of ours is not there.

    Raises InvalidSettings, having written nothing, for a transport that could not work, and for tables that cannot be
    used.
    """
    check_transports(settings)
    connections = await assembly.connect(life, settings, tables=TABLES, group_id=GROUP_ID)
    read = [*NOTIFIER_TOPICS, *receipt_topics(settings)]
    topics = await assembly.topics_to_read(settings, read, TOPICS)
    pool, clock = connections.pool, connections.clock
    channels = channels_of(settings, pool, clock, connections.publisher, life)
    app = compose(settings, pool, clock, connections.publisher, channels=channels, life=life)
    handle = assembly.keep_loops(life, app, clock, turn_name="turn")
    forgetting = Forgetting(begin_on(pool), settings.retention_months)
    housekeeper = _housekeeper(pool, clock, Senders(channels), forgetting)
    await assembly.keep_house(life, housekeeper)
    life.health.watch("dead letters", readiness=dead_letters_check(pool))
    await assembly.consume(life, settings, group_id=GROUP_ID, topics=topics, handle=handle)


def run(settings: NotifierSettings) -> int:
    """Run the service until a signal to stop; returns the exit code."""
    return run_service(SCHEMA, settings, lambda life: start(life, settings))


def _housekeeper(pool: Pool, clock: Clock, senders: Senders, forgetting: Forgetting) -> Housekeeper:
    begin = begin_on(pool)
    housekeeper = Housekeeper()

    async def watch() -> None:
        await count_backlog(begin, await clock.now())

    async def forget() -> None:
        await forgetting.run(await clock.now())

    async def end() -> None:
        await end_employments(begin, senders.can_close, await clock.now())

    housekeeper.every(COUNT_BACKLOG_EVERY_SECONDS, "watch", watch)
    housekeeper.every(FORGET_EVERY_SECONDS, "forget", forget)
    housekeeper.every(END_EMPLOYMENTS_EVERY_SECONDS, "employments", end)
    return housekeeper
