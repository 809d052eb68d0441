"""How long due events are kept: until so many months after the end of the case, as they know it (contract 14.10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from schemas.messages import DeadlineDue
from schemas.norway import ONE_DAY, midnight, months_before, oslo_date

OVER_AFTER = timedelta(days=16)
"""From the last day of a case to the one on which it is over and what stands of it is withdrawn (contract 3.6)."""


def ended_by(now: datetime, months: int) -> date:
    """By which date in Norway a case has ended of which everything goes at `now` (aware)."""
    return months_before(oslo_date(now), months)


def silent_since(now: datetime, months: int) -> datetime:
    """The instant (UTC) since which nothing can have come of such a case: the day after it was over."""
    return midnight(ended_by(now, months) + OVER_AFTER + ONE_DAY)


def last_day(event: DeadlineDue) -> date:
    """The last day of its case as far as this event, with its newest basis, knows it."""
    end = event.case.end
    until = event.basis.notes_until if event.basis is not None else None
    return max(end, until or end)
