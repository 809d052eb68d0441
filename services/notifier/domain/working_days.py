"""Norwegian working days: Monday to Friday, no public holiday, not 24 December (SPEC 4, 6)."""

from datetime import date, timedelta
from functools import lru_cache

import holidays

SATURDAY = 5


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Norway's public holidays of one year; Sundays that are no holiday are not among them."""
    return frozenset(holidays.country_holidays("NO", years=year))


def is_public_holiday(day: date) -> bool:
    return day in public_holidays(day.year)


def is_christmas_eve(day: date) -> bool:
    return (day.month, day.day) == (12, 24)


def is_working_day(day: date) -> bool:
    return day.weekday() < SATURDAY and not is_public_holiday(day) and not is_christmas_eve(day)


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`: the day after is the first that can count."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
