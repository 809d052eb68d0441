"""Plans of generated lives: the same as the day-by-day reference model's, and independent of order (contract 2-4)."""

from __future__ import annotations

import random
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import person_hash
from schemas.messages import DeadlineDue, DeadlineWithdrawn, FactWithdrawn, PersonRenumbered
from schemas.wire import Version
from services.scheduler.domain.facts.facts import Fact
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.people.simulation import Simulation
from tests.reference.compare import difference, instant, lived, local
from tests.reference.life import (
    ANNE,
    BJORN,
    CECILIE,
    DAG,
    NO_RECORD,
    START,
    at,
    note,
    shipped,
)
from tests.reference.lives import gone_of, lives, records_of
from tests.reference.model import plan_of
from tests.reference.model_cases import cases_of
from tests.reference.model_suspensions import holds, in_force, reaching
from tests.reference.random_lives import life_by, long_life

NOW = st.tuples(st.integers(-10, 330), st.integers(0, 1439))
SETTINGS = settings(max_examples=250)


def fresh() -> KnownPeople:
    return KnownPeople(shipped("standard"), lambda number: person_hash(b"tests", number))


def outcome_of(
    records: list[Observation], now: datetime, *, cuts: list[int] | None = None
) -> ReplanOutcome:
    """The outcome of a replan after all records arrived at one instant, in one batch or cut into several."""
    known_people = fresh()
    edges = sorted({0, *(cuts or []), len(records)})
    for begin, end in pairwise(edges):
        known_people.replan(known_people.take(records[begin:end]).touched, now)
    return known_people.replan([ANNE], now)[ANNE]


def days_from_start(outcome: ReplanOutcome) -> list[tuple[int, int, int, int]]:
    return sorted(
        (
            (leave.start - START).days,
            (leave.end - START).days,
            len(leave.days),
            (leave.over_on - START).days,
        )
        for leave in outcome.leaves.values()
    )


def armed_by_model(life: dict[str, Any]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each case of the reference model, with what it arms of the steps that count from the start, long before."""
    story = plan_of(life, (-90, 720))
    return [
        (case, [step for step in story.plans[case["number"]] if step["state"] == "armed"])
        for case in story.cases
    ]


def whole_plan(outcome: ReplanOutcome) -> list[list[tuple[Any, ...]]]:
    """The steps of each case by start, without ids, and without cases that have lost all their notes."""
    return [
        [
            (
                *(step.key, step.generation, step.due_on, step.due_at, step.state, step.reason),
                sorted(
                    (to.role, to.org_number or "", to.adviser_id or "") for to in step.recipients
                ),
            )
            for step in outcome.plans[case_id].steps
        ]
        for case_id, leave in sorted(outcome.leaves.items(), key=lambda item: item[1].start)
    ]


@SETTINGS
@given(life=lives())
def test_cases_are_those_of_the_reference_model(life: dict[str, Any]) -> None:
    """contract 3.1-3.6."""
    expected = [
        (case["start"], case["end"], case["sick_days"], case["over"]) for case in cases_of(life)
    ]
    assert days_from_start(outcome_of(records_of(life), at(0))) == expected


@pytest.mark.parametrize("first", range(0, 240, 40))
def test_what_is_sent_and_planned_is_what_the_reference_model_says(first: int) -> None:
    """contract 2-4: lives of several employers and moved starts, in which facts come late, out of order or alone.

    All due events, all withdrawals, and the plan at the end; `python -m tests.reference.compare` lives more of them.
    """
    for number in range(first, first + 40):
        assert not difference(life_by(number)), f"life {number}"


@pytest.mark.parametrize("first", [0, 100])
def test_nothing_of_a_suspended_step_is_told_within_its_span(first: int) -> None:
    """contract 4: whatever arrives or is put in force, and what has waited is told on the morning after or later."""
    waited = 0
    for number in range(first, first + 100):
        life = life_by(number)
        if not life["suspensions"]:
            continue
        for kind, when, _, path, *rest in lived(life)[0]:
            stops = reaching(path, in_force(life, when))
            assert kind != "due" or not holds(stops, when[0]), f"life {number}: {path} on {when}"
            waited += kind == "due" and holds(stops, when[0] - 1) and rest[2] < when[0]
    assert waited > 3, "hardly anything has waited in these lives"


@SETTINGS
@given(data=st.data(), life=lives(), now=NOW)
def test_arrival_order_and_repeats_do_not_change_the_plan(
    data: st.DataObject, life: dict[str, Any], now: tuple[int, int]
) -> None:
    """contract 4.1: the same records in any order, some twice, in any batches, at one instant."""
    records = records_of(life)
    if data.draw(st.booleans()):
        records.append(gone_of(life, data.draw(st.integers(0, len(life["notes"]) - 1))))
    repeated = records + data.draw(st.lists(st.sampled_from(records), max_size=5))
    shuffled = data.draw(st.permutations(repeated))
    cuts = data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4))
    once = outcome_of(records, instant(now))
    anyhow = outcome_of(shuffled, instant(now), cuts=cuts)
    assert days_from_start(anyhow) == days_from_start(once)
    assert whole_plan(anyhow) == whole_plan(once)


@SETTINGS
@given(life=lives(facts_max=0))
def test_notes_known_beforehand_fire_what_the_reference_model_arms_and_nothing_else(
    life: dict[str, Any],
) -> None:
    """contract 5: each armed timer fires once, at its instant, and is withdrawn when its case is over."""
    known_people = fresh()
    simulation = Simulation(known_people)
    simulation.arrive(records_of(life), at(-90))
    simulation.run_until(at(900))
    expected, over = [], []
    for case, steps in armed_by_model(life):
        due = sorted((step["due_at"], step["step"]["path"]) for step in steps)
        expected += due
        over += [(case["over"], 0)] * len(due)
    sent = [(local(when), message) for when, message in simulation.sent]
    fired = [(when, m) for when, m in sent if isinstance(m, DeadlineDue)]
    assert [(when, f"{m.checkpoint}.{m.step}") for when, m in fired] == expected
    assert all(m.late_seconds == 0 and m.generation == 1 for _, m in fired)
    ended = [(when, m.reason) for when, m in sent if isinstance(m, DeadlineWithdrawn)]
    assert ended == [(when, "ended") for when in over]


@SETTINGS
@given(
    life=lives(facts_max=0),
    down=st.integers(-60, 330),
    days=st.integers(0, 120),
    first=st.booleans(),
)
def test_after_an_outage_all_that_fell_due_in_it_fires_oldest_first_unless_its_case_is_over(
    life: dict[str, Any],
    down: int,
    days: int,
    first: bool,  # whether the replan or the firing comes first
) -> None:
    """contract 4.2."""
    known_people = fresh()
    simulation = Simulation(known_people)
    simulation.arrive(records_of(life), at(-90))
    simulation.run_until(at(down))
    up = (down + days, 720)
    if first:
        known_people.replan([ANNE], instant(up))
    events = known_people.fire_due(ANNE, instant(up))
    known_people.replan([ANNE], instant(up))
    expected = sorted(
        (step["due_at"], step["step"]["path"])
        for case, steps in armed_by_model(life)
        for step in steps
        if (down, 720) < step["due_at"] <= up and up[0] < case["over"]
    )
    assert [(local(e.due_at), f"{e.checkpoint}.{e.step}") for e in events] == expected
    assert all(e.late_seconds == (instant(up) - e.due_at).total_seconds() for e in events)
    assert known_people.fire_due(ANNE, instant(up)) == []


NUMBERS = [ANNE, BJORN, CECILIE, DAG]


@SETTINGS
@given(
    changes=st.lists(st.permutations(NUMBERS).map(lambda numbers: tuple(numbers[:2])), max_size=6),
    gone=st.sets(st.integers(0, 5)),
    data=st.data(),
)
def test_whose_a_note_is_does_not_depend_on_the_order_in_which_numbers_change(
    changes: list[tuple[str, str]], gone: set[int], data: st.DataObject
) -> None:
    """contract 2: of several changes of one number the newest stands, and one that was withdrawn does not count.

    Chains of those that stand are followed, also in a ring.
    """
    records = [
        Observation(
            note(
                index * 40,
                index * 40 + 5,
                note_id=f"n{index}",
                person=who,
                version=Version(0, index),
            ),
            None,
            NO_RECORD,
        )
        for index, who in enumerate(NUMBERS)
    ]
    for version, (old, new) in enumerate(changes):
        change = PersonRenumbered(old_person_id=old, new_person_id=new, occurred_at=at(0))
        records.append(_fact(change, f"change-{version}", Version(1, version)))
        if version in gone:
            named = data.draw(st.sampled_from([old, new]))
            never = FactWithdrawn(person_id=named, occurred_at=at(0), fact_id=f"change-{version}")
            records.append(_fact(never, f"never-{version}", Version(2, version)))
    known_people = fresh()
    for record in data.draw(st.permutations(records)):
        known_people.replan(known_people.take([record]).touched, at(0))
    expected: dict[str, set[int]] = {}
    standing = [change for version, change in enumerate(changes) if version not in gone]
    for index, who in enumerate(NUMBERS):
        expected.setdefault(_became(who, standing), set()).add(index * 40)
    starts = {
        number: {(leave.start - START).days for leave in outcome.leaves.values()}
        for number, outcome in known_people.replan(NUMBERS, at(0)).items()
        if outcome.leaves
    }
    assert starts == expected


def _fact(message: PersonRenumbered | FactWithdrawn, name: str, version: Version) -> Observation:
    return Observation(Fact("tests", name, version, message), ("tests", name), NO_RECORD)


def _became(number: str, standing: list[tuple[str, str]]) -> str:
    """The number that a person has after the newest change of each number, taken in order.

    Numbers form groups, and each group has a head, the number in use: a change joins two groups under one head.
    """
    head = {person: person for person in NUMBERS}
    newest = {old: version for version, (old, _) in enumerate(standing)}
    for old, new in (standing[version] for version in sorted(newest.values())):
        group = {person for person in NUMBERS if head[person] == head[old]}
        # The new number's group keeps its head. Where old and new are one group already (a ring), the new is the head.
        to = new if head[new] == head[old] else head[new]
        head |= dict.fromkeys(group, to)
    return head[number]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), on=st.integers(0, 3_200))
def test_years_of_notes_give_the_cases_and_plans_of_the_reference_model(seed: int, on: int) -> None:
    """contract 3 and 4: hundreds of notes with facts between them, shuffled, and a third of them repeated."""
    life = long_life(seed)
    records = records_of(life)
    shuffled = records + records[::3]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order to try, not a secret
    now = (on, 720)
    outcome = outcome_of(shuffled, instant(now))
    assert days_from_start(outcome) == [
        (case["start"], case["end"], case["sick_days"], case["over"]) for case in cases_of(life)
    ]
    story = plan_of(life, now)
    leaves = sorted(outcome.leaves.items(), key=lambda item: item[1].start)
    for (case_id, _), case in zip(leaves, story.cases, strict=True):
        mine = {
            (f"{step.key.checkpoint}.{step.key.step}", step.key.subject): (step.state, step.reason)
            for step in outcome.plans[case_id].steps
            if step.reason != "disabled"
        }
        assert mine == {
            (step["step"]["path"], step["subject"]): (step["state"], step["reason"])
            for step in story.plans[case["number"]]
        }
