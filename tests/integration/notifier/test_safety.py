"""What holds messages back: the interval, the ceiling, the brake (contract 6.9)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from services.notifier.sending.limits import Limits
from tests.support.notifier_desk import MANAGER, anne, desk, due, manager, oslo

TUESDAY = oslo("2026-02-24T09:00:00")
DAY, HOUR = timedelta(hours=24), timedelta(hours=1)


async def test_two_messages_to_one_recipient_about_one_person_are_a_day_apart(
    database_url: str,
) -> None:
    """Waits, never drops."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(
            anne(), due(at=TUESDAY), due("meeting_need", "question", at=TUESDAY)
        )
        assert sorted(row[2:] for row in await it.states()) == [
            ("sent", None),
            ("waiting", "interval"),
        ]
        await it.until(TUESDAY + DAY)
        assert [message.at for message in it.left()] == [TUESDAY, TUESDAY + DAY]


async def test_a_manager_of_many_is_not_held_up(database_url: str) -> None:
    """The interval is about one recipient and one person."""
    async with desk(database_url, TUESDAY) as it:
        for number in range(1, 4):
            person = f"01810{number:06d}"
            event = due(at=TUESDAY, person_id=person, recipients=(MANAGER,), generation=number)
            await it.receive_and_send(anne(person_id=person), manager(person_id=person), event)
        assert len(it.left("email.requested")) == 3


async def test_two_processes_keep_the_interval_together(database_url: str) -> None:
    """One statement gives the slot to one of them."""
    async with desk(database_url, TUESDAY) as it:
        in_a_week = TUESDAY.date() + timedelta(days=7)
        events = [due(at=TUESDAY, due_on=in_a_week, generation=n) for n in range(1, 9)]
        await it.receive(anne(), *events)
        others = [it.another() for _ in range(4)]
        await asyncio.gather(*(process.turn(TUESDAY) for process in others))
        await it.settle()
        assert len(it.left()) == 1


async def test_of_what_is_ready_for_somebody_the_nearest_date_leaves_first(
    database_url: str,
) -> None:
    """A request that came first names a later date than the deadline; both have waited for the night to be over."""
    night = TUESDAY - timedelta(hours=13)
    async with desk(database_url, night) as it:
        later = due("plan_requested", "reminder", at=night, recipients=(MANAGER,), **_legal(7))
        nearer = due(at=night, recipients=(MANAGER,), **_legal(3))
        nearest = due("follow_up_plan", "deadline", at=night, recipients=(MANAGER,), **_legal(2))
        await it.receive_and_send(anne(), manager(), later)
        await it.receive_and_send(nearer, nearest)
        await it.until(TUESDAY + 3 * DAY)
        assert [(mail.at, mail.data["subject"]) for mail in it.left("email.requested")] == [
            (TUESDAY, "Gjør oppfølgingsplanen ferdig"),
            (TUESDAY + DAY, "Hold dialogmøte"),
            (TUESDAY + 2 * DAY, "Send oppfølgingsplanen til Nav"),
        ]


async def test_the_interval_holds_nothing_past_the_last_open_hour_of_its_date(
    database_url: str,
) -> None:
    """At nine for tomorrow, at ten for today; then one for tomorrow, which can wait until then."""
    async with desk(database_url, TUESDAY) as it:
        first = due("follow_up_plan", "deadline", at=TUESDAY, recipients=(MANAGER,), **_legal(1))
        await it.receive_and_send(anne(), manager(), first)
        it.clock.turn(TUESDAY + HOUR)
        await it.receive_and_send(due(at=it.now, recipients=(MANAGER,), **_legal(0)))
        it.clock.turn(TUESDAY + 2 * HOUR)
        await it.receive_and_send(
            due("plan_requested", "reminder", at=it.now, recipients=(MANAGER,), **_legal(1))
        )
        await it.until(TUESDAY + 3 * DAY)
        times = [mail.at for mail in it.left("email.requested")]
        assert times == [TUESDAY, TUESDAY + HOUR, TUESDAY + HOUR + DAY]


async def test_before_a_sunday_the_last_window_is_saturdays(database_url: str) -> None:
    """At noon on Saturday the 28th of February, a second message that names Sunday the 1st of March."""
    noon = oslo("2026-02-28T12:00:00")
    async with desk(database_url, noon) as it:
        sunday: dict[str, Any] = {"due_on": date(2026, 3, 1), "legal_on": date(2026, 3, 1)}
        monday: dict[str, Any] = {"due_on": date(2026, 3, 2), "legal_on": date(2026, 3, 2)}
        await it.receive_and_send(anne(), due("follow_up_plan", "deadline", at=noon, **sunday))
        it.clock.turn(noon + HOUR)
        await it.receive_and_send(
            due(at=it.now, **sunday), due("plan_requested", at=it.now, **monday)
        )
        assert [message.at for message in it.left()] == [noon, noon + HOUR]
        await it.until(noon + 3 * DAY)
        assert [message.at for message in it.left()][2:] == [oslo("2026-03-02T09:00:00")]


async def test_under_a_longer_interval_a_message_waits_for_the_last_window_of_its_date(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY, limits=Limits(3 * DAY)) as it:
        first = due("follow_up_plan", "deadline", at=TUESDAY, recipients=(MANAGER,), **_legal(0))
        second = due(at=TUESDAY, recipients=(MANAGER,), **_legal(2))
        await it.receive_and_send(anne(), manager(), first, second)
        await it.until(TUESDAY + 4 * DAY)
        assert [mail.at for mail in it.left()] == [TUESDAY, TUESDAY + 2 * DAY]


async def test_past_the_ceiling_the_nearest_dates_leave_first(database_url: str) -> None:
    """Two an hour; six people, whose deadlines are published in the order of the farthest date first."""
    limits = Limits(ceiling_per_hour=2)
    async with desk(database_url, TUESDAY, limits=limits) as it:
        for days in reversed(range(1, 7)):
            person = f"01810{days:06d}"
            event = due(at=TUESDAY, person_id=person, generation=days, **_legal(days))
            await it.receive(anne(person_id=person, phone=f"+479000000{days}"), event)
        await it.until(TUESDAY + 3 * HOUR)
        phones = [sms.data["to"][-1] for sms in it.left("sms.requested")]
        assert [sorted(phones[i : i + 2]) for i in (0, 2, 4)] == [
            ["1", "2"],
            ["3", "4"],
            ["5", "6"],
        ]


async def test_a_claim_takes_the_nearest_dates_of_what_is_ready_at_one_instant(
    database_url: str,
) -> None:
    """More may be ready than one claim takes."""
    async with desk(database_url, TUESDAY) as it:
        for days in (5, 1, 4, 2, 3):
            person = f"01810{days:06d}"
            event = due(at=TUESDAY, person_id=person, generation=days, **_legal(days))
            await it.receive(anne(person_id=person), event)
        async with it.begin() as tables:
            claimed = await tables.deliveries.claim(TUESDAY, TUESDAY + HOUR, 3)
        named = sorted(one.date_named for one in claimed if one.date_named is not None)
        assert named == [TUESDAY.date() + timedelta(days=days) for days in (1, 2, 3)]


def _legal(days: int) -> dict[str, Any]:
    """The last day for it, so many days after that Tuesday."""
    day = TUESDAY.date() + timedelta(days=days)
    return {"due_on": day, "legal_on": day}


async def test_what_was_cancelled_holds_up_nobody(database_url: str) -> None:
    """A message that never left gives its slot back."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(
            anne(phone=None, email=None, may_be_notified=True), due(at=TUESDAY)
        )
        assert [message.type for message in it.left()] == ["letter.requested"]
        it.clock.turn(TUESDAY + DAY)
        await it.receive_and_send(anne(), due("meeting_need", "question", at=it.now))
        assert [message.type for message in it.left()] == ["letter.requested", "sms.requested"]


async def test_past_the_ceiling_of_an_hour_the_rest_waits_for_the_next(database_url: str) -> None:
    async with desk(database_url, TUESDAY, limits=Limits(ceiling_per_hour=3)) as it:
        for number in range(1, 6):
            person = f"01810{number:06d}"
            event = due(at=TUESDAY, person_id=person, generation=number)
            await it.receive_and_send(anne(person_id=person), event)
        assert len(it.left()) == 3
        waiting = [delivery for delivery in await it.deliveries() if delivery.state == "waiting"]
        assert {(delivery.wait_reason, delivery.attempts) for delivery in waiting} == {("brake", 0)}
        await it.until(TUESDAY + timedelta(hours=1))
        assert [message.at for message in it.left()] == [TUESDAY] * 3 + [
            TUESDAY + timedelta(hours=1)
        ] * 2


async def test_the_brake_stops_one_channel_until_it_is_let_go(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.pause("sms", "wrong text")
        await it.receive_and_send(
            anne(), manager(), due(at=TUESDAY, recipients=(MANAGER,)), due(at=TUESDAY, generation=2)
        )
        assert [message.type for message in it.left()] == ["email.requested"]
        (brake,) = await it.brakes()
        assert (brake.channel, brake.why) == ("sms", "wrong text")
        it.clock.turn(TUESDAY + timedelta(minutes=7))
        await it.resume("sms")
        await it.settle()
        (sms,) = it.left("sms.requested")
        assert sms.at == it.now
        assert await it.brakes() == []
