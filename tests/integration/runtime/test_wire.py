"""What Kafka's wire may legally hold and the embedded broker does not know, on Apache Kafka."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from schemas.wire import Record
from services.runtime import metrics
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    TopicSpec,
    ensure_topics,
    make_broker,
    probe,
    read_record,
    read_topics,
)
from services.runtime.settings import ServiceSettings
from tests.support.kafka_clients import settings_for, started
from tests.support.postgres_and_kafka import Parts
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("apache_kafka")

TOPIC = "facts"


@pytest.fixture
async def settings(parts: Parts, topic_prefix: str) -> ServiceSettings:
    settings = settings_for(parts.kafka_bootstrap_servers, topic_prefix)
    await ensure_topics(settings, {TOPIC: TopicSpec(partitions=2)})
    return settings


@asynccontextmanager
async def transactional(settings: ServiceSettings) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, transactional_id=secrets.token_hex(8)
    ) as producer:
        yield producer


async def test_what_was_rolled_back_is_never_read(settings: ServiceSettings) -> None:
    topic = settings.topic_prefix + TOPIC
    last = None
    async with transactional(settings) as producer:
        for value, is_committed in ((b"1", False), (b"2", True), (b"3", False)):
            await producer.begin_transaction()
            last = await producer.send_and_wait(topic, value, partition=0)
            await (producer.commit_transaction() if is_committed else producer.abort_transaction())
    async with consuming(settings) as (records, _, _):
        await until(lambda: bool(records))
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers) as producer:
            await producer.send_and_wait(topic, b"4", partition=0)
        await until(lambda: len(records) > 1)
    assert [record.value for record in records] == [b"2", b"4"]
    assert [record.value async for record in read_topics(settings, [TOPIC])] == [b"2", b"4"]
    assert last is not None
    assert await read_record(settings, TOPIC, 0, last.offset) is None
    assert await read_record(settings, TOPIC, 0, records[0].offset) == records[0]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_is_read_whether_the_producer_or_the_topic_chose_it(
    settings: ServiceSettings, codec: str
) -> None:
    """Large values too: compressors write those in several blocks, and Kafka's own unlike aiokafka's."""
    await ensure_topics(settings, {"compressed": TopicSpec(configs={"compression.type": codec})})
    values = {b"small", json.dumps([number * 0.618034 % 1 for number in range(15_000)]).encode()}
    for topic, by_producer in ((TOPIC, codec), ("compressed", None)):
        async with AIOKafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap_servers, compression_type=by_producer
        ) as producer:
            for value in values:
                await producer.send_and_wait(settings.topic_prefix + topic, value, partition=0)
    async with consuming(settings, TOPIC, "compressed") as (records, _, _):
        await until(lambda: len(records) == 4)
    for topic in (TOPIC, "compressed"):
        assert {record.value for record in records if record.topic == topic} == values
        assert {record.value async for record in read_topics(settings, [topic])} == values


async def test_an_open_transaction_holds_back_its_partition_and_is_no_stuck_consumer(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "STUCK_SECONDS", 0.0)
    topic = settings.topic_prefix + TOPIC
    async with (
        transactional(settings) as slow,
        AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers) as other,
        consuming(settings) as (records, consumer, consumer_probe),
    ):
        await slow.begin_transaction()
        await slow.send_and_wait(topic, b"open", partition=0)
        await other.send_and_wait(topic, b"behind", partition=0)
        await other.send_and_wait(topic, b"beside", partition=1)
        await until(lambda: bool(records))
        client = consumer.subscriber.consumer
        assert client is not None
        waiting = metrics.RECORDS_WAITING.labels(consumer.group_id)
        for _ in range(20):
            assert await consumer_probe.liveness() is None
            assert await consumer_probe.readiness() is None
            await asyncio.sleep(0.1)
        assert waiting._value.get() == 2
        assert [record.value for record in records] == [b"beside"]
        before_the_end = [record.value async for record in read_topics(settings, [TOPIC])]
        assert before_the_end == [b"beside"]
        await slow.commit_transaction()
        await until(lambda: len(records) == 3)
    assert [record.value for record in records] == [b"beside", b"open", b"behind"]


@asynccontextmanager
async def consuming(
    settings: ServiceSettings, *topics: str
) -> AsyncIterator[tuple[list[Record], Consumer, ConsumerProbe]]:
    """What the consumer of a service hands over, in order; and it, and its probe."""
    records: list[Record] = []

    async def handle(batch: Sequence[Record]) -> None:
        records.extend(batch)

    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=topics or [TOPIC],
        group_id="wire",
        handle=handle,
        prefix=settings.topic_prefix,
    )
    async with started(broker):
        yield records, consumer, ConsumerProbe(consumer)
