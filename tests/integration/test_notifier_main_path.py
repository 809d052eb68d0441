"""A due event becomes the right messages, once: the notifier on a real PostgreSQL, turned by hand."""

from tests.notifier_parts import (
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
    """SPEC 6.1-6.3."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER))
        await it.take(anne(), manager(), adviser())
        await it.take(event)

        left = it.left()
        assert sorted(each.type for each in left) == [
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
    """SPEC 6.4."""
    sunday = oslo("2026-02-22T10:00:00")
    async with desk(database_url, sunday) as it:
        await it.take(anne(), due(at=sunday))
        assert await it.states() == [("employee", "sms", "waiting", "window")]
        assert await it.notifier.next_due_at() == oslo("2026-02-23T09:00:00")
        await it.until(oslo("2026-02-23T09:00:00"))
        (sms,) = it.left()
        assert sms.at == oslo("2026-02-23T09:00:00")


async def test_a_withdrawal_that_comes_first_leaves_nothing_to_send(database_url: str) -> None:
    """SPEC 6.1."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER))
        await it.take(anne(), manager(), organisation())
        await it.take(withdrawal(event, at=TUESDAY, recipients=(MANAGER,)))
        await it.take(event)
        assert [each.type for each in it.left()] == ["sms.requested"]
