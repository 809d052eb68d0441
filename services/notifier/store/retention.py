"""Whose time may be over, and what goes with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.notifier.ports import KnownEvent
from services.notifier.store.events import known_event
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection


class RetentionTables:
    """Reads and deletes by person; a person is a keyed hash."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def people_after(self, person: bytes, limit: int) -> list[bytes]:
        """The next people in the order of their hashes of whom there are events or withdrawals."""
        rows = await self._connection.fetch(QUERIES["read_people_after"], person, limit)
        return [bytes(row["person"]) for row in rows]

    async def silent(self, persons: Collection[bytes], since: datetime) -> list[bytes]:
        """Those of these people of whom nothing has come since that instant, and for whom nothing is to be done."""
        rows = await self._connection.fetch(QUERIES["read_silent_people"], list(persons), since)
        return [bytes(row["person"]) for row in rows]

    async def events_of(self, persons: Collection[bytes]) -> list[KnownEvent]:
        """Every due event of these people."""
        rows = await self._connection.fetch(QUERIES["read_events_of_people"], list(persons))
        return [known_event(row) for row in rows]

    async def forget(self, persons: Collection[bytes]) -> int:
        """Delete the events of these people with all that hangs on them; returns how many events.

        What is still open downstream stays open there.
        """
        count: int = await self._connection.fetchval(QUERIES["forget_people"], list(persons))
        return count

    async def forget_old(self, before: datetime) -> None:
        """Delete what names nobody and is older than that instant: counts of sends, digests of records."""
        for name in ("forget_hours", "forget_seen"):
            await self._connection.execute(QUERIES[name], before)
