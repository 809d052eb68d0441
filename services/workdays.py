"""Norwegian working days and public holidays for both services (contract 4, 6). Pure: dates in, dates out."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from schemas.norway import ONE_DAY

SATURDAY = 5


@lru_cache(maxsize=256)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays by law (helligdagsfredloven § 2; lov om 1. og 17. mai) of one year, without plain Sundays."""
    easter = _easter_sunday(year)
    # Maundy Thursday, Good Friday, Easter Sunday and Monday, Ascension Day, Whit Sunday and Monday.
    movable = (easter + timedelta(days=days) for days in (-3, -2, 0, 1, 39, 49, 50))
    fixed = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
    return frozenset((*movable, *(date(year, month, day) for month, day in fixed)))


def _easter_sunday(year: int) -> date:
    """By the anonymous Gregorian algorithm (Nature, 20 April 1876), right for every year of the calendar.

    Computed here, because libraries of holidays know a span of years, and say that later ones have none.
    """
    century, year_of_century = divmod(year, 100)
    lunar_correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - century // 4 - lunar_correction + 15) % 30
    weekday = (
        32 + 2 * (century % 4) + 2 * (year_of_century // 4) - epact - year_of_century % 4
    ) % 7
    late_moon = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late_moon + 114, 31)
    return date(year, month, day + 1)


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
