"""Rows ↔ values: the notifier's tables in PostgreSQL, one class a subject, one transaction for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services.notifier.store.contacts import ContactTables
from services.notifier.store.deliveries import DeliveryTable
from services.notifier.store.events import EventTables
from services.notifier.store.retention import RetentionTables
from services.notifier.store.safety import SafetyTables
from services.records.tables import RecordTables
from services.runtime.postgres import Connection, Pool, transaction


class Tables:
    """All tables within one transaction: what is done to them is seen together or not at all."""

    def __init__(self, connection: Connection) -> None:
        self.contacts = ContactTables(connection)
        self.events = EventTables(connection)
        self.deliveries = DeliveryTable(connection)
        self.safety = SafetyTables(connection)
        self.retention = RetentionTables(connection)
        self.records = RecordTables(connection)


Begin = Callable[[], AbstractAsyncContextManager[Tables]]
"""Begins a transaction: committed at its end, rolled back by any exception."""


def begin_on(pool: Pool) -> Begin:
    """How a transaction begins on a pool whose sessions see the schema `notifier`; it raises what asyncpg raises."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Tables]:
        async with transaction(pool) as connection:
            yield Tables(connection)

    return begin
