"""Due events go, with all that hangs on them, 37 months after the case's end as the notifier knows it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta

import asyncpg
import pytest

from schemas.messages import PersonRenumbered
from schemas.norway import OSLO
from services.notifier.jobs import forget as forgetting
from services.notifier.jobs.forget import Forgetting
from services.notifier.store.queries import QUERIES
from tests.integration.query_plans import read_whole
from tests.support.notifier_desk import (
    ADVISER,
    ANNE,
    EMPLOYEE,
    JON_NEW,
    JON_OLD,
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

MONTHS = 37
TUESDAY = oslo("2026-02-24T09:00:00")
CASE_ENDS = date(2026, 3, 26)
OVER = date(2029, 4, 26)
"""37 months after CASE_ENDS."""
ONE_DAY = timedelta(days=1)
TABLES = ("events", "withdrawals", "deliveries", "contact_slots")


async def on(it: Desk, day: date) -> int:
    """Half an hour into that date in Oslo, a whole round."""
    await it.until(datetime.combine(day, time(0, 30), OSLO))
    return await a_round(it)


async def a_round(it: Desk) -> int:
    job, people = Forgetting(it.begin, MONTHS), 0
    while True:
        people += await job.run(it.now)
        if job._last_person == b"":
            return people


async def left(it: Desk) -> dict[str, int]:
    """How many rows there are of people; empty tables are left out."""
    rows = {table: await it.pool.fetchval(f"select count(*) from {table}") for table in TABLES}  # noqa: S608
    return {table: count for table, count in rows.items() if count}


async def test_all_of_a_person_goes_on_the_day_and_the_register_stays(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(EMPLOYEE, MANAGER, ADVISER))
        second = due(at=TUESDAY, generation=2)
        contacts = (anne(), adviser(), manager())
        await it.receive_and_send(*contacts, event, withdrawal(event, at=TUESDAY), second)
        assert await on(it, OVER - ONE_DAY) == 0
        assert (await left(it)).keys() == {*TABLES}
        assert await on(it, OVER) == 1
        assert await left(it) == {}
        kept = [
            await it.pool.fetchval(f"select count(*) from {table}")  # noqa: S608
            for table in ("person_contacts", "line_managers")
        ]
        assert (kept, await on(it, OVER)) == ([1, 1], 0)
        # The topic is read again from its beginning: nothing comes back, and nothing is sent.
        sent = len(it.out.records)
        again = basis(3)
        late = updated(event, again, at=TUESDAY)
        await it.receive_and_send(event, second, withdrawal(event, at=TUESDAY), late)
        assert (await left(it), len(it.out.records)) == ({}, sent)


async def test_a_later_event_keeps_the_earlier_ones(database_url: str) -> None:
    """Retention counts from the last case, and what is known of earlier ones stays with it."""
    later = oslo("2028-05-02T09:00:00")
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), due(at=TUESDAY))
        await it.until(later)
        await it.receive_and_send(due(at=later, generation=2))
        assert await on(it, OVER) == 0
        assert (await left(it))["events"] == 2
        assert await on(it, date(2031, 6, 30)) == 0
        assert await on(it, date(2031, 7, 1)) == 1


async def test_the_newest_basis_says_until_when_the_notes_last(database_url: str) -> None:
    longer = basis(2).model_copy(update={"notes_until": date(2026, 4, 30)})
    async with desk(database_url, TUESDAY) as it:
        event = due(at=TUESDAY, recipients=(ADVISER,), basis=basis(1))
        await it.receive_and_send(anne(), adviser(), event)
        await it.receive_and_send(updated(event, longer, at=TUESDAY + ONE_DAY))
        assert await on(it, date(2029, 5, 29)) == 0
        assert await on(it, date(2029, 5, 30)) == 1


async def test_a_withdrawal_whose_event_never_came_goes_too(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(withdrawal(due(at=TUESDAY), at=TUESDAY))
        assert await on(it, date(2029, 3, 7)) == 0
        assert await on(it, date(2029, 3, 8)) == 1
        assert await left(it) == {}


async def test_nobody_goes_while_something_is_to_be_sent(database_url: str) -> None:
    """A channel may have been paused for long: what waits comes to its end first."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        it.clock.turn(datetime.combine(OVER, time(12), OSLO))
        assert await a_round(it) == 0
        await it.settle()
        assert [state for _, _, state, _ in await it.states()] == ["expired"]
        assert await a_round(it) == 1


async def test_a_person_goes_under_every_number_and_others_stay(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        of_jon = due(at=TUESDAY, person_id=JON_OLD)
        change = PersonRenumbered(old_person_id=JON_OLD, new_person_id=JON_NEW, occurred_at=TUESDAY)
        await it.receive_and_send(anne(person_id=JON_OLD), of_jon)
        await it.until(TUESDAY + ONE_DAY)
        await it.receive(change)
        case = of_jon.case.model_copy(update={"end": CASE_ENDS + ONE_DAY})
        await it.receive_and_send(anne(), due(at=it.now, generation=2, case=case))
        assert await on(it, OVER) == 1
        deliveries = await it.deliveries()
        assert [d.delivery_id for d in deliveries] == [
            d.delivery_id for d in await it.deliveries(ANNE)
        ]
        assert await it.deliveries(JON_NEW) == []
        assert len(deliveries) == 1


async def test_several_at_once_forget_everybody_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PEOPLE_PER_BATCH", 7)
    async with desk(database_url, TUESDAY) as it:
        people = [f"{number:02}917000000" for number in range(1, 21)]
        events = [
            due(at=TUESDAY, person_id=person, generation=number)
            for number, person in enumerate(people, start=1)
        ]
        await it.receive_and_send(*[anne(person_id=person) for person in people], *events)
        await it.until(datetime.combine(OVER, time(12), OSLO))
        done = await asyncio.gather(*(a_round(it) for _ in range(3)))
        assert (sum(done), await left(it)) == (20, {})


FILL = """
insert into events select n::text, decode(lpad(to_hex(n % 25000), 64, '0'), 'hex'), 'p', '{}', null, 0, now(), null
from generate_series(1, 50000) n;
insert into withdrawals
select n::text, n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'done', now(), '{}', null
from generate_series(1, 50000) n;
insert into deliveries (
    delivery_id, event_id, person, role, channel, purpose, state, planned_at, not_after, attempts, uncertain)
select n::text, n::text, decode(lpad(to_hex(n % 25000), 64, '0'), 'hex'), 'employee', 'sms', 'step', 'sent', now(),
    now(), 1, false
from generate_series(1, 50000) n;
insert into contact_slots
select decode(lpad(to_hex(n), 64, '0'), 'hex'), 'employee', '', now(), n::text from generate_series(1, 50000) n;
analyze;
"""
PEOPLE = "array['\\x01'::bytea]"
ASKED = {
    "read_people_after": ("'\\x01', 200", "bytea, int"),
    "read_silent_people": (f"{PEOPLE}, now()", "bytea[], timestamptz"),
    "read_events_of_people": (PEOPLE, "bytea[]"),
    "forget_people": (PEOPLE, "bytea[]"),
}


async def test_a_batch_reads_no_table_whole(database_url: str) -> None:
    """Of 50 000 events the next people are found by an index, and all that goes with them too."""
    connection = await asyncpg.connect(
        database_url,
        server_settings={"search_path": "notifier", "plan_cache_mode": "force_generic_plan"},
    )
    try:
        await connection.execute(FILL)
        for name, (arguments, types) in ASKED.items():
            whole = await read_whole(connection, QUERIES[name], arguments, types)
            assert not whole, f"{name} reads {whole} whole"
    finally:
        await connection.close()
