"""Every statement that runs at each turn or record reads an index, however many rows the table has."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.runtime.postgres import Queries

QUERIES = Queries("services.scheduler.sql")
RECORDS = Queries("services.records.sql")
NOW = "timestamptz '2026-04-27 07:00Z'"
PERSON = "array['\\x01'::bytea]"

FILL = """
insert into people (person, person_id, replan_at)
select decode(lpad(to_hex(n), 64, '0'), 'hex'), n::text, {now} + n * interval '1 minute'
from generate_series(1, $1::int) n;
"""
FILL_TIMERS = """
insert into timers
select n::text, 'c', 's', '', decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, date '2026-05-01',
    {now} + n * interval '1 minute', {now}, {now} + interval '1 year', false, '{{}}'
from generate_series(1, $1::int) n;
"""
FILL_EVENTS = """
insert into due_events
select n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), n::text, {now}, false, null, '{{}}', null
from generate_series(1, $1::int) n;
"""

HOT = {
    "fire_due_timers": (QUERIES, f"({NOW}, 1000)", "timestamptz, int"),
    "claim_people_to_replan": (QUERIES, f"({NOW}, 200)", "timestamptz, int"),
    "read_next_due_at": (QUERIES, "", ""),
    "lock_people": (QUERIES, f"({PERSON})", "bytea[]"),
    "lock_timers": (QUERIES, f"({PERSON})", "bytea[]"),
    "read_due_events": (QUERIES, f"({PERSON})", "bytea[]"),
    "read_cases": (QUERIES, f"({PERSON})", "bytea[]"),
    "read_facts": (QUERIES, f"({PERSON})", "bytea[]"),
    "read_slots_of_people": (QUERIES, f"({PERSON})", "bytea[]"),
    "take_from_outbox": (RECORDS, "(1000, 16777216)", "int, int"),
}
# PostgreSQL reads an empty table without an index, so only the tables with rows are held to it.
FILLED = {"people", "timers", "due_events"}


@asynccontextmanager
async def filled(database_url: str, rows: int) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "scheduler"})
    try:
        for text in (FILL, FILL_TIMERS, FILL_EVENTS):
            await connection.execute(text.format(now=NOW), rows)
        await connection.execute("analyze")
        # The plan for any parameters, which PostgreSQL uses for a prepared statement after some executions.
        await connection.execute("set plan_cache_mode = force_generic_plan")
        yield connection
    finally:
        await connection.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.parametrize("rows", [3_000, 50_000])
async def test_no_hot_statement_reads_a_large_table_whole(database_url: str, rows: int) -> None:
    async with filled(database_url, rows) as connection:
        for name, (queries, arguments, types) in HOT.items():
            declared = f"({types})" if types else ""
            await connection.execute(f"prepare hot{declared} as {queries[name]}")
            explanation = await connection.fetchval(f"explain (format json) execute hot{arguments}")
            await connection.execute("deallocate hot")
            for node in nodes(json.loads(explanation)[0]["Plan"]):
                whole = node["Node Type"] == "Seq Scan" and node.get("Relation Name") in FILLED
                assert not whole, f"{name} reads {node.get('Relation Name')} whole"


async def test_a_poll_that_finds_nothing_due_reads_a_few_pages_of_the_index(
    database_url: str,
) -> None:
    """An index whose first column is not the due instant would make every such poll read all of it."""
    async with filled(database_url, 50_000) as connection:
        sql = QUERIES["fire_due_timers"].replace("$1", NOW).replace("$2", "1000")
        explanation = await connection.fetchval(f"explain (analyze, buffers, format json) {sql}")
        plan = json.loads(explanation)[0]["Plan"]
        claim = next(n for n in nodes(plan) if n.get("Index Name") == "timers_due")
        pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert claim["Actual Rows"] == 0
    assert pages < 20
    assert not any(node["Node Type"] == "Sort" for node in nodes(plan))
