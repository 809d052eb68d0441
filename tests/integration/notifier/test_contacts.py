"""Contacts as they stand: which record counts, and what a changed number takes with it (contract 2)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from schemas.messages import PersonRenumbered
from schemas.nav_messages import LineManagerVersion
from schemas.wire import Envelope
from services.notifier.inbox import sort_records
from tests.support.notifier_desk import (
    ADVISER,
    ANNE,
    EMPLOYEE,
    JON_NEW,
    JON_OLD,
    MANAGER,
    adviser,
    anne,
    desk,
    due,
    manager,
    oslo,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")
MINUTE = timedelta(minutes=1)


def renumbered(old: str, new: str) -> PersonRenumbered:
    return PersonRenumbered(old_person_id=old, new_person_id=new, occurred_at=TUESDAY)


async def test_the_newest_record_stands_whatever_comes_when(database_url: str) -> None:
    """The highest Kafka timestamp, then offset."""
    async with desk(database_url, TUESDAY) as it:
        older = it.offsets.record(anne(phone="+4790000002"), TUESDAY - MINUTE)
        newer = it.offsets.record(anne(phone="+4790000003"), TUESDAY)
        newest = it.offsets.record(anne(phone="+4790000004"), TUESDAY)
        for records in ([newest], [older, newer]):
            await it.notifier.handle(records)
        await it.receive_and_send(due(at=TUESDAY))
        assert [message.data["to"] for message in it.left()] == ["+4790000004"]


async def test_a_record_published_again_later_changes_nothing(database_url: str) -> None:
    """A record with an already seen (ce_source, ce_id) is a repeat, whatever its timestamp."""
    async with desk(database_url, TUESDAY) as it:
        first = it.offsets.record(anne(phone="+4790000002"), TUESDAY, event_id="once")
        second = it.offsets.record(anne(phone="+4790000003"), TUESDAY + MINUTE)
        again = replace(first, offset=99, timestamp_ms=first.timestamp_ms + 3_600_000)
        await it.notifier.handle([first, second, again])
        await it.notifier.handle([again])
        await it.receive_and_send(due(at=TUESDAY))
        assert [message.data["to"] for message in it.left()] == ["+4790000003"]


async def test_a_new_number_takes_contacts_and_deliveries_along(database_url: str) -> None:
    """Also facts and events that still come under the old number; chains are followed."""
    async with desk(database_url, TUESDAY) as it:
        first = due(at=TUESDAY, person_id=JON_OLD, recipients=(ADVISER,))
        await it.receive_and_send(
            anne(person_id=JON_OLD), manager(person_id=JON_OLD), adviser(), first
        )
        await it.receive_and_send(renumbered(JON_NEW, ANNE))
        await it.receive_and_send(renumbered(JON_OLD, JON_NEW))
        await it.receive_and_send(manager(person_id=JON_OLD, email="ny@example.invalid"))
        second = due(at=TUESDAY, person_id=JON_OLD, recipients=(MANAGER, ADVISER), generation=2)
        await it.receive_and_send(second)

        (email,) = it.left("email.requested")
        assert email.data["to"] == "ny@example.invalid"
        tasks = [message.data["person_id"] for message in it.left("adviser_task.opened")]
        assert tasks == [JON_OLD, ANNE]
        assert len(await it.deliveries(ANNE)) == len(await it.deliveries(JON_OLD)) == 3

        await it.receive_and_send(withdrawal(first, at=TUESDAY))
        assert len(it.left("adviser_task.closed")) == 1


async def test_a_number_given_back_is_the_first_again(database_url: str) -> None:
    """Two records that say the opposite: the newer one stands."""
    async with desk(database_url, TUESDAY) as it:
        there = it.offsets.record(renumbered(JON_OLD, JON_NEW), TUESDAY)
        back = it.offsets.record(renumbered(JON_NEW, JON_OLD), TUESDAY + MINUTE)
        for records in ([back], [there]):
            await it.notifier.handle(records)
        await it.receive_and_send(
            adviser(), due(at=TUESDAY, person_id=JON_NEW, recipients=(ADVISER,))
        )
        (task,) = it.left("adviser_task.opened")
        assert task.data["person_id"] == JON_OLD


@pytest.mark.parametrize("size", [1, 4], ids=["one_by_one", "in_one_batch"])
@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_of_two_changes_of_one_number_the_newest_stands_whatever_comes_when(
    database_url: str, order: tuple[int, ...], size: int
) -> None:
    """contract 2: also for contacts and events that went to the number that no longer stands."""
    async with desk(database_url, TUESDAY) as it:
        records = [
            it.offsets.record(renumbered(JON_OLD, JON_NEW), TUESDAY),
            it.offsets.record(renumbered(JON_OLD, ANNE), TUESDAY + MINUTE),
            it.offsets.record(anne(person_id=JON_OLD, phone="+4790000002"), TUESDAY),
            it.offsets.record(
                due(at=TUESDAY, person_id=JON_OLD, recipients=(EMPLOYEE, ADVISER)), TUESDAY
            ),
        ]
        other = anne(person_id=JON_NEW, phone="+4790000003")
        await it.receive(adviser(), other, due("meeting_need", at=TUESDAY, person_id=JON_NEW))
        arrivals = [records[index] for index in order]
        for first in range(0, len(arrivals), size):
            await it.notifier.handle(arrivals[first : first + size])
        await it.settle()
        (task,) = it.left("adviser_task.opened")
        assert task.data["person_id"] == ANNE
        to = {message.data["to"] for message in it.left("sms.requested")}
        assert to == {"+4790000002", "+4790000003"}
        assert len(await it.deliveries(ANNE)) == len(await it.deliveries(JON_OLD)) == 2
        assert len(await it.deliveries(JON_NEW)) == 1


async def test_the_end_of_an_old_relation_leaves_the_new_line_manager(database_url: str) -> None:
    """A new manager is a new relation, and the end of the old one may come later."""
    async with desk(database_url, TUESDAY) as it:

        def decode(record: object) -> Envelope:
            return envelopes.pop(0)

        def relation(relation_id: str, **change: object) -> Envelope:
            version = LineManagerVersion(relation_id, manager(**change), TUESDAY)
            return Envelope(version, "nav")

        envelopes = [
            relation("one", email="gammel@example.invalid"),
            relation("two", email="ny@example.invalid"),
            relation("one", email="gammel@example.invalid", active=False),
            Envelope(LineManagerVersion("three", None, TUESDAY), "nav"),
        ]
        await it.another(decode=decode).handle(
            [it.offsets.record(anne(), TUESDAY + MINUTE * number) for number in range(4)]
        )
        await it.receive_and_send(anne(), due(at=TUESDAY, recipients=(MANAGER,)))
        assert [message.data["to"] for message in it.left()] == ["ny@example.invalid"]
        assert sort_records([], decode).contacts == []


async def test_a_record_that_comes_while_a_turn_looks_for_it_wakes_what_waits(
    database_url: str,
) -> None:
    """contract 6.3: the turn has read that there is none, and writes that it waits after the record was stored."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(due(at=TUESDAY))
        async with it.pool.acquire() as other, other.transaction():
            await other.execute("update deliveries set state = 'sending'")
            telling = asyncio.create_task(it.receive(anne()))
            await asyncio.wait([telling], timeout=0.5)
            await other.execute(
                "update deliveries set state = 'waiting', wait_reason = 'register', ready_at = $1",
                TUESDAY + timedelta(hours=1),
            )
        await telling
        await it.settle()
        assert [message.type for message in it.left()] == ["sms.requested"]
