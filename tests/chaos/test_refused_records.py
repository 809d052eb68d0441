"""What Kafka refuses for good holds up nobody, ends no process and is not lost (contract 8, 13.7)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from aiokafka import AIOKafkaProducer

from schemas.wire import Record
from services.records.tables import RecordTables, RefusedRecord
from services.runtime.postgres import close_pool, open_pool, transaction
from tests.chaos.people_owed import Person, contacts, deliveries_owed, note, owed, people
from tests.chaos.sent_once import MESSAGE_TOPICS, assert_delivered_once
from tests.support.kafka_clients import no_right_to_write
from tests.support.service_processes import Deployment, Process, ServiceName, repeats
from tests.support.waiting import SLOWNESS, eventually

pytestmark = pytest.mark.usefixtures("apache_kafka")

MONDAY = date(2026, 1, 5)
# Day 22 of a leave that began on a Monday, within the window: its first reminder fires when its note arrives.
NOW = datetime(2026, 1, 26, 9, tzinfo=UTC)
NOTES, RECEIPTS = "stoppunkt.sick-notes.v1", "stoppunkt.receipts.v1"
DUE_EVENTS, SMS, EMAIL = "stoppunkt.deadlines.v1", "stoppunkt.sms.v1", "stoppunkt.email.v1"
SERVICES: tuple[ServiceName, ...] = ("scheduler", "notifier")
# What is promised to whoever stands behind a record that is refused.
WITHIN_SECONDS = 15


@pytest.mark.parametrize("megabytes", [3, 30])
async def test_a_broken_record_that_outgrows_every_topic_of_ours_holds_up_nobody(
    deployment: Deployment, megabytes: int
) -> None:
    """It comes compressed, so that its topic takes it; as a dead letter no topic would."""
    first, second = people(2)
    deployment.set_clock(NOW)
    services = await _both(deployment, first, second)
    await _publish_compressed(
        deployment,
        _broken(note(first, MONDAY, 60, at=NOW), megabytes),
        _broken(replace(note(first, MONDAY, 60, at=NOW), topic=RECEIPTS), megabytes),
    )
    async with _ready_all_the_time(services):
        began = time.monotonic()
        await deployment.publish([note(second, MONDAY, 60, at=NOW)], partition=0)
        await eventually(lambda: _has_left(deployment, SMS), what="the second person's message")
        assert time.monotonic() - began < SLOWNESS * WITHIN_SECONDS
        await eventually(lambda: deployment.has_read_all("scheduler"))
        await eventually(lambda: deployment.has_read_all("notifier"))
    places: tuple[tuple[ServiceName, str], ...] = (("scheduler", NOTES), ("notifier", RECEIPTS))
    for service, topic in places:
        [refused] = await _refused(deployment, service)
        assert refused.record.topic == f"{topic}.dead"
        assert refused.reason == "MessageSizeTooLargeError"
        assert len(refused.record.value or b"") > megabytes * 1_000_000
        assert dict(refused.record.headers)["dead_topic"] == topic.encode()
    for process in services:
        assert process.has_logged("record.refused", reason="MessageSizeTooLargeError")


async def test_a_topic_that_may_not_be_written_holds_up_no_other_and_loses_nothing(
    deployment: Deployment,
) -> None:
    everybody = people(2)
    deployment.set_clock(NOW)
    services = await _both(deployment, *everybody)
    notes = [note(person, MONDAY, 60, at=NOW) for person in everybody]
    expected = owed([(NOW, record) for record in notes], NOW)
    async with _ready_all_the_time(services), AsyncExitStack() as closed:
        for topic in (f"{NOTES}.dead", SMS):
            await closed.enter_async_context(no_right_to_write(deployment.settings, topic))
        began = time.monotonic()
        await deployment.publish([replace(notes[0], value=b"{", key=b"k"), notes[0]], partition=0)
        await eventually(lambda: _has_left(deployment, EMAIL), what="the e-mail")
        assert time.monotonic() - began < SLOWNESS * WITHIN_SECONDS
        await eventually(lambda: _has_refused(deployment, "scheduler", f"{NOTES}.dead"))
        await eventually(lambda: _has_refused(deployment, "notifier", SMS))

        await closed.enter_async_context(no_right_to_write(deployment.settings, DUE_EVENTS))
        await deployment.publish([notes[1]])
        await eventually(lambda: _has_refused(deployment, "scheduler", DUE_EVENTS))
        assert (await deployment.read()).on(f"{NOTES}.dead", SMS) == []
    for service in SERVICES:
        for refused in await _refused(deployment, service):
            assert refused.reason == "TopicAuthorizationFailedError"
        await _replay(deployment, service)

    async def has_everything() -> bool:
        sent = repeats((await deployment.read()).on(*MESSAGE_TOPICS))
        return sent.keys() >= deliveries_owed(expected)

    await eventually(has_everything, what="what was refused")
    sent = await deployment.read()
    assert_delivered_once(sent, expected, everybody)
    assert [record.value for record in sent.on(f"{NOTES}.dead")] == [b"{"]
    assert [await _refused(deployment, service) for service in SERVICES] == [[], []]


async def _both(deployment: Deployment, *everybody: Person) -> tuple[Process, Process]:
    """Both services at work, the notifier with everybody's contacts."""
    services = await deployment.start("scheduler"), await deployment.start("notifier")
    for process in services:
        await eventually(process.is_working, what=process.name)
    for person in everybody:
        deployment.seeded |= person.identities
        await deployment.publish(contacts(person, at=NOW))
    await eventually(lambda: deployment.has_read_all("notifier"))
    return services


def _broken(record: Record, megabytes: int) -> Record:
    """Cut off in the middle of a text that somebody's program has blown up."""
    return replace(
        record, value=(record.value or b"")[:-1] + b',"more":"' + b"A" * megabytes * 2**20
    )


async def _publish_compressed(deployment: Deployment, *records: Record) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=deployment.servers,
        compression_type="gzip",
        max_request_size=64 * 2**20,
    ) as producer:
        for record in records:
            await producer.send_and_wait(
                deployment.prefix + record.topic,
                record.value,
                key=record.key,
                headers=list(record.headers),
                partition=0,
            )


@asynccontextmanager
async def _ready_all_the_time(services: Sequence[Process]) -> AsyncIterator[None]:
    """Fails where one of them is not ready at a moment meanwhile."""
    faults: list[dict[str, str] | None] = []

    async def look() -> None:
        while True:
            faults.extend([await service.health("ready") for service in services])
            await asyncio.sleep(0.1)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait([looking])
    assert faults
    assert [fault for fault in faults if fault != {}] == []


async def _has_left(deployment: Deployment, topic: str) -> bool:
    return bool((await deployment.read()).on(topic))


async def _refused(deployment: Deployment, service: ServiceName) -> list[RefusedRecord]:
    """What Kafka has refused of a service, whole."""
    async with _tables(deployment, service) as tables:
        whole = [await tables.refused_by_id(one.id) for one in await tables.refused()]
    return [refused for refused in whole if refused is not None]


async def _has_refused(deployment: Deployment, service: ServiceName, topic: str) -> bool:
    return any(one.record.topic == topic for one in await _refused(deployment, service))


async def _replay(deployment: Deployment, service: ServiceName) -> None:
    async with _tables(deployment, service) as tables:
        await tables.put_back([one.id for one in await tables.refused()])


@asynccontextmanager
async def _tables(deployment: Deployment, service: ServiceName) -> AsyncIterator[RecordTables]:
    pool = await open_pool(deployment.database_url, schema=service, application_name="test")
    try:
        async with transaction(pool) as connection:
            yield RecordTables(connection)
    finally:
        await close_pool(pool)
