"""A publisher in a loop about one person, and somebody else behind it, on running services (contract 8, 13.7)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest

from schemas.messages import EmailRequested, SmsRequested
from schemas.wire import Record
from services.scheduler.domain.facts.bounds import THINGS_MAX
from tests.support.scheduler_bench import ANNE, BJORN, FACTS, KAFE, event, fact, note
from tests.support.service_processes import Deployment, data
from tests.support.waiting import SLOWNESS, eventually

# A Monday at 10:00 in Oslo: messages may leave.
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
LOOP = 10_000
WITHIN_SECONDS = 15
PHONE, EMAIL = "+4790000001", "manager@kafe.example"
CONTACTS = "stoppunkt.contacts.v1"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(AT)
    return deployment


async def test_ten_thousand_facts_of_one_person_hold_up_nobody_else(
    deployment: Deployment,
) -> None:
    """From Kafka's answer to the other's records to their messages on Kafka; both services are ready all the time.

    One of these records stands behind the loop in its own partition.
    """
    services = [await deployment.start("scheduler"), await deployment.start("notifier")]
    for service in services:
        await eventually(service.is_working)
    contact = {"may_be_notified": True, "language": "nb", "protected": False, "phone": PHONE}
    manager = {"org_number": KAFE, "email": EMAIL, "active": True}
    await deployment.publish(
        [
            event(CONTACTS, "person_contact.changed", AT, "p", person_id=BJORN, **contact),
            event(CONTACTS, "line_manager.changed", AT, "m", person_id=BJORN, **manager),
            note_of(ANNE),
        ]
    )
    await eventually(lambda: deployment.has_read_all("notifier"))
    deployment.seeded |= {ANNE, BJORN, PHONE, EMAIL}

    await deployment.publish(
        fact(
            AT,
            "dialogue_meeting.cancelled",
            person=ANNE,
            meeting=2,
            meeting_id=f"9c2f7d10-8a3e-5b4c-9d6f-2e1a{number:08}",
        )
        for number in range(LOOP)
    )
    asked = fact(
        AT, "follow_up_plan.requested", person=BJORN, org_number=KAFE, adviser_id="Z990001"
    )
    await deployment.publish([note_of(BJORN), asked])
    since = time.monotonic()
    faults: list[dict[str, str] | None] = []
    while not await left_for_the_other(deployment):
        assert time.monotonic() - since < WITHIN_SECONDS * SLOWNESS
        faults += [await service.health("ready") for service in services]

    assert faults
    assert not any(faults)
    await eventually(lambda: deployment.has_read_all("scheduler"))
    dead = (await deployment.read()).on(f"{FACTS}.dead")
    stored = await deployment.sql(
        "select count(*) from scheduler.facts where type like 'dialogue%'"
    )
    assert (stored, len(dead)) == (THINGS_MAX, LOOP - THINGS_MAX)
    assert list(deployment.leaks()) == []


def note_of(person: str) -> Record:
    """22 days into a leave: the reminder about the plan is late by a day, and leaves at once."""
    return note(AT, date(2025, 12, 14), 60, person=person, note_id=f"note-of-{person[:2]}")


async def left_for_the_other(deployment: Deployment) -> bool:
    """Whether the reminder has been sent to the employee, and the request for the plan to the line manager."""
    sent = (await deployment.read()).on(SmsRequested.topic, EmailRequested.topic)
    receivers = {data(record)["to"] for record in sent}
    return {PHONE, EMAIL} <= receivers
