"""One task stands in for an employer's side that cannot be written to, and closes itself (contract 6.2, 6.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.ids import person_hash
from schemas.messages import DeliveryReceipt, PersonRenumbered, Recipient
from services.notifier.domain.delivery import Delivery
from services.notifier.jobs.erase import erase
from services.notifier.sending.employers_side import EmployersSide
from services.notifier.sending.limits import Limits
from services.notifier.store import Tables
from services.notifier.texts_folder import load_texts
from services.runtime.postgres import transaction
from tests.support.notifier_desk import (
    ANNE,
    BYGG,
    JON_NEW,
    JON_OLD,
    KEY,
    MANAGER,
    SPECIAL_OFFICE,
    Desk,
    anne,
    desk,
    due,
    manager,
    organisation,
    withdrawal,
)

TUESDAY = datetime(2026, 2, 24, 9, 0, tzinfo=UTC)
"""10:00 in Oslo."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_INTERVAL = Limits(timedelta(0))


def plan(it: Desk, step: str = "reminder", **others: Any) -> Any:
    """A step of the plan to the manager, due now."""
    return due("follow_up_plan", step, at=it.now, recipients=(MANAGER,), **others)


def opened(it: Desk) -> list[str]:
    return [task.data["step"] for task in it.left("adviser_task.opened")]


def closed(it: Desk) -> list[str]:
    return [task.data["reason"] for task in it.left("adviser_task.closed")]


def to(it: Desk) -> list[str]:
    return [email.data["to"] for email in it.left("email.requested")]


async def test_one_task_however_many_steps_and_then_they_leave(database_url: str) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), plan(it))
        it.clock.turn(TUESDAY + DAY)
        await it.receive_and_send(plan(it, "deadline"), plan(it, generation=2))
        assert opened(it) == ["no_line_manager"]
        (task,) = it.left("adviser_task.opened")
        assert {
            (d.state, d.wait_reason) for d in await it.deliveries() if d.channel == "email"
        } == {("waiting", "no_line_manager")}

        await it.receive_and_send(manager(email=None))
        assert (closed(it), to(it)) == ([], [])
        await it.receive_and_send(manager())
        assert closed(it) == ["line_manager_known"]
        assert it.left("adviser_task.closed")[0].key == task.key
        assert to(it) == ["leder@example.invalid"] * 3


async def test_an_address_that_arrives_with_the_event_or_right_after_it_leaves_no_task(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), plan(it), manager())
        await it.receive(manager(active=False, email=None), plan(it, "deadline"))
        await it.receive(manager())
        await it.settle()
        assert (to(it), opened(it)) == (["leder@example.invalid"] * 2, [])


async def test_a_manager_who_leaves_again_makes_another_task(database_url: str) -> None:
    """Known at night, gone in the morning before anything was sent."""
    async with desk(database_url, TUESDAY + 12 * HOUR, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), plan(it))
        await it.receive_and_send(manager())
        await it.receive(manager(active=False, email=None))
        await it.until(TUESDAY + DAY)
        assert (opened(it), closed(it), to(it)) == (
            ["no_line_manager"] * 2,
            ["line_manager_known"],
            [],
        )
        first, second = it.left("adviser_task.opened")
        assert first.key != second.key
        await it.receive_and_send(manager(email="ny@example.invalid"))
        assert closed(it) == ["line_manager_known"] * 2
        assert to(it) == ["ny@example.invalid"]


async def test_an_organisations_address_takes_what_waits(database_url: str) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), plan(it))
        await it.receive_and_send(organisation(org_number=BYGG))
        assert closed(it) == []
        await it.receive_and_send(organisation())
        assert closed(it) == ["organisation_known"]
        assert to(it) == ["post@kafe.example.invalid"]


async def test_an_organisations_address_that_bounces_makes_one_task_too(database_url: str) -> None:
    """The manager's was never tried, and is used once there is one."""
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), organisation(), plan(it), plan(it, "deadline"))
        for email in it.left("email.requested"):
            bounce = DeliveryReceipt(delivery_id=email.key, outcome="failed", at=it.now)
            await it.receive_and_send(bounce, organisation(email=None))
        assert opened(it) == ["no_line_manager"]
        await it.receive_and_send(manager())
        assert closed(it) == ["line_manager_known"]
        assert to(it)[2:] == ["leder@example.invalid"] * 2


async def test_a_new_managers_address_that_bounces_is_told_by_a_task_of_its_own(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), plan(it))
        await it.receive_and_send(manager())
        (email,) = it.left("email.requested")
        await it.receive_and_send(
            DeliveryReceipt(delivery_id=email.key, outcome="failed", at=it.now)
        )
        assert opened(it) == ["no_line_manager", "undelivered"]
        assert len({task.key for task in it.left("adviser_task.opened")}) == 2


async def test_once_every_address_has_bounced_a_task_says_so(database_url: str) -> None:
    """First the organisation's, then the manager's who came later, while the organisation's is known again."""
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(anne(), organisation(), plan(it))
        for contact in (manager(), organisation(email="ny@example.invalid")):
            email = it.left("email.requested")[-1]
            bounce = DeliveryReceipt(delivery_id=email.key, outcome="failed", at=it.now)
            await it.receive_and_send(bounce, contact)
        assert to(it) == ["post@kafe.example.invalid", "leder@example.invalid"]
        assert opened(it) == ["undelivered"]


async def test_the_task_closes_when_nothing_waits_any_more(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        first, second = plan(it), plan(it, "deadline")
        await it.receive_and_send(anne(), first, second)
        await it.receive_and_send(withdrawal(first, at=it.now))
        assert closed(it) == []
        await it.receive_and_send(withdrawal(second, at=it.now, reason="ended", detail=None))
        assert closed(it) == ["ended"]
        assert {d.state for d in await it.deliveries()} == {"cancelled", "closed"}


async def test_the_task_stays_for_the_steps_to_come_until_the_case_is_over(
    database_url: str,
) -> None:
    """That the steps behind it are too late tells nobody who the manager is: the next step finds the same task open."""
    async with desk(database_url, TUESDAY) as it:
        reminder = plan(it, not_after=TUESDAY + DAY)
        await it.receive_and_send(anne(), reminder)
        await it.until(TUESDAY + 20 * DAY)
        assert (len(opened(it)), closed(it)) == (1, [])
        meeting = due("dialogue_meeting_1", "reminder", at=it.now, recipients=(MANAGER,))
        await it.receive_and_send(meeting)
        await it.until(TUESDAY + 40 * DAY)
        assert (len(opened(it)), closed(it)) == (1, [])
        for event in (reminder, meeting):
            await it.receive_and_send(withdrawal(event, at=it.now, reason="ended", detail=None))
        assert (len(opened(it)), closed(it)) == (1, ["ended"])
        assert {d.state for d in await it.deliveries()} == {"cancelled", "closed"}


async def test_what_is_too_late_is_not_sent_when_the_manager_becomes_known(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), plan(it, not_after=TUESDAY + DAY))
        await it.until(TUESDAY + DAY + HOUR / 2)
        await it.receive_and_send(manager())
        assert (to(it), closed(it)) == ([], ["line_manager_known"])


async def test_the_end_of_the_employment_ends_it_all(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), plan(it), plan(it, "deadline"))
        yesterday = TUESDAY.date() - DAY
        await it.receive_and_send(manager(active=False, email=None, ended_on=yesterday))
        assert closed(it) == ["employment_ended"]
        assert {d.reason for d in await it.deliveries()} == {"employment_ended"}


async def test_a_protected_person_has_one_task_until_all_is_withdrawn(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        first = due("follow_up_plan", "reminder", at=it.now, recipients=(MANAGER, other))
        second = plan(it, "deadline")
        await it.receive_and_send(anne(protected=True), manager(), first)
        it.clock.turn(TUESDAY + DAY)
        await it.receive_and_send(second)
        assert opened(it) == ["protected"]
        assert it.left("adviser_task.opened")[0].data["office"] == SPECIAL_OFFICE
        await it.receive_and_send(withdrawal(first, at=it.now))
        assert closed(it) == []
        await it.receive_and_send(withdrawal(second, at=it.now))
        assert (closed(it), to(it)) == (["done:held"], [])
        await it.receive_and_send(plan(it, generation=2))
        assert opened(it) == ["protected"] * 2


async def test_two_employers_with_a_step_each_make_one_task_about_a_protected_person(
    database_url: str,
) -> None:
    async with desk(database_url, TUESDAY) as it:
        other = Recipient(role="line_manager", org_number=BYGG)
        second = due("follow_up_plan", "deadline", at=it.now, recipients=(other,))
        await it.receive_and_send(anne(protected=True), plan(it), second)
        assert opened(it) == ["protected"]


async def test_an_address_that_becomes_protected_ends_the_wait(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), plan(it))
        await it.receive_and_send(anne(protected=True))
        assert (opened(it), closed(it)) == (["no_line_manager", "protected"], ["protected"])


async def test_two_instances_open_one_task_and_send_once(database_url: str) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive(anne(), plan(it), plan(it, "deadline"))
        apps = [it.another() for _ in range(4)]
        for _ in range(3):
            await asyncio.gather(*(app.turn(it.now) for app in apps))
        assert opened(it) == ["no_line_manager"]
        known = it.offsets.record(manager(), it.now)
        await asyncio.gather(apps[0].handle([known]), *(app.turn(it.now) for app in apps))
        for _ in range(3):
            await asyncio.gather(*(app.turn(it.now) for app in apps))
        assert (closed(it), to(it)) == (["line_manager_known"], ["leder@example.invalid"] * 2)


async def test_an_address_of_the_organisation_never_arrives_unseen(database_url: str) -> None:
    """Nobody knows which people wait for it: it comes while another instance looks, and finds none."""
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive(anne(), plan(it))
        read = asyncio.Event()
        go_on = asyncio.Event()

        @asynccontextmanager
        async def slowly() -> AsyncIterator[Tables]:
            async with it.begin() as tables:
                look = tables.contacts.read

                async def look_and_wait(*args: Any, **others: Any) -> Any:
                    book = await look(*args, **others)
                    read.set()
                    await go_on.wait()
                    return book

                tables.contacts.read = look_and_wait  # type: ignore[method-assign]
                yield tables

        slow = EmployersSide(slowly, _can_close, SPECIAL_OFFICE, load_texts())
        looking = asyncio.create_task(slow.settle(it.now))
        await read.wait()
        arriving = asyncio.create_task(it.receive(organisation()))
        done, _ = await asyncio.wait([arriving], timeout=0.2)
        assert not done, "the address has to wait for whoever has looked already"
        go_on.set()
        await asyncio.gather(looking, arriving)
        await it.settle()
        assert to(it) == ["post@kafe.example.invalid"]


async def test_two_numbers_that_become_one_keep_one_task(database_url: str) -> None:
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive_and_send(
            plan(it, person_id=JON_OLD), plan(it, "deadline", person_id=JON_NEW)
        )
        assert len(opened(it)) == 2
        change = PersonRenumbered(old_person_id=JON_OLD, new_person_id=JON_NEW, occurred_at=it.now)
        await it.receive_and_send(change)
        assert closed(it) == ["one_task_is_enough"]
        await it.receive_and_send(manager(person_id=JON_NEW))
        assert closed(it) == ["one_task_is_enough", "line_manager_known"]
        assert to(it) == ["leder@example.invalid"] * 2


async def test_erasure_leaves_nothing_that_waits_and_names_the_task(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), plan(it), plan(it, "deadline"))
        (task,) = it.left("adviser_task.opened")

        def hash_of(number: str) -> bytes:
            return person_hash(KEY.get_secret_value().encode(), number)

        async with transaction(it.pool) as connection:
            erased = await erase(connection, hash_of, [ANNE], it.now + HOUR)
        assert list(erased.open_tasks) == [task.key]
        await it.receive_and_send(manager())
        await it.until(TUESDAY + 30 * DAY)
        assert (await it.deliveries(), to(it)) == ([], [])


class _Dying:
    """A connection of a process that is gone after so many statements."""

    def __init__(self, connection: Any, statements: int) -> None:
        self._connection = connection
        self._left = statements

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._connection, name)

        async def counted(*args: Any, **others: Any) -> Any:
            if self._left == 0:
                raise ConnectionAbortedError
            self._left -= 1
            return await call(*args, **others)

        return counted


@pytest.mark.parametrize("known", [False, True])
async def test_a_process_that_dies_between_any_two_statements_leaves_one_task(
    database_url: str, *, known: bool
) -> None:
    """Before the task is opened, and between closing it and letting go what waits: one transaction each."""
    async with desk(database_url, TUESDAY, limits=NO_INTERVAL) as it:
        await it.receive(anne(), plan(it), plan(it, "deadline"))
        if known:
            await it.settle()
            await it.receive(manager())
        died = 0
        while await _dies_after(it, died):
            died += 1
        assert died > 5
        await it.settle()
        assert opened(it) == ["no_line_manager"]
        assert closed(it) == (["line_manager_known"] if known else [])
        assert to(it) == (["leder@example.invalid"] * 2 if known else [])


async def _dies_after(it: Desk, statements: int) -> bool:
    """Whether a process that is gone after so many statements was not done by then."""
    before = await it.deliveries()

    @asynccontextmanager
    async def begin() -> AsyncIterator[Tables]:
        async with transaction(it.pool) as connection:
            yield Tables(_Dying(connection, statements))  # type: ignore[arg-type]

    try:
        await EmployersSide(begin, _can_close, SPECIAL_OFFICE, load_texts()).settle(it.now)
    except ConnectionAbortedError:
        assert await it.deliveries() == before
        return True
    return False


def _can_close(_delivery: Delivery, _now: datetime) -> bool:
    return True
