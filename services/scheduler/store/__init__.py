"""Rows ↔ values: the scheduler's tables in PostgreSQL, one class a subject, one transaction for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from services.records.tables import RecordTables
from services.runtime.postgres import Pool, transaction
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.ports import Begin, Tables
from services.scheduler.store.operators import OperatorTables
from services.scheduler.store.people import PeopleTables
from services.scheduler.store.rulebooks import RulebookTables


def begin_on(pool: Pool, hash_of: Callable[[str], bytes]) -> Begin:
    """How a transaction begins on a pool whose sessions see the schema `scheduler`; it raises what asyncpg raises."""
    rulebooks_by_id: dict[int, Rulebook] = {}

    @asynccontextmanager
    async def begin() -> AsyncIterator[Tables]:
        async with transaction(pool) as connection:
            rulebooks = RulebookTables(connection, rulebooks_by_id)
            yield Tables(
                people=PeopleTables(connection, rulebooks, hash_of),
                operators=OperatorTables(connection, hash_of),
                records=RecordTables(connection),
                rulebooks=rulebooks,
            )

    return begin
