"""From when a person's retention counts, and when it is over: pure, and never a day early (contract 14.10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import FollowUpPlanMade, Period, SickNoteRegistered, WorkResumed
from schemas.norway import midnight, months_before
from schemas.wire import Version
from services.scheduler.domain.facts.cases import leaves_of
from services.scheduler.domain.facts.facts import Fact, NoteSlot, standing
from services.scheduler.domain.people.retention import (
    LATE_NOTE,
    is_to_be_forgotten,
    last_on,
    published_at,
)
from tests.support.scheduler_bench import ANNE, KAFE

MONDAY = date(2026, 1, 5)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def version(day: date) -> Version:
    return Version(int(midnight(day).timestamp() * 1000), 0)


def slot(published_on: date, to: date, *, kind: str = "full", note_id: str = "n") -> NoteSlot:
    """A note from MONDAY on."""
    period = Period.model_validate({"from": MONDAY, "to": to, "kind": kind})
    note = SickNoteRegistered(
        note_id=note_id,
        person_id=ANNE,
        employer=None,
        form="digital",
        issued_on=MONDAY,
        periods=(period,),
    )
    return NoteSlot("canonical", note_id, version(published_on), note)


def plan(published_on: date) -> Fact:
    made = FollowUpPlanMade(
        person_id=ANNE, org_number=KAFE, made_on=MONDAY, occurred_at=midnight(published_on)
    )
    return Fact("s", f"plan-{published_on}", version(published_on), made)


def counted_from(slots: list[NoteSlot], facts: list[Fact]) -> date | None:
    stands = standing(slots, facts)
    return last_on(leaves_of(stands.notes, stands.resumed), slots, facts)


def test_it_counts_from_the_end_of_the_last_case() -> None:
    """Whatever was published after it: a corrected note of the case, a fact that belongs to it."""
    end = date(2026, 3, 1)
    corrected = slot(date(2026, 9, 1), end)
    assert counted_from([corrected], [plan(date(2026, 10, 1))]) == end


def test_a_return_to_work_ends_the_case() -> None:
    back = WorkResumed.model_validate(
        {"person_id": ANNE, "from": date(2026, 2, 2), "occurred_at": midnight(date(2026, 2, 2))}
    )
    resumed = Fact("s", "r", version(date(2026, 2, 2)), back)
    assert counted_from([slot(MONDAY, date(2026, 3, 1))], [resumed]) == date(2026, 2, 1)


def test_what_makes_no_case_counts_from_when_it_was_published() -> None:
    waiting = slot(date(2026, 8, 3), date(2026, 8, 9), kind="waiting", note_id="w")
    assert counted_from([slot(MONDAY, date(2026, 3, 1)), waiting], []) == date(2026, 8, 3)
    assert counted_from([waiting], [plan(date(2026, 8, 5))]) == date(2026, 8, 5)
    assert counted_from([NoteSlot("canonical", "n", version(MONDAY), None)], []) == MONDAY
    assert counted_from([], []) is None


@pytest.mark.parametrize("timestamp_ms", [-1, -(10**18), 10**18])
def test_no_timestamp_is_outside_the_calendar(timestamp_ms: int) -> None:
    assert 1970 <= published_at(timestamp_ms).year <= 2096


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)), months=st.integers(0, 1200))
def test_so_many_months_before_is_never_too_late(day: date, months: int) -> None:
    """Counted back over a short month it may be a day or three late, and it is never early."""
    before = months_before(day, months)
    assert (day.year - before.year) * 12 + day.month - before.month == months
    assert before.day == day.day or (before.day < day.day and (before + timedelta(1)).day == 1)


@given(last=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_there_is_one_first_day_and_all_later_ones_follow(last: date) -> None:
    days = [last + timedelta(days) for days in range(37 * 28, 37 * 31 + 3)]
    over = [is_to_be_forgotten(last, LONG_AGO, 37, midnight(day)) for day in days]
    assert over == sorted(over)
    first = days[over.index(True)]
    assert (first.year - last.year) * 12 + first.month - last.month in (37, 38)
    assert first.day == last.day or (first.day, first.month) == (1, (last.month + 37) % 12 + 1)
    assert not is_to_be_forgotten(
        last, midnight(first - LATE_NOTE + timedelta(1)), 37, midnight(first)
    )
