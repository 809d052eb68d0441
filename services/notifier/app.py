"""The notifier, put together: a list of constructors, and the service around it.

`Notifier` is the whole of it without loops: the service turns it by itself, demo, replay and tests by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from schemas.ids import person_hash
from schemas.inbound import NOTIFIER_TOPICS, decode_inbound
from schemas.messages import (
    AdviserTaskMessage,
    DeadlineMessage,
    DeliveryReceipt,
    EmailRequested,
    FollowUpFact,
    LetterRequested,
    PersonContactChanged,
    SmsRequested,
)
from schemas.wire import Decoded, Record
from services.notifier.domain.delivery import ChannelName
from services.notifier.gateways.transport import ChannelParts
from services.notifier.handlers import Handlers
from services.notifier.metrics import show_watched
from services.notifier.ports import Brake, Channel, Clock, Publish, Watched, Words
from services.notifier.relay import Relay
from services.notifier.sending.judging import Judging
from services.notifier.sending.limits import Limits
from services.notifier.sending.rehearsal import Rehearsed
from services.notifier.sending.senders import Senders
from services.notifier.sending.turns import Turns
from services.notifier.settings import NotifierSettings
from services.notifier.store import MIGRATIONS, SCHEMA, Store
from services.notifier.store.lookup import StoredDeliveries
from services.notifier.texts_folder import load_texts
from services.notifier.wiring.choosing import channels_for, receipt_reading, receipt_topics
from services.records.dead_letters import DEAD_TOPIC_CONFIGS, dead_topic
from services.runtime.clock import PostgresClock
from services.runtime.health import Pulse
from services.runtime.housekeeping import Housekeeper
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    Handle,
    Publisher,
    TopicSpec,
    TopicsUnavailable,
    make_broker,
    missing_topics,
)
from services.runtime.postgres import Pool, close_pool, open_pool
from services.runtime.postgres import migrate as migrate_schema
from services.runtime.service import Life, run_service
from services.runtime.turning import Turn, Wake, keep_turning

GROUP = "stoppunkt-notifier"
# What one topic is spread over: as many consumers as this may share it.
PARTITIONS = 6
# A channel that has said nothing for so long is counted, and nothing more is done about it (contract 6.7).
RECEIPT_PATIENCE = timedelta(hours=24)
# Longer than a case lasts and may be asked about; then nobody needs to know any more (policy).
KEPT = timedelta(days=3 * 365)
_DAYS_30 = {"retention.ms": str(30 * 24 * 60 * 60 * 1000)}
_FOR_EVER = {"retention.ms": "-1"}
_COMPACTED = {"cleanup.policy": "compact"}

READ_TOPICS: tuple[str, ...] = NOTIFIER_TOPICS

TOPICS: dict[str, TopicSpec] = {
    DeadlineMessage.topic: TopicSpec(PARTITIONS, _DAYS_30),
    PersonContactChanged.topic: TopicSpec(PARTITIONS, _COMPACTED),
    FollowUpFact.topic: TopicSpec(PARTITIONS, _FOR_EVER),
    DeliveryReceipt.topic: TopicSpec(PARTITIONS, _DAYS_30),
    SmsRequested.topic: TopicSpec(PARTITIONS, _DAYS_30),
    EmailRequested.topic: TopicSpec(PARTITIONS, _DAYS_30),
    LetterRequested.topic: TopicSpec(PARTITIONS, _DAYS_30),
    AdviserTaskMessage.topic: TopicSpec(PARTITIONS, _DAYS_30),
    **{dead_topic(topic): TopicSpec(1, DEAD_TOPIC_CONFIGS) for topic in READ_TOPICS},
}
"""Every topic of ours that the notifier reads or writes (contract 10); others' are for them to make."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one delivery: for demo, support and tests. Codes and ids, nothing personal."""

    delivery_id: str
    event_id: str
    role: str
    org_number: str | None
    channel: str
    purpose: str
    state: str
    reason: str | None
    wait_reason: str | None
    ready_at: datetime | None
    attempts: int
    withdrawn: str | None
    planned_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


class _Undone(Exception):
    """Rolls back a transaction that was only a rehearsal."""


class Notifier:
    """Due events in, messages out; nothing happens unless one of its methods is called.

    `handle` takes records of `READ_TOPICS` (names without TOPIC_PREFIX) in any order and however often;
    `turn` and `relay` do one batch each and say whether there was anything to do.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        clock: Clock,
        publisher: Publish,
        channels: Sequence[Channel],
        key: bytes,
        special_office: str,
        limits: Limits | None = None,
        words: Words | None = None,
        decode: Callable[[Record], Decoded] = decode_inbound,
    ) -> None:
        self._store = Store(pool)
        self._key = key
        senders = Senders(channels)
        self._handlers = Handlers(
            store=self._store,
            clock=clock,
            decode=decode,
            key=key,
            special_office=special_office,
            can_close=senders.can_close,
        )
        judging = Judging(
            senders=senders,
            words=words if words is not None else load_texts(),
            special_office=special_office,
            limits=limits if limits is not None else Limits(),
        )
        self._turns = Turns(store=self._store, senders=senders, judging=judging)
        self._relay = Relay(store=self._store, publisher=publisher)

    async def handle(self, records: Sequence[Record]) -> None:
        """Take in a batch in one transaction; raises what PostgreSQL raises, or `TooManyDeadLetters`."""
        await self._handlers.handle(records)

    async def turn(self, now: datetime) -> bool:
        """Send what is ready at `now` (aware), one batch; False where nothing was ready."""
        return await self._turns.turn(now)

    async def rehearse(self, now: datetime, *, limit: int, without_brakes: bool) -> list[Rehearsed]:
        """What `turn` would do at `now` with the oldest that are ready then; nothing is sent or changed.

        With `without_brakes` as if every channel that is held back by hand were let go at `now`.
        """
        found: list[Rehearsed] = []
        with suppress(_Undone):
            async with self._store.transaction() as tables:
                if without_brakes:
                    for brake in await tables.safety.brakes():
                        await tables.safety.resume(brake.channel, now)
                found = await self._turns.rehearse(tables, now, limit)
                raise _Undone
        return found

    async def relay(self) -> bool:
        """Publish what stands in the outbox, one batch; False where it was empty."""
        return await self._relay.relay()

    async def next_due_at(self) -> datetime | None:
        """When the next delivery is to be looked at; None while nothing waits."""
        async with self._store.transaction() as tables:
            return await tables.deliveries.next_ready_at()

    async def tell(self, person_id: str | None = None) -> list[Told]:
        """What became of every delivery, of one person or all, in the order they were planned."""
        person = person_hash(self._key, person_id) if person_id is not None else None
        async with self._store.transaction() as tables:
            if person is not None:
                ends = await tables.contacts.present([person])
                person = ends[person][0] if person in ends else person
            return [Told(**dict(row)) for row in await tables.deliveries.tell(person)]

    async def pause(self, channel: ChannelName, now: datetime, why: str) -> None:
        """Pull the brake of a channel: nothing leaves through it until `resume`, nothing is lost."""
        async with self._store.transaction() as tables:
            await tables.safety.pause(channel, now, why)

    async def resume(self, channel: ChannelName, now: datetime) -> None:
        """Let the brake go; what waited for it is ready at `now`."""
        async with self._store.transaction() as tables:
            await tables.safety.resume(channel, now)

    async def brakes(self) -> list[Brake]:
        """The channels that are held back, since when and why."""
        async with self._store.transaction() as tables:
            return await tables.safety.brakes()

    async def stopped_at(self) -> datetime | None:
        """Since when records are not handled because too many were dead letters; None where they are."""
        async with self._store.transaction() as tables:
            return await tables.records.stopped_at()

    async def watch(self, now: datetime) -> Watched:
        """Count what operators should see, and show it as metrics."""
        async with self._store.transaction() as tables:
            watched = await tables.deliveries.watch(now, now - RECEIPT_PATIENCE)
        show_watched(watched)
        return watched

    async def forget(self, now: datetime) -> int:
        """Delete what nobody needs any more, a batch; returns how many due events went."""
        async with self._store.transaction() as tables:
            return await tables.deliveries.forget(now - KEPT)

    async def resume_after_dead_letters(self) -> None:
        """Handle records again, and count dead letters from nothing."""
        async with self._store.transaction() as tables:
            await tables.records.resume()


def notifier_for(
    settings: NotifierSettings,
    *,
    pool: Pool,
    clock: Clock,
    publisher: Publish,
    life: Life | None = None,
) -> Notifier:
    """The notifier that the settings describe, on parts that somebody else opens and closes.

    What its channels open is closed with `life`; without one, by the end of the process.
    """
    texts = load_texts()
    parts = ChannelParts(publisher, clock, StoredDeliveries(pool), texts, life=life)
    return Notifier(
        pool=pool,
        clock=clock,
        publisher=publisher,
        channels=channels_for(settings, publisher, parts),
        words=texts,
        decode=receipt_reading(settings, decode_inbound),
        key=settings.pseudonym_key.get_secret_value().encode(),
        special_office=settings.special_office,
        limits=Limits(settings.contact_interval, settings.channel_ceiling_per_hour),
    )


async def migrate(database_url: str | SecretStr) -> list[str]:
    """Bring the schema `notifier` up to date; returns the migrations applied now."""
    return await migrate_schema(database_url, schema=SCHEMA, package=MIGRATIONS)


def run(settings: NotifierSettings) -> int:
    """Run the service until it is told to stop; returns the exit code."""

    async def start(life: Life) -> None:
        await start_notifier(life, settings)

    return run_service("notifier", settings, start)


async def start_notifier(life: Life, settings: NotifierSettings) -> None:
    """Open the parts and let them run; raises when PostgreSQL, Kafka or a topic of ours is not there."""
    topics = await _topics_to_read(settings)
    pool = await open_pool(settings.database_url, schema=SCHEMA, application_name=GROUP, max_size=6)
    life.at_stop("pool", lambda: close_pool(pool))
    publisher = Publisher(settings)
    await publisher.start()
    life.at_stop("publisher", publisher.stop)
    life.health.watch("publisher", liveness=publisher.liveness)
    clock = PostgresClock(pool, settings.clock_offset_seconds)
    notifier = notifier_for(settings, pool=pool, clock=clock, publisher=publisher, life=life)
    to_send, to_relay = Wake(), Wake()

    async def handle(records: Sequence[Record]) -> None:
        await notifier.handle(records)
        to_send.set()
        to_relay.set()

    async def turn() -> bool:
        did = await notifier.turn(await clock.now())
        if did:
            to_relay.set()
        return did

    _keep(life, "turn", turn, clock, to_send, next_due=notifier.next_due_at)
    _keep(life, "relay", notifier.relay, clock, to_relay)
    await _keep_house(life, notifier, clock)
    # The consumer comes last: nothing is taken in before everything else runs.
    await _consume(life, settings, topics, handle)
    life.health.watch("dead letters", readiness=lambda: _dead_letters_readiness(notifier))


def _keep(
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


async def _keep_house(life: Life, notifier: Notifier, clock: Clock) -> None:
    async def watch() -> None:
        await notifier.watch(await clock.now())

    async def forget() -> None:
        await notifier.forget(await clock.now())

    housekeeper = Housekeeper()
    housekeeper.every(60.0, "watch", watch)
    housekeeper.every(3600.0, "forget", forget)
    await housekeeper.start()
    life.at_stop("housekeeping", housekeeper.stop)


async def _consume(
    life: Life, settings: NotifierSettings, topics: Sequence[str], handle: Handle
) -> None:
    broker = make_broker(settings)
    consumer = Consumer(
        broker, topics=topics, group_id=GROUP, handle=handle, prefix=settings.topic_prefix
    )
    await broker.start()
    life.at_stop("broker", broker.stop)
    probe = ConsumerProbe(consumer)
    life.health.watch("consumer", liveness=probe.liveness, readiness=probe.readiness)


async def _topics_to_read(settings: NotifierSettings) -> list[str]:
    """Our own topics, which must be there, and those of other teams' that are."""
    read = [*READ_TOPICS, *receipt_topics(settings)]
    missing = await missing_topics(settings, [*read, *TOPICS])
    own = [topic for topic in missing if topic in TOPICS]
    if own:
        raise TopicsUnavailable(", ".join(own))
    return [topic for topic in read if topic not in missing]


async def _dead_letters_readiness(notifier: Notifier) -> str | None:
    stopped_at = await notifier.stopped_at()
    return "stopped: too many dead letters" if stopped_at is not None else None
