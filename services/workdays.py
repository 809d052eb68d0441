"""Norwegian working days and public holidays for both services (contract 4, 6). Pure: dates in, dates out."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from holidays import country_holidays

from schemas.norway import ONE_DAY

SATURDAY = 5


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays by law (helligdagsfredloven § 2; lov om 1. og 17. mai) of one year, without plain Sundays."""
    return frozenset(country_holidays("NO", years=year))


def is_public_holiday(day: date) -> bool:
    return day in public_holidays(day.year)


def is_christmas_eve(day: date) -> bool:
    return (day.month, day.day) == (12, 24)


def is_working_day(day: date) -> bool:
    """Monday to Friday, no public holiday, not 24 December: offices are open."""
    return day.weekday() < SATURDAY and not is_public_holiday(day) and not is_christmas_eve(day)


def last_working_day(day: date) -> date:
    """The last working day on or before `day`."""
    while not is_working_day(day):
        day -= ONE_DAY
    return day


def working_days_after(day: date, count: int) -> date:
    """The `count`-th working day after `day`, which itself does not count."""
    while count > 0:
        day += ONE_DAY
        count -= is_working_day(day)
    return day
