"""What operators ask of the scheduler: why, as of when, and what a new rulebook would change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.messages import DeadlineDue, DeadlineUpdated, DeadlineWithdrawn
from services.scheduler.domain.people.explanation import explain
from services.scheduler.domain.people.replan import replan
from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.jobs.reconcile import Reconciliation
from services.scheduler.jobs.replan_everybody import Place, ReplanCounts, replan_everybody
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on
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

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
STANDARD = Path("services/scheduler/rulebooks/standard.toml").read_text("utf-8")


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def states(bench: Bench, instant: datetime) -> dict[str, tuple[str, str]]:
    rulebook = read_rulebook("standard")
    async with begin_on(bench.pool, rulebook, hash_of)() as tables:
        past = await tables.operators.as_of(ANNE, instant)
    assert past is not None
    explanation = explain(replan(past.person, rulebook, instant, past.armed), instant)
    (case,) = explanation.cases
    return {f"{s.key.checkpoint}.{s.key.step}": (s.state, s.reason) for s in case.steps}


async def test_an_earlier_moment_is_explained_with_what_was_known_then(database_url: str) -> None:
    """contract 4.5: also as of an earlier moment."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 60), at=at(0))
        await bench.turn_to(at(23))
        await bench.receive(
            fact(at(24), "follow_up_plan.made", org_number=KAFE, made_on="2026-01-29"), at=at(24)
        )
        await bench.receive(note(at(40), MONDAY, 20), at=at(40))
        await bench.turn_to(at(41))
        first, second, last = [await states(bench, at(day)) for day in (10, 23, 41)]
    assert first["follow_up_plan.reminder"] == ("armed", "due")
    assert second["follow_up_plan.reminder"] == ("fired", "on_time")
    assert second["follow_up_plan.deadline"] == ("armed", "due")
    assert last["follow_up_plan.deadline"] == ("done", "plan_made")
    assert last["dialogue_meeting_1.reminder"][0] == "fired"
    assert last["dialogue_meeting_1.deadline"] == ("not_applicable", "ended")


async def test_the_past_of_a_note_that_is_gone_can_still_be_explained(database_url: str) -> None:
    """contract 4.5: a message may have to be explained after the note that caused it is withdrawn."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 60), at=at(0))
        await bench.turn_to(at(23))
        await bench.receive(no_note(at(24)), at=at(24))
        await bench.turn_to(at(25))
        before, after = await states(bench, at(23)), await states(bench, at(25))
    assert before["follow_up_plan.reminder"] == ("fired", "on_time")
    assert after["follow_up_plan.reminder"] == ("not_applicable", "case_withdrawn")


async def changes_of(bench: Bench, text: str, *, dry_run: bool) -> ReplanCounts:
    rulebook = parse(text)
    begin = begin_on(bench.pool, rulebook, hash_of)
    return [c async for c in replan_everybody(begin, bench.clock, rulebook, dry_run=dry_run)][-1]


async def test_a_new_rulebook_is_tried_before_it_is_applied(database_url: str) -> None:
    """contract 11: `--dry-run` counts what would change and writes nothing; the real run counts the same."""
    later = STANDARD.replace('name = "question", day = 105', 'name = "question", day = 98')
    later = later.replace(
        '{ name = "reminder", day = 21', '{ enabled = false, name = "reminder", day = 21'
    )
    async with scheduler_on(database_url, start=START) as bench:
        for person in (ANNE, BJORN):
            await bench.receive(note(at(0), MONDAY, 150, person=person, note_id=person), at=at(0))
        await bench.turn_to(at(22))
        before = await bench.pool.fetch("select * from timers order by person, due_at")
        tried = await changes_of(bench, later, dry_run=True)
        assert await bench.pool.fetch("select * from timers order by person, due_at") == before
        done = await changes_of(bench, later, dry_run=False)
        await bench.settle()
        due_at = await bench.pool.fetch("select due_at from timers where step = 'question'")
        withdrawn = [m for m in bench.publisher.messages if isinstance(m, DeadlineWithdrawn)]
        again = await changes_of(bench, later, dry_run=False)
    assert tried == done
    assert done.moved == Counter({Place("meeting_need", ""): 2})
    assert done.withdrawn == Counter({Place("follow_up_plan", ""): 2})
    assert [row["due_at"] for row in due_at] == [datetime(2026, 4, 13, 7, tzinfo=UTC)] * 2
    assert {m.detail for m in withdrawn} == {"disabled"}
    assert again.places() == []
    assert again.people == 2


async def test_a_replan_of_everybody_that_was_stopped_goes_on_where_it_was(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`replan` may be stopped and started again while the service runs, and does not repeat the people it has done."""
    monkeypatch.setattr("services.scheduler.jobs.replan_everybody.PEOPLE_PER_BATCH", 2)
    later = parse(STANDARD.replace('name = "question", day = 105', 'name = "question", day = 98'))
    people = [f"{number:011d}" for number in range(1, 8)]
    async with scheduler_on(database_url, start=START) as bench:
        await bench.scheduler.handle(
            [note(at(0), MONDAY, 150, person=p, note_id=p) for p in people]
        )
        begin = begin_on(bench.pool, later, hash_of)
        stopped = replan_everybody(begin, bench.clock, later, dry_run=False)
        first = await anext(stopped)
        assert first.people == 2
        await stopped.aclose()
        *_, rest = [c async for c in replan_everybody(begin, bench.clock, later, dry_run=False)]
    assert rest.people == 5
    assert sum(rest.moved.values()) == 5


async def test_a_changed_basis_is_passed_on_with_a_revision(database_url: str) -> None:
    """contract 4.4."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 130), at=at(0))
        await bench.turn_to(at(113))
        await bench.receive(
            event(
                FACTS,
                "meeting_need.answered",
                at(114),
                "k",
                person_id=ANNE,
                occurred_at=at(114).isoformat(),
                party="employee",
                wants_meeting=True,
                justified=False,
            ),
            at=at(114),
        )
        sent = bench.publisher.messages
    for_advisers = {m.event_id for m in sent if isinstance(m, DeadlineDue) and m.basis is not None}
    updates = [m for m in sent if isinstance(m, DeadlineUpdated)]
    assert {m.event_id for m in updates} == for_advisers
    assert len(for_advisers) == 2
    for update in updates:
        assert update.revision == update.basis.revision == 2
        assert "answer_employee" not in update.basis.missing
        assert "reason_employee" in update.basis.missing


async def test_a_timer_that_was_lost_is_found_and_restored(database_url: str) -> None:
    """contract 13.15: timers that the facts ask for and the table lacks are counted and written again."""
    rulebook = read_rulebook("standard")
    async with scheduler_on(database_url, start=START) as bench:
        for person in (ANNE, BJORN):
            await bench.receive(note(at(0), MONDAY, 60, person=person, note_id=person), at=at(0))
        before = await bench.pool.fetch("select * from timers order by case_id, checkpoint, step")
        begin = begin_on(bench.pool, rulebook, hash_of)
        reconciliation = Reconciliation(begin, bench.clock, rulebook)
        assert (await reconciliation.run()).places() == []
        await bench.pool.execute("delete from timers where step = 'deadline'")
        # The first run has read everybody, so this one finds nobody left, and the next begins again.
        assert (await reconciliation.run()).people == 0
        assert sum((await reconciliation.run()).added.values()) == 4
        after = await bench.pool.fetch("select * from timers order by case_id, checkpoint, step")
    assert [(r["case_id"], r["step"], r["due_at"]) for r in after] == [
        (r["case_id"], r["step"], r["due_at"]) for r in before
    ]


async def test_reconciliation_does_not_apply_a_new_rulebook(database_url: str) -> None:
    """contract 11: only the command `replan` applies a new rulebook to everybody, after a dry run."""
    later = parse(STANDARD.replace("2026-11", "2027-01").replace("day = 105", "day = 98"))
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(at(0), MONDAY, 150), at=at(0))
        begin = begin_on(bench.pool, later, hash_of)
        changes = await Reconciliation(begin, bench.clock, later).run()
        due_at = await bench.pool.fetchval("select due_at from timers where step = 'question'")
    assert changes.people == 0
    assert due_at == datetime(2026, 4, 20, 7, tzinfo=UTC)
