"""What Kafka refuses for good, in the tables of both services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import Counter

from schemas.wire import Record
from services.notifier.app import SCHEMA as NOTIFIER
from services.notifier.store import begin_on as begin_notifier
from services.records import relay as relaying
from services.records.dead_letters import DEAD_LETTERS_MAX, Dead
from services.records.relay import HasRecords, Relay
from services.records.tables import RefusedRecord
from services.runtime.clock import TurnedClock
from services.runtime.kafka import PublishRefused
from services.runtime.kafka.publisher import MAX_REQUEST_BYTES
from services.runtime.postgres import close_pool, open_pool
from services.scheduler.app import SCHEMA as SCHEDULER
from services.scheduler.store import begin_on as begin_scheduler
from tests.support.scheduler_bench import hash_of

NOON = datetime(2026, 2, 2, 11, tzinfo=UTC)
PUBLISHED = Counter("refused_records_test", "What the relay under test has published.")


@dataclass
class Kafka:
    """Refuses a batch whole where one of it is poison; what stands before that one may have been taken."""

    poison: set[bytes] = field(default_factory=set)
    published: list[Record] = field(default_factory=list)
    largest_call_bytes: int = 0

    async def publish(self, records: Sequence[Record]) -> None:
        size = sum(len(record.value or b"") for record in records)
        self.largest_call_bytes = max(size, self.largest_call_bytes)
        for record in records:
            if record.value in self.poison:
                raise PublishRefused("InvalidRecordError")
            self.published.append(record)


@dataclass
class Service:
    """The tables of one service and its relay."""

    begin: Callable[[], AbstractAsyncContextManager[HasRecords]]
    kafka: Kafka = field(default_factory=Kafka)

    def __post_init__(self) -> None:
        self.relay = Relay(self.begin, TurnedClock(NOON), self.kafka, PUBLISHED)

    async def relay_all(self) -> None:
        while await self.relay.relay():
            pass

    async def put(self, *records: Record) -> None:
        async with self.begin() as tables:
            await tables.records.put(records)

    async def refused(self) -> list[RefusedRecord]:
        async with self.begin() as tables:
            return await tables.records.refused()


@pytest.fixture(params=[SCHEDULER, NOTIFIER])
async def service(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    pool = await open_pool(database_url, schema=request.param, application_name="test")
    try:
        if request.param == SCHEDULER:
            yield Service(begin_scheduler(pool, hash_of))
        else:
            yield Service(begin_notifier(pool))
    finally:
        await close_pool(pool)


def record(value: bytes, key: bytes | None = b"k") -> Record:
    return Record("out", key, value, (("h", b"\x00\xff"),))


async def test_what_is_refused_is_kept_whole_and_the_others_leave_in_order(
    service: Service,
) -> None:
    values = [b"%d" % number for number in range(200)]
    service.kafka.poison = {b"%d" % number for number in (0, 3, 4, 5, 17, 90, 91, 150, 199)}
    await service.put(*map(record, values))
    await service.relay_all()
    last_of_each = dict.fromkeys(record.value for record in reversed(service.kafka.published))
    assert list(reversed(last_of_each)) == [v for v in values if v not in service.kafka.poison]
    refused = await service.refused()
    assert [one.record.value for one in refused] == [None] * 9
    async with service.begin() as tables:
        whole = [await tables.records.refused_by_id(one.id) for one in refused]
        assert await tables.records.count_to_leave() == 0
    assert whole == [
        RefusedRecord(one.id, record(value), "InvalidRecordError", NOON)
        for one, value in zip(
            refused, [v for v in values if v in service.kafka.poison], strict=True
        )
    ]


async def test_it_leaves_once_it_may_and_is_set_aside_again_while_it_may_not(
    service: Service,
) -> None:
    service.kafka.poison = {b"1", b"2"}
    await service.put(*map(record, [b"1", b"2", b"3"]))
    await service.relay_all()
    first, second = [one.id for one in await service.refused()]
    service.kafka.poison = {b"1"}
    async with service.begin() as tables:
        assert await tables.records.put_back([second, first, 99]) == {first, second}
        assert await tables.records.count_refused() == 0
    await service.relay_all()
    assert [record.value for record in service.kafka.published] == [b"3", b"2"]
    [again] = await service.refused()
    async with service.begin() as tables:
        assert await tables.records.remove_refused([again.id, first]) == {again.id}
        assert await tables.records.refused_by_id(again.id) is None


async def test_a_dead_letter_that_no_topic_takes_never_enters_the_outbox(service: Service) -> None:
    """The ceiling counts it; it stays where it is when it is put back, since no producer of ours would send it."""
    large = Dead(record(bytes(MAX_REQUEST_BYTES + 1)), "value: not JSON")
    async with service.begin() as tables:
        await tables.records.set_aside([large, Dead(record(b"{"), "value: not JSON")], NOON)
        assert await tables.records.count_to_leave() == 1
        [kept] = await tables.records.refused()
        whole = await tables.records.refused_by_id(kept.id)
        assert await tables.records.put_back([kept.id]) == set()
    assert kept.reason == "MessageSizeTooLargeError"
    assert whole is not None
    assert (whole.record.topic, whole.record.value) == ("stoppunkt.dead.out", large.record.value)
    assert dict(whole.record.headers)["dead_reason"] == b"value: not JSON"
    async with service.begin() as tables:
        await tables.records.set_aside(
            [Dead(record(b"{"), "value: not JSON")] * (DEAD_LETTERS_MAX - 2), NOON
        )
        assert await tables.records.stopped_at() is None
        await tables.records.set_aside([large], NOON + timedelta(seconds=1))
        assert await tables.records.stopped_at() is not None


async def test_a_call_of_the_publisher_has_a_bounded_size(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "RELAY_BYTES", 1_000)
    await service.put(*(record(bytes(size)) for size in (0, 300, 400, 400, 5_000, 10, 0, 990, 11)))
    await service.relay_all()
    sizes = [len(record.value or b"") for record in service.kafka.published]
    assert sizes == [0, 300, 400, 400, 5_000, 10, 0, 990, 11]
    assert service.kafka.largest_call_bytes == 5_000
    await service.put(*(record(bytes(400)) for _ in range(10)))
    service.kafka.largest_call_bytes = 0
    await service.relay_all()
    assert service.kafka.largest_call_bytes == 800
