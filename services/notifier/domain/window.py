"""When people may be written to: Monday to Saturday [09:00, 20:00) in Oslo (contract 6.4).

Closed on Sundays, Norwegian public holidays and 24 December. It is asked at every attempt, so that a
delivery that failed at 19:59 is not tried again at 20:01. Letters and adviser tasks have no window.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from schemas.norway import ONE_DAY, OSLO, oslo_instant
from services.workdays import is_christmas_eve, is_public_holiday

OPENS = time(9)
CLOSES = time(20)
SUNDAY = 6


def is_open(now: datetime) -> bool:
    """Whether an SMS or e-mail may leave at this (aware) instant."""
    local = now.astimezone(OSLO)
    return is_open_day(local.date()) and OPENS <= local.time() < CLOSES


def next_open(now: datetime) -> datetime:
    """`now` itself inside the window, else the next opening; aware, in UTC.

    An opening is 09:00 on Oslo's clocks on its date, so a change to or from summer time moves the instant and not
    the hour.
    """
    if is_open(now):
        return now.astimezone(UTC)
    local = now.astimezone(OSLO)
    day = local.date() if local.time() < OPENS else local.date() + ONE_DAY
    while not is_open_day(day):
        day += ONE_DAY
    return opening(day)


def is_open_day(day: date) -> bool:
    return day.weekday() != SUNDAY and not is_public_holiday(day) and not is_christmas_eve(day)


def last_opening(day: date) -> tuple[datetime, datetime]:
    """The beginning and the end of the last window on or before that day, in UTC; the end lies outside."""
    while not is_open_day(day):
        day -= ONE_DAY
    return opening(day), oslo_instant(day, CLOSES).astimezone(UTC)


def opening(day: date) -> datetime:
    """09:00 in Oslo on that day, in UTC."""
    return oslo_instant(day, OPENS).astimezone(UTC)
