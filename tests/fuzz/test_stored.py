"""Lives of records through both services on PostgreSQL: everything that leaves is searched for seeded texts.

All messages on every topic, what is added to dead letters, every log line, the metrics, and `explain`, `status`,
`forecast`, `portfolio` and `figures` in both forms. As many lives as the time allows: minutes by `make fuzz`, seconds
in the tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import pytest
from prometheus_client import generate_latest

from schemas.wire import Record
from services.records.dead_letters import DEAD_LETTERS_MAX
from tests.fuzz.generator import MARK, life
from tests.fuzz.marks import marks_in, marks_that_leave
from tests.fuzz.run import RECORDS, SEED, STORED_SECONDS, Report
from tests.fuzz.test_texts import END, RECORDS_A_LIFE
from tests.support.both_services import BothServices, both_services_on, terminal_on
from tests.support.captured_logs import captured_logs

# The more lives meet in a batch, the more records go through in a second; a short run has to end early.
LIVES_TOGETHER = max(20, min(500, RECORDS // RECORDS_A_LIFE // 4))
EXPLAINED = 3


def batches(numbers: range) -> list[tuple[datetime, list[Record]]]:
    """These lives woven together: all that arrives within one day, in order, at the end of it."""
    arrivals = sorted(
        (pair for number in numbers for pair in life(SEED, number, RECORDS_A_LIFE)),
        key=lambda pair: (pair[0], pair[1].offset),
    )
    days = groupby(arrivals, key=lambda pair: pair[0].date())
    return [(group[-1][0], [record for _, record in group]) for group in (list(g) for _, g in days)]


async def receive(services: BothServices, at: datetime, records: Sequence[Record]) -> None:
    """No more dead letters at once than the ceiling allows; it is lifted after each batch, as by an operator."""
    for begin in range(0, len(records), DEAD_LETTERS_MAX // 2):
        await services.receive(*records[begin : begin + DEAD_LETTERS_MAX // 2], at=at)
        for pool in (services.bench.pool, services.pool):
            await pool.execute("delete from dead_letters")


def assert_nothing_left(services: BothServices, number: int) -> int:
    records = [*services.bench.publisher.records, *services.out.records]
    for record in records:
        assert not marks_that_leave(record), (number, record.topic, record.headers)
    return len(records)


async def lived_through(database_url: str, numbers: range, monkeypatch: pytest.MonkeyPatch) -> int:
    """One database full of lives; returns how many records left."""
    arrivals = batches(numbers)
    async with both_services_on(database_url, start=arrivals[0][0]) as services:
        for at, records in arrivals:
            await receive(services, at, records)
        await services.turn_to(END)
        left = assert_nothing_left(services, numbers.start)
        rows = await services.bench.pool.fetch(
            "select person_id from people order by person limit $1", EXPLAINED
        )
        terminal = terminal_on(monkeypatch, database_url)
        terminal.set_clock(END)
        commands = [["explain", row["person_id"]] for row in rows]
        for command in (
            *commands,
            ["status"],
            ["forecast"],
            ["forecast", "--by-adviser"],
            ["portfolio"],
            ["figures"],
        ):
            for form in ([], ["--json"]):
                shown = await terminal.run(*command, *form)
                assert shown.exit_code in (0, 1), (command, shown.stderr)
                assert not marks_in(shown.stdout + shown.stderr), (numbers.start, shown.stdout)
        for pool in (services.bench.pool, services.pool):
            tables = await pool.fetch(
                "select tablename from pg_tables where schemaname = current_schema()"
            )
            for table in tables:
                if table["tablename"] != "migrations":
                    await pool.execute(f"truncate {table['tablename']} cascade")
    return left


async def test_no_text_comes_out_of_the_services(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report("stored")
    begin = 0
    with captured_logs() as lines:
        while report.seconds < STORED_SECONDS and begin * RECORDS_A_LIFE < RECORDS:
            numbers = range(begin, begin + LIVES_TOGETHER)
            report.counts["left"] += await lived_through(database_url, numbers, monkeypatch)
            report.counts["records"] += LIVES_TOGETHER * RECORDS_A_LIFE
            begin += LIVES_TOGETHER
            assert not marks_in(lines.text), begin
            await asyncio.sleep(0)
    report.end(report.counts["records"])
    assert MARK not in generate_latest().decode()
    assert report.counts["left"] > report.counts["records"] // 10
