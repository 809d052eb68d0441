"""Deliveries: claimed under a lease, locked to be changed, written whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from services.notifier.domain.delivery import Delivery
from services.notifier.domain.recipients import Desk, OpenTasks
from services.notifier.ports import Backlog, DeliveryProgress, TaskCounts
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection

# In the order of the parameters in sql/deliveries.sql.
_INSERTED_COLUMNS = (
    *("delivery_id", "event_id", "person", "role", "org_number", "channel", "purpose", "state"),
    *("ready_at", "planned_at", "not_after", "reason", "wait_reason", "attempts", "uncertain"),
    *("withdrawn", "sent_at", "delivered_at", "ended_at", "basis_revision", "office", "adviser_id"),
    *("due_on", "date_named"),
)
_WRITTEN_COLUMNS = (
    *("delivery_id", "state", "ready_at", "reason", "wait_reason", "attempts", "uncertain"),
    *("withdrawn", "sent_at", "delivered_at", "ended_at", "basis_revision", "office", "adviser_id"),
    "due_on",
)


class DeliveryTable:
    """Reads and writes deliveries; what is returned is in the order of the ids unless said."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, deliveries: Sequence[Delivery]) -> set[str]:
        """Store what is not there yet; returns the ids of those."""
        new = list({delivery.delivery_id: delivery for delivery in reversed(deliveries)}.values())
        if not new:
            return set()
        rows = await self._connection.fetch(
            QUERIES["insert_deliveries"], *_columns(new, _INSERTED_COLUMNS)
        )
        return {row["delivery_id"] for row in rows}

    async def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Delivery]:
        """Take up to `limit` that are ready, oldest first; until `lease_until` they are the caller's."""
        rows = await self._connection.fetch(QUERIES["claim_deliveries"], now, lease_until, limit)
        # The lease has overwritten ready_at; those planned first are the oldest.
        return sorted(
            map(delivery_of, rows), key=lambda delivery: (delivery.planned_at, delivery.delivery_id)
        )

    async def lock_claimed(
        self, delivery_ids: Collection[str], lease_until: datetime
    ) -> list[Delivery]:
        """Those that are still the caller's under that lease."""
        return await self._fetch("lock_claimed", list(delivery_ids), lease_until)

    async def lock(self, delivery_ids: Collection[str]) -> list[Delivery]:
        return await self._fetch("lock_deliveries", list(delivery_ids))

    async def lock_of_events(self, event_ids: Collection[str]) -> list[Delivery]:
        return await self._fetch("lock_deliveries_of_events", list(event_ids))

    async def lock_to_employers(self, persons: Collection[bytes]) -> list[Delivery]:
        """Deliveries to the employers of these people, tasks that stand in for them included."""
        return await self._fetch("lock_deliveries_to_employers", list(persons))

    async def ready_for_managers(self, now: datetime, limit: int) -> set[tuple[bytes, str]]:
        """The (person, employer) whose e-mails that wait for somebody there are to be looked at; locks nothing."""
        rows = await self._connection.fetch(QUERIES["read_ready_for_managers"], now, limit)
        return {(bytes(row["person"]), row["org_number"]) for row in rows}

    async def lock_for_managers(self, persons: Collection[bytes]) -> list[Delivery]:
        """E-mails about these people that wait for somebody at an employer; every task in the place of an employer."""
        return await self._fetch("lock_for_managers", list(persons))

    async def wake_for_managers(
        self, persons: Collection[bytes], org_numbers: Collection[str], now: datetime
    ) -> None:
        """E-mails that wait for somebody at an employer, of these people and of these employers, are ready at `now`."""
        if persons or org_numbers:
            await self._connection.execute(
                QUERIES["wake_for_managers"], list(persons), list(org_numbers), now
            )

    async def lock_of_protected(self, persons: Collection[bytes]) -> list[Delivery]:
        """Open tasks about the protected address of these people, and what was cancelled because of it."""
        return await self._fetch("lock_of_protected", list(persons))

    async def lock_stale_tasks(self, event_ids: Collection[str]) -> list[Delivery]:
        """Open tasks that were opened or updated with an older basis than their event has now."""
        return await self._fetch("lock_stale_tasks", list(event_ids))

    async def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write what may have changed of rows that the caller has locked."""
        if deliveries:
            await self._connection.execute(
                QUERIES["write_deliveries"], *_columns(deliveries, _WRITTEN_COLUMNS)
            )

    async def open_tasks(
        self, adviser_ids: Collection[str], persons: Collection[bytes]
    ) -> OpenTasks:
        """How many tasks these advisers have, and for whom of these people."""
        rows = await self._connection.fetch(
            QUERIES["count_open_tasks"], list(adviser_ids), list(persons)
        )
        return OpenTasks(
            counts={row["adviser_id"]: row["tasks"] for row in rows},
            about={row["adviser_id"]: frozenset(row["persons"] or ()) for row in rows},
        )

    async def tasks_by_desk(self, today: date, week_ends_on: date) -> dict[Desk, TaskCounts]:
        """The tasks that are open on each desk, an office's queue too."""
        rows = await self._connection.fetch(QUERIES["count_tasks_by_desk"], today, week_ends_on)
        return {
            Desk(row["office"], row["adviser_id"]): TaskCounts(
                row["open"], row["overdue"], row["due_this_week"]
            )
            for row in rows
        }

    async def next_ready_at(self) -> datetime | None:
        """When the next delivery is to be looked at, or the next lease ends."""
        instant: datetime | None = await self._connection.fetchval(QUERIES["next_ready_at"])
        return instant

    async def progress(
        self, person: bytes | None, event_ids: Collection[str] | None = None
    ) -> list[DeliveryProgress]:
        """How far every delivery has come, first planned first; None stands for every person, or every event."""
        ids = None if event_ids is None else list(event_ids)
        rows = await self._connection.fetch(QUERIES["read_progress"], person, ids)
        return [DeliveryProgress(**dict(row)) for row in rows]

    async def backlog(self, now: datetime, unanswered_before: datetime) -> Backlog:
        """How much is overdue, and how much nobody has answered for since before that instant."""
        ready = await self._connection.fetch(QUERIES["read_ready"], now)
        unanswered = await self._connection.fetch(QUERIES["count_unanswered"], unanswered_before)
        return Backlog(
            oldest_ready_at=ready[0]["ready_at"] if ready else None,
            ready=len(ready),
            unanswered={row["channel"]: row["unanswered"] for row in unanswered},
        )

    async def count_by_state(self, ended_after: datetime) -> dict[tuple[str, str], int]:
        """By (channel, state): all that is under way, and what has failed or expired after that instant."""
        rows = await self._connection.fetch(QUERIES["count_by_state"], ended_after)
        return {(row["channel"], row["state"]): row["deliveries"] for row in rows}

    async def _fetch(self, name: str, *arguments: object) -> list[Delivery]:
        rows = await self._connection.fetch(QUERIES[name], *arguments)
        return [delivery_of(row) for row in rows]


def delivery_of(row: asyncpg.Record) -> Delivery:
    """A row as a value; a column that a later version has added is left alone (contract 13.14)."""
    return Delivery(**{name: row[name] for name in _INSERTED_COLUMNS})


def _columns(deliveries: Sequence[Delivery], names: Sequence[str]) -> list[list[Any]]:
    """One array a column, as `unnest` takes them."""
    return [[getattr(delivery, name) for delivery in deliveries] for name in names]
