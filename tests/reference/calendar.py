"""Norway's calendar by other means than the scheduler's: no date arithmetic, no zone database, no holiday library.

Days are counted as whole numbers since 1 March of year 0, Easter is Meeus's, summer time is the rule of the
directive (last Sunday of March and of October, 01:00 UTC).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

HOUR = 3600
SPRING_AT = 2 * 60
AUTUMN_AT = 3 * 60


class Ymd(NamedTuple):
    year: int
    month: int
    day: int


def number_of(date: Ymd) -> int:
    """A day's number; 1 January 1970 is 719468."""
    year = date.year - (date.month <= 2)
    era, of_era = divmod(year, 400)
    of_year = (153 * ((date.month + 9) % 12) + 2) // 5 + date.day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year


@cache
def ymd(number: int) -> Ymd:
    """The date of a day's number."""
    era, of_era = divmod(number, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    return Ymd(year + era * 400 + (month >= 10), month + 3 if month < 10 else month - 9, day)


def weekday(number: int) -> int:
    """Monday is 0; 1 March of year 0 was a Wednesday."""
    return (number + 2) % 7


def easter(year: int) -> Ymd:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weeks = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * weeks) // 433
    month = (h + weeks - 7 * m + 90) // 25
    return Ymd(year, month, (h + weeks - 7 * m + 33 * month + 19) % 32)


@cache
def shut(year: int) -> frozenset[int]:
    """The days of a year on which offices are shut whatever the weekday (contract 4)."""
    sunday = number_of(easter(year))
    around = {sunday + offset for offset in (-3, -2, 0, 1, 39, 49, 50)}
    fixed = {(1, 1), (5, 1), (5, 17), (12, 24), (12, 25), (12, 26)}
    return frozenset(around | {number_of(Ymd(year, month, day)) for month, day in fixed})


def is_working_day(number: int) -> bool:
    return weekday(number) < 5 and number not in shut(ymd(number).year)


def last_working_day(number: int) -> int:
    while not is_working_day(number):
        number -= 1
    return number


def next_working_day(number: int) -> int:
    number += 1
    while not is_working_day(number):
        number += 1
    return number


@cache
def _last_sunday(year: int, month: int) -> int:
    number = number_of(Ymd(year, month, 31))
    return number - (weekday(number) + 1) % 7


def in_oslo(number: int, minute: int) -> int:
    """The Unix time of a minute of a day in Oslo: an hour ahead of UTC, in summer two; changes are at 01:00 UTC."""
    year = ymd(number).year
    spring, autumn = _last_sunday(year, 3), _last_sunday(year, 10)
    is_summer = spring < number < autumn
    is_summer |= number == spring and minute >= SPRING_AT
    is_summer |= number == autumn and minute < AUTUMN_AT
    days = number - number_of(Ymd(1970, 1, 1))
    return days * 24 * HOUR + minute * 60 - (2 if is_summer else 1) * HOUR


def nine_in_oslo(number: int) -> int:
    """The Unix time of 09:00 in Oslo on a day."""
    return in_oslo(number, 9 * 60)
