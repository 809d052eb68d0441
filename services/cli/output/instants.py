"""Instants, dates and lengths of time as options take them and as results show them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import typer

from schemas.norway import OSLO

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def instant(text: str | datetime) -> datetime:
    """An option's instant in UTC, as the records write theirs (contract 8); anything else is wrong use."""
    from schemas.dates import NotADate, read_instant

    try:
        return (text if isinstance(text, datetime) else read_instant(text)).astimezone(UTC)
    except NotADate as fault:
        raise typer.BadParameter(
            f"this {fault}; an instant is written like 2026-05-01T12:00:00+02:00"
        ) from None


def date_option(text: str | date) -> date:
    """An option's date, as the records write theirs (contract 8); anything else is wrong use."""
    from schemas.dates import NotADate, read_day

    try:
        return text if isinstance(text, date) else read_day(text)
    except NotADate as fault:
        raise typer.BadParameter(f"this {fault}; a date is written like 2026-05-01") from None


def span(text: str | timedelta) -> timedelta:
    """An option's length of time, such as 30s, 15m, 1h or 1d."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"([1-9]\d{0,6})([smhd])", text)
    if match is None:
        raise typer.BadParameter("this is not a length of time, such as 30s, 15m, 1h or 1d")
    return int(match[1]) * _UNITS[match[2]]


def in_oslo(at: datetime) -> str:
    """ISO 8601 with the offset that holds in Oslo then."""
    return at.astimezone(OSLO).isoformat()


def day(on: date) -> str:
    """5 Jan 2026."""
    return f"{on.day} {on:%b %Y}"


def weekday(on: date) -> str:
    """Mon 5 Jan 2026."""
    return f"{on:%a} {day(on)}"
