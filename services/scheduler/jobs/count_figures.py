"""The figures per office and month, counted anew for as long as a month is open, and never after that (contract 9).

A month is counted in one look at everybody whom it may concern, and written at the end in a transaction of its own:
a process that is killed meanwhile has written nothing, and the next run begins anew. Two processes at once count the
same twice, and the later look stands.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import structlog

from schemas.norway import oslo_date
from services.runtime.clock import Clock
from services.runtime.postgres import Pool, transaction
from services.scheduler import metrics
from services.scheduler.domain.people.figures import (
    ELIGIBLE,
    MEETINGS_HELD,
    CountedMonth,
    Month,
    contribution,
    months_to_count,
)
from services.scheduler.store.figures import FigureTables

COUNT_AGAIN_AFTER = timedelta(hours=1)
"""How old the figures of an open month may be; another process may have counted it just now."""
NO_OFFICE = "none"
"""What a metric calls the people of whom no office is known."""

_log = structlog.stdlib.get_logger(__name__)


async def count_figures(pool: Pool, clock: Clock) -> list[Month]:
    """Count the months that are due to be counted, close those whose time has come, and show the last closed one.

    Returns the months that were written. Raises what PostgreSQL raises: what was written by then stays.
    """
    now = await clock.now()
    async with transaction(pool) as connection:
        known = {counted.month: counted for counted in await FigureTables(connection).months()}
    written = []
    for month in months_to_count(known.values(), now):
        counted = CountedMonth(month, now, now if now >= month.closes_at else None)
        if _is_due(known.get(month), counted) and await _count(pool, counted):
            written.append(month)
    await _show_last_closed(pool)
    return written


def _is_due(known: CountedMonth | None, counted: CountedMonth) -> bool:
    return (
        known is None
        or counted.closed_at is not None
        or known.as_of <= counted.as_of - COUNT_AGAIN_AFTER
    )


async def _count(pool: Pool, counted: CountedMonth) -> bool:
    figures: dict[str, Counter[str]] = {}
    people = 0
    today = oslo_date(counted.as_of)
    async with transaction(pool) as connection:
        async for batch in FigureTables(connection).people_to_count(counted.month):
            for person in batch:
                figures.setdefault(person.office or "", Counter()).update(
                    contribution(person, counted.month, today)
                )
            people += len(batch)
            await asyncio.sleep(0)
    async with transaction(pool) as connection:
        is_written = await FigureTables(connection).save(counted, figures)
    if is_written and counted.closed_at is not None:
        _log.info("figures.closed", count=people)
    return is_written


async def _show_last_closed(pool: Pool) -> None:
    async with transaction(pool) as connection:
        tables = FigureTables(connection)
        closed = [counted.month for counted in await tables.months() if counted.closed_at]
        if not closed:
            return
        last = max(closed)
        figures = (await tables.read([last])).get(last, {})
    # An office that has nothing in this month must not keep what it had in the one before.
    metrics.FIGURES_PEOPLE.clear()
    metrics.FIGURES_MEETINGS_HELD.clear()
    for office, counts in figures.items():
        for outcome in ELIGIBLE:
            metrics.FIGURES_PEOPLE.labels(office or NO_OFFICE, outcome).set(counts[outcome])
        metrics.FIGURES_MEETINGS_HELD.labels(office or NO_OFFICE).set(counts[MEETINGS_HELD])
    begins_at = datetime(last.first.year, last.first.month, 1, tzinfo=UTC)
    metrics.FIGURES_MONTH.set(begins_at.timestamp())
