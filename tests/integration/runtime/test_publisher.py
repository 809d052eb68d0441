"""What is published arrives byte for byte, and is only said to be out when it is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from unittest.mock import AsyncMock

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import ConsumerRecord

from schemas.wire import Record
from services.cli.embedded.kafka import embedded_kafka
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    Publisher,
    PublishOutcomeUnknown,
    PublishRefused,
    TopicSpec,
    ensure_topics,
    make_broker,
    missing_topics,
    read_topics,
)
from services.runtime.settings import ServiceSettings
from tests.support.kafka_clients import no_right_to_write, publishing, settings_for, started
from tests.support.postgres_and_kafka import Parts
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE_SECONDS, SLOWNESS, eventually, until

TOPIC = "out"


@pytest.fixture
async def settings(parts: Parts, topic_prefix: str) -> ServiceSettings:
    settings = settings_for(
        parts.kafka_bootstrap_servers, topic_prefix, kafka_idempotence=parts.kafka_idempotence
    )
    await ensure_topics(settings, {TOPIC: TopicSpec(partitions=4)})
    return settings


async def read(settings: ServiceSettings, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    async with AIOKafkaConsumer(
        settings.topic_prefix + TOPIC,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    ) as reader:
        return [await asyncio.wait_for(reader.getone(), PATIENCE_SECONDS) for _ in range(count)]


async def test_records_arrive_byte_for_byte_with_no_header_added(
    settings: ServiceSettings,
) -> None:
    """A dead letter goes out as it was received (contract 8), also when it is not UTF-8."""
    sent = [
        Record(
            TOPIC, b"a", b"\x00\xff", (("h", b"\xe5"), ("h", b"")), timestamp_ms=1_700_000_000_000
        ),
        Record(TOPIC, b"a", None),
        Record(TOPIC, None, b"{}"),
        Record(TOPIC, None, None),
    ]
    async with publishing(settings) as publisher:
        await publisher.publish(sent)
    arrived = await read(settings, 4)
    first = next(record for record in arrived if record.value == b"\x00\xff")
    assert first.timestamp == 1_700_000_000_000
    assert first.headers == (("h", b"\xe5"), ("h", b""))
    shapes = {(record.key, record.value) for record in arrived}
    assert shapes == {(b"a", b"\x00\xff"), (b"a", None), (None, b"{}"), (None, b"")}
    assert all(time.time() * 1000 - r.timestamp < 60_000 for r in arrived if r is not first)


async def test_one_key_keeps_its_partition_and_its_order(settings: ServiceSettings) -> None:
    """Publish_batch ignores keys."""
    async with publishing(settings) as publisher:
        await publisher.publish(
            [Record(TOPIC, b"k%d" % (number % 10), b"%d" % number) for number in range(500)]
        )
        reached = dict(publisher.published)
    places: dict[bytes, set[int]] = {}
    order: dict[bytes, list[int]] = {}
    for record in await read(settings, 500):
        assert record.key is not None
        assert record.value is not None
        places.setdefault(record.key, set()).add(record.partition)
        order.setdefault(record.key, []).append(int(record.value))
        assert reached[TOPIC, record.partition] >= record.offset
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(set.union(*places.values())) > 1
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert sum(offset + 1 for offset in reached.values()) == 500


async def test_what_kafka_will_never_take_is_refused_and_the_producer_lives_on(
    settings: ServiceSettings, parts: Parts
) -> None:
    async with publishing(settings) as publisher:
        with pytest.raises(PublishRefused, match="MessageSizeTooLarge"):
            await publisher.publish([Record(TOPIC, b"k", b"x" * 3_000_000)])
        if parts.kafka_idempotence:  # Apache Kafka; the embedded broker has no limit of its own
            with pytest.raises(PublishRefused, match="MessageSizeTooLarge"):
                await publisher.publish([Record(TOPIC, b"k", bytes(1_500_000))])
        await publisher.publish([Record(TOPIC, b"k", b"1")])


@pytest.mark.usefixtures("apache_kafka")
@pytest.mark.parametrize("idempotence", [True, False])
@pytest.mark.parametrize(
    ("configs", "refused", "why"),
    [
        ({"max.message.bytes": "20000"}, Record(TOPIC, b"k", bytes(30_000)), "MessageSizeTooLarge"),
        ({"cleanup.policy": "compact"}, Record(TOPIC, None, b"no key"), "InvalidRecord"),
        (
            {"message.timestamp.after.max.ms": "1000"},
            Record(TOPIC, b"k", b"of tomorrow", timestamp_ms=int(time.time() * 1000) + 86_400_000),
            "InvalidTimestamp",
        ),
    ],
)
async def test_a_record_that_the_broker_refuses_leaves_the_way_open_for_the_others(
    settings: ServiceSettings,
    configs: dict[str, str],
    refused: Record,
    why: str,
    idempotence: bool,
) -> None:
    """An idempotent producer of aiokafka's could publish nothing more to that partition."""
    settings = settings.model_copy(update={"kafka_idempotence": idempotence})
    await ensure_topics(settings, {"picky": TopicSpec(configs=configs)})
    before, refused, behind, beside = (
        Record("picky", b"k", b"before"),
        replace(refused, topic="picky"),
        Record("picky", b"k", b"behind"),
        Record(TOPIC, b"k", b"beside"),
    )
    async with publishing(settings) as publisher:
        await publisher.publish([before])
        with pytest.raises(PublishRefused, match=why):
            await publisher.publish([refused])
        await publisher.publish([behind, beside])
        with pytest.raises(PublishRefused, match=why):
            await publisher.publish([before, refused, behind])
        await publisher.publish([before, behind])
    values = [record.value async for record in read_topics(settings, ["picky"])]
    assert values[:2] == [b"before", b"behind"]
    assert values[-2:] == [b"before", b"behind"]


@pytest.mark.usefixtures("apache_kafka")
@pytest.mark.parametrize("idempotence", [True, False])
async def test_a_topic_that_may_not_be_written_leaves_the_way_open_and_is_written_when_it_may_be(
    settings: ServiceSettings, idempotence: bool
) -> None:
    settings = settings.model_copy(update={"kafka_idempotence": idempotence})
    await ensure_topics(settings, {"closed": TopicSpec()})
    async with publishing(settings) as publisher:
        await publisher.publish([Record("closed", b"k", b"before")])
        async with no_right_to_write(settings, "closed"):
            with pytest.raises(PublishRefused, match="TopicAuthorizationFailed"):
                await publisher.publish(
                    [Record("closed", b"k", b"refused"), Record(TOPIC, b"k", b"beside")]
                )
            await publisher.publish([Record(TOPIC, b"k", b"behind")])
        await publisher.publish([Record("closed", b"k", b"after")])
    assert [r.value async for r in read_topics(settings, ["closed"])] == [b"before", b"after"]


@pytest.mark.usefixtures("apache_kafka")
async def test_calls_at_the_same_time_are_not_refused_because_another_one_is(
    settings: ServiceSettings,
) -> None:
    """Those who share the producer that is replaced are told to try again, and then succeed."""
    await ensure_topics(settings, {"picky": TopicSpec(configs={"max.message.bytes": "20000"})})
    numbers = range(40)

    async def publish(publisher: Publisher, record: Record) -> str:
        while True:
            try:
                await publisher.publish([record])
            except PublishOutcomeUnknown:
                continue
            except PublishRefused:
                return "refused"
            return "published"

    async with publishing(settings) as publisher:
        outcomes = await asyncio.gather(
            *(
                # Large enough for a batch of its own: a batch is refused whole.
                publish(publisher, Record("picky", b"k", bytes(30_000 if n % 4 == 0 else 17_000)))
                for n in numbers
            )
        )
    assert outcomes == ["refused" if n % 4 == 0 else "published" for n in numbers]


async def test_a_producer_whose_sender_has_died_is_replaced(settings: ServiceSettings) -> None:
    """The canary of how aiokafka shows it."""
    async with publishing(settings) as publisher:
        assert publisher._producer is not None
        publisher._producer._sender._send_produce_req = AsyncMock(side_effect=ValueError)
        with pytest.raises(PublishOutcomeUnknown):
            await publisher.publish([Record(TOPIC, b"k", b"1")])
        await publisher.publish([Record(TOPIC, b"k", b"2")])


async def test_nobody_listening_is_told_at_once() -> None:
    """Exit and let the platform restart."""
    publisher = Publisher(settings_for("127.0.0.1:1", ""))
    began = time.monotonic()
    with pytest.raises(KafkaConnectionError):
        await publisher.start()
    assert time.monotonic() - began < SLOWNESS * 5


async def test_topics_are_made_once_and_the_missing_ones_named(
    settings: ServiceSettings,
) -> None:
    assert await missing_topics(settings, [TOPIC, "more", "other"]) == ["more", "other"]
    spec = TopicSpec(2, {"retention.ms": "-1"})
    assert await ensure_topics(settings, {TOPIC: spec, "more": spec}) == ["more"]
    assert await ensure_topics(settings, {TOPIC: spec, "more": spec}) == []
    # Asking has not made it.
    assert await missing_topics(settings, ["other"]) == ["other"]


async def test_a_broker_that_goes_away_and_comes_back_costs_no_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """contract 15: publishing ends in time with an unknown outcome; consuming goes on by itself."""
    monkeypatch.setattr("services.runtime.kafka.probe.DEAF_SECONDS", 1.5)
    async with TcpProxy() as proxy:
        with embedded_kafka(advertised_port=proxy.port) as direct:
            proxy.target_port = int(direct.rpartition(":")[2])
            settings = settings_for(f"127.0.0.1:{proxy.port}", "", kafka_idempotence=False)
            await ensure_topics(settings, {TOPIC: TopicSpec()})
            seen: list[bytes | None] = []

            async def handle(records: object) -> None:
                assert isinstance(records, tuple)
                seen.extend(record.value for record in records)

            broker = make_broker(settings)
            consumer = Consumer(broker, topics=[TOPIC], group_id="g", handle=handle)
            probe = ConsumerProbe(consumer)
            async with publishing(settings) as publisher, started(broker):
                await publisher.publish([Record(TOPIC, b"k", b"before")])
                await until(lambda: seen == [b"before"])
                await proxy.refuse()
                with pytest.raises(PublishOutcomeUnknown):
                    await publisher.publish([Record(TOPIC, b"k", b"during")], timeout_seconds=1)
                assert await probe.liveness() is None
                assert await probe.readiness() is None

                async def hears_nothing() -> bool:
                    return "hears nothing" in (await probe.readiness() or "")

                await eventually(hears_nothing)
                await proxy.pass_on()
                await publisher.publish([Record(TOPIC, b"k", b"after")])
                await until(lambda: b"after" in seen)
                assert await probe.readiness() is None
            assert set(seen) == {b"before", b"during", b"after"}


async def test_a_publisher_stops_in_time_though_its_broker_is_away() -> None:
    """The library alone would wait."""
    async with TcpProxy() as proxy:
        with embedded_kafka(advertised_port=proxy.port) as direct:
            proxy.target_port = int(direct.rpartition(":")[2])
            settings = settings_for(f"127.0.0.1:{proxy.port}", "", kafka_idempotence=False)
            await ensure_topics(settings, {TOPIC: TopicSpec()})
            publisher = Publisher(settings)
            await publisher.start()
            await publisher.publish([Record(TOPIC, b"k", b"before")])
            producer = publisher._producer
            assert producer is not None
            await proxy.swallow()
            with pytest.raises(PublishOutcomeUnknown):
                await publisher.publish([Record(TOPIC, b"k", b"during")], timeout_seconds=0.5)
            began = time.monotonic()
            assert await publisher.stop(timeout_seconds=1) is False
            assert time.monotonic() - began < SLOWNESS * 3
            # In a service the process ends here; left alone, the producer flushes when it can.
            await proxy.pass_on()
            await until(lambda: not any(map(_is_flushing, asyncio.all_tasks())))
            await producer._sender.close()
            await producer.client.close()


def _is_flushing(task: asyncio.Task[object]) -> bool:
    return getattr(task.get_coro(), "__qualname__", "") == "MessageAccumulator.close"
