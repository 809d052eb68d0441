"""Whose desk a task lands on where several advisers could hold it: on a real PostgreSQL (contract 6.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from schemas.ids import due_event_id
from schemas.messages import DeadlineDue, Message, Recipient
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import transaction
from tests.support.notifier_desk import (
    ADVISER,
    ANNE,
    BYGG,
    JON_OLD,
    MANAGER,
    Desk,
    adviser,
    anne,
    desk,
    due,
    manager,
    oslo,
    withdrawal,
)

TUESDAY = oslo("2026-02-24T09:00:00")
FIRST, SECOND = "Z990001", "Z990002"


def person(number: int) -> str:
    """Synthetic: 80 is added to the month."""
    return f"149203{number:05d}"


def task(person_id: str = ANNE, step: str = "assess", **others: object) -> DeadlineDue:
    """An event for the person's adviser; each person has a case of their own."""
    case = f"case-{person_id}"
    return due(
        "activity_requirement",
        step,
        at=TUESDAY,
        recipients=(ADVISER,),
        person_id=person_id,
        case_id=case,
        event_id=due_event_id(case, "activity_requirement", step, "", 1),
        **others,
    )


def known(*people: str) -> list[Message]:
    return [anne(person_id=person_id) for person_id in people]


def desks(it: Desk) -> list[str | None]:
    """The adviser of each task that was opened, in the order in which they left."""
    return [message.data["adviser_id"] for message in it.left("adviser_task.opened")]


async def opened(it: Desk, *events: DeadlineDue) -> Sequence[str | None]:
    before = len(desks(it))
    await it.receive_and_send(*events)
    return desks(it)[before:]


async def test_the_tasks_of_one_batch_are_shared_among_those_who_could_hold_them(
    database_url: str,
) -> None:
    people = [person(number) for number in range(6)]
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), adviser(SECOND), *known(*people))
        assert Counter(await opened(it, *map(task, people))) == {FIRST: 3, SECOND: 3}


async def test_the_one_with_the_fewest_open_tasks_gets_the_next(database_url: str) -> None:
    """What was closed no longer counts."""
    people = [person(number) for number in range(5)]
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), *known(*people))
        own = [task(one) for one in people[:2]]
        assert await opened(it, *own) == [FIRST, FIRST]
        await it.receive(adviser(SECOND))
        assert await opened(it, task(people[2])) == [SECOND]
        assert await opened(it, task(people[3])) == [SECOND]
        await it.receive_and_send(*(withdrawal(one, at=TUESDAY) for one in own))
        assert await opened(it, task(people[4])) == [FIRST]


async def test_a_persons_tasks_stay_on_one_desk_while_one_of_them_is_open(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), adviser(SECOND), *known(ANNE, JON_OLD))
        first = task()
        assert await opened(it, first) == [FIRST]
        assert await opened(it, task(step="reply")) == [FIRST]
        assert await opened(it, task(JON_OLD)) == [SECOND]
        await it.receive_and_send(
            withdrawal(first, at=TUESDAY), withdrawal(task(step="reply"), at=TUESDAY)
        )
        assert await opened(it, task(step="looked_at_again")) == [FIRST]


async def test_the_desk_of_a_task_stands_in_its_row_with_its_date(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), anne())
        await opened(it, task())
        async with it.begin() as tables:
            (row,) = await tables.deliveries.lock_of_events([task().event_id])
        (message,) = it.left("adviser_task.opened")
        assert (row.office, row.adviser_id) == ("0219", FIRST)
        assert row.due_on == date.fromisoformat(message.data["due_on"])


async def test_another_process_sees_what_one_is_just_sending(database_url: str) -> None:
    """The desk is written down before the task leaves: a turn that hangs counts already."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), adviser(SECOND), *known(ANNE, JON_OLD))
        await it.receive(task())
        await it.kill_while_sending()
        assert desks(it) == [FIRST]
        assert await opened(it, task(JON_OLD)) == [SECOND]


async def test_a_task_that_may_be_out_already_is_sent_again_to_the_same_desk(
    database_url: str,
) -> None:
    """Under the same id: whoever has the first does not take the second."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), adviser(SECOND), *known(ANNE, JON_OLD), task())
        await it.kill_while_sending()
        await it.receive(adviser("Z990000"))
        await it.until(TUESDAY + timedelta(minutes=5))
        assert desks(it) == [FIRST, FIRST]


@pytest.mark.parametrize(
    ("recipient", "employers", "expected"),
    [
        (Recipient(role="adviser", adviser_id="Z990009"), (), "Z990009"),
        (ADVISER, (BYGG,), SECOND),
    ],
)
async def test_who_is_named_or_has_the_employer_comes_first_however_many_tasks_they_have(
    database_url: str, recipient: Recipient, employers: tuple[str, ...], expected: str
) -> None:
    async with desk(database_url, TUESDAY) as it:
        own = adviser(SECOND, birth_days=(), org_numbers=(BYGG,))
        await it.receive(adviser(FIRST), own, *known(*map(person, range(9)), ANNE))
        busy = [
            task(person(n), employers=({"org_number": BYGG},), step=f"look_{n}") for n in range(9)
        ]
        assert set(await opened(it, *busy)) == {SECOND}
        event = task(employers=tuple({"org_number": org} for org in employers))
        event = event.model_copy(update={"recipients": (recipient,)})
        assert await opened(it, event) == [expected]


async def test_a_task_that_stands_in_for_a_line_manager_is_shared_by_the_same_rule(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(adviser(FIRST), adviser(SECOND), *known(ANNE, JON_OLD))
        assert await opened(it, task(JON_OLD)) == [FIRST]
        nobody = manager(active=False)
        event = due(at=TUESDAY, recipients=(MANAGER,))
        await it.receive(nobody)
        assert await opened(it, event) == [SECOND]


async def test_open_tasks_are_counted_by_their_own_index(database_url: str) -> None:
    """However many deliveries there are, and whatever was closed."""
    async with desk(database_url, TUESDAY) as it, transaction(it.pool) as connection:
        await connection.execute("insert into events values ('e', '', '', '{}', null, 0, now())")
        await connection.execute(
            """insert into deliveries (delivery_id, event_id, person, role, channel, purpose, state, planned_at,
                not_after, attempts, uncertain, adviser_id)
            select n::text, 'e', decode(lpad(to_hex(n), 64, '0'), 'hex'), 'adviser', 'adviser_task', 'step',
                case when n % 50 = 0 then 'sent' else 'closed' end, now(), now(), 0, false, 'Z' || n % 1000
            from generate_series(1, 20000) n"""
        )
        await connection.execute("analyze deliveries")
        plans = [
            await connection.fetch(
                f"explain {QUERIES['count_open_tasks']}", [FIRST, SECOND], [b"anne"]
            ),
            await connection.fetch(
                f"explain {QUERIES['count_tasks_by_desk']}", date(2026, 2, 24), date(2026, 3, 1)
            ),
        ]
    for plan in plans:
        assert any("deliveries_open_tasks" in row[0] for row in plan), plan
