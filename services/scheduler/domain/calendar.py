"""Dates and instants in Norway: Oslo's date of an instant, 09:00 local, and working days.

All date arithmetic is on dates; a date becomes an instant at the very end (SPEC 4).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holidays import country_holidays

OSLO = ZoneInfo("Europe/Oslo")
ONE_DAY = timedelta(days=1)
SATURDAY = 5

# Public holidays by law (helligdagsfredloven § 2; lov om 1. og 17. mai), without Sundays; computed per year.
_PUBLIC_HOLIDAYS = country_holidays("NO")


def oslo_date(at: datetime) -> date:
    """The date in Oslo at an aware instant."""
    return at.astimezone(OSLO).date()


def oslo_instant(day: date, at: time) -> datetime:
    """The aware instant of a wall-clock time in Oslo; 09:00 stays 09:00 when the clocks change."""
    return datetime.combine(day, at, OSLO)


def midnight(day: date) -> datetime:
    """The instant at which an Oslo date begins, in UTC."""
    return datetime.combine(day, time(), OSLO).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """Monday to Friday, no public holiday, not 24 December (SPEC 4: offices are shut)."""
    christmas_eve = (day.month, day.day) == (12, 24)
    return day.weekday() < SATURDAY and day not in _PUBLIC_HOLIDAYS and not christmas_eve


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
