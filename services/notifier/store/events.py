"""Due events, their withdrawals and the newest basis of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from schemas.messages import Basis, DeadlineDue, DeadlineUpdated, DeadlineWithdrawn
from schemas.stored import read_stored
from services.notifier.ports import KnownEvent, PresentPerson
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection

# The largest bigint; a larger revision can only be a mistake, and is stored as this one.
_REVISION_MAX = 2**63 - 1


class EventTables:
    """Reads and writes due events; `persons` maps a number as written to the present person."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock(self, persons: Collection[bytes]) -> None:
        """Wait until nobody else changes what is known about these people, and keep others out."""
        # XOR 1: the scheduler locks by the same hashes in the same database, and the two must not wait for each other.
        keys = sorted(int.from_bytes(person[:8], "big", signed=True) ^ 1 for person in persons)
        await self._connection.execute(QUERIES["lock_persons"], keys)

    async def erased(self, persons: Collection[bytes]) -> dict[bytes, datetime]:
        """Those of these people who were erased, and when."""
        rows = await self._connection.fetch(QUERIES["read_erasures"], list(persons))
        return {bytes(row["person"]): row["erased_at"] for row in rows}

    async def add(
        self,
        due: Sequence[DeadlineDue],
        persons: Mapping[str, PresentPerson],
        now: datetime,
    ) -> set[str]:
        """Store what is new; returns the ids of those."""
        first = {event.event_id: event for event in reversed(due)}
        if not first:
            return set()
        events = [first[event_id] for event_id in sorted(first)]
        rows = await self._connection.fetch(
            QUERIES["save_events"],
            [event.event_id for event in events],
            [persons[event.person_id].hash for event in events],
            [persons[event.person_id].person_id for event in events],
            [event.model_dump_json() for event in events],
            [event.basis.model_dump_json() if event.basis else None for event in events],
            [_revision(event.basis.revision) if event.basis else 0 for event in events],
            [now] * len(events),
            [persons[event.person_id].stated for event in events],
        )
        return {row["event_id"] for row in rows}

    async def update(
        self,
        updates: Sequence[DeadlineUpdated],
        persons: Mapping[str, PresentPerson],
        now: datetime,
    ) -> set[str]:
        """Store each basis that is newer than the one known; returns the ids of their events."""
        newest: dict[str, DeadlineUpdated] = {}
        for update in updates:
            known = newest.get(update.event_id)
            if known is None or known.revision < update.revision:
                newest[update.event_id] = update
        if not newest:
            return set()
        ordered = [newest[event_id] for event_id in sorted(newest)]
        rows = await self._connection.fetch(
            QUERIES["save_bases"],
            [update.event_id for update in ordered],
            [persons[update.person_id].hash for update in ordered],
            [persons[update.person_id].person_id for update in ordered],
            [update.basis.model_dump_json() for update in ordered],
            [_revision(update.revision) for update in ordered],
            [now] * len(ordered),
            [persons[update.person_id].stated for update in ordered],
        )
        return {row["event_id"] for row in rows}

    async def read(self, event_ids: Collection[str]) -> dict[str, KnownEvent]:
        """Those of these events that have come."""
        rows = await self._connection.fetch(QUERIES["read_events"], list(event_ids))
        return {row["event_id"]: known_event(row) for row in rows}

    async def withdraw(
        self, withdrawals: Sequence[DeadlineWithdrawn], persons: Mapping[str, PresentPerson]
    ) -> set[str]:
        """Store what is new, whether its event has come or not; returns the ids of the events."""
        first = {withdrawal.withdrawal_id: withdrawal for withdrawal in reversed(withdrawals)}
        if not first:
            return set()
        ordered = [first[withdrawal_id] for withdrawal_id in sorted(first)]
        rows = await self._connection.fetch(
            QUERIES["save_withdrawals"],
            [withdrawal.withdrawal_id for withdrawal in ordered],
            [withdrawal.event_id for withdrawal in ordered],
            [persons[withdrawal.person_id].hash for withdrawal in ordered],
            [withdrawal.reason for withdrawal in ordered],
            [withdrawal.withdrawn_at for withdrawal in ordered],
            [withdrawal.model_dump_json() for withdrawal in ordered],
            [persons[withdrawal.person_id].stated for withdrawal in ordered],
        )
        return {row["event_id"] for row in rows}

    async def withdrawals(self, event_ids: Collection[str]) -> dict[str, list[DeadlineWithdrawn]]:
        """The withdrawals of each event that has one, oldest first."""
        by_event: dict[str, list[DeadlineWithdrawn]] = {}
        for row in await self._connection.fetch(QUERIES["read_withdrawals"], list(event_ids)):
            withdrawal = read_stored(DeadlineWithdrawn, row["payload"])
            by_event.setdefault(row["event_id"], []).append(withdrawal)
        return by_event

    async def deaths(self, persons: Collection[bytes]) -> dict[bytes, datetime]:
        """Those of these people who died: when that was last reported."""
        rows = await self._connection.fetch(QUERIES["read_deaths"], list(persons))
        return {row["person"]: row["died_at"] for row in rows}


def known_event(row: asyncpg.Record) -> KnownEvent:
    """A row of an event that has come, with its newest basis."""
    event = read_stored(DeadlineDue, row["payload"])
    basis = read_stored(Basis, row["basis"]) if row["basis"] else None
    present = event.model_copy(update={"person_id": row["person_id"], "basis": basis})
    return KnownEvent(present, row["person"], row["received_at"], row["basis_revision"])


def _revision(revision: int) -> int:
    return max(0, min(revision, _REVISION_MAX))
