"""The one meaning of a date and of an instant in a record, for our own topics and for those of others (contract 8).

A date is `YYYY-MM-DD` in the calendar. An instant is such a date, `T`, a time and a zone: `Z`, `+02:00`, `+0200` or
`+02`. A parser that is wider than that takes 20260120 for seconds since 1970, or a week for a day, and nobody notices:
so one pattern decides, and the JSON Schemas publish the same pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, TypeVar

from annotated_types import Ge, Le
from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

T = TypeVar("T", date, datetime)

OWN_FAULT = "date_fault"
"""The type of every fault that is found here; its text holds no value and follows the field's name."""

FIRST_YEAR = 1950
LAST_YEAR_OF_FACTS = 2100
"""A later year in a fact is a typing error, and is refused."""
LAST_YEAR = 2150
"""What follows from facts, such as the deadlines of a leave that ends in 2100, lies before the end of this year."""

_MONTH_AND_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
_ZONE = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
END = r"(?!\n)$"
"""The end of a published pattern: in some languages `$` alone also matches before a line break at the end."""


def _calendar(years: str, leap_years: str) -> str:
    return f"(?:(?:{years})-{_MONTH_AND_DAY}|(?:{leap_years})-02-29)"


_LEAP_20 = "20(?:[02468][048]|[13579][26])"
_LEAP_19 = "19(?:[68][048]|[579][26])"
_FACT_DAY = _calendar("19[5-9][0-9]|20[0-9]{2}|2100", f"{_LEAP_19}|{_LEAP_20}")
_DAY = _calendar(
    "19[5-9][0-9]|20[0-9]{2}|21[0-4][0-9]|2150",
    f"{_LEAP_19}|{_LEAP_20}|21(?:0[48]|[24][048]|[13][26])",
)
_INSTANT_LIKE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_DAY_LIKE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)


class _Meaning:
    """The dates and the instants between two years."""

    def __init__(self, last_year: int, calendar: str) -> None:
        self._last_year = last_year
        self.day_pattern = f"^{calendar}{END}"
        self.instant_pattern = f"^{calendar}{_TIME}{_ZONE}{END}"
        self._days = re.compile(calendar)
        self._instants = re.compile(calendar + _TIME + _ZONE)

    def day(self, value: object) -> object:
        """A text as its date; a value that is no text is left to pydantic."""
        if not isinstance(value, str):
            return value
        if self._days.fullmatch(value):
            return date.fromisoformat(value)
        like = _DAY_LIKE.fullmatch(value)
        if like is None:
            raise _fault("is not a date (YYYY-MM-DD)")
        raise self._no_date(int(like[1]))

    def instant(self, value: object) -> object:
        """A text as its instant; a value that is no text is left to pydantic."""
        if not isinstance(value, str):
            return value
        if self._instants.fullmatch(value):
            return _instant(value)
        like = _INSTANT_LIKE.fullmatch(value)
        if like is None:
            raise _fault("is not an instant (YYYY-MM-DDThh:mm:ss and a zone)")
        if like[4] is None:
            raise _fault("has no time zone")
        if not self._days.fullmatch(value[:10]):
            raise self._no_date(int(like[1]))
        raise _fault("has a time or a zone that no clock shows")

    def _no_date(self, year: int) -> PydanticCustomError:
        if not FIRST_YEAR <= year <= self._last_year:
            return _fault(f"is not between the years {FIRST_YEAR} and {self._last_year}")
        return _fault("is not a date in the calendar")


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError(OWN_FAULT, text)


def _instant(text: str) -> datetime:
    """The instant of a text that fits the pattern; of a fraction, whole microseconds."""
    clock = re.search(r"(?:Z|[+-][0-9:]+)$", text[10:])
    zone = clock[0] if clock else ""
    moment = text[: len(text) - len(zone)].replace(",", ".")
    whole, _, fraction = moment.partition(".")
    at = datetime.fromisoformat(whole).replace(microsecond=int(fraction[:6].ljust(6, "0")))
    return at.replace(tzinfo=_zone(zone))


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


class NotADate(ValueError):
    """A text outside of a record that is no date or no instant; `str()` goes on from what the text is called."""


def read_instant(text: object) -> datetime:
    """The aware instant that an option or a file of records names; raises NotADate."""
    return _read(_all.instant, text, datetime, "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)")


def read_day(text: object) -> date:
    """The date that an option names; raises NotADate."""
    return _read(_all.day, text, date, "is not a date (YYYY-MM-DD)")


def _read(parse: Callable[[object], object], text: object, kind: type[T], fault: str) -> T:
    try:
        value = parse(text)
    except PydanticCustomError as error:
        raise NotADate(error.message()) from None
    if not isinstance(value, kind):
        raise NotADate(fault)
    return value


_facts = _Meaning(LAST_YEAR_OF_FACTS, _FACT_DAY)
_all = _Meaning(LAST_YEAR, _DAY)

# A text is judged by the date that is written in it. In UTC or in Norway an instant may then lie a day or two outside
# the years, and so may a date that is taken from it: the bounds of the values leave room for that.
_EARLIEST = datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC)

DAY_SCHEMA = {"type": "string", "format": "date"}

Day = Annotated[
    date,
    Ge(_EARLIEST.date()),
    Le(date(LAST_YEAR_OF_FACTS + 1, 1, 2)),
    BeforeValidator(_facts.day),
    WithJsonSchema({**DAY_SCHEMA, "pattern": _facts.day_pattern}),
]
"""A date in a fact."""

Instant = Annotated[
    AwareDatetime,
    Ge(_EARLIEST),
    Le(datetime(LAST_YEAR_OF_FACTS + 1, 1, 2, tzinfo=UTC)),
    BeforeValidator(_facts.instant),
    WithJsonSchema({"type": "string", "pattern": _facts.instant_pattern}),
]
"""An instant in a fact."""

OwnDay = Annotated[
    date,
    BeforeValidator(_all.day),
    WithJsonSchema({**DAY_SCHEMA, "pattern": _all.day_pattern}),
]
"""A date in what the services say."""

OwnInstant = Annotated[
    AwareDatetime,
    Ge(_EARLIEST),
    Le(datetime(LAST_YEAR + 1, 1, 2, tzinfo=UTC)),
    BeforeValidator(_all.instant),
    WithJsonSchema({"type": "string", "pattern": _all.instant_pattern}),
]
"""An instant in what the services say."""
