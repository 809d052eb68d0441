"""The notifier as a process on a real Kafka: what stands on the topics from offset 0 is all that counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain

import pytest

from schemas.messages import DeadlineDue, Message
from schemas.wire import Record
from tests.support.notifier_desk import (
    ADVISER,
    EMPLOYEE,
    MANAGER,
    Offsets,
    adviser,
    anne,
    due,
    manager,
    oslo,
    withdrawal,
)
from tests.support.service_processes import Deployment, data, header
from tests.support.waiting import eventually

TUESDAY = oslo("2026-02-24T10:00:00")
REQUESTS = ("stoppunkt.sms.v1", "stoppunkt.email.v1", "stoppunkt.adviser-tasks.v1")


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(TUESDAY)
    return deployment


def people(count: int) -> list[str]:
    """Made-up numbers: 80 is added to the month."""
    return [f"{1 + number % 28:02d}8188{number:05d}" for number in range(count)]


def stories(count: int) -> list[list[Message]]:
    """For record of so many people: who they are, and one due event for all three recipients."""
    recipients = (EMPLOYEE, MANAGER, ADVISER)
    return [
        [
            anne(person_id=person, phone=f"+47900{number:05d}"),
            manager(person_id=person),
            due(at=TUESDAY, person_id=person, recipients=recipients, generation=number + 1),
        ]
        for number, person in enumerate(people(count))
    ]


def records(messages: list[Message]) -> list[Record]:
    offsets = Offsets()
    return [replace(offsets.record(message, TUESDAY), timestamp_ms=0) for message in messages]


async def left(deployment: Deployment) -> list[Record]:
    return (await deployment.read()).on(*REQUESTS)


async def test_an_event_on_kafka_is_three_messages_on_kafka_and_a_withdrawal_takes_them_back(
    deployment: Deployment,
) -> None:
    deployment.seeded |= {people(1)[0], "+4790000000", "leder@example.invalid"}
    notifier = await deployment.start("notifier")
    await eventually(notifier.is_working, what="the notifier")
    (story,) = stories(1)
    await deployment.publish(records([adviser(), *story[:2]]))
    await eventually(lambda: _has_seen(deployment, 3), what="the contacts")
    await deployment.publish(records(story[2:]))
    await eventually(lambda: _have_left(deployment, 3), what="the messages")
    event = story[2]
    assert isinstance(event, DeadlineDue)
    await deployment.publish(records([withdrawal(event, at=TUESDAY)]))
    await eventually(lambda: _have_left(deployment, 6), what="the twins")

    sent = await deployment.read()
    assert {header(message, "ce_source") for message in await left(deployment)} == {
        "urn:stoppunkt:notifier"
    }
    opened, closed = sent.of_type("adviser_task.opened"), sent.of_type("adviser_task.closed")
    assert [data(task)["task_id"] for task in opened] == [data(task)["task_id"] for task in closed]
    assert data(sent.of_type("sms.requested")[0])["to"] == "+4790000000"
    notifier.send_sigterm()
    assert await notifier.exit_code(10) == 0
    assert list(deployment.leaks()) == []


async def test_killed_in_the_middle_nothing_is_lost_and_a_repeat_has_the_same_id(
    deployment: Deployment,
) -> None:
    """contract 13.4: at most one more send of what was being sent, with the id that it had."""
    count = 300
    all_stories = stories(count)
    first = await deployment.start("notifier")
    # Contacts that come in between may be said in a repeat, which is no fault (contract 6.3).
    contacts = [adviser(), *chain.from_iterable(story[:2] for story in all_stories)]
    await deployment.publish(records(contacts))
    await eventually(lambda: _has_seen(deployment, len(contacts)), what="the contacts")
    await deployment.publish(records(list(chain.from_iterable(story[2:] for story in all_stories))))
    await eventually(lambda: _have_left(deployment, 30), what="the first messages")
    first.kill()
    await first.exit_code(5)
    already = len(await left(deployment))
    assert already < 3 * count, "it was killed too late to say anything"
    # The lease of what it was sending has run out by then.
    deployment.set_clock(oslo("2026-02-24T10:05:00"))
    await asyncio.gather(deployment.start("notifier"), deployment.start("notifier"))
    await eventually(lambda: _ids_have_left(deployment, 3 * count), what="the rest")

    found = await left(deployment)
    keys = {record.key for record in found}
    assert len(keys) == 3 * count
    assert len(found) - len(keys) <= 100, "more than one batch was repeated"
    contents = {(record.key, record.value) for record in found}
    assert len(contents) == len(keys), "a repeat said something else"


async def test_two_processes_from_the_start_send_each_message_once(deployment: Deployment) -> None:
    count = 150
    await asyncio.gather(deployment.start("notifier"), deployment.start("notifier"))
    await eventually(lambda: _all_work(deployment), what="both")
    await deployment.publish(records([adviser(), *chain.from_iterable(stories(count))]))
    await eventually(lambda: _ids_have_left(deployment, 3 * count), what="all messages")
    found = await left(deployment)
    assert len(found) == len({record.key for record in found}) == 3 * count


async def _have_left(deployment: Deployment, count: int) -> bool:
    return len(await left(deployment)) >= count


async def _ids_have_left(deployment: Deployment, count: int) -> bool:
    return len({message.key for message in await left(deployment)}) >= count


async def _all_work(deployment: Deployment) -> bool:
    return all([await process.is_working() for process in deployment.processes])


async def _has_seen(deployment: Deployment, count: int) -> bool:
    return bool(await deployment.sql("select count(*) = $1 from notifier.seen_records", count))
