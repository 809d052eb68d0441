"""There is no order between kinds: whatever comes first, the same stands at the end (contract 2, 6.1)."""

from __future__ import annotations

from itertools import permutations

import asyncpg

from schemas.messages import Message
from tests.support.notifier_desk import (
    ADVISER,
    EMPLOYEE,
    MANAGER,
    Desk,
    adviser,
    anne,
    basis,
    desk,
    due,
    manager,
    oslo,
    updated,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")


def what_stands(it: Desk) -> dict[str, int]:
    """Each message that was sent and not taken back, with the newest basis that it was given."""
    standing: dict[str, int] = {}
    for message in it.left():
        if message.type.endswith((".requested", ".opened")):
            known = message.data.get("basis") or {"revision": 0}
            standing[message.key] = known["revision"]
        elif message.type == "adviser_task.updated":
            standing[message.key] = max(standing[message.key], message.data["revision"])
        else:
            assert message.key in standing, "something was taken back that had never been sent"
            del standing[message.key]
    return standing


async def test_every_order_and_a_repeat_of_everything_end_in_the_same(database_url: str) -> None:
    event = due(
        "dialogue_meeting_2_assessment", "assess",
        at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER), basis=basis(1),
    )  # fmt: skip
    messages: tuple[Message, ...] = (
        event,
        updated(event, basis(2), at=TUESDAY),
        updated(event, basis(3), at=TUESDAY),
        withdrawal(event, at=TUESDAY, recipients=(MANAGER,)),
    )
    outcomes = []
    for order in permutations(messages):
        async with desk(database_url, TUESDAY) as it:
            await it.receive_and_send(anne(), manager(), adviser())
            for message in (*order, *order):
                await it.receive_and_send(message)
            outcomes.append(what_stands(it))
        await forget_everything(database_url)
    assert len(outcomes) == 24
    assert sorted(outcomes[0].values()) == [0, 3]
    assert all(outcome == outcomes[0] for outcome in outcomes)


async def forget_everything(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "truncate notifier.events, notifier.withdrawals, notifier.deliveries,"
            " notifier.contact_slots, notifier.seen_records, notifier.hourly_sends"
        )
    finally:
        await connection.close()
