"""Two processes of each service, started together (contract 13.13)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

from tests.chaos.people_owed import contacts, deliveries_owed, note, owed, people
from tests.chaos.sent_once import MESSAGE_TOPICS, assert_delivered_once, assert_due_once
from tests.support.service_processes import Deployment, Process, repeats
from tests.support.waiting import eventually

EVERYBODY = people(150)
MONDAY = date(2026, 1, 5)
# Day 22 at 09:00 in Oslo, when the first reminder of a leave that began on a Monday is due.
DUE_AT = datetime(2026, 1, 26, 8, tzinfo=UTC)


async def test_two_of_each_started_together_send_every_message_once(deployment: Deployment) -> None:
    """Half of the timers fall due at one instant, half arrive late: nothing leaves twice, not even on the wire."""
    began_at = DUE_AT - timedelta(seconds=12)
    for person in EVERYBODY:
        deployment.seeded |= person.identities
    for person in EVERYBODY:
        await deployment.publish(contacts(person, at=began_at))
    notes = [note(person, MONDAY, 60, at=began_at) for person in EVERYBODY]
    in_time, late = notes[::2], notes[1::2]
    late_at = DUE_AT + timedelta(seconds=2)
    expected = owed(
        [(began_at, record) for record in in_time] + [(late_at, record) for record in late], late_at
    )
    assert len(expected) == len(EVERYBODY)
    assert all(event.due_at == DUE_AT for event in expected)

    deployment.set_clock(began_at)
    services = await asyncio.gather(
        *(deployment.start(name) for name in ("scheduler", "scheduler", "notifier", "notifier"))
    )
    await eventually(lambda: _all_work(services), what="all four")
    await deployment.publish(in_time)
    await eventually(lambda: _has_fired(services), what="the due instant")
    await deployment.publish(late)
    ids = {event.event_id for event in expected} | deliveries_owed(expected)

    async def have_left() -> bool:
        sent = (await deployment.read()).on("stoppunkt.deadlines.v1", *MESSAGE_TOPICS)
        return ids <= repeats(sent).keys()

    await eventually(have_left, what="what is owed")
    for service in services:
        service.send_sigterm()
    assert [await service.exit_code() for service in services] == [0, 0, 0, 0]

    sent = await deployment.read()
    assert_due_once(sent, expected)
    assert_delivered_once(sent, expected, EVERYBODY)
    wire = repeats(sent.on("stoppunkt.deadlines.v1", *MESSAGE_TOPICS))
    assert set(wire.values()) == {1}, "nobody was killed, so nothing is repeated"
    assert all(_shares(service) for service in services), "one of two did all the work"


async def _all_work(services: list[Process]) -> bool:
    return all([await service.is_working() for service in services])


async def _has_fired(services: list[Process]) -> bool:
    return any(service.has_logged("timers.fired") for service in services)


def _shares(service: Process) -> bool:
    """Whether it had partitions of its own once both processes of the service were in their group."""
    counts: list[int] = [
        line["count"] for line in service.lines() if line["event"] == "partitions.assigned"
    ]
    return counts[-1] > 0
