"""What holds messages back: the interval, the ceiling, the brake (contract 6.9)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from services.notifier.sending.limits import Limits
from tests.support.notifier_desk import MANAGER, anne, desk, due, manager, oslo

TUESDAY = oslo("2026-02-24T09:00:00")
DAY = timedelta(hours=24)


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
        events = [due(at=TUESDAY, generation=number) for number in range(1, 9)]
        await it.receive(anne(), *events)
        others = [it.another() for _ in range(4)]
        await asyncio.gather(*(process.turn(TUESDAY) for process in others))
        await it.settle()
        assert len(it.left()) == 1


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
