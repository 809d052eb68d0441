"""A bad record whose header name cannot be passed on becomes a dead letter in both services, and stops nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from aiokafka import AIOKafkaProducer

from schemas.wire import Record
from tests.chaos.people_owed import note, people
from tests.support.header_names import send_as_one_batch
from tests.support.service_processes import Deployment, header
from tests.support.waiting import eventually

NOW = datetime(2026, 1, 26, 11, tzinfo=UTC)
NO_TEXT = b"navn-\xe6".decode(errors="surrogateescape")
# Kafka takes it, and it is UTF-8; a text of PostgreSQL's cannot hold it.
WITH_A_NUL = "navn-\x00"
NOTES, RECEIPTS = "stoppunkt.sick-notes.v1", "stoppunkt.receipts.v1"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(NOW)
    return deployment


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (NO_TEXT, None, "A header's name is not text in UTF-8."),
        (WITH_A_NUL, b"{", "the value is not valid JSON in UTF-8 without a byte order mark."),
    ],
)
async def test_a_header_name_that_cannot_be_passed_on_ends_no_service(
    deployment: Deployment, name: str, value: bytes | None, reason: str
) -> None:
    first, second, third = (note(person, date(2026, 1, 5), 60, at=NOW) for person in people(3))
    spoiled = replace(second, value=value or second.value, headers=(*second.headers, (name, b"1")))
    async with AIOKafkaProducer(bootstrap_servers=deployment.servers) as producer:
        # In one batch: aiokafka alone would lose the first, and never come to the third.
        await send_as_one_batch(producer, deployment.prefix, [first, spoiled, third], codec="gzip")
        receipt = Record(RECEIPTS, b"k", b"{}", ((name, b"1"),))
        await send_as_one_batch(producer, deployment.prefix, [receipt])
    scheduler = await deployment.start("scheduler")
    notifier = await deployment.start("notifier")

    async def both_are_dead() -> bool:
        sent = await deployment.read()
        return bool(sent.on(f"{NOTES}.dead")) and bool(sent.on(f"{RECEIPTS}.dead"))

    await eventually(both_are_dead)
    await eventually(lambda: deployment.has_read_all("scheduler"))
    assert await scheduler.is_working()
    assert await notifier.is_working()
    assert await deployment.sql("select count(*) from scheduler.note_slots") == 2
    (letter,) = (await deployment.read()).on(f"{NOTES}.dead")
    assert letter.value == spoiled.value
    assert header(letter, "dead_reason") == reason
    assert header(letter, "navn-?") == "1"
