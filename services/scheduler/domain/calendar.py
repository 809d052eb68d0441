"""Dates and instants in Norway: Oslo's date of an instant, and 09:00 local.

All date arithmetic is on dates; a date becomes an instant at the very end (contract 4).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
ONE_DAY = timedelta(days=1)


def oslo_date(at: datetime) -> date:
    """The date in Oslo at an aware instant."""
    return at.astimezone(OSLO).date()


def oslo_instant(day: date, at: time) -> datetime:
    """The aware instant of a wall-clock time in Oslo; 09:00 stays 09:00 when the clocks change."""
    return datetime.combine(day, at, OSLO)


def midnight(day: date) -> datetime:
    """The instant at which an Oslo date begins, in UTC."""
    return datetime.combine(day, time(), OSLO).astimezone(UTC)
