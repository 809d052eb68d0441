"""When people may be written to, and which days an adviser works (contract 6.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.norway import OSLO
from services.notifier.domain.window import is_open, next_open
from services.workdays import is_working_day, working_days_after
from tests.support.notifier_desk import oslo

# Written down by hand, not asked of the library that the code asks.
CLOSED_2026 = {
    date(2026, 1, 1), date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6),
    date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 17), date(2026, 5, 24), date(2026, 5, 25),
    date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26),
}  # fmt: skip

INSTANTS = st.integers(0, 365 * 24 * 3600 - 1).map(
    lambda second: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("2026-02-24T09:00:00", "2026-02-24T09:00:00"),
        ("2026-02-24T08:59:59", "2026-02-24T09:00:00"),
        ("2026-02-24T19:59:59", "2026-02-24T19:59:59"),
        ("2026-02-24T20:00:00", "2026-02-25T09:00:00"),
        ("2026-02-21T12:00:00", "2026-02-21T12:00:00"),  # a Saturday
        ("2026-02-22T12:00:00", "2026-02-23T09:00:00"),  # a Sunday
        ("2026-04-01T20:00:00", "2026-04-04T09:00:00"),  # Maundy Thursday, Good Friday
        ("2026-04-05T10:00:00", "2026-04-07T09:00:00"),  # Easter Sunday and Monday
        ("2026-12-24T10:00:00", "2026-12-28T09:00:00"),  # and 27 December is a Sunday
        ("2026-03-29T01:30:00", "2026-03-30T09:00:00"),  # the night the hour is lost
        ("2026-03-28T20:30:00", "2026-03-30T09:00:00"),
        ("2026-10-25T02:30:00", "2026-10-26T09:00:00"),  # the hour that comes twice
        ("2026-10-24T20:30:00", "2026-10-26T09:00:00"),
        ("2026-12-31T21:00:00", "2027-01-02T09:00:00"),
    ],
)
def test_the_next_opening_is(asked: str, answer: str) -> None:
    assert next_open(oslo(asked)) == oslo(answer)


@given(INSTANTS)
def test_an_opening_is_open_and_nothing_before_it_is(instant: datetime) -> None:
    opening = next_open(instant)
    local = opening.astimezone(OSLO)
    assert opening >= instant
    assert is_open(opening)
    assert local.weekday() != 6
    assert local.date() not in CLOSED_2026
    assert 9 <= local.hour < 20
    if opening > instant:
        assert not is_open(opening - timedelta(microseconds=1))
        assert (local.hour, local.minute, local.second) == (9, 0, 0)


@pytest.mark.parametrize(
    ("opened", "days", "due"),
    [
        (date(2026, 2, 24), 3, date(2026, 2, 27)),
        (date(2026, 2, 27), 1, date(2026, 3, 2)),  # a Friday: the Monday after
        (date(2026, 2, 28), 1, date(2026, 3, 2)),
        (date(2026, 4, 1), 3, date(2026, 4, 9)),  # over Easter
        (date(2026, 12, 23), 1, date(2026, 12, 28)),
        (date(2026, 5, 13), 2, date(2026, 5, 18)),
    ],
)
def test_working_days_are_counted_from_the_day_after(opened: date, days: int, due: date) -> None:
    assert working_days_after(opened, days) == due


@given(st.dates(date(2026, 1, 1), date(2026, 11, 30)), st.integers(1, 10))
def test_so_many_working_days_lie_between(opened: date, count: int) -> None:
    due = working_days_after(opened, count)
    between = [opened + timedelta(days=n) for n in range(1, (due - opened).days + 1)]
    assert sum(map(is_working_day, between)) == count
    assert is_working_day(due)
    assert all(day.weekday() < 5 and day not in CLOSED_2026 for day in [due])
