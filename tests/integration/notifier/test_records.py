"""Records in: in whatever order they come, the same stands; what nobody can understand is set aside (contract 2, 8)."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import asyncpg
import pytest

from schemas.messages import Message
from schemas.wire import Record
from services.records.dead_letters import TooManyDeadLetters
from tests.support.notifier_desk import (
    ADVISER,
    ANNE,
    EMPLOYEE,
    MANAGER,
    Desk,
    adviser,
    anne,
    basis,
    desk,
    due,
    manager,
    oslo,
    updated,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")
CONTACTS = "stoppunkt.contacts.v1"


def what_stands(it: Desk) -> dict[str, int]:
    """Each message that was sent and not taken back, with the newest basis that it was given."""
    standing: dict[str, int] = {}
    for message in it.left():
        if message.type.endswith((".requested", ".opened")):
            known = message.data.get("basis") or {"revision": 0}
            standing[message.key] = known["revision"]
        elif message.type == "adviser_task.updated":
            standing[message.key] = max(standing[message.key], message.data["revision"])
        else:
            assert message.key in standing, "something was taken back that had never been sent"
            del standing[message.key]
    return standing


async def test_every_order_and_a_repeat_of_everything_end_in_the_same(database_url: str) -> None:
    event = due(
        "dialogue_meeting_2_assessment", "assess",
        at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER), basis=basis(1),
    )  # fmt: skip
    messages: tuple[Message, ...] = (
        event,
        updated(event, basis(2), at=TUESDAY),
        updated(event, basis(3), at=TUESDAY),
        withdrawal(event, at=TUESDAY, recipients=(MANAGER,)),
    )
    outcomes = []
    for order in permutations(messages):
        async with desk(database_url, TUESDAY) as it:
            await it.receive_and_send(anne(), manager(), adviser())
            for message in (*order, *order):
                await it.receive_and_send(message)
            outcomes.append(what_stands(it))
        await forget_everything(database_url)
    assert len(outcomes) == 24
    assert sorted(outcomes[0].values()) == [0, 3]
    assert all(outcome == outcomes[0] for outcome in outcomes)


async def forget_everything(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "truncate notifier.events, notifier.withdrawals, notifier.deliveries,"
            " notifier.contact_slots, notifier.seen_records, notifier.hourly_sends"
        )
    finally:
        await connection.close()


def broken(offset: int, topic: str = CONTACTS) -> Record:
    return Record(
        topic=topic,
        key=b"person/chosen",
        value=b'{"person_id": "' + ANNE.encode(),
        headers=(
            ("ce_specversion", b"1.0"),
            ("ce_id", b"x"),
            ("ce_source", b"urn:test"),
            ("ce_type", b"no.stoppunkt.person_contact.changed.v1"),
            ("odd", b"\xff\xfe"),
            ("dead_reason", b"of an earlier death"),
        ),
        timestamp_ms=1,
        partition=3,
        offset=offset,
    )


async def test_a_record_that_cannot_be_understood_is_set_aside_as_it_was(database_url: str) -> None:
    """With why and from where in its headers; what stands beside it in the batch is handled."""
    async with desk(database_url, TUESDAY) as it:
        good = [it.offsets.record(message, TUESDAY) for message in (anne(), due(at=TUESDAY))]
        await it.notifier.handle([good[0], broken(17), good[1]])
        await it.settle()
        assert [message.type for message in it.left("sms.requested")] == ["sms.requested"]
        (dead,) = [record for record in it.out.records if record.topic == f"{CONTACTS}.dead"]
        assert (dead.key, dead.value) == (broken(17).key, broken(17).value)
        headers = dict(dead.headers)
        assert headers["odd"] == b"\xff\xfe"
        assert [name for name, _ in dead.headers].count("dead_reason") == 1
        assert headers["dead_topic"] == CONTACTS.encode()
        assert (headers["dead_partition"], headers["dead_offset"]) == (b"3", b"17")
        assert headers["dead_at"] == b"2026-02-24T08:00:00Z"
        assert ANNE.encode() not in headers["dead_reason"]


async def test_the_schedulers_topic_is_not_buried_twice(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.notifier.handle([broken(1, "stoppunkt.follow-up.v1")])
        await it.settle()
        assert it.out.records == []


async def test_more_than_a_hundred_in_ten_minutes_stop_it_until_an_operator_resumes(
    database_url: str,
) -> None:
    """Counted in PostgreSQL, so every process stops; nothing that comes after is handled or lost."""
    async with desk(database_url, TUESDAY) as it:
        await it.notifier.handle([broken(offset) for offset in range(60)])
        it.clock.turn(TUESDAY + timedelta(minutes=11))
        await it.notifier.handle([broken(offset) for offset in range(60, 160)])
        assert await it.stopped_at() is None
        await it.another().handle([broken(160)])
        assert await it.stopped_at() == it.now
        it.clock.turn(it.now + timedelta(hours=1))
        with pytest.raises(TooManyDeadLetters):
            await it.receive(anne())
        await it.resume_after_dead_letters()
        await it.receive_and_send(anne(), due(at=it.now))
        assert len(it.left("sms.requested")) == 1
        assert len([record for record in it.out.records if record.topic.endswith(".dead")]) == 161
