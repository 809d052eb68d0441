"""Topics read by an operator: from their beginning to where they end now, in no group, leaving no trace."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.wire import Record
from services.runtime.kafka.connection import client_options
from services.runtime.kafka.consumer import to_record
from services.runtime.settings import ServiceSettings

_POLL_MS = 500
_POLLS_MAX = 20


async def read_topics(settings: ServiceSettings, topics: Sequence[str]) -> AsyncIterator[Record]:
    """Every record of these topics (names without TOPIC_PREFIX), which must exist, up to where they end now.

    In the order of each partition. Raises aiokafka's errors.
    """
    async with _consumer(settings) as consumer:
        places = [
            TopicPartition(settings.topic_prefix + topic, partition)
            for topic in topics
            for partition in await _partitions(consumer, settings.topic_prefix + topic)
        ]
        if not places:
            return
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while [place for place in places if await consumer.position(place) < ends[place]]:
            for raws in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for raw in raws:
                    yield to_record(raw, settings.topic_prefix)


async def read_record(
    settings: ServiceSettings, topic: str, partition: int, offset: int
) -> Record | None:
    """The record at a place; None where there is none (any more)."""
    async with _consumer(settings) as consumer:
        name = settings.topic_prefix + topic
        if partition not in await _partitions(consumer, name):
            return None
        place = TopicPartition(name, partition)
        consumer.assign([place])
        consumer.seek(place, offset)
        # The end that a broker tells may lag behind its last batch, so the record is asked for all the same.
        polls = _POLLS_MAX if offset < (await consumer.end_offsets([place]))[place] else 1
        for _ in range(polls):
            for raw in (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
                return to_record(raw, settings.topic_prefix) if raw.offset == offset else None
        return None


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    # Asks for all topics: a question about one that is missing would make it on some brokers.
    await consumer.topics()
    return sorted(consumer.partitions_for_topic(topic) or ())


@asynccontextmanager
async def _consumer(settings: ServiceSettings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
