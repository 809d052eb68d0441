"""`scheduler migrate` and `notifier migrate`: tables and missing topics, and again nothing (contract 11)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli.main import app
from tests.support.postgres_and_kafka import Parts, create_database, drop_database


@pytest.fixture
async def empty_database(parts: Parts) -> AsyncIterator[str]:
    name = f"stoppunkt_empty_{secrets.token_hex(4)}"
    yield await create_database(parts.database_url, name)
    await drop_database(parts.database_url, name)


@pytest.mark.parametrize("service", ["scheduler", "notifier"])
async def test_tables_and_topics_are_made_once(
    service: str,
    parts: Parts,
    empty_database: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", parts.kafka_bootstrap_servers)
    monkeypatch.setenv("PSEUDONYM_KEY", "a key that is for these tests alone")
    monkeypatch.setenv("TOPIC_PREFIX", topic_prefix)

    first = await _migrate(service)
    again = await _migrate(service)

    assert "made topic stoppunkt.deadlines.v1" in first
    assert "applied 0001_" in first
    assert again == "Nothing was missing.\n"
    monkeypatch.setenv("PSEUDONYM_KEY", "another key that is for these tests alone")
    refused = await asyncio.to_thread(CliRunner().invoke, app, [service, "migrate"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("PSEUDONYM_KEY: is not the key that the tables")
    connection = await asyncpg.connect(empty_database)
    try:
        tables = await connection.fetchval(
            "select count(*) from pg_tables where schemaname = $1", service
        )
    finally:
        await connection.close()
    assert tables > 0


async def _migrate(service: str) -> str:
    """In a thread: the command brings an event loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, app, [service, "migrate"])
    assert result.exit_code == 0, result.stderr
    return result.stdout
