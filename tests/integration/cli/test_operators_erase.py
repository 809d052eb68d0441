"""`erase PERSON`: gone from both schemas, and nothing brings them back (contract 11, 14.6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.messages import DeadlineDue
from schemas.wire import Record
from services.records.tables import RecordTables
from services.runtime.postgres import transaction
from services.scheduler.jobs.erase import erase
from tests.support.both_services import BothServices, Terminal, both_services_on, terminal_on
from tests.support.notifier_desk import JON_NEW, JON_OLD
from tests.support.scheduler_bench import (
    ANNE,
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

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTACTS = "stoppunkt.contacts.v1"
STATUSES = "teamsykmelding.sykmeldingstatus-leesah"
PHONE, EMAIL = "+4799900017", "jon@example.invalid"
MANAGER_EMAIL = "sjef@example.invalid"
OF_JON = (JON_OLD, JON_NEW, PHONE, EMAIL, MANAGER_EMAIL)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


@dataclass
class Life:
    """Jon's half year, Anne's beside it, and every record that either service has read."""

    services: BothServices
    terminal: Terminal
    records: list[Record] = field(default_factory=list)

    async def receive(self, *records: Record, when: datetime) -> None:
        self.records += records
        await self.services.receive(*records, at=when)

    async def erase(self) -> dict[str, Any]:
        result = await self.terminal.run("erase", "-", "--yes", "--json", given=JON_NEW)
        assert result.exit_code == 0, result.stderr
        assert JON_NEW not in result.stdout + result.stderr
        return dict(json.loads(result.stdout))

    async def hear_everything_again(self) -> None:
        """Both topics from their beginning, and what the scheduler had published."""
        stamp = int(at(60).timestamp() * 1000)
        published = [replace(r, timestamp_ms=stamp) for r in self.services.bench.publisher.records]
        for record in self.records:
            if record.topic in SCHEDULER_TOPICS:
                await self.services.bench.scheduler.handle([record])
            if record.topic in NOTIFIER_TOPICS:
                await self.services.notifier.handle([record])
        await self.services.notifier.handle(published)


def status(when: datetime, person: str, note_id: str) -> Record:
    """The welfare office's own: what a worker has done with a note, and whose number it was done under."""
    metadata = {
        "sykmeldingId": note_id,
        "timestamp": when.isoformat(),
        "source": "user",
        "fnr": person,
    }
    opened = {"sykmeldingId": note_id, "timestamp": when.isoformat(), "statusEvent": "APEN"}
    value = json.dumps({"kafkaMetadata": metadata, "event": opened}).encode()
    return Record(STATUSES, note_id.encode(), value, (), int(when.timestamp() * 1000))


async def live(services: BothServices, terminal: Terminal) -> Life:
    """Until day 60: Jon's number has changed, a note of his has come to be Anne's, one was withdrawn."""
    life = Life(services, terminal)
    for person, phone, email in (
        (JON_OLD, PHONE, EMAIL),
        (ANNE, "+4799900025", "a@example.invalid"),
    ):
        known = {"may_be_notified": True, "phone": phone, "email": email, "language": "nb"}
        contact = event(CONTACTS, "person_contact.changed", at(0), "k", person_id=person, **known)
        to = MANAGER_EMAIL if person == JON_OLD else "other@example.invalid"
        manager = {"person_id": person, "org_number": KAFE, "email": to, "active": True}
        await life.receive(
            contact, event(CONTACTS, "line_manager.changed", at(0), "k", **manager), when=at(0)
        )
        sick = note(at(0), MONDAY, 130, person=person, note_id=f"note-of-{person[-3:]}")
        await life.receive(sick, when=at(0))
    mistaken = note(at(1), MONDAY, 10, person=JON_OLD, note_id="moved")
    await life.receive(mistaken, when=at(1))
    await life.receive(note(at(2), MONDAY, 10, person=ANNE, note_id="moved"), when=at(2))
    await life.receive(note(at(3), MONDAY, 10, person=JON_OLD, note_id="gone"), when=at(3))
    await life.receive(no_note(at(4), "gone"), when=at(4))
    for day, note_id in ((5, "never-came"), (6, f"note-of-{JON_OLD[-3:]}"), (7, "taken-over")):
        await life.receive(status(at(day), JON_OLD, note_id), when=at(day))
    await life.receive(note(at(8), MONDAY, 5, person=ANNE, note_id="taken-over"), when=at(8))
    plan = fact(at(24), "follow_up_plan.made", person=JON_OLD, org_number=KAFE, made_on=MONDAY)
    await life.receive(plan, when=at(24))
    renumbered = {
        "old_person_id": JON_OLD,
        "new_person_id": JON_NEW,
        "occurred_at": at(30).isoformat(),
    }
    await life.receive(event(FACTS, "person.renumbered", at(30), "k", **renumbered), when=at(30))
    await services.turn_to(at(60))
    terminal.set_clock(at(60))
    return life


async def everything(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of both schemas."""
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetch(
        "select schemaname || '.' || tablename as name from pg_tables"
        " where schemaname in ('scheduler', 'notifier') order by 1"
    )
    found = {
        row["name"]: sorted(
            (tuple(record) for record in await connection.fetch(f"select * from {row['name']}")),  # noqa: S608
            key=repr,
        )
        for row in tables
    }
    await connection.close()
    return found


def texts(value: object) -> Iterator[str]:
    if isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)
    elif value is not None:
        yield str(value)


def traces(rows: dict[str, list[tuple[Any, ...]]], *needles: str) -> set[str]:
    """The tables in which any of these stands, in any column."""
    return {
        table
        for table, found in rows.items()
        for text in texts(found)
        if any(needle in text for needle in needles)
    }


def of_person(rows: dict[str, list[tuple[Any, ...]]], number: str) -> dict[str, int]:
    """How many rows of each table are under this person's hash."""
    hashed = hash_of(number)
    counts = {table: sum(hashed in row for row in found) for table, found in rows.items()}
    return {table: count for table, count in counts.items() if count}


async def test_nothing_of_an_erased_person_is_left_in_any_column(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 14.6: after erasure, a scan of the whole database for the seeded identity gives 0."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        waiting = [(JON_NEW.encode(), b"k"), (f'{{"to":"{PHONE}","n":"{JON_OLD}"}}'.encode(), b"k")]
        for value, key in waiting:
            row = Record("stoppunkt.follow-up.v1.dead", key, value)
            for pool in (services.pool, services.bench.pool):
                async with transaction(pool) as connection:
                    await RecordTables(connection).put([row])
                    await RecordTables(connection).refuse([row], "InvalidRecordError", START)
        before = await everything(database_url)
        erased = await life.erase()
        after = await everything(database_url)

    assert traces(before, *OF_JON) >= {
        *("scheduler.people", "scheduler.facts", "scheduler.note_slots", "scheduler.note_versions"),
        *("scheduler.due_events", "scheduler.renumberings", "scheduler.timers"),
        *(
            "notifier.events",
            "notifier.person_contacts",
            "notifier.line_managers",
            *("notifier.outbox", "notifier.refused_records"),
            *("scheduler.outbox", "scheduler.refused_records"),
        ),
    }
    assert traces(after, *OF_JON) == set()
    left = {"scheduler.audit", "scheduler.erasures", "notifier.erasures"}
    for number in (JON_OLD, JON_NEW):
        assert of_person(after, number).keys() <= left
    assert erased["scheduler"]["rows"]["due_events"] > 0
    assert erased["notifier"]["rows"]["deliveries"] > 0
    assert len(erased["open_tasks"]) > 0


async def test_others_keep_what_is_theirs(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a note that was the erased person's before it came to be theirs."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        before = await everything(database_url)
        await life.erase()
        after = await everything(database_url)

    assert of_person(after, ANNE) == of_person(before, ANNE)
    assert len(of_person(before, ANNE)) > 10


async def test_hearing_the_whole_topics_again_recreates_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 14.6: replaying the whole topic recreates nothing; contract 11: refused from then on."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        await life.erase()
        erased = await everything(database_url)
        await life.hear_everything_again()
        again = await everything(database_url)

    assert traces(again, *OF_JON) == set()
    assert again == erased


@pytest.mark.parametrize("number", [JON_NEW, JON_OLD])
async def test_what_comes_later_begins_anew_under_ids_of_its_own(
    database_url: str, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """contract 11: later ones begin anew; whoever knows messages by their ids must not take new ones for old."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        old = [m for m in services.bench.publisher.messages if isinstance(m, DeadlineDue)]
        sent = len(services.out.records)
        await life.erase()
        later = note(at(61), at(61).date(), 60, person=number, note_id=f"note-of-{number[-3:]}")
        await services.receive(later, at=at(61))
        await services.turn_to(at(110))
        new = [m for m in services.bench.publisher.messages if isinstance(m, DeadlineDue)]

    of_new = [m for m in new[len(old) :] if m.person_id == number]
    assert {m.case.start for m in of_new} == {at(61).date()}
    assert not {m.case_id for m in old} & {m.case_id for m in of_new}
    assert not {m.event_id for m in old} & {m.event_id for m in of_new}
    assert len(services.out.records) > sent


async def test_erasing_needs_a_yes_and_the_notifiers_tables(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half done: the scheduler keeps everything while the notifier cannot be reached."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        before = await everything(database_url)
        hesitant = await life.terminal.run("erase", JON_NEW)
        monkeypatch.setenv("NOTIFIER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        half = await life.terminal.run("erase", JON_NEW, "--yes")
        after = await everything(database_url)

    assert (hesitant.exit_code, half.exit_code) == (2, 1)
    assert "PostgreSQL" in half.stderr
    assert after == before


async def test_somebody_unknown_is_refused_from_then_on_all_the_same(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = terminal_on(monkeypatch, database_url)
    terminal.set_clock(at(10))
    first = await terminal.run("erase", ANNE, "--yes")
    again = await terminal.run("erase", ANNE, "--yes")
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 60), at=at(11))
        refused = await bench.pool.fetchval("select count(*) from people")
        await bench.receive(note(at(11), MONDAY, 60, note_id="later"), at=at(12))
        anew = await bench.pool.fetchval("select count(*) from cases")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert (refused, anew) == (0, 1)
    assert "nothing was kept" in first.stdout


@pytest.mark.parametrize("first", ["record", "erasure"])
async def test_a_record_that_is_being_stored_while_its_person_is_erased_is_not_left_behind(
    database_url: str, first: str
) -> None:
    """Whichever gets the lock first: afterwards nothing of the person is there."""
    async with scheduler_on(database_url, start=START) as bench:
        await _at_once(bench, database_url, note(at(1), MONDAY, 90), first=first)
        tables = ("people", "note_slots", "note_versions", "cases", "timers")
        left = [await bench.pool.fetchval(f"select count(*) from {table}") for table in tables]  # noqa: S608

    assert left == [0, 0, 0, 0, 0]


async def test_a_newer_record_that_waits_for_an_erasure_is_not_lost(database_url: str) -> None:
    """contract 11: later ones begin anew, also one that found the person's row and then found it gone."""
    async with scheduler_on(database_url, start=START) as bench:
        await _at_once(bench, database_url, note(at(3), MONDAY, 90), first="erasure")
        ends = await bench.pool.fetch("select end_on from cases join people using (person)")

    assert [row["end_on"] for row in ends] == [MONDAY + timedelta(days=89)]


async def _at_once(bench: Bench, database_url: str, record: Record, *, first: str) -> None:
    """Anne is erased on day 2 while a record about her is handled; both wait for the lock, `first` before the other."""
    await bench.receive(note(at(0), MONDAY, 60), at=at(0))

    async def work(name: str) -> None:
        if name == "record":
            await bench.scheduler.handle([record])
        else:
            await erase(bench.pool, hash_of, ANNE, at(2), operator="kari")

    holder = await asyncpg.connect(database_url)
    holding = holder.transaction()
    await holding.start()
    await holder.execute("select from scheduler.people for update")
    names = ["record", "erasure"] if first == "record" else ["erasure", "record"]
    running = []
    for waiting, name in enumerate(names, start=1):
        running.append(asyncio.create_task(work(name)))
        await _until_waiting(database_url, waiting)
    await holding.rollback()
    await holder.close()
    await asyncio.gather(*running)


async def _until_waiting(database_url: str, count: int) -> None:
    """Until so many sessions wait for a lock."""
    connection = await asyncpg.connect(database_url)
    asked = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )

    async def all_wait() -> bool:
        return bool(await connection.fetchval(asked) >= count)

    await eventually(all_wait, what="that they wait for the lock")
    await connection.close()
