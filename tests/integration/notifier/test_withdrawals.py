"""What is withdrawn is not sent, and what was sent is taken back, by the id that it was sent with (contract 6.8)."""

from __future__ import annotations

from datetime import timedelta

from schemas.messages import Recipient
from services.notifier.channels.canonical import KafkaAdviserTask, KafkaEmail, KafkaLetter, KafkaSms
from services.notifier.domain.delivery import Outcome
from services.notifier.ports import Outgoing
from tests.support.notifier_desk import (
    ADVISER,
    BYGG,
    EMPLOYEE,
    KAFE,
    MANAGER,
    adviser,
    anne,
    basis,
    desk,
    due,
    manager,
    oslo,
    receipt,
    updated,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")
SUNDAY = oslo("2026-02-22T10:00:00")


async def test_what_still_waits_is_cancelled_with_the_reason(database_url: str) -> None:
    async with desk(database_url, SUNDAY) as it:
        event = due(at=SUNDAY)
        await it.receive_and_send(anne(), event)
        await it.receive_and_send(withdrawal(event, at=SUNDAY))
        await it.until(TUESDAY)
        assert it.left() == []
        assert await it.states() == [("employee", "sms", "cancelled", "done:held")]


async def test_an_open_task_is_closed_by_the_id_that_it_was_opened_with(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(ADVISER,))
        await it.receive_and_send(anne(), adviser(), event)
        (opened,) = it.left()
        await it.receive_and_send(receipt(opened.id, "delivered", at=TUESDAY))
        it.clock.turn(TUESDAY + timedelta(days=40))
        await it.receive_and_send(withdrawal(event, at=it.now))
        (closed,) = it.left("adviser_task.closed")
        assert closed.data == {"task_id": opened.id, "reason": "done:held"}
        assert closed.at == it.now
        assert await it.states() == [("adviser", "adviser_task", "closed", "done:held")]


async def test_an_sms_that_nobody_has_confirmed_is_called_back_and_an_old_one_is_not(
    database_url: str,
) -> None:
    """Past `not_after` the receiver would not send it any more, so there is nothing to call back."""
    async with desk(database_url, TUESDAY) as it:
        first, second = due(at=TUESDAY), due("meeting_need", "question", at=TUESDAY)
        await it.receive_and_send(anne(), first)
        (sms,) = it.left()
        await it.receive_and_send(withdrawal(first, at=TUESDAY))
        (twin,) = it.left("sms.cancelled")
        assert twin.data == {"delivery_id": sms.id, "reason": "done:held"}
        it.clock.turn(TUESDAY + timedelta(days=2))
        await it.receive_and_send(second)
        it.clock.turn(TUESDAY + timedelta(days=20))
        await it.receive_and_send(withdrawal(second, at=it.now))
        assert len(it.left("sms.requested")) == 2
        assert len(it.left("sms.cancelled")) == 1


async def test_an_answer_of_one_party_leaves_the_others_reminder_alone(database_url: str) -> None:
    async with desk(database_url, SUNDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        event = due("meeting_need", "reminder", at=SUNDAY, recipients=(EMPLOYEE, MANAGER, other))
        await it.receive_and_send(anne(), manager(), manager(org_number=BYGG), event)
        await it.receive_and_send(
            withdrawal(event, at=SUNDAY, recipients=(MANAGER,), detail="answered")
        )
        await it.until(TUESDAY)
        assert sorted(message.type for message in it.left()) == ["email.requested", "sms.requested"]
        deliveries = await it.deliveries()
        assert [
            delivery.org_number for delivery in deliveries if delivery.state == "cancelled"
        ] == [KAFE]


async def test_a_withdrawal_that_comes_while_the_message_is_on_its_way_calls_it_back(
    database_url: str,
) -> None:
    """contract 15: killed between sending and writing it down, and withdrawn before it is tried again."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(ADVISER,))
        await it.receive(anne(), adviser(), event)
        await it.kill_while_sending()
        await it.receive_and_send(withdrawal(event, at=TUESDAY))
        assert [message.type for message in it.left()] == ["adviser_task.opened"]
        await it.until(TUESDAY + timedelta(minutes=5))
        assert [message.type for message in it.left()] == [
            "adviser_task.opened",
            "adviser_task.closed",
        ]
        opened, closed = it.left()
        assert closed.data["task_id"] == opened.data["task_id"]


async def test_a_withdrawal_that_is_handled_during_the_send_takes_it_back_right_after(
    database_url: str,
) -> None:
    """One process sends while another handles the withdrawal: neither overwrites the other."""
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY)

        class Interrupted(KafkaSms):
            async def send(self, outgoing: Outgoing) -> Outcome:
                await it.receive(withdrawal(event, at=TUESDAY))
                return await super().send(outgoing)

        it.parts["channels"] = [
            Interrupted(it.out), KafkaEmail(it.out), KafkaLetter(it.out), KafkaAdviserTask(it.out)
        ]  # fmt: skip
        it.notifier = it.another()
        await it.receive_and_send(anne(), event)
        assert [message.type for message in it.left()] == ["sms.requested", "sms.cancelled"]
        assert await it.states() == [("employee", "sms", "closed", "done:held")]


async def test_the_dead_get_nothing(database_url: str) -> None:
    """contract 6.3: neither what waited nor what fell due before the death was known."""
    async with desk(database_url, SUNDAY) as it:
        waiting, late = due(at=SUNDAY), due("meeting_need", "question", at=SUNDAY)
        await it.receive_and_send(anne(), waiting)
        await it.receive_and_send(withdrawal(waiting, at=SUNDAY, reason="died", detail=None), late)
        await it.until(TUESDAY)
        assert it.left() == []
        assert {delivery.reason for delivery in await it.deliveries()} == {"died"}


async def test_who_was_wrongly_said_to_be_dead_is_told_again(database_url: str) -> None:
    """contract 4.3: the next generation fires after the annulment."""
    async with desk(database_url, SUNDAY) as it:
        event = due(at=SUNDAY)
        await it.receive_and_send(
            anne(), event, withdrawal(event, at=SUNDAY, reason="died", detail=None)
        )
        it.clock.turn(TUESDAY)
        await it.receive_and_send(due(at=TUESDAY, generation=2))
        assert [message.type for message in it.left()] == ["sms.requested"]


async def test_a_changed_basis_updates_the_open_task_once(database_url: str) -> None:
    """contract 4.4; the highest revision stands, whatever comes when."""
    async with desk(database_url, TUESDAY) as it:
        event = due(
            "dialogue_meeting_2_assessment", "assess",
            at=TUESDAY, recipients=(ADVISER,), basis=basis(1),
        )  # fmt: skip
        await it.receive_and_send(anne(), adviser(), event)
        for revision in (3, 2, 3):
            await it.receive_and_send(updated(event, basis(revision), at=TUESDAY))
        (opened,) = it.left("adviser_task.opened")
        (update,) = it.left("adviser_task.updated")
        assert (update.data["task_id"], update.data["revision"]) == (opened.id, 3)


async def test_a_basis_that_comes_before_its_event_is_what_the_task_is_opened_with(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        event = due(
            "dialogue_meeting_2_assessment", "assess",
            at=TUESDAY, recipients=(ADVISER,), basis=basis(1),
        )  # fmt: skip
        await it.receive_and_send(updated(event, basis(2, wants_meeting=True), at=TUESDAY))
        await it.receive_and_send(anne(), adviser(), event)
        (opened,) = it.left()
        assert opened.data["basis"]["revision"] == 2
        assert (opened.data["priority"], opened.data["due_on"]) == ("high", "2026-03-10")


async def test_a_task_that_was_closed_is_not_updated_any_more(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(ADVISER,), basis=basis(1))
        await it.receive_and_send(anne(), adviser(), event, withdrawal(event, at=TUESDAY))
        await it.receive_and_send(updated(event, basis(2), at=TUESDAY))
        assert it.left("adviser_task.updated") == []
