"""kill -9 of either service at the worst moments loses nothing and doubles nothing (contract 5, 13.2, 13.4)."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from schemas.wire import Record
from tests.chaos.people_owed import contacts, deliveries_owed, note, owed, people
from tests.chaos.sent_once import MESSAGE_TOPICS, assert_delivered_once, assert_due_once
from tests.support.service_processes import Deployment, Process, ServiceName, repeats
from tests.support.waiting import eventually

EVERYBODY = people(240)
DUE_TOPIC = ("stoppunkt.deadlines.v1",)
MONDAY = date(2026, 1, 5)
# A leave that began on Monday 5 January: its note is published on Wednesday, the first reminder is due on Monday the
# 26th, the event of the plan's deadline on Friday the 30th. All three are in the window in which people are written to.
PUBLISHED = datetime(2026, 1, 7, 11, tzinfo=UTC)
REMINDED = datetime(2026, 1, 26, 9, tzinfo=UTC)
LAST_DAY = datetime(2026, 1, 30, 9, tzinfo=UTC)
# A delivery is leased to the process that sends it; after this long another process may take it over.
LEASE_OVER = timedelta(minutes=3)


async def test_killed_at_the_worst_moments_both_services_send_every_message_once(
    deployment: Deployment,
) -> None:
    """Ten kills while two reminders leave for each of many people: every due event and delivery has one id."""
    notes = await _publish_people(deployment)
    until_reminded, until_last_day = (
        owed([(PUBLISHED, record) for record in notes], until) for until in (REMINDED, LAST_DAY)
    )
    assert len(until_last_day) == 2 * len(until_reminded) == 2 * len(EVERYBODY)

    deployment.set_clock(PUBLISHED)
    await asyncio.gather(
        _see_killed(deployment, "scheduler", "stored_not_committed"),
        _see_killed(deployment, "notifier", "planned_not_committed"),
    )
    notifier = await deployment.start("notifier")
    await _see_killed(deployment, "scheduler", "committed_not_acknowledged")
    await eventually(lambda: deployment.has_read_all("notifier"), what="every contact is known")
    notifier.kill()

    deployment.set_clock(REMINDED)
    await _see_killed(deployment, "scheduler", "fired_not_in_outbox")
    await _see_killed(deployment, "scheduler", "half_published")
    await _see_killed(deployment, "scheduler", "published_not_committed")
    scheduler = await deployment.start("scheduler")
    await _see_killed(deployment, "notifier", "planned_not_acknowledged")
    await _see_killed(deployment, "notifier", "claimed_not_sent")
    deployment.set_clock(REMINDED + LEASE_OVER)
    await _see_killed(deployment, "notifier", "sent_not_recorded")
    deployment.set_clock(REMINDED + 2 * LEASE_OVER)
    notifier = await deployment.start("notifier")
    await _have_left(deployment, DUE_TOPIC, {event.event_id for event in until_reminded})
    await _have_left(deployment, MESSAGE_TOPICS, deliveries_owed(until_reminded))

    chance = random.Random(20260130)  # noqa: S311 - the same moments each time
    scheduler.kill()
    notifier.kill()
    deployment.set_clock(LAST_DAY)
    scheduler = await deployment.start("scheduler")
    notifier = await deployment.start("notifier")
    await _kill_when_it_sends(deployment, scheduler, DUE_TOPIC, chance.uniform(0, 0.05))
    await deployment.start("scheduler")
    await _kill_when_it_sends(deployment, notifier, MESSAGE_TOPICS, chance.uniform(0, 0.05))
    deployment.set_clock(LAST_DAY + LEASE_OVER)
    await deployment.start("notifier")
    await _have_left(deployment, DUE_TOPIC, {event.event_id for event in until_last_day})
    await _have_left(deployment, MESSAGE_TOPICS, deliveries_owed(until_last_day))
    await eventually(lambda: deployment.has_read_all("scheduler"))
    await eventually(lambda: deployment.has_read_all("notifier"))

    sent = await deployment.read()
    assert_due_once(sent, until_last_day)
    assert_delivered_once(sent, until_last_day, EVERYBODY)
    # What was published and not committed is published again, under the same id: without repeats the kills have missed.
    assert max(repeats(sent.of_type("deadline.due")).values()) > 1
    assert max(repeats(sent.on(*MESSAGE_TOPICS)).values()) > 1


async def _publish_people(deployment: Deployment) -> list[Record]:
    """Put everybody's note and contacts on Kafka; returns the notes."""
    for person in EVERYBODY:
        deployment.seeded |= person.identities
    notes = [note(person, MONDAY, 60, at=PUBLISHED) for person in EVERYBODY]
    await deployment.publish(notes)
    for person in EVERYBODY:
        await deployment.publish(contacts(person, at=PUBLISHED))
    return notes


async def _see_killed(deployment: Deployment, service: ServiceName, point: str) -> None:
    """Start the service and wait until it has killed itself at that point."""
    program = ("-m", "tests.chaos.killed_program", service, point)
    process = await deployment.start(service, program=program)
    assert await process.exit_code() == -signal.SIGKILL


async def _have_left(deployment: Deployment, topics: Sequence[str], ids: set[str]) -> None:
    async def ask() -> bool:
        return ids <= repeats((await deployment.read()).on(*topics)).keys()

    await eventually(ask, what="what is owed")


async def _kill_when_it_sends(
    deployment: Deployment, process: Process, topics: Sequence[str], after_seconds: float
) -> None:
    """Kill it from outside, so many seconds after the first record of a burst has left."""
    before = len((await deployment.read()).on(*topics))

    async def ask() -> bool:
        return len((await deployment.read()).on(*topics)) > before

    await eventually(ask, what="the burst")
    await asyncio.sleep(after_seconds)
    process.kill()
