"""Generated lives against a day-by-day reference model, and what must hold of all of them (SPEC 2-4)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import person_hash
from services.scheduler.domain.intake import Taken
from services.scheduler.domain.register import Register
from services.scheduler.domain.replan import Replanned
from tests.unit.reference_life import ANNE, OSLO, START, at, shipped
from tests.unit.reference_lives import gone_of, lives, records_of
from tests.unit.reference_model import STEPS, cases_of, plan_of

NOW = st.tuples(st.integers(-10, 330), st.integers(0, 1439))
PATHS = {each["path"] for each in STEPS}
SETTINGS = settings(max_examples=250, deadline=None)


def fresh() -> Register:
    return Register(shipped("standard"), lambda number: person_hash(b"tests", number))


def instant(now: tuple[int, int]) -> datetime:
    return at(now[0], f"{now[1] // 60:02}:{now[1] % 60:02}")


def folded(records: list[Taken], now: datetime, *, cuts: list[int] | None = None) -> Replanned:
    """Everything taken at one instant, in one batch or in several with a replan after each."""
    register = fresh()
    edges = sorted({0, *(cuts or []), len(records)})
    for begin, end in pairwise(edges):
        register.replan(register.take(records[begin:end]), now)
    return register.replan([ANNE], now)[ANNE]


def days_from_start(made: Replanned) -> list[tuple[int, int, int, int]]:
    return sorted(
        (
            (leave.start - START).days,
            (leave.end - START).days,
            len(leave.days),
            (leave.over_on - START).days,
        )
        for leave in made.leaves.values()
    )


def local(due_at: datetime | None) -> tuple[int, int] | None:
    if due_at is None:
        return None
    there = due_at.astimezone(OSLO)
    return (there.date() - START).days, there.hour * 60 + there.minute


def first_part(made: Replanned) -> list[dict[str, Any]]:
    """Each case's start-anchored steps by start, in the words of the reference model."""
    plans = []
    for case_id, leave in sorted(made.leaves.items(), key=lambda item: item[1].start):
        plans.append(
            {
                f"{each.key.checkpoint}.{each.key.step}": {
                    "state": each.state,
                    "reason": each.reason,
                    "due_on": (each.due_on - leave.start).days if each.due_on else None,
                    "due_at": local(each.due_at),
                    "to": sorted((to.role, to.org_number or "") for to in each.recipients),
                }
                for each in made.plans[case_id].steps
                if f"{each.key.checkpoint}.{each.key.step}" in PATHS
            }
        )
    return plans


def whole_plan(made: Replanned) -> list[list[tuple[Any, ...]]]:
    """All that a plan says except for ids, without cases that no note makes any more."""
    return [
        [
            (
                *(each.key, each.generation, each.due_on, each.due_at, each.state, each.reason),
                sorted(
                    (to.role, to.org_number or "", to.adviser_id or "") for to in each.recipients
                ),
            )
            for each in made.plans[case_id].steps
        ]
        for case_id, leave in sorted(made.leaves.items(), key=lambda item: item[1].start)
    ]


@SETTINGS
@given(life=lives())
def test_cases_are_those_of_a_walk_over_every_day(life: dict[str, Any]) -> None:
    """SPEC 3.1-3.6."""
    expected = [
        (each["start"], each["end"], each["sick_days"], each["over"]) for each in cases_of(life)
    ]
    assert days_from_start(folded(records_of(life), at(0))) == expected


@SETTINGS
@given(life=lives(replies=False), now=NOW)
def test_a_fresh_plan_is_that_of_the_reference_model(
    life: dict[str, Any], now: tuple[int, int]
) -> None:
    """SPEC 4, 4.1 and 4.2, where nothing has fired before."""
    expected = [
        {
            path: {
                "state": each["state"],
                "reason": each["reason"],
                "due_on": each["due_on"] - case["start"],
                "due_at": each["due_at"],
                "to": sorted((role, org or "") for role, org in each["to"]),
            }
            for path, each in plan.items()
        }
        for case, plan in zip(cases_of(life), plan_of(life, now), strict=True)
    ]
    found = first_part(folded(records_of(life), instant(now)))
    for mine, theirs in zip(found, expected, strict=True):
        for path, step in theirs.items():
            if step["reason"] == "died" or mine[path]["reason"] == "died":
                assert mine[path]["reason"] == step["reason"]
            else:
                assert mine[path] == step, path


@SETTINGS
@given(data=st.data(), life=lives(), now=NOW)
def test_arrival_order_and_repeats_do_not_change_the_plan(
    data: st.DataObject, life: dict[str, Any], now: tuple[int, int]
) -> None:
    """SPEC 4.1: the same records in any order, some twice, in any batches, at one instant."""
    records = records_of(life)
    if data.draw(st.booleans()):
        records.append(gone_of(life, data.draw(st.integers(0, len(life["notes"]) - 1))))
    repeated = records + data.draw(st.lists(st.sampled_from(records), max_size=5))
    shuffled = data.draw(st.permutations(repeated))
    cuts = data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4))
    once = folded(records, instant(now))
    anyhow = folded(shuffled, instant(now), cuts=cuts)
    assert days_from_start(anyhow) == days_from_start(once)
    assert whole_plan(anyhow) == whole_plan(once)
