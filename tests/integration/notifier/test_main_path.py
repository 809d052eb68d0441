"""A due event becomes the right messages, once: the notifier on a real PostgreSQL, turned by hand."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from services.notifier.sending.limits import Limits
from tests.support.notifier_desk import (
    ADVISER,
    EMPLOYEE,
    MANAGER,
    adviser,
    anne,
    desk,
    due,
    manager,
    organisation,
    oslo,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")


async def test_a_due_event_becomes_an_sms_an_email_and_an_adviser_task(database_url: str) -> None:
    """contract 6.1-6.3."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER))
        await it.receive_and_send(anne(), manager(), adviser())
        await it.receive_and_send(event)

        left = it.left()
        assert sorted(message.type for message in left) == [
            "adviser_task.opened",
            "email.requested",
            "sms.requested",
        ]
        (sms,) = it.left("sms.requested")
        assert sms.data["to"] == "+4790000001"
        assert (sms.id, sms.key) == (sms.data["delivery_id"], sms.data["delivery_id"])
        assert sms.at == TUESDAY
        (email,) = it.left("email.requested")
        assert email.data["to"] == "leder@example.invalid"
        (task,) = it.left("adviser_task.opened")
        assert (task.data["office"], task.data["adviser_id"]) == ("0219", "Z990001")
        assert task.data["due_on"] == "2026-02-27"
        assert await it.notifier.next_due_at() is None


async def test_sunday_waits_for_monday_nine(database_url: str) -> None:
    """contract 6.4."""
    sunday = oslo("2026-02-22T10:00:00")
    async with desk(database_url, sunday) as it:
        await it.receive_and_send(anne(), due(at=sunday))
        assert await it.states() == [("employee", "sms", "waiting", "window")]
        assert await it.notifier.next_due_at() == oslo("2026-02-23T09:00:00")
        await it.until(oslo("2026-02-23T09:00:00"))
        (sms,) = it.left()
        assert sms.at == oslo("2026-02-23T09:00:00")


async def test_a_withdrawal_that_comes_first_leaves_nothing_to_send(database_url: str) -> None:
    """contract 6.1."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER))
        await it.receive_and_send(anne(), manager(), organisation())
        await it.receive_and_send(withdrawal(event, at=TUESDAY, recipients=(MANAGER,)))
        await it.receive_and_send(event)
        assert [message.type for message in it.left()] == ["sms.requested"]


async def test_the_same_records_again_and_in_another_order_change_nothing(
    database_url: str,
) -> None:
    """contract 2, 6.1: repeats are recognised by what they mean."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER))
        gone = withdrawal(event, at=TUESDAY, recipients=(ADVISER,))
        people = (anne(), manager(), adviser())
        await it.receive_and_send(*people, event, gone)
        before = (it.left(), await it.states())
        await it.receive_and_send(gone, *reversed(people), event, event)
        await it.receive_and_send(event)
        assert (it.left(), await it.states()) == before


async def test_killed_after_sending_and_before_writing_it_down_it_sends_the_same_id_again(
    database_url: str,
) -> None:
    """contract 13.4, 15: the lease runs out, and the receiver can see the repeat."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        await it.kill_while_sending()
        (sms,) = it.left()
        assert await it.states() == [("employee", "sms", "sending", None)]

        assert not await it.another().turn(TUESDAY + timedelta(minutes=1))
        await it.until(TUESDAY + timedelta(minutes=3))
        again = it.left("sms.requested")
        assert [message.id for message in again] == [sms.id, sms.id]
        assert await it.states() == [("employee", "sms", "sent", None)]


async def test_two_processes_send_each_message_once(database_url: str) -> None:
    """contract 13.13: SKIP LOCKED gives each row to one of them."""
    async with desk(database_url, TUESDAY, limits=Limits(ceiling_per_hour=1000)) as it:
        people = [f"{day:02d}81{number:07d}" for day in (1, 2) for number in range(120)]
        await it.notifier.handle(
            [it.offsets.record(anne(person_id=person), TUESDAY) for person in people]
        )
        await it.notifier.handle(
            [
                it.offsets.record(due(at=TUESDAY, person_id=person, generation=number), TUESDAY)
                for number, person in enumerate(people, 1)
            ]
        )
        other = it.another()
        for _ in range(3):
            await asyncio.gather(it.notifier.turn(TUESDAY), other.turn(TUESDAY))
        ids = [message.id for message in it.left("sms.requested")]
        assert len(ids) == len(set(ids)) == len(people)


async def test_a_checkpoint_that_nobody_here_knows_is_told_too(database_url: str) -> None:
    """contract 4: rulebooks are others' to write."""
    async with desk(database_url, TUESDAY) as it:
        event = due(
            "some_checkpoint", "some_step", at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER)
        )
        await it.receive_and_send(anne(), manager(), adviser(), event)
        types = sorted(message.type for message in it.left())
        assert types == ["adviser_task.opened", "email.requested", "sms.requested"]
        (task,) = it.left("adviser_task.opened")
        assert (task.data["checkpoint"], task.data["step"]) == ("some_checkpoint", "some_step")
        assert (task.data["priority"], task.data["due_on"]) == ("normal", "2026-02-27")


async def test_the_employee_reads_the_language_of_the_register(database_url: str) -> None:
    """contract 6.5."""
    async with desk(database_url, TUESDAY) as it:
        for language in ("nb", "nn", "en"):
            person = {"nb": "14838511253", "nn": "02917920144", "en": "23869033316"}[language]
            generation = {"nb": 1, "nn": 2, "en": 3}[language]
            await it.receive_and_send(
                anne(person_id=person, language=language),
                due(at=TUESDAY, person_id=person, generation=generation),
            )
        texts = {message.data["text"] for message in it.left("sms.requested")}
        assert len(texts) == 3


async def test_a_task_that_is_shown_later_waits_for_its_day(database_url: str) -> None:
    """contract 4: `show_on`, as in the rulebook nav-2026."""
    async with desk(database_url, TUESDAY) as it:
        event = due(
            "dialogue_meeting_2_assessment", "assess",
            at=TUESDAY, recipients=(ADVISER,), show_on=date(2026, 3, 3),
        )  # fmt: skip
        await it.receive_and_send(anne(), adviser(), event)
        assert await it.states() == [("adviser", "adviser_task", "waiting", "show_on")]
        await it.until(oslo("2026-03-04T00:00:00"))
        (task,) = it.left()
        assert task.at == oslo("2026-03-03T09:00:00")
        assert task.data["due_on"] == "2026-03-17"


async def test_what_waits_too_long_expires(database_url: str) -> None:
    """contract 6.4: past `not_after` nothing is sent, and the row says why."""
    saturday = oslo("2026-02-21T21:00:00")
    async with desk(database_url, saturday) as it:
        await it.receive_and_send(anne(), due(at=saturday, not_after=oslo("2026-02-23T09:00:00")))
        await it.until(oslo("2026-02-24T09:00:00"))
        assert it.left() == []
        assert await it.states() == [("employee", "sms", "expired", "not_after")]
