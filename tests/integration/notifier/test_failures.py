"""What goes wrong on the way out is tried again, or goes another way, and is counted (contract 6.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from services.notifier.channels.canonical import KafkaAdviserTask, KafkaLetter
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from tests.support.notifier_desk import (
    EMPLOYEE,
    MANAGER,
    Desk,
    Out,
    anne,
    desk,
    due,
    manager,
    organisation,
    oslo,
    receipt,
)

TUESDAY = oslo("2026-02-24T09:00:00")


@dataclass
class Gateway:
    """A channel that gives these answers one after the other, and then takes every message."""

    kind: Kind
    answers: list[Outcome] = field(default_factory=list)
    for_ever: Outcome | None = None
    ids: list[str] = field(default_factory=list)
    closes: frozenset[State] = frozenset()

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.ids.append(outgoing.delivery_id)
        if self.for_ever is not None:
            return self.for_ever
        return self.answers.pop(0) if self.answers else Sent()

    async def close(self, recall: Recall) -> Outcome:
        raise AssertionError(f"{recall.delivery_id} was to be closed, and it closes nothing")


def channels(sms: Gateway, email: Gateway, out: Out) -> list[Channel]:
    return [sms, email, KafkaLetter(out), KafkaAdviserTask(out)]


def give_gateways(it: Desk, sms: Gateway, email: Gateway) -> None:
    it.parts["channels"] = channels(sms, email, it.out)
    it.notifier = it.another()


async def test_a_passing_failure_is_tried_again_with_the_same_id(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        sms, email = Gateway("sms", [Failed(permanent=False, reason="busy")] * 2), Gateway("email")
        give_gateways(it, sms, email)
        await it.receive_and_send(anne(), due(at=TUESDAY))
        assert await it.states() == [("employee", "sms", "waiting", "retry")]
        await it.until(TUESDAY + timedelta(minutes=59))
        assert len(sms.ids) == 3
        assert len(set(sms.ids)) == 1
        assert await it.states() == [("employee", "sms", "sent", None)]


async def test_ten_failures_are_enough_and_the_next_channel_follows(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        sms = Gateway("sms", for_ever=Failed(permanent=False, reason="busy"))
        email = Gateway("email")
        give_gateways(it, sms, email)
        await it.receive_and_send(anne(), due(at=TUESDAY))
        await it.until(TUESDAY + timedelta(days=2))
        assert (len(sms.ids), len(email.ids)) == (10, 1)
        assert await it.states() == [
            ("employee", "email", "sent", None),
            ("employee", "sms", "failed", "busy"),
        ]


async def test_every_channel_in_turn_and_at_last_an_adviser(database_url: str) -> None:
    """A permanent error ends at once; nobody is left with nothing."""
    never = Failed(permanent=True, reason="unknown_number")
    async with desk(database_url, TUESDAY) as it:
        give_gateways(it, Gateway("sms", for_ever=never), Gateway("email", for_ever=never))
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER))
        await it.receive_and_send(anne(), manager(), organisation(), event)
        assert [message.type for message in it.left()].count("letter.requested") == 1
        (letter,) = it.left("letter.requested")
        await it.receive_and_send(
            receipt(letter.id, "failed", at=TUESDAY, permanent=True, reason="no_address")
        )
        tasks = sorted(message.data["step"] for message in it.left("adviser_task.opened"))
        assert tasks == ["undelivered", "undelivered"]
        assert {row[:3] for row in await it.states()} == {
            ("employee", "sms", "failed"),
            ("employee", "email", "failed"),
            ("employee", "letter", "failed"),
            ("employee", "adviser_task", "sent"),
            ("line_manager", "email", "failed"),
            ("line_manager", "organisation_email", "failed"),
            ("line_manager", "adviser_task", "sent"),
        }


async def test_kafka_being_away_spends_no_attempt_and_changes_no_channel(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        it.out.fails = 30
        for minute in range(30):
            it.clock.turn(TUESDAY + timedelta(minutes=minute))
            with pytest.raises(ConnectionError):
                await it.notifier.turn(it.now)
        it.clock.turn(TUESDAY + timedelta(minutes=30))
        await it.settle()
        assert [message.type for message in it.left()] == ["sms.requested"]
        (delivery,) = await it.deliveries()
        assert (delivery.state, delivery.attempts) == ("sent", 0)


async def test_one_message_in_trouble_holds_up_no_other(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), manager(), due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER)))
        it.out.fails = 1
        with pytest.raises(ConnectionError):
            await it.notifier.turn(it.now)
        assert sorted(delivery.state for delivery in await it.deliveries()) == ["sent", "waiting"]


async def test_a_retry_that_would_leave_the_window_waits_for_the_morning(
    database_url: str,
) -> None:
    """contract 6.4: the window is asked at every attempt."""
    evening = oslo("2026-02-24T19:59:30")
    async with desk(database_url, evening) as it:
        sms = Gateway("sms", [Failed(permanent=False, reason="busy")])
        give_gateways(it, sms, Gateway("email"))
        await it.receive_and_send(anne(), due(at=evening))
        await it.until(oslo("2026-02-24T23:00:00"))
        assert len(sms.ids) == 1
        await it.until(oslo("2026-02-25T09:00:00"))
        assert len(sms.ids) == 2


async def test_a_gateway_that_only_fails_is_left_alone_for_a_while(database_url: str) -> None:
    """The breaker: the others wait without spending an attempt, and another channel is unaffected."""
    async with desk(database_url, TUESDAY) as it:
        sms = Gateway("sms", for_ever=Failed(permanent=False, reason="busy"))
        give_gateways(it, sms, Gateway("email"))
        people = [f"01810{number:06d}" for number in range(6)]
        for number, person in enumerate(people[:5]):
            await it.receive_and_send(
                anne(person_id=person), due(at=TUESDAY, person_id=person, generation=number + 1)
            )
        assert len(sms.ids) == 5
        await it.receive_and_send(anne(person_id=people[5]), manager(person_id=people[5]))
        await it.receive_and_send(
            due(at=TUESDAY, person_id=people[5], generation=6, recipients=(EMPLOYEE, MANAGER))
        )
        assert len(sms.ids) == 5
        untried = [
            delivery for delivery in await it.deliveries(people[5]) if delivery.channel == "sms"
        ]
        assert [(delivery.state, delivery.attempts) for delivery in untried] == [("waiting", 0)]
        assert ("line_manager", "email", "sent", None) in await it.states()


async def test_receipts_move_deliveries_on(database_url: str) -> None:
    """contract 6.10: delivered; failed for now is tried again with the same id; failed is the next channel."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), due(at=TUESDAY))
        (sms,) = it.left()
        await it.receive_and_send(
            receipt(sms.id, "failed", at=TUESDAY, permanent=False, reason="busy")
        )
        await it.until(TUESDAY + timedelta(minutes=5))
        assert [message.id for message in it.left()] == [sms.id, sms.id]
        await it.receive_and_send(
            receipt(sms.id, "delivered", at=TUESDAY), receipt("nobody", "read", at=TUESDAY)
        )
        assert await it.states() == [("employee", "sms", "delivered", None)]
        await it.receive_and_send(receipt(sms.id, "failed", at=TUESDAY, permanent=True))
        assert await it.states() == [("employee", "sms", "delivered", None)]


async def test_a_receipts_reason_is_kept_only_where_it_is_a_code(database_url: str) -> None:
    """contract 8: what a gateway writes may hold anything, a phone number for one."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(email=None), due(at=TUESDAY))
        (sms,) = it.left()
        reason = "could not reach +4790000001"
        await it.receive_and_send(
            receipt(sms.id, "failed", at=TUESDAY, permanent=True, reason=reason)
        )
        assert ("employee", "sms", "failed", "receipt") in await it.states()


async def test_a_receipt_that_overtakes_the_sender_counts(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        await it.kill_while_sending()
        (sms,) = it.left()
        await it.receive_and_send(receipt(sms.id, "delivered", at=TUESDAY))
        await it.until(TUESDAY + timedelta(minutes=5))
        assert await it.states() == [("employee", "sms", "delivered", None)]


async def test_a_failed_receipt_that_overtakes_the_sender_is_not_lost(database_url: str) -> None:
    """contract 6.7: the next channel is tried, however quick the gateway was."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        await it.kill_while_sending()
        (sms,) = it.left()
        await it.receive_and_send(
            receipt(sms.id, "failed", at=TUESDAY, permanent=True, reason="gone")
        )
        await it.until(TUESDAY + timedelta(minutes=5))
        states = await it.states()
    assert ("employee", "sms", "failed", "gone") in states
    assert ("employee", "email", "sent", None) in states
