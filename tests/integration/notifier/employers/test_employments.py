"""An employment ends its employer's duties on the day after the one that it names, and not before (contract 7)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.messages import Recipient
from schemas.nav_messages import LineManagerVersion
from schemas.wire import Decoded, Envelope, Record, decode
from services.notifier.domain.delivery import Delivery
from services.notifier.jobs.end_employments import end_employments
from services.notifier.store import begin_on
from tests.support.notifier_desk import (
    BYGG,
    EMPLOYEE,
    MANAGER,
    Desk,
    adviser,
    anne,
    desk,
    due,
    manager,
    organisation,
    oslo,
)

LAST_DAY = date(2026, 2, 24)
ON_THE_DAY = oslo("2026-02-24T09:00:00")
STEPS = (
    *("follow_up_plan", "dialogue_meeting_1", "meeting_need", "meeting_plan"),
    *("plan_requested", "exemption_notice"),
)


def days_after(days: int) -> datetime:
    return ON_THE_DAY + timedelta(days=days)


async def told(it: Desk, checkpoint: str, at: datetime) -> list[str]:
    """Who is told of a step that falls due then: the channels' addresses, and `task` for one of an adviser."""
    kinds = ("email.requested", "adviser_task.opened")
    before = len(it.left(*kinds))
    it.clock.turn(at)
    await it.receive_and_send(due(checkpoint, "deadline", at=at, recipients=(MANAGER,)))
    return [left.data.get("to", "task") for left in it.left(*kinds)[before:]]


@pytest.mark.parametrize("active", [True, False])
async def test_the_employer_is_told_until_the_day_itself_and_no_longer(
    database_url: str, active: bool
) -> None:
    """Known long before, with the manager still there or gone already: then the organisation is told."""
    to = "leder@example.invalid" if active else "post@kafe.example.invalid"
    async with desk(database_url, days_after(-20)) as it:
        await it.receive(anne(), organisation(), adviser())
        await it.receive(manager(active=active, ended_on=LAST_DAY))
        assert await told(it, STEPS[0], days_after(-20)) == [to]
        assert await told(it, STEPS[1], days_after(-1)) == [to]
        assert await told(it, STEPS[2], days_after(0)) == [to]
        assert await told(it, STEPS[3], days_after(1)) == []
        assert await told(it, STEPS[4], days_after(30)) == []


async def test_only_that_employers_share_ends(database_url: str) -> None:
    other = Recipient(role="line_manager", org_number=BYGG)
    async with desk(database_url, days_after(1)) as it:
        await it.receive(anne(), manager(ended_on=LAST_DAY))
        await it.receive(manager(org_number=BYGG, email="bygg@example.invalid"))
        event = due(at=it.now, recipients=(EMPLOYEE, MANAGER, other))
        await it.receive_and_send(event)
        assert {left.data["to"] for left in it.left()} == {"+4790000001", "bygg@example.invalid"}
        assert ("line_manager", "email", "cancelled", "employment_ended") in await it.states()


async def test_a_correction_of_the_day_counts_from_then_on(database_url: str) -> None:
    async with desk(database_url, days_after(-5)) as it:
        await it.receive(anne(), manager(ended_on=LAST_DAY))
        await it.receive(manager(ended_on=LAST_DAY + timedelta(days=10)))
        assert await told(it, STEPS[0], days_after(1)) == ["leder@example.invalid"]
        it.clock.turn(days_after(2))
        await it.receive(manager(ended_on=LAST_DAY + timedelta(days=1)))
        assert await told(it, STEPS[1], days_after(2)) == []
        it.clock.turn(days_after(3))
        await it.receive(manager(ended_on=None))
        assert await told(it, STEPS[2], days_after(3)) == ["leder@example.invalid"]


async def test_an_end_is_known_before_anything_else_is(database_url: str) -> None:
    """Before the employee's case, before the employee's own contacts, and before any manager."""
    async with desk(database_url, days_after(-30)) as it:
        await it.receive(manager(active=False, email=None, ended_on=LAST_DAY))
        await it.receive(organisation())
        assert await told(it, STEPS[0], days_after(0)) == ["post@kafe.example.invalid"]
        await it.receive_and_send(anne())
        assert await told(it, STEPS[1], days_after(1)) == []


async def test_a_new_employment_with_the_same_employer_is_one(database_url: str) -> None:
    async with desk(database_url, days_after(0)) as it:
        await it.receive(anne(), manager(ended_on=LAST_DAY))
        it.clock.turn(days_after(42))
        await it.receive(manager(email="ny@example.invalid"))
        assert await told(it, STEPS[0], days_after(42)) == ["ny@example.invalid"]


async def test_what_waits_over_the_end_is_never_sent(database_url: str) -> None:
    """Held back by hand on the last day, let go on the next."""
    async with desk(database_url, ON_THE_DAY) as it:
        await it.receive(anne(), manager(ended_on=LAST_DAY))
        await it.pause("email", "test")
        assert await told(it, STEPS[0], ON_THE_DAY) == []
        it.clock.turn(days_after(1))
        await it.resume("email")
        await it.settle()
        assert it.left() == []
        assert await it.states() == [("line_manager", "email", "cancelled", "employment_ended")]


async def _ended(it: Desk) -> int:
    """The job, as it runs each quarter of an hour, where tasks alone can be taken back."""

    def can_close(delivery: Delivery, now: datetime) -> bool:
        return delivery.channel == "adviser_task"

    return await end_employments(begin_on(it.pool), can_close, it.now)


async def test_what_stands_is_taken_back_on_the_day_after(database_url: str) -> None:
    """A task in the employer's place, and an e-mail that may not have been sent yet."""
    async with desk(database_url, days_after(-1)) as it:
        await it.receive(anne(), adviser(), manager(active=False, ended_on=LAST_DAY))
        assert await told(it, STEPS[0], days_after(-1)) == ["task"]
        it.clock.turn(days_after(0))
        assert await _ended(it) == 0
        it.clock.turn(oslo("2026-02-25T00:01:00"))
        assert await _ended(it) == 1
        await it.settle()
        (closed,) = it.left("adviser_task.closed")
        assert closed.data["reason"] == "employment_ended"
        assert await _ended(it) == 0
        it.clock.turn(days_after(29))
        assert await _ended(it) == 0
        assert len(it.left()) == 2


RELATIONS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "the employment ends ahead": (
        {"employment_ended": True, "ended_on": LAST_DAY},
        ["leder@example.invalid"],
        [],
    ),
    "the relation alone ends ahead": (
        {"ended_on": LAST_DAY},
        ["leder@example.invalid"],
        ["post@kafe.example.invalid"],
    ),
}


@pytest.mark.parametrize("name", RELATIONS)
async def test_a_relation_of_nav_ends_with_its_last_day(database_url: str, name: str) -> None:
    change, until_then, afterwards = RELATIONS[name]
    version = LineManagerVersion("a-relation", manager(), ON_THE_DAY, **change)

    def decoded(record: Record) -> Decoded:
        if record.topic == "nav":
            return Envelope(version, "nav")
        return decode(record)

    async with desk(database_url, days_after(-3), decode=decoded) as it:
        await it.receive(anne(), organisation())
        await it.notifier.handle([Record("nav", None, b"{}", timestamp_ms=1, offset=1)])
        assert await told(it, STEPS[0], days_after(0)) == until_then
        assert await told(it, STEPS[1], days_after(1)) == afterwards
