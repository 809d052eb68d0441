"""The figures per office and month: counted from what is known, closed on the 5th, kept when people are forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import Gauge
from prometheus_client.samples import Sample

from services.runtime.postgres import transaction
from services.scheduler import metrics
from services.scheduler.domain.people.figures import OUTCOMES, Month
from services.scheduler.jobs.count_figures import count_figures
from services.scheduler.jobs.erase import erase
from services.scheduler.jobs.forget import forget
from services.scheduler.store.figures import FigureTables
from tests.reference.figures_count import count, days_of
from tests.reference.figures_year import date_of, instant_of, lives, record_of
from tests.support.scheduler_bench import Bench, hash_of, scheduler_on

YEAR = [(2025, month) for month in range(6, 13)] + [(2026, month) for month in range(1, 7)]
PEOPLES = ("facts", "note_slots", "note_versions", "cases", "timers", "due_events", "person_states")
"""What has rows of people; the rows of `people` themselves stay where an office is known."""
Dict = dict[str, Any]
Figures = dict[Month, dict[str, Counter[str]]]
Instant = tuple[int, int]


class Year:
    """Lives whose records arrive at a scheduler in the order of their arrival."""

    def __init__(self, bench: Bench, count: int, seed: int) -> None:
        self.bench = bench
        self.lives = lives(count, seed)
        arrivals = [
            (entry["arrives"], number, life, entry)
            for life in self.lives
            for number, entry in enumerate(life["entries"])
        ]
        self._arrivals = sorted(arrivals, key=lambda arrival: arrival[:2])
        self._arrived = 0

    async def arrive_by(self, at: Instant) -> None:
        """All that arrives up to that instant is handled, and the clock stands there."""
        self.bench.clock.turn(instant_of(at))
        batch = []
        while self._arrived < len(self._arrivals) and self._arrivals[self._arrived][0] <= at:
            _, _, life, entry = self._arrivals[self._arrived]
            batch.append(record_of(life, entry))
            self._arrived += 1
        for first in range(0, len(batch), 500):
            await self.bench.scheduler.handle(batch[first : first + 500])

    async def count(self) -> list[Month]:
        return await count_figures(self.bench.pool, self.bench.clock)


async def stored(bench: Bench) -> Figures:
    async with transaction(bench.pool) as connection:
        return await FigureTables(connection).read()


def month_of(days: range) -> Month:
    return Month(date_of(days[0]))


def without_zeros(figures: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {office: dict(counts) for office, counts in figures.items() if counts}


def looks_at(days: range) -> Iterator[tuple[Instant, bool]]:
    """When the figures of a month are looked at, and whether they are closed by then."""
    yield (days[0] + 9, 700), False
    yield (days[-1] + 1, 60), False
    yield (days[-1] + 4, 1439), False
    yield (days[-1] + 5, 0), True


async def test_a_generated_year_counts_exactly_as_an_independent_count_says(
    database_url: str,
) -> None:
    """contract 9: each month at each look, and closed for good with what was known on the 5th."""
    closed: Figures = {}
    outcomes: Counter[str] = Counter()
    async with scheduler_on(database_url, start=instant_of((-60, 0))) as bench:
        year = Year(bench, 400, seed=10)
        await year.arrive_by((days_of(2025, 6)[0] - 1, 0))
        for days in (days_of(*month) for month in YEAR):
            for at, is_closed in looks_at(days):
                await year.arrive_by(at)
                await year.count()
                figures = (await stored(bench)).get(month_of(days), {})
                assert without_zeros(figures) == count(year.lives, days, at), (days[0], at)
                if is_closed:
                    closed[month_of(days)] = figures
        await year.arrive_by((days_of(2026, 7)[-1], 0))
        await year.count()
        after = await stored(bench)
        late = [month for month in YEAR if differs(year, days_of(*month), after)]
    assert {month: after[month] for month in closed} == closed
    assert late, "nothing came late, so it was not shown that it changes nothing"
    for figures in closed.values():
        outcomes.update(sum(figures.values(), Counter()))
    assert set(outcomes) == set(OUTCOMES)
    assert any("" in figures for figures in closed.values())


def differs(year: Year, days: range, figures: Figures) -> bool:
    known = count(year.lives, days, (days_of(2026, 7)[-1], 0))
    return known != without_zeros(figures[month_of(days)])


async def test_forgetting_everybody_changes_no_closed_month(database_url: str) -> None:
    """contract 9, 14.6. The open month is what is known: nothing any more."""
    async with scheduler_on(database_url, start=instant_of((-60, 0))) as bench:
        year = Year(bench, 60, seed=30)
        for month in YEAR[:10]:
            days = days_of(*month)
            await year.arrive_by((days[-1] + 5, 0))
            await year.count()
        before = await stored(bench)
        now = await bench.clock.now()
        for life in year.lives:
            await erase(bench.pool, hash_of, life["person"], now, operator="test")
        bench.clock.turn(now + timedelta(hours=1))
        written = await year.count()
        after = await stored(bench)
        people = await bench.pool.fetchval("select count(*) from people")
    assert people == 0
    closed = before.keys() - set(written)
    assert sum(sum(sum(before[month].values(), Counter()).values()) for month in closed) > 30
    assert {month: after[month] for month in closed} == {month: before[month] for month in closed}
    assert [after.get(month) for month in written] == [None]


async def test_retention_changes_no_closed_month_and_loses_nobody_of_an_open_one(
    database_url: str,
) -> None:
    """contract 9, 14.10: a year is counted, and then the service is away until everybody's time is over."""
    last = days_of(*YEAR[-1])
    years_later = (2_200, 600)
    async with scheduler_on(database_url, start=instant_of((-60, 0))) as bench:
        year = Year(bench, 150, seed=40)
        for days in (days_of(*month) for month in YEAR):
            await year.arrive_by((days[-1] + 4, 1439))
            await year.count()
        closed = await stored(bench)
        for days in (last, days_of(2026, 7)):
            del closed[month_of(days)]
        await year.arrive_by(years_later)
        await bench.settle()
        assert await forget(bench.pool, bench.clock, hash_of, 37) == 0
        await year.count()
        before = await stored(bench)
        people = await forget(bench.pool, bench.clock, hash_of, 37)
        left = [
            await bench.pool.fetchval(f"select count(*) from {table} where person is not null")  # noqa: S608
            for table in PEOPLES
        ]
        bench.clock.turn(await bench.clock.now() + timedelta(days=40))
        assert await year.count()
        after = await stored(bench)
    assert people == len(year.lives)
    assert left == [0] * len(PEOPLES)
    assert {month: before[month] for month in closed} == closed
    assert without_zeros(before[month_of(last)]) == count(year.lives, last, years_later)
    assert {month: after[month] for month in before} == before
    assert sum(sum(sum(figures.values(), Counter()).values()) for figures in before.values()) > 100


async def test_two_processes_count_at_once_and_a_killed_one_is_done_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither counts twice what stands in the table once, and what was begun and not written is begun anew."""
    days = days_of(2025, 9)
    async with scheduler_on(database_url, start=instant_of((-60, 0))) as bench:
        year = Year(bench, 60, seed=30)
        await year.arrive_by((days[-1] + 4, 1439))
        with monkeypatch.context() as patched:
            patched.setattr(FigureTables, "save", killed)
            with pytest.raises(Killed):
                await year.count()
        assert await stored(bench) == {}
        await asyncio.gather(*(year.count() for _ in range(2)))
        open_month = await stored(bench)
        assert await year.count() == []  # An hour has not passed, whoever has counted.
        await year.arrive_by((days[-1] + 5, 0))
        first, second = await asyncio.gather(*(year.count() for _ in range(2)))
        figures = await stored(bench)
    assert without_zeros(open_month[month_of(days)]) == count(
        year.lives, days, (days[-1] + 4, 1439)
    )
    assert without_zeros(figures[month_of(days)]) == count(year.lives, days, (days[-1] + 5, 0))
    assert [*first, *second].count(month_of(days)) == 1


class Killed(Exception):
    """The process has ended."""


async def killed(*_: object) -> bool:
    raise Killed


async def test_the_last_closed_month_stands_in_the_metrics_and_no_office_keeps_an_older_one(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=instant_of((-60, 0))) as bench:
        year = Year(bench, 60, seed=30)
        metrics.FIGURES_PEOPLE.labels("gone", "neither").set(7)
        for month in (9, 10):
            await year.arrive_by((days_of(2025, month)[-1] + 5, 0))
            await year.count()
        figures = (await stored(bench))[month_of(days_of(2025, 10))]
    shown: dict[str, dict[str, float]] = {}
    for sample in samples_of(metrics.FIGURES_PEOPLE):
        shown.setdefault(sample.labels["office"], {})[sample.labels["outcome"]] = sample.value
    for sample in samples_of(metrics.FIGURES_MEETINGS_HELD):
        shown[sample.labels["office"]]["meetings_held"] = sample.value
    assert without_zeros(figures) == {
        ("" if office == "none" else office): {what: n for what, n in counts.items() if n}
        for office, counts in shown.items()
    }
    assert metrics.FIGURES_MONTH._value.get() == datetime(2025, 10, 1, tzinfo=UTC).timestamp()


def samples_of(gauge: Gauge) -> list[Sample]:
    return [sample for metric in gauge.collect() for sample in metric.samples]


async def test_the_tables_of_figures_hold_no_person(database_url: str) -> None:
    """They stay when people are forgotten, so no column may name one, nor a case or a fact."""
    connection = await asyncpg.connect(database_url)
    columns = await connection.fetch(
        "select column_name from information_schema.columns"
        " where table_schema = 'scheduler' and table_name in ('figures', 'counted_months')"
    )
    await connection.close()
    assert {row["column_name"] for row in columns} == {
        *("month", "office", "outcome", "number"),
        *("as_of", "closed_at"),
    }
