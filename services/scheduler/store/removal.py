"""Removes all that is stored of people, and leaves what keeps it from coming back (contract 14.6, 14.10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.runtime.postgres import Connection, Queries

_QUERIES = Queries("services.scheduler.sql")


class Tombstone(NamedTuple):
    """A number or a note, by keyed hash, of which records up to an instant (aware) are refused.

    `numbers_used` counts the case ids that were given under that number: none of them is given again.
    """

    subject: bytes
    refused_until: datetime
    numbers_used: int


@dataclass(frozen=True)
class Removed:
    """How many rows went, by table, and the (`ce_source`, `ce_id`) of the facts among them."""

    rows: Counter[str]
    facts: Sequence[tuple[str, str]]


class RemovalTables:
    """Within one transaction that holds the people; each method raises what PostgreSQL raises."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Counter[str] = Counter()

    async def leave(self, tombstones: Collection[Tombstone]) -> None:
        """Of several of one subject the latest instant stands, and the highest count."""
        await self._connection.execute(
            _QUERIES["add_erasures"], *[list(column) for column in zip(*tombstones, strict=True)]
        )

    async def remove(self, hashes: Sequence[bytes], numbers: Sequence[str]) -> Removed:
        """All rows under these hashes, and the changes of these numbers; the people themselves stay."""
        fetch = self._connection.fetch
        notes = [row["note_id"] for row in await fetch(_QUERIES["read_notes_of_people"], hashes)]
        for table in ("timers", "withdrawals", "due_events", "cases"):
            await self._delete(table, hashes)
        await self._delete("note_slots", notes)
        await self._delete("note_versions", hashes, notes)
        facts = await fetch(_QUERIES["erase_facts"], hashes)
        self._rows["facts"] = len(facts)
        await self._delete("renumberings", numbers)
        await self._delete("number_ties", numbers)
        await self._delete("person_states", hashes)
        return Removed(self._rows, [(row["source"], row["id"]) for row in facts])

    async def _delete(self, table: str, *arguments: Sequence[object]) -> None:
        done = await self._connection.execute(_QUERIES[f"erase_{table}"], *arguments)
        self._rows[table] += count_of(done)


def count_of(status: str) -> int:
    """How many rows a statement has changed, of what PostgreSQL answers to it."""
    return int(status.rpartition(" ")[2])
