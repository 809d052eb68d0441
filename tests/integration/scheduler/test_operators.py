"""What operators ask of the scheduler: why, as of when, and what a new rulebook would change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from schemas.messages import DeadlineDue, DeadlineUpdated
from services.scheduler.domain.people.explanation import explain
from services.scheduler.domain.people.replan import replan
from services.scheduler.jobs.reconcile import Reconciliation
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


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def states(bench: Bench, instant: datetime) -> dict[str, tuple[str, str]]:
    rulebook = read_rulebook("standard")
    async with begin_on(bench.pool, hash_of)() as tables:
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
    async with scheduler_on(database_url, start=START) as bench:
        for person in (ANNE, BJORN):
            await bench.receive(note(at(0), MONDAY, 60, person=person, note_id=person), at=at(0))
        before = await bench.pool.fetch("select * from timers order by case_id, checkpoint, step")
        reconciliation = Reconciliation(begin_on(bench.pool, hash_of), bench.clock)
        assert (await reconciliation.run()).places() == []
        await bench.pool.execute("delete from timers where step = 'deadline'")
        # The first run has read everybody, so this one finds nobody left, and the next begins again.
        assert (await reconciliation.run()).people == 0
        assert sum((await reconciliation.run()).added.values()) == 4
        after = await bench.pool.fetch("select * from timers order by case_id, checkpoint, step")
    assert [(r["case_id"], r["step"], r["due_at"]) for r in after] == [
        (r["case_id"], r["step"], r["due_at"]) for r in before
    ]
