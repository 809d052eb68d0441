"""Topics read by an operator: from their beginning to where they end now, in no group, leaving no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.wire import Record
from services.runtime.kafka.connection import ISOLATION_LEVEL, client_options
from services.runtime.kafka.consumer import to_record
from services.runtime.kafka.topics import partitions_of
from services.runtime.settings import ServiceSettings

_POLL_MS = 500
_POLLS_MAX = 20


async def read_topics(settings: ServiceSettings, topics: Sequence[str]) -> AsyncIterator[Record]:
    """Every committed record of these topics (names without TOPIC_PREFIX), which must exist, up to where they end.

    They end where they do now or a little further, and before a transaction that is open. In the order of each
    partition. Raises aiokafka's errors.
    """
    known = await partitions_of(settings, topics)
    places = [
        TopicPartition(settings.topic_prefix + topic, partition)
        for topic, partitions in known.items()
        for partition in partitions
    ]
    if not places:
        return
    async with _consumer(settings) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        # Not seek_to_beginning: a reset that aiokafka has begun by itself can overtake it, and then reading would
        # begin at the end.
        for place, offset in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, offset)
        while True:
            answer = await consumer.getmany(timeout_ms=_POLL_MS)
            for raws in answer.values():
                for raw in raws:
                    yield to_record(raw, settings.topic_prefix)
            # The end that a broker reports may lag behind its last batch: one empty answer more is waited for.
            behind = [place for place in places if await consumer.position(place) < ends[place]]
            if not answer and not behind:
                return


async def read_record(
    settings: ServiceSettings, topic: str, partition: int, offset: int
) -> Record | None:
    """The record at a place; None where there is none (any more), or none that is committed."""
    known = await partitions_of(settings, [topic])
    if partition not in known[topic]:
        return None
    async with _consumer(settings) as consumer:
        place = TopicPartition(settings.topic_prefix + topic, partition)
        consumer.assign([place])
        consumer.seek(place, offset)
        # The end that a broker reports may lag behind its last batch, so the record is asked for all the same.
        polls = _POLLS_MAX if offset < (await consumer.end_offsets([place]))[place] else 1
        for _ in range(polls):
            for raw in (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
                return to_record(raw, settings.topic_prefix) if raw.offset == offset else None
            if await consumer.position(place) > offset:
                return None  # passed without an answer: it was rolled back
        return None


@asynccontextmanager
async def _consumer(settings: ServiceSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=ISOLATION_LEVEL,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
