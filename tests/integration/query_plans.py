"""How PostgreSQL would answer a statement: with an index, or by reading a table whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan, from the top."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def read_whole(
    connection: asyncpg.Connection[Any], sql: str, arguments: str, types: str
) -> set[str]:
    """The tables that a statement reads without an index, by the plan for any parameters.

    PostgreSQL uses that plan for a prepared statement after some executions. The connection's `plan_cache_mode` is
    `force_generic_plan`.
    """
    declared, given = (f"({types})", f"({arguments})") if types else ("", "")
    await connection.execute(f"prepare asked{declared} as {sql}")
    explanation = await connection.fetchval(f"explain (format json) execute asked{given}")
    await connection.execute("deallocate asked")
    plan = json.loads(explanation)[0]["Plan"]
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
