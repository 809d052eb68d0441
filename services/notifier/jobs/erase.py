"""A person is removed, and what was published about them up to that moment is refused from then on (contract 11).

What is left is a keyed hash of each number with the instant. Nothing is sent and nothing is taken back: whoever was
given a message or a task has it still, and the ids of open tasks are returned so that somebody can close them there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier.store import Tables
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection

_TABLES = (
    *("withdrawals", "events", "contact_slots", "person_contacts", "line_managers", "renumberings"),
)


@dataclass(frozen=True)
class Erased:
    """How many rows went, by table, and the adviser tasks that are open downstream."""

    erased_at: datetime
    rows: dict[str, int]
    open_tasks: Sequence[str]
    numbers: Sequence[str] = field(repr=False)


async def erase(
    connection: Connection,
    hash_of: Callable[[str], bytes],
    numbers: Sequence[str],
    now: datetime,
) -> Erased:
    """Remove a person under these numbers and every other that is known here, in the caller's transaction."""
    known = {hash_of(number): number for number in numbers}
    people = await _lock(connection, known)
    ordered = sorted(people)
    rows: dict[str, int] = {}
    gone = await connection.fetch(QUERIES["erase_deliveries"], ordered)
    rows["deliveries"] = len(gone)
    for table in _TABLES:
        rows[table] = _count(await connection.execute(QUERIES[f"erase_{table}"], ordered))
    every = sorted({*numbers, *(number for number in people.values() if number)})
    for table in ("outbox", "refused_records"):
        done = await connection.execute(
            QUERIES[f"erase_from_{table}"],
            [row["delivery_id"].encode() for row in gone],
            [json.dumps(number, ensure_ascii=False).encode() for number in every],
            [number.encode() for number in every],
        )
        rows[table] = _count(done)
    await connection.execute(QUERIES["add_erasures"], ordered, now)
    tasks = [r["delivery_id"] for r in gone if r["channel"] == "adviser_task" and r["is_open"]]
    return Erased(now, rows, sorted(tasks), every)


async def _lock(connection: Connection, known: dict[bytes, str]) -> dict[bytes, str | None]:
    """Everybody who is this person, by hash; the number is None where only its hash is kept."""
    people: dict[bytes, str | None] = dict(known)
    locked: set[bytes] = set()
    while people.keys() - locked:
        locked |= people.keys()
        await Tables(connection).events.lock(locked)
        for row in await connection.fetch(QUERIES["read_renumberings"], sorted(locked)):
            people.setdefault(bytes(row["old_person"]), None)
            people[bytes(row["new_person"])] = row["new_person_id"]
    return people


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
