"""Who is reached, and through which channel: each way as one story, on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.messages import Employer, Recipient
from services.notifier.sending.limits import Limits
from tests.support.notifier_desk import (
    ADVISER,
    BYGG,
    EMPLOYEE,
    MANAGER,
    SPECIAL_OFFICE,
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


@pytest.mark.parametrize(
    ("contact", "form"),
    [({"may_be_notified": False}, "digital"), ({}, "paper"), ({}, "foreign")],
)
async def test_who_may_not_be_reached_digitally_gets_a_letter(
    database_url: str, contact: dict[str, object], form: str
) -> None:
    """contract 6.3: reserved, or a paper or foreign note."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(**contact), due(at=TUESDAY, form=form))
        (letter,) = it.left()
        assert letter.type == "letter.requested"
        assert letter.data["template"] == "dialogue_meeting_1.deadline"
        assert letter.data["person_id"] == "14838511253"


async def test_a_paper_note_leaves_the_line_managers_email_alone(database_url: str) -> None:
    """contract 6.3: the employee's side only."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, form="paper", recipients=(EMPLOYEE, MANAGER))
        await it.receive_and_send(anne(), manager(), event)
        assert sorted(message.type for message in it.left()) == [
            "email.requested",
            "letter.requested",
        ]


async def test_a_reservation_made_while_the_sms_waited_turns_it_into_a_letter(
    database_url: str,
) -> None:
    """contract 6.3: the register is looked up again at each attempt."""
    sunday = oslo("2026-02-22T10:00:00")
    async with desk(database_url, sunday) as it:
        await it.receive_and_send(anne(), due(at=sunday))
        it.clock.turn(sunday + timedelta(hours=1))
        await it.receive_and_send(anne(may_be_notified=False))
        await it.until(oslo("2026-02-23T09:00:00"))
        assert [message.type for message in it.left()] == ["letter.requested"]
        assert await it.states() == [
            ("employee", "letter", "sent", None),
            ("employee", "sms", "cancelled", "reserved"),
        ]


@pytest.mark.parametrize("phone", [None, "not a number", "12345"])
async def test_without_a_phone_number_it_is_an_email(database_url: str, phone: str | None) -> None:
    """contract 6.7: the next channel."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(phone=phone), due(at=TUESDAY))
        (email,) = it.left()
        assert (email.type, email.data["to"]) == ("email.requested", "anne@example.invalid")


async def test_somebody_with_neither_phone_nor_email_gets_a_letter(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(phone=None, email="a@example.invalid, b@example.invalid"))
        await it.receive_and_send(due(at=TUESDAY))
        assert [message.type for message in it.left()] == ["letter.requested"]


async def test_a_person_without_a_record_gets_a_letter_a_day_later(database_url: str) -> None:
    """contract 6.3: asked again for 24 hours, then a letter."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(due(at=TUESDAY))
        assert await it.states() == [("employee", "sms", "waiting", "register")]
        await it.until(TUESDAY + timedelta(hours=23, minutes=59))
        assert it.left() == []
        await it.until(TUESDAY + timedelta(hours=24))
        (letter,) = it.left()
        assert (letter.type, letter.at) == ("letter.requested", TUESDAY + timedelta(hours=24))


async def test_a_record_that_comes_within_the_day_sends_the_sms_at_once(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(due(at=TUESDAY))
        it.clock.turn(TUESDAY + timedelta(minutes=20))
        await it.receive_and_send(anne())
        (sms,) = it.left()
        assert (sms.type, sms.at) == ("sms.requested", TUESDAY + timedelta(minutes=20))


async def test_no_line_manager_means_the_organisation_and_else_an_adviser_task(
    database_url: str,
) -> None:
    """contract 6.2: never a silent drop."""
    async with desk(database_url, TUESDAY, limits=Limits(timedelta(0))) as it:
        await it.receive_and_send(anne(), adviser(), organisation())
        await it.receive_and_send(due(at=TUESDAY, recipients=(MANAGER,)))
        (email,) = it.left()
        assert email.data["to"] == "post@kafe.example.invalid"

        await it.receive_and_send(organisation(email=None), manager(email=None))
        await it.receive_and_send(due(at=TUESDAY, recipients=(MANAGER,), generation=2))
        (task,) = it.left("adviser_task.opened")
        assert (task.data["step"], task.data["adviser_id"]) == ("no_line_manager", "Z990001")
        assert (task.data["priority"], task.data["due_on"]) == ("normal", "2026-02-27")


async def test_each_employers_line_manager_is_told(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        employers = (Employer(org_number="310200107"), Employer(org_number=BYGG))
        await it.receive_and_send(
            anne(), manager(), manager(org_number=BYGG, email="sjef@example.invalid")
        )
        await it.receive_and_send(due(at=TUESDAY, recipients=(MANAGER, other), employers=employers))
        to = sorted(message.data["to"] for message in it.left("email.requested"))
        assert to == ["leder@example.invalid", "sjef@example.invalid"]


async def test_a_protected_address_never_reaches_the_employers_side(database_url: str) -> None:
    """contract 6.3: cancelled, and one task at the special office, however many employers."""
    async with desk(database_url, TUESDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        await it.receive_and_send(anne(protected=True), manager(), adviser())
        await it.receive_and_send(due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, other)))
        assert sorted(message.type for message in it.left()) == [
            "adviser_task.opened",
            "sms.requested",
        ]
        (task,) = it.left("adviser_task.opened")
        assert (task.data["office"], task.data["adviser_id"]) == (SPECIAL_OFFICE, None)
        assert task.data["step"] == "protected"
        assert await it.states() == [
            ("employee", "sms", "sent", None),
            ("line_manager", "adviser_task", "sent", None),
            ("line_manager", "email", "cancelled", "protected"),
            ("line_manager", "email", "cancelled", "protected"),
        ]


async def test_a_protection_that_becomes_known_while_the_email_waits_stops_it(
    database_url: str,
) -> None:
    sunday = oslo("2026-02-22T10:00:00")
    async with desk(database_url, sunday) as it:
        await it.receive_and_send(anne(), manager(), due(at=sunday, recipients=(MANAGER,)))
        it.clock.turn(sunday + timedelta(hours=1))
        await it.receive_and_send(anne(protected=True))
        await it.until(oslo("2026-02-23T09:00:00"))
        assert [message.type for message in it.left()] == ["adviser_task.opened"]


async def test_the_employers_side_waits_for_no_record_of_the_person(database_url: str) -> None:
    """contract 6.3: told at once, until a record says that the address is protected."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(manager(), due(at=TUESDAY, recipients=(MANAGER,)))
        assert [message.type for message in it.left()] == ["email.requested"]
        await it.receive_and_send(anne(protected=True))
        await it.receive_and_send(due(at=TUESDAY, recipients=(MANAGER,), generation=2))
        assert len(it.left("email.requested")) == 1


async def test_the_task_about_a_protection_ends_with_the_last_employer(database_url: str) -> None:
    """contract 6.8."""
    async with desk(database_url, TUESDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        event = due(at=TUESDAY, recipients=(MANAGER, other))
        await it.receive_and_send(anne(protected=True), event)
        await it.receive_and_send(withdrawal(event, at=TUESDAY, recipients=(MANAGER,)))
        assert it.left("adviser_task.closed") == []
        await it.receive_and_send(withdrawal(event, at=TUESDAY, recipients=(other,)))
        assert len(it.left("adviser_task.closed")) == 1


async def test_a_task_goes_to_the_adviser_named_unless_absent(database_url: str) -> None:
    """contract 6.2: the one named, else by office rules, with absence; nobody left means the queue."""
    async with desk(database_url, TUESDAY) as it:
        named = Recipient(role="adviser", adviser_id="Z990009")
        await it.receive_and_send(anne(), adviser(), adviser("Z990009", birth_days=None))
        await it.receive_and_send(due(at=TUESDAY, recipients=(named,)))
        await it.receive_and_send(adviser("Z990009", birth_days=None, absent=True))
        await it.receive_and_send(due(at=TUESDAY, recipients=(named,), generation=2))
        await it.receive_and_send(adviser(absent=True))
        await it.receive_and_send(due(at=TUESDAY, recipients=(ADVISER,), generation=3))
        desks = [(message.data["office"], message.data["adviser_id"]) for message in it.left()]
        assert desks == [("0219", "Z990009"), ("0219", "Z990001"), ("0219", None)]
