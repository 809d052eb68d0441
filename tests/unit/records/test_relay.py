"""The relay finds what Kafka refuses by halving, and everything else leaves in its order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import log2
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Counter

from schemas.wire import Record
from services.records.relay import RELAY_BATCH, HasRecords, PublishOrPut, Relay
from services.records.tables import RecordTables
from services.runtime.clock import TurnedClock
from services.runtime.kafka import PublishOutcomeUnknown, PublishRefused

NOON = datetime(2026, 2, 2, 11, tzinfo=UTC)
PUBLISHED = Counter("relay_test", "What the relay under test has published.")


@dataclass
class Outbox:
    """The tables of a service as far as the relay uses them, in memory; a transaction that fails changes nothing."""

    waiting: list[Record]
    refused: list[Record] = field(default_factory=list)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[HasRecords]:
        before = (list(self.waiting), list(self.refused))
        try:
            yield cast("HasRecords", self)
        except BaseException:
            self.waiting, self.refused = before
            raise

    @property
    def records(self) -> RecordTables:
        return cast("RecordTables", self)

    async def take(self, limit: int, _limit_bytes: int) -> list[Record]:
        records, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return records

    async def put(self, records: Sequence[Record]) -> None:
        self.waiting += records

    async def refuse(self, records: Sequence[Record], reason: str, now: datetime) -> None:
        assert (reason, now) == ("TooLarge", NOON)
        self.refused += records

    async def count_refused(self) -> int:
        return len(self.refused)


@dataclass
class Kafka:
    """Refuses a batch whole where one of it is poison."""

    is_poison: Callable[[Record], bool]
    published: list[Record] = field(default_factory=list)
    calls: int = 0
    is_away: bool = False

    async def publish(self, records: Sequence[Record]) -> None:
        self.calls += 1
        if self.is_away:
            raise PublishOutcomeUnknown
        if any(map(self.is_poison, records)):
            raise PublishRefused("TooLarge")
        self.published += records


def record(number: int) -> Record:
    return Record("out", b"k%d" % (number % 3), b"%d" % number)


def is_number_in(numbers: set[int]) -> Callable[[Record], bool]:
    return lambda record: int(record.value or b"") in numbers


async def relay_all(outbox: Outbox, kafka: Kafka) -> None:
    relay = Relay(outbox.begin, TurnedClock(NOON), kafka, PUBLISHED)
    while await relay.relay():
        pass


@given(st.sets(st.integers(0, 299)))
async def test_what_is_refused_is_set_aside_and_all_else_leaves_in_order(poison: set[int]) -> None:
    outbox = Outbox([record(number) for number in range(300)])
    kafka = Kafka(is_number_in(poison))
    await relay_all(outbox, kafka)
    assert kafka.published == [record(n) for n in range(300) if n not in poison]
    assert outbox.refused == [record(n) for n in sorted(poison)]
    # Each is found by some halvings, and the way back up is about as long.
    assert kafka.calls <= 2 + (1 + len(poison)) * 3 * (1 + log2(300))


async def test_several_hundred_in_a_row_take_one_call_each() -> None:
    poison = set(range(100, 500))
    kafka = Kafka(is_number_in(poison))
    await relay_all(Outbox([record(number) for number in range(1_000)]), kafka)
    assert len(kafka.published) == 600
    assert kafka.calls <= len(poison) + 4 * log2(RELAY_BATCH)


async def test_without_an_answer_nothing_is_set_aside_and_nothing_lost() -> None:
    outbox = Outbox([record(number) for number in range(4)])
    kafka = Kafka(is_number_in({0}), is_away=True)
    relay = Relay(outbox.begin, TurnedClock(NOON), kafka, PUBLISHED)
    for is_away in (True, False, True, False, True, False, True, False, False, False):
        kafka.is_away = is_away
        if is_away:
            with pytest.raises(PublishOutcomeUnknown):
                await relay.relay()
        else:
            await relay.relay()
    assert kafka.published == [record(1), record(2), record(3)]
    assert outbox.refused == [record(0)]


async def test_a_refusal_counts_as_something_done_so_that_the_loop_does_not_pause() -> None:
    outbox = Outbox([record(0), record(1)])
    relay = Relay(outbox.begin, TurnedClock(NOON), Kafka(is_number_in({0})), PUBLISHED)
    assert [await relay.relay() for _ in range(4)] == [True, True, True, False]
    assert outbox.waiting == []


async def test_a_channels_message_that_is_refused_is_left_to_the_relay() -> None:
    outbox = Outbox([])
    kafka = Kafka(is_number_in({1}))
    publisher = PublishOrPut(outbox.begin, kafka)
    await publisher.publish([record(0)])
    await publisher.publish([record(1)])
    assert (kafka.published, outbox.waiting) == ([record(0)], [record(1)])
    kafka.is_away = True
    with pytest.raises(PublishOutcomeUnknown):
        await publisher.publish([record(2)])
    assert outbox.waiting == [record(1)]
