"""An earlier moment is explained by what was known at it and nothing else (contract 4.5), on a real PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.wire import Record
from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.explain.as_json import explanation_form
from services.scheduler.explain.ask import REPLAN_UNDER_WAY, RULEBOOK_NOT_KEPT, explain
from services.scheduler.jobs.erase import erase
from services.scheduler.jobs.replan_everybody import replan_everybody
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on
from services.scheduler.store.past import NOT_KEPT
from tests.support.scheduler_bench import (
    ANNE,
    BJORN,
    BYGG,
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

CECILIE = "03918321055"
PEOPLE = (ANNE, BJORN, CECILIE)
MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTACTS = "stoppunkt.contacts.v1"
STEPS = 30


class Life:
    """Records about three people, some late, some taken back, some given to another number."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a life to try, not a secret
        self.ids: list[str] = []

    def record(self, now: datetime) -> Record:
        """The next record; its Kafka timestamp may lie before those of records that came earlier."""
        at = now - timedelta(hours=self.chance.choice([0, 0, 0, 30, 300]))
        kinds: list[Callable[[datetime], Record]] = [
            *(self.note, self.note, self.note, self.gone, self.office, self.follow_up),
            *(self.follow_up, self.follow_up, self.renumbered, self.taken_back),
        ]
        record = self.chance.choice(kinds)(at)
        self.ids += [value.decode() for name, value in record.headers if name == "ce_id"]
        return record

    def someone(self) -> str:
        return self.chance.choice([ANNE, ANNE, ANNE, BJORN, CECILIE])

    def note(self, at: datetime) -> Record:
        first = MONDAY + timedelta(days=self.chance.choice([-10, 0, 0, 3, 40, 90]))
        return note(
            at,
            first,
            self.chance.choice([10, 30, 60, 120, 200]),
            person=self.someone(),
            note_id=f"note-{self.chance.randrange(4)}",
            org=self.chance.choice([KAFE, BYGG, None]),
            grade=self.chance.choice([100, 100, 60]),
        )

    def gone(self, at: datetime) -> Record:
        return no_note(at, f"note-{self.chance.randrange(4)}")

    def office(self, at: datetime) -> Record:
        known: dict[str, Any] = {"may_be_notified": True, "language": "nb", "protected": False}
        office = self.chance.choice(["0219", "1201", None])
        return event(
            CONTACTS,
            "person_contact.changed",
            at,
            "k",
            person_id=self.someone(),
            office=office,
            **known,
        )

    def follow_up(self, at: datetime) -> Record:
        meeting = {"meeting": 1, "meeting_id": f"m{self.chance.randrange(2)}"}
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("follow_up_plan.made", {"org_number": KAFE, "made_on": at.date()}),
            ("dialogue_meeting.summoned", meeting | {"takes_place_on": at.date()}),
            ("dialogue_meeting.held", meeting),
            (
                "exemption.granted",
                {
                    "checkpoint": "dialogue_meeting_2",
                    "reason": "medical",
                    "granted_by": "adviser",
                },
            ),
            ("work.resumed", {"from": at.date()}),
            ("person.died", {}),
            ("person.death_annulled", {}),
        ]
        kind, value = self.chance.choice(kinds)
        return fact(at, kind, person=self.someone(), **value)

    def renumbered(self, at: datetime) -> Record:
        old, new = self.chance.sample(PEOPLE, 2)
        return event(
            FACTS,
            "person.renumbered",
            at,
            "k",
            old_person_id=old,
            new_person_id=new,
            occurred_at=at.isoformat(),
        )

    def taken_back(self, at: datetime) -> Record:
        fact_id = self.chance.choice(self.ids or ["none"])
        return fact(at, "fact.withdrawn", person=self.someone(), fact_id=fact_id)


async def explained(
    bench: Bench, number: str, at: datetime | None = None
) -> dict[str, object] | None:
    begin = begin_on(bench.pool, hash_of)
    explanation = await explain(begin, bench.clock, number, at, operator="test")
    return explanation_form(explanation) if explanation is not None else None


@pytest.mark.parametrize("seed", range(12))
async def test_what_was_explained_then_is_what_is_explained_of_then(
    database_url: str, seed: int
) -> None:
    """Record by record; also while timers that are due wait because nothing runs."""
    life = Life(seed)
    remembered: list[tuple[str, datetime, dict[str, object] | None]] = []
    async with scheduler_on(database_url, start=START) as bench:
        now = START
        for _ in range(STEPS):
            # What has waited fires after what was explained, not at the same instant.
            bench.clock.turn(now + timedelta(minutes=1))
            now += timedelta(minutes=life.chance.choice([5, 16, 600, 3_000, 12_000]))
            if life.chance.random() < 0.2:
                bench.clock.turn(now)  # Nothing has fired meanwhile.
                await bench.scheduler.handle([life.record(now)])
            else:
                await bench.receive(life.record(now), at=now)
            remembered += [(number, now, await explained(bench, number)) for number in PEOPLE]
        bench.clock.turn(now + timedelta(days=1))
        for number, then, before in remembered:
            after = await explained(bench, number, then)
            if before is not None:
                assert after == before, (number, then)
            else:
                # Asked by a number that came later, the one of then is found.
                assert after is None or after["person_id"] != number
    assert any(before and before["cases"] for _, _, before in remembered)


async def test_of_somebody_stored_before_states_were_kept_it_is_said_what_is_not_known(
    database_url: str,
) -> None:
    """contract 4.5: facts and notes of then are known; office, cases and armed steps as first kept, with a caveat."""
    day = timedelta(days=1)
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(START, MONDAY, 60), at=START)
        await bench.pool.execute("delete from person_states")
        bench.clock.turn(START + 5 * day)
        untouched = await explained(bench, ANNE, START + day)
        await bench.receive(note(START + 6 * day, MONDAY, 90), at=START + 6 * day)
        bench.clock.turn(START + 10 * day)
        before, after = [await explained(bench, ANNE, START + n * day) for n in (1, 7)]
        now = await explained(bench, ANNE)
    assert untouched is not None
    assert before is not None
    assert after is not None
    assert now is not None
    assert untouched == before
    assert before["caveats"] == [NOT_KEPT]
    assert after["caveats"] == now["caveats"] == []
    assert [case["end"] for case in before["cases"]] == ["2026-03-05"]  # type: ignore[attr-defined]
    assert [case["end"] for case in after["cases"]] == ["2026-04-04"]  # type: ignore[attr-defined]


async def test_an_earlier_moment_is_explained_by_the_rulebook_of_then(database_url: str) -> None:
    """contract 4.5, 4.6: each rulebook that was in force is kept, with the time from which it was."""
    standard = read_rulebook("standard")
    later = parse(standard.text.replace("2026-12", "2027-01").replace("day = 105", "day = 98"))
    day = timedelta(days=1)
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(START, MONDAY, 150), at=START)
        bench.clock.turn(START + 3 * day)
        begin = begin_on(bench.pool, hash_of)
        replanning = replan_everybody(begin, bench.clock, later, dry_run=False)
        await anext(replanning)
        bench.clock.turn(START + 5 * day)
        _ = [c async for c in replanning]
        bench.clock.turn(START + 9 * day)
        before, under_way, after = [
            await explained(bench, ANNE, START + n * day) for n in (1, 4, 6)
        ]
        now = await explained(bench, ANNE)
        await bench.pool.execute(
            "update rulebooks set in_force_since = $1 where id = 1", START + 2 * day
        )
        unknown = await explained(bench, ANNE, START + day)
    assert [question_of(it) for it in (before, under_way, after, now)] == [
        "2026-04-20", "2026-04-13", "2026-04-13", "2026-04-13"
    ]  # fmt: skip
    assert caveats_of(before) == caveats_of(after) == caveats_of(now) == []
    assert caveats_of(under_way) == [REPLAN_UNDER_WAY]
    assert caveats_of(unknown) == [RULEBOOK_NOT_KEPT]


def caveats_of(explanation: dict[str, Any] | None) -> object:
    assert explanation is not None
    return explanation["caveats"]


def question_of(explanation: dict[str, Any] | None) -> object:
    """The day on which the explanation says that the question about meeting need is due."""
    assert explanation is not None
    ((case,),) = [explanation["cases"]]
    steps = {f"{step['checkpoint']}.{step['step']}": step for step in case["timers"]}
    return steps["meeting_need.question"]["due_on"]


async def test_of_the_time_before_an_erasure_nothing_is_known(database_url: str) -> None:
    """contract 14.6: who was erased begins anew."""
    day = timedelta(days=1)
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(START, MONDAY, 60), at=START)
        await erase(bench.pool, hash_of, ANNE, START + 2 * day, operator="test")
        await bench.receive(note(START + 4 * day, MONDAY, 60, note_id="new"), at=START + 4 * day)
        bench.clock.turn(START + 5 * day)
        before, between, after = [await explained(bench, ANNE, START + n * day) for n in (1, 3, 4)]
    assert (before, between) == (None, None)
    assert after is not None
    assert after["caveats"] == []
