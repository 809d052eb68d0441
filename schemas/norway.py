"""Dates and instants in Norway: the date in Oslo of an instant, and a time on Oslo's clocks on a date.

Date arithmetic is on dates; a date becomes an instant only at the end, so that 09:00 stays 09:00 when the
clocks change (contract 4.1).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
ONE_DAY = timedelta(days=1)


def oslo_date(at: datetime) -> date:
    """The date in Oslo at an aware instant."""
    return at.astimezone(OSLO).date()


def oslo_instant(day: date, at: time) -> datetime:
    """The aware instant, in Oslo's zone, at which Oslo's clocks show `at` on `day`."""
    return datetime.combine(day, at, OSLO)


def midnight(day: date) -> datetime:
    """The instant at which a date begins in Oslo, in UTC."""
    return datetime.combine(day, time(), OSLO).astimezone(UTC)


def months_before(day: date, months: int) -> date:
    """The same day of the month, so many months earlier; where that month is shorter, its last day."""
    month = day.year * 12 + day.month - 1 - months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
