"""A person is removed, and what was published about them up to that moment is refused from then on (contract 11).

What is left is a keyed hash of each number and each note with the instant, and how many case ids were used up, so that
new cases get new ids. Kafka is not touched: what stands there goes by retention, or by its publisher.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.records.dead_letters import digest
from services.runtime.postgres import Connection, Pool, Queries, retrying, transaction
from services.scheduler.store.removal import RemovalTables, Tombstone, count_of

_QUERIES = Queries("services.scheduler.sql")
_RETRIES = 3


@dataclass(frozen=True)
class Erased:
    """How many rows went, by table, and every number that the person has had."""

    erased_at: datetime
    rows: dict[str, int]
    numbers: Sequence[str] = field(repr=False)


async def erase(
    pool: Pool, hash_of: Callable[[str], bytes], person_id: str, now: datetime, *, operator: str
) -> Erased:
    """Remove a person under every number; nothing goes out because of it. Done twice, it finds nothing the second time.

    One transaction removes what is theirs and leaves the tombstones, so that nothing comes back between. Then the
    tables are swept for what names them in other people's rows, which reads these tables whole.
    """

    async def first() -> Erased:
        async with transaction(pool) as connection:
            return await _Eraser(connection, hash_of).erase(person_id, now, operator)

    erased = await retrying(first, retries=_RETRIES)
    quoted = [_quoted(number) for number in erased.numbers]
    for table in ("note_slots", "note_versions"):
        async with transaction(pool) as connection:
            done = await connection.execute(_QUERIES[f"sweep_{table}"], quoted, erased.numbers)
            await connection.execute(_QUERIES[f"blank_{table}"], erased.numbers)
        erased.rows[table] += count_of(done)
    async with transaction(pool) as connection:
        erased.rows["facts"] += count_of(await connection.execute(_QUERIES["sweep_facts"], quoted))
    return erased


class _Eraser:
    def __init__(self, connection: Connection, hash_of: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash_of = hash_of

    async def erase(self, person_id: str, now: datetime, operator: str) -> Erased:
        numbers, used = await self._lock(person_id)
        hashes = sorted(used)
        tables = RemovalTables(self._connection)
        await tables.leave(await self._tombstones(used, now))
        removed = await tables.remove(hashes, numbers)
        rows = removed.rows
        digests = [digest(*event) for event in removed.facts]
        await self._connection.execute(_QUERIES["erase_seen"], digests)
        done = await self._connection.execute(_QUERIES["erase_people"], hashes)
        rows["people"] = count_of(done)
        rows["outbox"] = await self._delete_from("outbox", numbers)
        rows["refused_records"] = await self._delete_from("refused_records", numbers)
        await self._connection.execute(
            _QUERIES["add_audit"], now, operator, "erase", self._hash_of(person_id)
        )
        return Erased(now, rows, numbers)

    async def _lock(self, person_id: str) -> tuple[list[str], dict[bytes, int]]:
        """Every number of the person, and how many case ids each has used up; nobody else changes them from here."""
        numbers: set[str] = set()
        found = {person_id}
        used: dict[bytes, int] = {}
        while found - numbers:
            numbers |= found
            hashes = {self._hash_of(number): number for number in numbers}
            ordered = sorted(hashes)
            # Add the row, so that it can be locked: a service may be storing this person for the first time right now.
            await self._connection.execute(
                _QUERIES["add_people"], ordered, [hashes[person] for person in ordered]
            )
            people = await self._connection.fetch(_QUERIES["lock_people"], ordered)
            used = {bytes(row["person"]): row["numbers_used"] for row in people}
            rows = await self._connection.fetch(_QUERIES["read_renumberings"], sorted(numbers))
            found = {row[name] for row in rows for name in ("old_person_id", "new_person_id")}
        return sorted(numbers), used

    async def _tombstones(self, used: Mapping[bytes, int], now: datetime) -> list[Tombstone]:
        rows = await self._connection.fetch(_QUERIES["read_notes_of_people"], sorted(used))
        subjects = {**used, **{self._hash_of(row["note_id"]): 0 for row in rows}}
        return [Tombstone(subject, now, count) for subject, count in subjects.items()]

    async def _delete_from(self, table: str, numbers: Sequence[str]) -> int:
        quoted = [_quoted(number).encode() for number in numbers]
        done = await self._connection.execute(
            _QUERIES[f"erase_from_{table}"], quoted, [number.encode() for number in numbers]
        )
        return count_of(done)


def _quoted(number: str) -> str:
    """The number in quotation marks, as it stands in every payload that is stored."""
    return json.dumps(number, ensure_ascii=False)
