"""The driver: order of instants, bundles, and a sentence about who is behind. Parts are made up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from schemas.wire import Record
from services.cli.pipeline import driver as module
from services.cli.pipeline.departures import Departure, DepartureReader
from services.cli.pipeline.driver import Behind, Driver, Moment, Service
from services.cli.pipeline.held_records import HeldRecords
from services.cli.record_files.read import FiledRecord
from services.runtime import assembly
from services.runtime.clock import TurnedClock
from services.runtime.kafka import Publisher

NOTES, FOLLOW_UP = "stoppunkt.sick-notes.v1", "stoppunkt.follow-up.v1"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Broker:
    """Publishes to memory, and hands on to the held records while `delivers` is set: topic by topic, as Kafka may."""

    def __init__(self, held: HeldRecords) -> None:
        self.published: dict[tuple[str, int], int] = {}
        self.delivers = True
        self._held = held

    async def publish(self, records: Sequence[Record]) -> None:
        stored: list[Record] = []
        for record in records:
            offset = self.published.get((record.topic, 0), -1) + 1
            self.published[record.topic, 0] = offset
            stored.append(replace(record, offset=offset))
        if self.delivers:
            for topic in sorted({record.topic for record in records}):
                await self._held.collect([one for one in stored if one.topic == topic])


class App:
    """Notes what it is given; `due` are the instants at which it has something to do."""

    def __init__(self, *due: datetime) -> None:
        self.due = list(due)
        self.batches: list[list[bytes | None]] = []
        self.turned: list[datetime] = []
        self.hangs = False

    async def handle(self, records: Sequence[Record]) -> None:
        self.batches.append([record.key for record in records])

    async def turn(self, now: datetime) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        ripe = [at for at in self.due if at <= now]
        self.due = [at for at in self.due if at > now]
        self.turned += [now] if ripe else []
        return bool(ripe)

    async def relay(self) -> bool:
        return False

    async def next_due_at(self) -> datetime | None:
        return min(self.due, default=None)


class Nothing:
    async def read(self, *_: object) -> list[Departure]:
        return []


def arrives(at: datetime, key: str, topic: str = NOTES) -> FiledRecord:
    return FiledRecord(1, at, Record(topic, key.encode(), b"{}"))


def driven(app: App, held: HeldRecords | None = None) -> tuple[Driver, Broker]:
    held = held or HeldRecords([NOTES, FOLLOW_UP])
    broker = Broker(held)
    parts = [
        Service("scheduler", assembly.App(app.handle, app.turn, app.relay, app.next_due_at), held)
    ]
    reader = cast("DepartureReader", Nothing())
    return Driver(parts, cast("Publisher", broker), reader, TurnedClock(START)), broker


async def moments(driver: Driver, *filed: FiledRecord, **options: Any) -> list[Moment]:
    return [moment async for moment in driver.run(filed, **options)]


async def test_records_and_what_is_due_take_turns_in_the_order_of_their_instants() -> None:
    hour = timedelta(hours=1)
    app = App(START + hour, START + 3 * hour)
    driver, _ = driven(app)

    happened = await moments(driver, arrives(START, "0"), arrives(START + 2 * hour, "1"))

    assert [moment.at for moment in happened] == [START + n * hour for n in range(4)]
    assert app.turned == [START + hour, START + 3 * hour]


async def test_records_of_one_instant_are_handled_in_one_batch_as_they_stand_in_the_file() -> None:
    app = App()
    driver, _ = driven(app)
    topics = [NOTES, FOLLOW_UP, NOTES, FOLLOW_UP]

    await moments(driver, *(arrives(START, str(n), topic) for n, topic in enumerate(topics)))

    assert app.batches == [[b"0", b"1", b"2", b"3"]]


async def test_in_bundles_an_instant_is_put_off_to_the_end_of_its_step() -> None:
    app = App(START + timedelta(minutes=10), START + timedelta(minutes=50))
    driver, _ = driven(app)

    happened = await moments(driver, step=timedelta(minutes=30))

    assert [moment.at - START for moment in happened] == [timedelta(minutes=30), timedelta(hours=1)]


async def test_a_whole_step_is_not_put_off() -> None:
    driver, _ = driven(App(START))

    assert [moment.at for moment in await moments(driver, step=timedelta(hours=1))] == [START]


async def test_nothing_happens_after_until() -> None:
    app = App(START, START + timedelta(days=2))
    driver, _ = driven(app)

    until = START + timedelta(days=1)
    happened = await moments(driver, arrives(until + timedelta(seconds=1), "0"), until=until)

    assert [moment.at for moment in happened] == [START]
    assert app.batches == []


async def test_a_service_that_does_not_turn_in_time_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.05)
    app = App(START)
    app.hangs = True
    driver, _ = driven(app)

    with pytest.raises(Behind, match="The scheduler is behind with its turn"):
        await moments(driver)


async def test_a_consumer_that_does_not_read_is_named_with_its_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.05)
    driver, broker = driven(App())
    broker.delivers = False

    with pytest.raises(Behind, match=f"The scheduler is behind: it has not read all of {NOTES}"):
        await moments(driver, arrives(START, "0"))


async def test_what_is_due_and_never_done_ends_the_run() -> None:
    class Stuck(App):
        async def turn(self, _: datetime) -> bool:
            return False

    driver, _ = driven(Stuck(START))

    with pytest.raises(Behind, match="The scheduler is behind: what was due at"):
        await moments(driver)


async def test_a_repeat_after_a_rebalance_is_held_once() -> None:
    held = HeldRecords([NOTES])
    record = Record(NOTES, b"0", None, offset=0)
    await held.collect([record])
    await held.collect([record])

    assert await held.take({(NOTES, 0): 0}) == [record]
