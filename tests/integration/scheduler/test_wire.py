"""What Kafka's wire may hold, in a running scheduler on Apache Kafka: who has a case, who has died, what is dead."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from aiokafka import AIOKafkaProducer

from schemas.wire import Record
from tests.support.scheduler_bench import FACTS, NOTES, fact, note
from tests.support.service_processes import Deployment
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("apache_kafka")

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
CODECS = (None, "gzip", "snappy", "lz4", "zstd")
ROLLED_BACK, LIVING = "24858899004", "25858898994"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(AT)
    return deployment


def note_of(name: str, person: str) -> Record:
    return note(AT, date(2026, 1, 5), 60, note_id=name, person=person)


async def send(producer: AIOKafkaProducer, deployment: Deployment, record: Record) -> None:
    topic = deployment.prefix + record.topic
    headers = [*record.headers]
    await producer.send_and_wait(topic, record.value, key=record.key, headers=headers, partition=0)


async def test_what_was_rolled_back_makes_no_case_and_nobody_dead(deployment: Deployment) -> None:
    """A sick note and a death that their publisher took back, each before a record that was committed."""
    async with AIOKafkaProducer(
        bootstrap_servers=deployment.servers, transactional_id=f"{deployment.prefix}publisher"
    ) as producer:
        for record, is_committed in (
            (note_of("rolled-back", ROLLED_BACK), False),
            (note_of("stands", LIVING), True),
            (fact(AT, "person.died", person=LIVING, on="2026-01-05"), False),
            (fact(AT, "work.resumed", person=LIVING, **{"from": "2026-03-02"}), True),
        ):
            await producer.begin_transaction()
            await send(producer, deployment, record)
            await (producer.commit_transaction() if is_committed else producer.abort_transaction())
    scheduler = await deployment.start("scheduler")
    await eventually(scheduler.is_working)

    async def came() -> bool:
        return bool(
            await deployment.sql("select count(*) from scheduler.facts") == 1
            and await deployment.sql("select count(*) from scheduler.timers") > 0
        )

    await eventually(came, what="the note and the return that were committed")
    people = await deployment.sql("select string_agg(person_id, ',') from scheduler.people")
    kinds = await deployment.sql("select string_agg(type, ',') from scheduler.facts")
    notes = await deployment.sql("select string_agg(note_id, ',') from scheduler.note_slots")
    assert (people, kinds, notes) == (LIVING, "work.resumed.v1", "stands")
    assert await deployment.sql("select end_on from scheduler.cases") == date(2026, 3, 1)


async def test_every_compression_and_every_strange_header_is_handled_one_by_one(
    deployment: Deployment,
) -> None:
    """Each of these records is one person's: read, or dead by itself."""
    for number, codec in enumerate(CODECS):
        record = note_of(f"packed-{codec}", f"2685889{number:04d}")
        async with AIOKafkaProducer(
            bootstrap_servers=deployment.servers, compression_type=codec
        ) as producer:
            await send(producer, deployment, record)
    oddities: dict[str, list[tuple[str, bytes | None]]] = {
        "null": [("x-null", None)],
        "latin": [("x-latin", "æ".encode("latin-1"))],
        "twice": [("ce_id", b"another")],
        "many": [(f"x{number}", b"v" * 100) for number in range(1_000)],
    }
    for number, (name, extra) in enumerate(oddities.items()):
        record = note_of(f"headers-{name}", f"2785889{number:04d}")
        await deployment.publish([record], partition=0, extra=extra)
    no_id = note_of("no-id", "28858890000")
    headers = tuple((name, value) for name, value in no_id.headers if name != "ce_id")
    dead = [
        Record(NOTES, no_id.key, no_id.value, headers),
        Record(NOTES, b"\xff\xfe", None),
        Record(NOTES, b"", None),
        Record(NOTES, b"empty", b"", no_id.headers),
    ]
    await deployment.publish(dead, partition=0)
    await deployment.publish([note_of("last", "28858890001")], partition=0)
    scheduler = await deployment.start("scheduler")
    await eventually(scheduler.is_working)

    async def buried() -> bool:
        await deployment.read()
        cases = await deployment.sql("select count(*) from scheduler.cases")
        return len(deployment.sent.on(f"{NOTES}.dead")) == len(dead) and cases == 10

    await eventually(buried, what="every note, and the four dead letters")
    notes = await deployment.sql("select string_agg(note_id, ',') from scheduler.note_slots")
    assert set(notes.split(",")) == {
        *(f"packed-{codec}" for codec in CODECS),
        *(f"headers-{name}" for name in oddities),
        "last",
    }
    assert deployment.sent.on(f"{FACTS}.dead") == []
