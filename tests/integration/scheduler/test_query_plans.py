"""Every statement that runs at each turn or record reads an index, however many rows the table has."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.runtime.postgres import Queries
from tests.integration.query_plans import nodes, read_whole

QUERIES = Queries("services.scheduler.sql")
RECORDS = Queries("services.records.sql")
NOW = "timestamptz '2026-04-27 07:00Z'"
PERSON = "array['\\x01'::bytea]"

FILL = """
insert into people (person, person_id, replan_at, last_on)
select decode(lpad(to_hex(n), 64, '0'), 'hex'), n::text, {now} + n * interval '1 minute',
    date '2026-05-01' + n % 1000
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

FILL_FACTS = """
insert into facts
select 's', n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), 't', 0, 0, '{{}}', {now}
from generate_series(1, $1::int) n;
"""
FILL_CASES = """
insert into cases
select n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, date '2026-01-05', date '2026-05-01', false
from generate_series(1, $1::int) n;
"""
FILL_SLOTS = """
insert into note_slots
select n::text, 'canonical', decode(lpad(to_hex(n), 64, '0'), 'hex'), 0, 0, '{{}}', true, false, '{{}}', 0, 0
from generate_series(1, $1::int) n;
"""
FILL_VERSIONS = """
insert into note_versions (note_id, source, person, version_ms, version_offset, note, counts,
    keeps_self_certified_days, self_certified_days, self_certified_days_version_ms,
    self_certified_days_version_offset, recorded_at)
select n::text, 'canonical', decode(lpad(to_hex(n), 64, '0'), 'hex'), 0, 0, '{{}}', true, false, '{{}}', 0, 0, {now}
from generate_series(1, $1::int) n;
"""
FILL_WITHDRAWALS = """
insert into withdrawals (event_id, person, role, reason, withdrawn_at)
select n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), '', 'ended', {now} from generate_series(1, $1::int) n;
"""
FILL_STATES = """
insert into person_states (person, recorded_at, state)
select decode(lpad(to_hex(n), 64, '0'), 'hex'), {now}, '{{}}' from generate_series(1, $1::int) n;
"""
FILL_NUMBERS = """
insert into renumberings select n::text, 'new-' || n from generate_series(1, $1::int) n;
"""
FILL_TIES = """
insert into number_ties select n::text, 'new-' || n from generate_series(1, $1::int) n
union all select 'new-' || n, n::text from generate_series(1, $1::int) n;
"""
FILLS = {
    "people": FILL,
    "timers": FILL_TIMERS,
    "due_events": FILL_EVENTS,
    "facts": FILL_FACTS,
    "cases": FILL_CASES,
    "note_slots": FILL_SLOTS,
    "note_versions": FILL_VERSIONS,
    "withdrawals": FILL_WITHDRAWALS,
    "person_states": FILL_STATES,
    "renumberings": FILL_NUMBERS,
    "number_ties": FILL_TIES,
}
"""Every table that has rows of people: a statement about some of them may read none of these whole."""

NUMBERS = "array['1']"
FORGETTING = {
    "claim_people_to_forget": (
        "date '2026-05-10', date '2026-05-01', '\\x00', 100",
        "date, date, bytea, int",
    ),
    "lock_free_people": (PERSON, "bytea[]"),
    "read_people": (PERSON, "bytea[]"),
    "read_timers": (PERSON, "bytea[]"),
    "read_newest_versions": (PERSON, "bytea[]"),
    "read_nameless_notes": (PERSON, "bytea[]"),
    "read_renumberings": (NUMBERS, "text[]"),
    "read_notes_of_people": (PERSON, "bytea[]"),
    "erase_timers": (PERSON, "bytea[]"),
    "erase_withdrawals": (PERSON, "bytea[]"),
    "erase_due_events": (PERSON, "bytea[]"),
    "erase_cases": (PERSON, "bytea[]"),
    "erase_note_slots": (NUMBERS, "text[]"),
    "erase_note_versions": (f"{PERSON}, {NUMBERS}", "bytea[], text[]"),
    "erase_facts": (PERSON, "bytea[]"),
    "erase_renumberings": (NUMBERS, "text[]"),
    "erase_number_ties": (NUMBERS, "text[]"),
    "erase_person_states": (PERSON, "bytea[]"),
    "forget_nameless_slots": (NUMBERS, "text[]"),
    "forget_nameless_versions": (NUMBERS, "text[]"),
    "blank_note_slots": (NUMBERS, "text[]"),
    "blank_note_versions": (NUMBERS, "text[]"),
    "forget_offices": (PERSON, "bytea[]"),
    "forget_people": (PERSON, "bytea[]"),
}

HOT = {
    "fire_due_timers": (QUERIES, f"{NOW}, 1000", "timestamptz, int"),
    "claim_people_to_replan": (QUERIES, f"{NOW}, 200", "timestamptz, int"),
    "read_next_due_at": (QUERIES, "", ""),
    "read_people": (QUERIES, PERSON, "bytea[]"),
    "lock_people": (QUERIES, PERSON, "bytea[]"),
    "lock_timers": (QUERIES, PERSON, "bytea[]"),
    "read_due_events": (QUERIES, PERSON, "bytea[]"),
    "read_cases": (QUERIES, PERSON, "bytea[]"),
    "read_renumberings": (QUERIES, NUMBERS, "text[]"),
    "read_facts": (QUERIES, PERSON, "bytea[]"),
    "read_slots_of_people": (QUERIES, PERSON, "bytea[]"),
    "take_from_outbox": (RECORDS, "1000, 16777216", "int, int"),
}


@asynccontextmanager
async def filled(database_url: str, rows: int) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "scheduler"})
    try:
        for text in FILLS.values():
            await connection.execute(text.format(now=NOW), rows)
        await connection.execute("analyze")
        # The plan for any parameters, which PostgreSQL uses for a prepared statement after some executions.
        await connection.execute("set plan_cache_mode = force_generic_plan")
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("rows", [3_000, 50_000])
async def test_no_hot_statement_reads_a_large_table_whole(database_url: str, rows: int) -> None:
    async with filled(database_url, rows) as connection:
        for name, (queries, arguments, types) in HOT.items():
            whole = await read_whole(connection, queries[name], arguments, types)
            assert not whole & FILLS.keys(), f"{name} reads {whole} whole"


async def test_forgetting_some_people_reads_no_table_whole(database_url: str) -> None:
    """contract 14.10: of 50 000 people, whoever is to go is found by an index, and so is all that goes with them."""
    async with filled(database_url, 50_000) as connection:
        for name, (arguments, types) in FORGETTING.items():
            whole = await read_whole(connection, QUERIES[name], arguments, types)
            assert not whole & FILLS.keys(), f"{name} reads {whole} whole"


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


# Twenty thousand people with a case each, over three years: most are short, and one in ten has had its meeting.
THREE_YEARS_OF_CASES = """
truncate cases;
insert into cases (case_id, person, number, start_on, end_on, is_withdrawn)
select n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, date '2024-01-01' + n % 1000,
    date '2024-01-01' + n % 1000 + case when n % 20 = 0 then 200 else 30 end, false
from generate_series(1, 20000) n;
"""
THREE_YEARS_OF_FACTS = """
truncate facts;
insert into facts (source, id, person, type, version_ms, version_offset, payload, recorded_at)
select 'urn:test', n::text, decode(lpad(to_hex(n), 64, '0'), 'hex'),
    case when n % 10 = 0 then 'dialogue_meeting.held.v1' else 'follow_up_plan.made.v1' end, 0, n,
    '{"occurred_at":"' || (date '2024-06-01' + n % 1000) || 'T12:00:00+02:00"}', now()
from generate_series(1, 20000) n;
"""
MONTH = "(date '2026-03-01', date '2026-03-31', '2026-02-28', '2025-08-31')"


@pytest.mark.parametrize("cache_mode", ["force_custom_plan", "force_generic_plan"])
async def test_finding_whom_a_month_may_concern_reads_no_table_whole(
    database_url: str, cache_mode: str
) -> None:
    """contract 9: of all cases those of 26 weeks, and of all facts the meetings held, by an index of their own."""
    async with filled(database_url, 20_000) as connection:
        for text in (
            THREE_YEARS_OF_CASES,
            THREE_YEARS_OF_FACTS,
            "analyze",
            f"set plan_cache_mode = {cache_mode}",
        ):
            await connection.execute(text)
        statement = QUERIES["read_people_to_count"]
        await connection.execute(f"prepare month(date, date, text, text) as {statement}")
        explanation = await connection.fetchval(f"explain (format json) execute month{MONTH}")
        found = await connection.fetch(f"execute month{MONTH}")
    plan = list(nodes(json.loads(explanation)[0]["Plan"]))
    assert found
    assert [node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"] == []
    used = {node.get("Index Name") for node in plan}
    assert used >= {"cases_of_26_weeks", "facts_held"}
