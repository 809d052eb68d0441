"""Norway's public holidays are computed for every year, as others know them (contract 4.1)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from holidays import country_holidays

from services.workdays import is_working_day, public_holidays


@pytest.mark.parametrize("year", range(1950, 2101))
def test_the_holidays_are_those_of_a_library_for_the_years_it_knows(year: int) -> None:
    assert public_holidays(year) == frozenset(country_holidays("NO", years=year))


# From the published tables of Easter; 22 March and 25 April are the earliest and the latest that there can be.
EASTER_SUNDAYS = [
    "1961-04-02",
    "2000-04-23",
    "2038-04-25",
    "2076-04-19",
    "2101-04-17",
    "2152-04-23",
    "2285-03-22",
]


@pytest.mark.parametrize("text", EASTER_SUNDAYS)
def test_easter_is_in_the_right_week(text: str) -> None:
    easter = date.fromisoformat(text)
    days = public_holidays(easter.year)
    assert {easter + timedelta(days=offset) for offset in (-3, -2, 0, 1, 39, 49, 50)} <= days
    assert len(days) in (11, 12)


def test_a_year_after_2100_has_holidays() -> None:
    """A leave that lasts until the end of 2100 has deadlines in 2101."""
    assert not is_working_day(date(2101, 4, 15))  # Good Friday
    assert not is_working_day(date(2101, 12, 26))
    assert not is_working_day(date(2101, 5, 17))
