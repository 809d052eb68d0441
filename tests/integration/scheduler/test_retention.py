"""People are forgotten 37 months after the end of their last case, whole or not at all (contract 14.10)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from schemas.messages import DeadlineDue
from schemas.wire import Record
from services.scheduler.jobs import forget as forgetting
from services.scheduler.jobs.forget import forget
from services.scheduler.store.removal import RemovalTables, Removed
from tests.support.scheduler_bench import (
    ANNE,
    BJORN,
    FACTS,
    KAFE,
    Bench,
    event,
    fact,
    hash_of,
    no_note,
    note,
    scheduler_on,
)
from tests.support.waiting import eventually

MONTHS = 37
MONDAY = date(2026, 1, 5)
LAST_DAY = date(2026, 5, 10)
"""Of a leave of 126 days that begins on MONDAY."""
OVER = date(2029, 6, 10)
"""37 months after LAST_DAY."""
OLD, NEW = "01917000183", "01917000264"
TABLES = (
    *("people", "note_slots", "note_versions", "facts", "cases", "timers", "due_events"),
    *("withdrawals", "renumberings", "number_ties", "person_states", "outbox"),
)


def at(day: date, hour: int = 11) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


async def on(bench: Bench, day: date) -> int:
    """Half an hour into that date in Norway, those whose time is over are forgotten."""
    await bench.turn_to(at(day, 0) - timedelta(minutes=30))
    await bench.settle()
    return await forget(bench.pool, bench.clock, hash_of, MONTHS)


async def counts(bench: Bench) -> dict[str, int]:
    """How many rows the tables that hold people have; empty ones are left out."""
    rows = {table: await bench.pool.fetchval(f"select count(*) from {table}") for table in TABLES}  # noqa: S608
    return {table: count for table, count in rows.items() if count}


async def life(bench: Bench, *people: str) -> list[Record]:
    """For each of these a leave with a plan, and a note that was withdrawn."""
    records = [
        record
        for person in people or (ANNE,)
        for record in (
            note(at(MONDAY), MONDAY, 126, person=person, note_id=f"a-{person}"),
            note(at(MONDAY), MONDAY, 30, person=person, note_id=f"b-{person}"),
            fact(at(date(2026, 1, 20)), "follow_up_plan.made", person=person, **made_on(MONDAY)),
            no_note(at(date(2026, 1, 21)), f"b-{person}"),
        )
    ]
    for record in sorted(records, key=lambda record: record.timestamp_ms):
        await bench.receive(record, at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC))
    return records


def made_on(day: date) -> dict[str, Any]:
    return {"org_number": KAFE, "made_on": day}


def of_kind(kind: str, day: date, days: int, *, person: str = ANNE, note_id: str) -> Record:
    """A note whose days are no sick days."""
    registered = note(at(day), day, days, person=person, note_id=note_id)
    value = json.loads(registered.value or b"{}")
    value["periods"] = [{**value["periods"][0], "kind": kind}]
    return replace(registered, value=json.dumps(value).encode())


def renumbered(day: date) -> Record:
    """OLD becomes NEW."""
    numbers = {"old_person_id": OLD, "new_person_id": NEW, "occurred_at": at(day).isoformat()}
    return event(FACTS, "person.renumbered", at(day), "k", **numbers)


async def test_a_person_goes_on_the_day_and_not_before(database_url: str) -> None:
    """All that was stored goes; a keyed hash of the number, and of the note that was withdrawn, stays."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        assert await on(bench, OVER - timedelta(days=1)) == 0
        before = await counts(bench)
        assert await on(bench, OVER) == 1
        after = await counts(bench)
        again = await on(bench, OVER)
        erasures = await bench.pool.fetch("select subject, numbers_used from erasures")
        audit = await bench.pool.fetch("select operator, action, person from audit")
    assert before.keys() >= {
        *("people", "note_slots", "note_versions", "facts", "cases", "due_events", "withdrawals"),
        "person_states",
    }
    assert (after, again) == ({}, 0)
    assert {(row["subject"], row["numbers_used"]) for row in erasures} == {
        (hash_of(ANNE), 1),
        (hash_of(f"b-{ANNE}"), 0),
    }
    assert [tuple(row) for row in audit] == [("retention", "forget", hash_of(ANNE))]


async def test_hearing_the_whole_topics_again_brings_nobody_back(database_url: str) -> None:
    """Also a fact that was published twice, the second time later than all else."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        records = await life(bench)
        late = at(date(2026, 9, 1))
        repeat = replace(records[2], timestamp_ms=int(late.timestamp() * 1000), offset=10**6)
        await bench.receive(repeat, at=late)
        assert await on(bench, OVER) == 1
        await bench.receive(*records, repeat, at=at(OVER))
        sent = len(bench.publisher.records)
        await bench.turn_to(at(OVER) + timedelta(days=400))
        left = await counts(bench)
        assert len(bench.publisher.records) == sent
    assert left == {}


async def test_a_new_note_begins_anew_under_ids_of_its_own(database_url: str) -> None:
    """One that was published before anybody was forgotten, and comes after it, as well."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        old = {m.case_id for m in bench.publisher.messages if isinstance(m, DeadlineDue)}
        ill_again = OVER - timedelta(days=3)
        under_way = note(at(ill_again), ill_again, 90, note_id="again")
        assert await on(bench, OVER) == 1
        await bench.receive(under_way, at=at(OVER))
        await bench.turn_to(at(OVER) + timedelta(days=60))
        messages = [m for m in bench.publisher.messages if isinstance(m, DeadlineDue)]
        new = [m for m in messages if m.case.start == ill_again]
    assert len(new) > 2
    assert not old & {m.case_id for m in new}


async def test_whoever_is_ill_again_is_not_forgotten(database_url: str) -> None:
    """Retention counts from the last case; with it all that is known of earlier ones stays."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        again = date(2029, 5, 1)
        await bench.receive(note(at(again), again, 60, note_id="again"), at=at(again))
        assert await on(bench, OVER) == 0
        assert (await counts(bench))["cases"] == 2


async def test_somebody_of_whom_a_fact_came_lately_waits_for_a_late_note(
    database_url: str,
) -> None:
    """The fact may be of a leave whose note has not come; with the note it counts, without one all goes."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench, ANNE, BJORN)
        lately = OVER - timedelta(days=10)
        for person in (ANNE, BJORN):
            plan = fact(at(lately), "follow_up_plan.made", person=person, **made_on(lately))
            await bench.receive(plan, at=at(lately))
        assert await on(bench, OVER) == 0
        await bench.receive(
            note(at(OVER), lately - timedelta(days=5), 60, note_id="late"), at=at(OVER)
        )
        facts = await bench.pool.fetchval("select count(*) from facts")
        assert await on(bench, lately + timedelta(days=91)) == 0
        assert await on(bench, lately + timedelta(days=92)) == 1
        left = await bench.pool.fetch("select person_id from people")
    assert facts == 4
    assert [row["person_id"] for row in left] == [ANNE]


async def test_all_numbers_of_a_person_go(database_url: str) -> None:
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        changed_on = date(2026, 3, 1)
        records = [*await life(bench, OLD), renumbered(changed_on)]
        other = note(at(changed_on), MONDAY, 180, note_id="of-another")
        await bench.receive(records[-1], other, at=at(changed_on))
        assert await on(bench, OVER) == 1
        await bench.receive(*records, at=at(OVER))
        left = await counts(bench)
        people = await bench.pool.fetch("select person_id from people")
    assert [row["person_id"] for row in people] == [ANNE]
    assert left["note_slots"] == 1
    assert not left.keys() & {"facts", "renumberings", "number_ties"}


async def test_facts_without_a_case_go_so_long_after_they_came(database_url: str) -> None:
    """And notes that make no sick day, or that were withdrawn."""
    said_on = date(2026, 3, 2)
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        plan = fact(at(said_on), "follow_up_plan.made", **made_on(said_on))
        waiting = of_kind("waiting", said_on, 10, person=BJORN, note_id="waiting")
        gone = note(at(said_on, 9), said_on, 10, person=OLD, note_id="gone")
        await bench.receive(plan, waiting, gone, no_note(at(said_on), "gone"), at=at(said_on))
        assert (await counts(bench))["people"] == 3
        assert await on(bench, date(2029, 4, 1)) == 0
        assert await on(bench, date(2029, 4, 2)) == 3
        await bench.receive(plan, waiting, gone, no_note(at(said_on), "gone"), at=at(OVER))
        assert await counts(bench) == {}


async def test_a_note_after_the_last_case_that_makes_none_keeps_the_person(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        later = date(2027, 2, 1)
        travel = of_kind("travel_allowance", later, 5, note_id="travel")
        await bench.receive(travel, at=at(later))
        assert await on(bench, date(2030, 2, 28)) == 0
        assert await on(bench, date(2030, 3, 1)) == 1


async def test_the_dead_go_as_the_living_do(database_url: str) -> None:
    """Death ends the timers and not the days: the notes' end still counts."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        died = date(2026, 4, 1)
        await bench.receive(fact(at(died), "person.died", on=died), at=at(died))
        assert await on(bench, OVER - timedelta(days=1)) == 0
        assert await on(bench, OVER) == 1
        assert await counts(bench) == {}


async def test_what_the_register_says_of_somebody_stays(database_url: str) -> None:
    """An office comes once, on a compacted topic: whoever is ill again is planned by its rules."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        known = {"person_id": ANNE, "may_be_notified": True, "language": "nb", "protected": False}
        contact = event(
            "stoppunkt.contacts.v1",
            "person_contact.changed",
            at(MONDAY),
            "k",
            office="0219",
            **known,
        )
        await bench.receive(contact, at=at(MONDAY))
        await life(bench)
        assert await on(bench, OVER) == 1
        left = await counts(bench)
        assert await on(bench, OVER) == 0
        await bench.receive(contact, note(at(OVER), OVER, 30, note_id="again"), at=at(OVER))
        row = await bench.pool.fetchrow("select office, numbers_used, last_on from people")
    assert left == {"people": 1}
    assert row is not None
    assert tuple(row) == ("0219", 2, OVER + timedelta(days=29))


async def test_somebody_whom_a_record_holds_is_passed_over(database_url: str) -> None:
    """The fact that comes meanwhile wins: nobody waits, and nobody goes by halves. Anne is held under an old number."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench, OLD, BJORN)
        changed_on = date(2026, 3, 1)
        await bench.receive(renumbered(changed_on), at=at(changed_on))
        await bench.turn_to(at(OVER))
        holder = await asyncpg.connect(database_url)
        holding = holder.transaction()
        await holding.start()
        await holder.execute(
            "select from scheduler.people where person = $1 for update", hash_of(OLD)
        )
        meanwhile = await on_now(bench)
        held = await bench.pool.fetch("select person_id from people order by 1")
        await holding.rollback()
        await holder.close()
        afterwards = await on_now(bench)
    assert (meanwhile, afterwards) == (1, 1)
    assert [row["person_id"] for row in held] == [OLD, NEW]


async def on_now(bench: Bench) -> int:
    return await forget(bench.pool, bench.clock, hash_of, MONTHS)


@pytest.mark.parametrize("published_on", [MONDAY, OVER])
async def test_a_record_that_waits_for_a_batch_is_refused_or_begins_anew(
    database_url: str, monkeypatch: pytest.MonkeyPatch, published_on: date
) -> None:
    """Behind the batch a new leave is stored whole, and an old note does not bring half of the old one back."""
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        await bench.turn_to(at(OVER))
        remove, is_removed = RemovalTables.remove, asyncio.Event()

        async def remove_and_hold(self: RemovalTables, *arguments: Any) -> Removed:
            removed = await remove(self, *arguments)
            is_removed.set()
            await until_somebody_waits(database_url)
            return removed

        monkeypatch.setattr(RemovalTables, "remove", remove_and_hold)
        job = asyncio.create_task(on_now(bench))
        await is_removed.wait()
        record = note(at(published_on), published_on, 30, note_id="meanwhile")
        await bench.scheduler.handle([record])
        assert await job == 1
        left = await counts(bench)
    is_new = published_on == OVER
    assert left.get("note_slots", 0) == left.get("cases", 0) == int(is_new)
    assert "facts" not in left


async def until_somebody_waits(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)

    async def waits() -> bool:
        return bool(
            await connection.fetchval(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            )
        )

    await eventually(waits, what="that it waits for the lock")
    await connection.close()


async def test_several_at_once_forget_everybody_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PEOPLE_PER_BATCH", 3)
    people = [f"{number:02}917000000" for number in range(1, 21)]
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        for person in people:
            await bench.receive(
                note(at(MONDAY), MONDAY, 20, person=person, note_id=person), at=at(MONDAY)
            )
        await bench.turn_to(at(OVER))
        done = await asyncio.gather(*(on_now(bench) for _ in range(4)))
        left = await counts(bench)
        audit = await bench.pool.fetchval("select count(*) from audit")
    assert (sum(done), left, audit) == (20, {}, 20)


async def test_a_batch_that_is_cut_short_has_forgotten_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scheduler_on(database_url, start=at(MONDAY)) as bench:
        await life(bench)
        await bench.turn_to(at(OVER))
        before = await counts(bench)
        with monkeypatch.context() as patched:
            patched.setitem(
                forgetting._QUERIES._texts,
                "forget_people",
                "select 1 / (cardinality($1::bytea[]) - 1)",
            )
            with pytest.raises(asyncpg.PostgresError):
                await on_now(bench)
        between = await counts(bench), await bench.pool.fetchval("select count(*) from erasures")
        assert await on_now(bench) == 1
        after = await counts(bench)
    assert (between, after) == ((before, 0), {})
