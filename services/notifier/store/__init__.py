"""Rows ↔ values: the notifier's tables in PostgreSQL, one class a subject, one transaction for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.notifier.store.contacts import ContactTables
from services.notifier.store.deliveries import DeliveryTable
from services.notifier.store.events import EventTables
from services.notifier.store.safety import SafetyTables
from services.records.tables import RecordTables
from services.runtime.postgres import Connection, Pool, transaction

SCHEMA = "notifier"
MIGRATIONS = "services.notifier.sql.migrations"


class Tables:
    """All tables within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.contacts = ContactTables(connection)
        self.events = EventTables(connection)
        self.deliveries = DeliveryTable(connection)
        self.safety = SafetyTables(connection)
        self.records = RecordTables(connection)


class Store:
    """Opens transactions on a pool whose sessions see the schema `notifier`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tables]:
        """Committed at the end, rolled back by any exception; raises what asyncpg raises."""
        async with transaction(self._pool) as connection:
            yield Tables(connection)
