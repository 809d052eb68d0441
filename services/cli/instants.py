"""Instants as options take them and as results show them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import typer

OSLO = ZoneInfo("Europe/Oslo")


def instant(text: str | datetime) -> datetime:
    """An option's instant, aware, in UTC; anything else is wrong use."""
    try:
        parsed = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise typer.BadParameter(
            "this is not an instant with a zone, such as 2026-05-01T12:00:00+02:00"
        )
    return parsed.astimezone(UTC)


def in_oslo(at: datetime) -> str:
    """ISO 8601 with the offset that holds in Oslo then."""
    return at.astimezone(OSLO).isoformat()
