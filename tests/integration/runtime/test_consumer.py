"""Every record reaches the handler, whatever its bytes and whatever goes wrong meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.wire import Record
from services.runtime.kafka import (
    Consumer,
    ConsumerProbe,
    TopicSpec,
    ensure_topics,
    make_broker,
)
from services.runtime.settings import ServiceSettings
from tests.support.captured_logs import NATIONAL_ID, captured_logs
from tests.support.kafka_clients import publishing, settings_for, started
from tests.support.postgres_and_kafka import Parts
from tests.support.waiting import SLOWNESS, until

TOPIC = "facts"


@pytest.fixture
async def settings(parts: Parts, topic_prefix: str) -> ServiceSettings:
    settings = settings_for(
        parts.kafka_bootstrap_servers, topic_prefix, kafka_idempotence=parts.kafka_idempotence
    )
    await ensure_topics(settings, {TOPIC: TopicSpec()})
    return settings


class Handler:
    """Understands JSON objects with a date; keeps what it was given, and fails on demand."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.understood: list[int] = []
        self.dead: list[int] = []
        self.troubles: dict[int, list[BaseException]] = {}
        self.calls = 0

    async def __call__(self, records: Sequence[Record]) -> None:
        self.calls += 1
        for record in records:
            if record in self.records:
                continue
            if troubles := self.troubles.get(record.offset):
                raise troubles.pop()
            self.records.append(record)
            (self.understood if _is_understood(record) else self.dead).append(record.offset)


def _is_understood(record: Record) -> bool:
    try:
        return bool(json.loads(record.value or b"")["start"] != "2026-02-30")
    except (ValueError, TypeError):
        return False


async def committed(settings: ServiceSettings, group: str, topic: str = TOPIC) -> int | None:
    reader = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=settings.topic_prefix + group,
        enable_auto_commit=False,
    )
    await reader.start()
    try:
        offset: int | None = await reader.committed(
            TopicPartition(settings.topic_prefix + topic, 0)
        )
        return offset
    finally:
        await reader.stop()


async def test_ten_events_of_which_each_would_kill_or_block_a_plain_consumer(
    settings: ServiceSettings,
) -> None:
    """Six understood, four dead, offset ten of ten, nobody's number in any log line."""
    good = json.dumps({"person_id": NATIONAL_ID, "start": "2026-02-02"}).encode()
    wrong_date = json.dumps({"person_id": NATIONAL_ID, "start": "2026-02-30"}).encode()
    broken = b'{"person_id": "' + NATIONAL_ID.encode()
    key = NATIONAL_ID.encode()
    ten: list[tuple[bytes | None, list[tuple[str, bytes | None]]]] = [
        (good, []),
        (good, [("trace", None), ("reply_to", b"answers")]),
        (good, [("name", "Åse Ødegård".encode("latin-1"))]),
        (broken, []),
        (broken, [("content-type", b"application/json")]),
        (None, []),
        (wrong_date, [("content-type", b"application/json")]),
        (good, []),
        (good, []),
        (good, []),
    ]
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers) as producer:
        for value, headers in ten:
            await producer.send_and_wait(
                settings.topic_prefix + TOPIC, value, key=key, headers=headers
            )
    handler = Handler()
    handler.troubles = {
        7: [ConnectionError(NATIONAL_ID), RuntimeError(f"person {NATIONAL_ID} is locked")],
        8: [asyncio.CancelledError(NATIONAL_ID)],
    }
    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=[TOPIC],
        group_id="ten",
        handle=handler,
        prefix=settings.topic_prefix,
        max_records=3,
    )
    with captured_logs() as lines:
        async with started(broker):
            await until(lambda: consumer.handled(TOPIC, 0) == 9)
            assert await ConsumerProbe(consumer).liveness() is None
    assert [record.offset for record in handler.records] == list(range(10))
    assert handler.understood == [0, 1, 2, 7, 8, 9]
    assert handler.dead == [3, 4, 5, 6]
    assert handler.records[1].headers == (("trace", b""), ("reply_to", b"answers"))
    assert handler.records[2].headers == (("name", "Åse Ødegård".encode("latin-1")),)
    assert handler.records[5].value is None
    assert {record.key for record in handler.records} == {key}
    assert await committed(settings, "ten") == 10
    assert [line["error"] for line in lines.named("batch.failed")] == [
        "RuntimeError",
        "ConnectionError",
        "StrayCancel",
    ]
    assert NATIONAL_ID not in lines.text
    assert "***" not in lines.text, "the mask had something to do, so something leaked into a line"


async def test_a_batch_that_fails_for_long_is_kept_paced_and_nothing_overtakes_it(
    settings: ServiceSettings,
) -> None:
    """Without pacing a failing record comes back some 570 times a second."""
    async with publishing(settings) as publisher:
        await publisher.publish([Record(TOPIC, b"k", b"%d" % number) for number in range(4)])
    seen: list[int] = []
    attempts = 0

    async def handle(records: Sequence[Record]) -> None:
        nonlocal attempts
        attempts += 1
        if attempts <= 6:
            raise OSError
        seen.extend(record.offset for record in records)

    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=[TOPIC],
        group_id="slow",
        handle=handle,
        prefix=settings.topic_prefix,
        max_records=2,
        in_place_seconds=0.5,
    )
    with captured_logs() as lines:
        async with started(broker):
            await until(lambda: consumer.handled(TOPIC, 0) == 3)
    assert seen == [0, 1, 2, 3]
    # Given up in place and fetched again at least once, and still no hot loop.
    assert lines.named("consumer.trouble")
    assert attempts == 8
    assert await committed(settings, "slow") == 4


async def test_a_stop_does_not_wait_for_a_failing_batch_and_the_next_member_gets_it(
    settings: ServiceSettings,
) -> None:
    async with publishing(settings) as publisher:
        await publisher.publish([Record(TOPIC, b"k", b"1")])
        broker = make_broker(settings)
        failing = Handler()
        failing.troubles = {0: [OSError() for _ in range(1000)]}
        # The embedded broker does not hear a member leave: the next waits the session out.
        Consumer(
            broker,
            topics=[TOPIC],
            group_id="next",
            handle=failing,
            prefix=settings.topic_prefix,
            session_timeout_ms=6_000,
        )
        with captured_logs():
            async with started(broker):
                await until(lambda: failing.calls > 1)
                stopping = asyncio.create_task(broker.stop())
                await asyncio.wait_for(stopping, SLOWNESS * 5)
        working = Handler()
        broker = make_broker(settings)
        Consumer(
            broker, topics=[TOPIC], group_id="next", handle=working, prefix=settings.topic_prefix
        )
        async with started(broker):
            await until(lambda: working.understood + working.dead == [0])
        assert await committed(settings, "next") == 1


async def test_several_topics_come_to_one_handler_under_their_own_names(
    settings: ServiceSettings,
) -> None:
    await ensure_topics(settings, {"others": TopicSpec(partitions=2)})
    handler = Handler()
    broker = make_broker(settings)
    consumer = Consumer(
        broker,
        topics=[TOPIC, "others"],
        group_id="both",
        handle=handler,
        prefix=settings.topic_prefix,
    )
    async with publishing(settings) as publisher, started(broker):
        await publisher.publish(
            [Record(TOPIC, b"a", b"1", timestamp_ms=1_700_000_000_000)]
            + [Record("others", b"%d" % number, b"2") for number in range(20)]
        )
        await until(
            lambda: all(
                consumer.handled(topic, partition) >= offset
                for (topic, partition), offset in publisher.published.items()
            )
        )
    assert {record.topic for record in handler.records} == {TOPIC, "others"}
    assert {record.partition for record in handler.records if record.topic == "others"} == {0, 1}
    by_topic = {record.topic: record for record in handler.records}
    assert by_topic[TOPIC].timestamp_ms == 1_700_000_000_000


@pytest.mark.parametrize("death", ["coordinator", "loop", "stopped"])
async def test_a_consumer_that_has_died_quietly_says_so(
    settings: ServiceSettings, death: str
) -> None:
    """`ping` stays True. Also the canary of every private name that the probe reads."""
    broker = make_broker(settings)
    consumer = Consumer(
        broker, topics=[TOPIC], group_id="dead", handle=Handler(), prefix=settings.topic_prefix
    )
    probe = ConsumerProbe(consumer)
    async with started(broker):
        client = consumer.subscriber.consumer
        assert client is not None
        await until(lambda: bool(client.assignment()))
        assert await probe.liveness() is None
        assert await probe.readiness() is None
        if death == "coordinator":
            client._coordinator._coordination_task.cancel()
        elif death == "loop":
            consumer.subscriber.tasks[0].cancel()
        else:
            await consumer.subscriber.stop()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fault = await probe.liveness()
        assert fault is not None
        assert death in fault or death == "stopped"
        if death == "coordinator":
            # Its stop would wait for the task that is no more.
            client._coordinator._coordination_task = asyncio.create_task(asyncio.sleep(0))


async def test_two_members_share_the_partitions_and_between_them_miss_nothing(
    settings: ServiceSettings,
) -> None:
    """contract 13.13: a member comes, a member goes; a record may come twice then, but always once."""
    await ensure_topics(settings, {"shared": TopicSpec(partitions=4)})
    first, second = Handler(), Handler()
    brokers = [make_broker(settings), make_broker(settings)]
    for broker, handler in zip(brokers, (first, second), strict=True):
        Consumer(
            broker,
            topics=["shared"],
            group_id="two",
            handle=handler,
            prefix=settings.topic_prefix,
            session_timeout_ms=6_000,
        )

    def seen() -> set[bytes | None]:
        return {record.value for record in first.records + second.records}

    async with publishing(settings) as publisher, started(brokers[0]):
        sent: set[bytes | None] = set()

        async def send(count: int) -> None:
            batch = [b"%d" % number for number in range(len(sent), len(sent) + count)]
            await publisher.publish([Record("shared", value, value) for value in batch])
            sent.update(batch)

        await send(40)
        await until(lambda: seen() == sent)
        async with started(brokers[1]):
            while not second.records:
                await send(20)
                await asyncio.sleep(0.2)
            await until(lambda: seen() == sent)
        await send(40)
        await until(lambda: seen() == sent)
    assert first.records
    assert second.records
