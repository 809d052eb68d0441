"""The rulebook in force stands in the database: who changes it, and that two instances never undo each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from schemas.messages import DeadlineWithdrawn
from services.runtime.assembly import App
from services.scheduler.app import compose
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.jobs.reconcile import Reconciliation
from services.scheduler.jobs.replan_everybody import (
    OvertakenReplan,
    Place,
    ReplanCounts,
    replan_everybody,
)
from services.scheduler.jobs.watch_rulebook import RulebookWatch, put_first_in_force
from services.scheduler.ports import Begin, ChangedRulebook, NoRulebook, Tables, UnusableRulebook
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on
from tests.support.captured_logs import captured_logs
from tests.support.scheduler_bench import ANNE, BJORN, Bench, hash_of, note, scheduler_on

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
STANDARD = read_rulebook("standard")
QUESTION_OF_STANDARD = datetime(2026, 4, 20, 7, tzinfo=UTC)
QUESTION_OF_LATER = datetime(2026, 4, 13, 7, tzinfo=UTC)


def rulebook(version: str, *changed: tuple[str, str]) -> Rulebook:
    """`standard` under another version, with other rules."""
    text = STANDARD.text.replace(STANDARD.version, version)
    for before, after in changed:
        assert before in text
        text = text.replace(before, after)
    return parse(text)


LATER = rulebook("2027-01", ('name = "question", day = 105', 'name = "question", day = 98'))


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def replanned(bench: Bench, wanted: Rulebook, *, dry_run: bool = False) -> ReplanCounts:
    begin = begin_on(bench.pool, hash_of)
    return [c async for c in replan_everybody(begin, bench.clock, wanted, dry_run=dry_run)][-1]


async def in_force(bench: Bench) -> str:
    async with begin_on(bench.pool, hash_of)() as tables:
        return (await tables.rulebooks.in_force()).title


async def questions(bench: Bench) -> list[datetime]:
    """When the question about meeting need pends for each person."""
    rows = await bench.pool.fetch("select due_at from timers where step = 'question'")
    return [row["due_at"] for row in rows]


async def everything(bench: Bench) -> list[object]:
    """All rows that a replan, or a rulebook put in force, may change."""
    tables = ("timers", "due_events", "withdrawals", "people", "outbox", "rulebooks", "replans")
    return [await bench.pool.fetch(f"select * from {table} order by 1") for table in tables]  # noqa: S608


# --- the first one ------------------------------------------------------------------------------------------


async def test_of_two_instances_that_start_first_one_puts_its_rulebook_in_force(
    database_url: str,
) -> None:
    """contract 4.6: both then run by the same one."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.pool.execute("delete from rulebooks")
        begin = begin_on(bench.pool, hash_of)
        with pytest.raises(NoRulebook):
            await in_force(bench)
        await asyncio.gather(
            *(put_first_in_force(begin, bench.clock, wanted) for wanted in (STANDARD, LATER) * 4)
        )
        rows = await bench.pool.fetch("select * from rulebooks")
        titles = {await in_force(bench) for _ in range(3)}
    assert len(rows) == len(titles) == 1
    assert rows[0]["replanned_at"] == rows[0]["in_force_since"] == START
    assert rows[0]["content"] in (STANDARD.text, LATER.text)


async def test_of_two_that_start_first_with_other_texts_of_one_version_one_is_refused(
    database_url: str,
) -> None:
    """contract 4.6: also while the other one's is being put in force."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.pool.execute("delete from rulebooks")
        begin = begin_on(bench.pool, hash_of)
        changed = parse(STANDARD.text + "# another reason\n")
        async with begin() as tables:
            await tables.rulebooks.put_first_in_force(STANDARD, START)
            other = asyncio.ensure_future(put_first_in_force(begin, bench.clock, changed))
            while not await bench.pool.fetchval("select count(*) from pg_locks where not granted"):
                assert not other.done()
        with pytest.raises(ChangedRulebook):
            await other
        assert await in_force(bench) == STANDARD.title


async def test_where_people_are_stored_already_nobody_is_taken_to_be_under_the_first(
    database_url: str,
) -> None:
    """After an upgrade from a version without the table nobody knows by which rulebook people were planned."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150), at=at(0))
        await bench.pool.execute("delete from rulebooks")
        begin = begin_on(bench.pool, hash_of)
        await put_first_in_force(begin, bench.clock, LATER)
        compared = await Reconciliation(begin, bench.clock).run()
        before = await questions(bench)
        watch = RulebookWatch(begin, LATER)
        unfinished = []
        for _ in range(2):
            await watch.run()
            unfinished.append(REGISTRY.get_sample_value("stoppunkt_scheduler_replan_unfinished"))
            await replanned(bench, LATER)
        after = await questions(bench)
        compared_after = await Reconciliation(begin, bench.clock).run()
    assert (compared.people, before) == (0, [QUESTION_OF_STANDARD])
    assert (compared_after.people, after) == (1, [QUESTION_OF_LATER])
    assert compared_after.places() == []
    assert unfinished == [1, 0]


# --- another one --------------------------------------------------------------------------------------------


async def test_another_rulebook_at_a_start_is_said_and_has_no_effect(database_url: str) -> None:
    """contract 4.6: two instances with different files, as under a rolling update, run by the one in force."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150), at=at(0))
        before = await everything(bench)
        begin = begin_on(bench.pool, hash_of)
        with captured_logs() as lines:
            await put_first_in_force(begin, bench.clock, LATER)
            watch = RulebookWatch(begin, LATER)
            await watch.run()
            await watch.run()
            measured = {
                which: REGISTRY.get_sample_value(
                    "stoppunkt_scheduler_rulebook",
                    {"which": which, "name": "standard", "version": version},
                )
                for which, version in (("in_force", "2026-12"), ("wanted", "2027-01"))
            }
        assert await everything(bench) == before
        other = compose(begin, bench.clock, bench.publisher)
        await other.handle([note(at(0), MONDAY, 150, person=BJORN, note_id="other")])
        await other.handle([note(at(0, 13), MONDAY, 151)])
        assert await questions(bench) == [QUESTION_OF_STANDARD] * 2
        await replanned(bench, LATER)
        with captured_logs() as lines_after:
            await watch.run()
        await bench.scheduler.handle([note(at(0, 14), MONDAY, 152)])
        assert await questions(bench) == [QUESTION_OF_LATER] * 2
    (line,) = lines.named("rulebook.differs")
    assert line["reason"] == (
        "standard 2026-12 is in force and is what this service runs by; RULEBOOK names standard 2027-01,"
        " which `stoppunkt replan` puts in force"
    )
    assert measured == {"in_force": 1, "wanted": 1}
    assert lines_after.named("rulebook.differs") == []
    assert lines_after.named("rulebook.in_force")[0]["rulebook"] == "standard 2027-01"


async def test_a_new_rulebook_is_tried_before_it_is_applied(database_url: str) -> None:
    """contract 11: `--dry-run` counts what would change and writes nothing; the real run counts the same."""
    later = rulebook(
        "2027-02",
        ('name = "question", day = 105', 'name = "question", day = 98'),
        ('{ name = "reminder", day = 21', '{ enabled = false, name = "reminder", day = 21'),
    )
    async with scheduler_on(database_url, start=START) as bench:
        for person in (ANNE, BJORN):
            await bench.receive(note(at(0), MONDAY, 150, person=person, note_id=person), at=at(0))
        await bench.turn_to(at(22))
        before = await everything(bench)
        tried = await replanned(bench, later, dry_run=True)
        assert await everything(bench) == before
        done = await replanned(bench, later)
        await bench.settle()
        due_at = await questions(bench)
        withdrawn = [m for m in bench.publisher.messages if isinstance(m, DeadlineWithdrawn)]
        again = await replanned(bench, later)
        terms = await bench.pool.fetch("select * from rulebooks order by id")
    assert tried == done
    assert done.moved == Counter({Place("meeting_need", ""): 2})
    assert done.withdrawn == Counter({Place("follow_up_plan", ""): 2})
    assert due_at == [QUESTION_OF_LATER] * 2
    assert {m.detail for m in withdrawn} == {"disabled"}
    assert again.places() == []
    assert again.people == 2
    assert [(row["version"], row["in_force_until"] is None) for row in terms] == [
        ("2026-12", False),
        ("2027-02", True),
    ]


async def test_a_rulebook_that_has_changed_without_another_version_is_refused(
    database_url: str,
) -> None:
    """contract 4.6: by `replan`, tried or done, and by a start; a changed comment is a change; nothing is touched."""
    changed = [
        rulebook(STANDARD.version, ("day = 105", "day = 98")),
        parse(STANDARD.text + "# another reason\n"),
    ]
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150), at=at(0))
        begin = begin_on(bench.pool, hash_of)
        for title in ("standard 2026-12", "standard 2027-01"):
            # Also once it is no longer in force.
            before = await everything(bench)
            for wanted in changed:
                for dry_run in (True, False):
                    with pytest.raises(ChangedRulebook, match="needs another version"):
                        await replanned(bench, wanted, dry_run=dry_run)
                with pytest.raises(ChangedRulebook, match="standard 2026-12 was put in force"):
                    await put_first_in_force(begin, bench.clock, wanted)
            assert (await everything(bench), await in_force(bench)) == (before, title)
            await replanned(bench, LATER)
        # The same one, with an editor's line ends, is no other.
        await put_first_in_force(begin, bench.clock, parse(STANDARD.text.replace("\n", "\r\n")))


async def test_a_rulebook_that_this_version_cannot_read_is_not_planned_by(
    database_url: str,
) -> None:
    """contract 4.6: an older version beside a newer one's rulebook does nothing, rather than plan by its own."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150), at=at(0))
        for content, fault in (
            (STANDARD.text.replace("day = 105", "moon = 4"), "'moon' is not a word"),
            (STANDARD.text.replace("day = 105", "day = 98"), "not what was put in force"),
        ):
            await bench.pool.execute("update rulebooks set content = $1", content)
            before = await everything(bench)
            other = compose(begin_on(bench.pool, hash_of), bench.clock, bench.publisher)
            with pytest.raises(UnusableRulebook, match=fault):
                await other.handle([note(at(0, 13), MONDAY, 151)])
            assert await everything(bench) == before


# --- a replan beside running instances ----------------------------------------------------------------------


async def test_a_replan_of_everybody_that_was_stopped_goes_on_where_it_was(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be stopped and started again while the service runs, and does not repeat the people it has done.

    Meanwhile reconciliation leaves alone those whom it has not reached.
    """
    monkeypatch.setattr("services.scheduler.jobs.replan_everybody.PEOPLE_PER_BATCH", 2)
    people = [f"{number:011d}" for number in range(1, 8)]
    async with scheduler_on(database_url, start=START) as bench:
        await bench.scheduler.handle(
            [note(at(0), MONDAY, 150, person=p, note_id=p) for p in people]
        )
        begin = begin_on(bench.pool, hash_of)
        stopped = replan_everybody(begin, bench.clock, LATER, dry_run=False)
        first = await anext(stopped)
        await stopped.aclose()
        compared = await Reconciliation(begin, bench.clock).run()
        assert Counter(await questions(bench)) == {QUESTION_OF_STANDARD: 5, QUESTION_OF_LATER: 2}
        rest = await replanned(bench, LATER)
        assert set(await questions(bench)) == {QUESTION_OF_LATER}
    assert (first.people, compared.people, compared.places()) == (2, 2, [])
    assert rest.people == 5
    assert sum(rest.moved.values()) == 5


async def test_a_rulebook_that_comes_back_is_begun_anew_for_everybody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replan that was stopped, and undone by another since, must not go on where it was."""
    monkeypatch.setattr("services.scheduler.jobs.replan_everybody.PEOPLE_PER_BATCH", 2)
    people = [f"{number:011d}" for number in range(1, 8)]
    async with scheduler_on(database_url, start=START) as bench:
        await bench.scheduler.handle(
            [note(at(0), MONDAY, 150, person=p, note_id=p) for p in people]
        )
        begin = begin_on(bench.pool, hash_of)
        overtaken = replan_everybody(begin, bench.clock, LATER, dry_run=False)
        await anext(overtaken)
        await replanned(bench, STANDARD)
        with pytest.raises(OvertakenReplan):
            await anext(overtaken)
        assert set(await questions(bench)) == {QUESTION_OF_STANDARD}
        assert (await replanned(bench, LATER)).people == len(people)
        assert set(await questions(bench)) == {QUESTION_OF_LATER}


@asynccontextmanager
async def held_open(bench: Bench) -> AsyncIterator[tuple[App, asyncio.Event, asyncio.Event]]:
    """An instance whose transactions, once they have done all, wait to be let go before they commit."""
    begin = begin_on(bench.pool, hash_of)
    waits, go = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def begin_and_wait() -> AsyncIterator[Tables]:
        async with begin() as tables:
            yield tables
            waits.set()
            await go.wait()

    slow: Begin = begin_and_wait
    try:
        yield compose(slow, bench.clock, bench.publisher), waits, go
    finally:
        go.set()


@pytest.mark.parametrize("person", [ANNE, BJORN])
async def test_whoever_plans_while_another_rulebook_comes_is_waited_for(
    database_url: str, person: str
) -> None:
    """contract 4.6: neither somebody known (Anne) nor somebody new (Bjorn) is left behind under the old rulebook."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150, note_id="first"), at=at(0))
        async with held_open(bench) as (slow, waits, go):
            handling = asyncio.ensure_future(
                slow.handle([note(at(0), MONDAY, 151, person=person, note_id=person)])
            )
            await waits.wait()
            replanning = asyncio.create_task(replanned(bench, LATER))
            while not await bench.pool.fetchval("select count(*) from pg_locks where not granted"):
                assert not replanning.done()
            versions = await bench.pool.fetch("select version from rulebooks")
            go.set()
            await asyncio.gather(handling, replanning)
        due_at = await questions(bench)
    assert [row["version"] for row in versions] == ["2026-12"]
    assert set(due_at) == {QUESTION_OF_LATER}
    assert len(due_at) == len({ANNE, person})


async def test_two_busy_instances_and_replans_to_and_fro_end_under_one_rulebook(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 4.6, 13.13: whatever the order, everybody's timers are those of the rulebook in force."""
    monkeypatch.setattr("services.scheduler.jobs.replan_everybody.PEOPLE_PER_BATCH", 5)
    people = [f"{number:011d}" for number in range(1, 61)]
    rulebooks = (LATER, STANDARD)
    async with scheduler_on(database_url, start=START) as bench:
        instances = [
            compose(begin_on(bench.pool, hash_of), bench.clock, bench.publisher) for _ in range(2)
        ]

        async def receive(instance: App, first: int) -> None:
            for number in range(first, len(people), 2):
                batch = [
                    note(at(0), MONDAY, 150 + days, person=p, note_id=f"{p}-{days}")
                    for days, p in enumerate(people[max(0, number - 2) : number + 1])
                ]
                await instance.handle(batch)
                await instance.turn(at(0))

        async def replan_to_and_fro() -> None:
            for wanted in rulebooks * 3:
                await replanned(bench, wanted)
                begin = begin_on(bench.pool, hash_of)
                assert (await Reconciliation(begin, bench.clock).run()).places() == []

        await asyncio.gather(
            *(receive(instance, first) for first, instance in enumerate(instances)),
            replan_to_and_fro(),
        )
        title = await in_force(bench)
        drafts = await bench.pool.fetch(
            "select distinct draft::json -> 'rulebook' ->> 'version' as version from timers"
        )
        due_at = await questions(bench)
    assert title == STANDARD.title
    assert [row["version"] for row in drafts] == [STANDARD.version]
    assert due_at == [QUESTION_OF_STANDARD] * len(people)
