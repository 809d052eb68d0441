"""Records seen, the outbox and what Kafka refuses of it, and the count of dead letters, in a service's own schema.

Each service has these tables for itself, for they have to commit together with what a record changes in its other
tables, and the services share no schema and no role. That is why `sql/migrations` of both services create them, with
the same statements: a change to one of these tables is a migration in each of the two folders.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from schemas.wire import Record
from services.records.dead_letters import (
    DEAD_LETTERS_MAX,
    DEAD_LETTERS_WITHIN,
    Dead,
    TooManyDeadLetters,
    dead_letter,
)
from services.runtime import metrics
from services.runtime.health import Check
from services.runtime.kafka.publisher import MAX_REQUEST_BYTES, TOO_LARGE, does_fit
from services.runtime.postgres import Connection, Pool, Queries

_QUERIES = Queries("services.records.sql")

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record of ours that Kafka refuses for good; `reason` is the class of the refusal, `refused_at` is aware."""

    id: int
    record: Record = field(repr=False)
    reason: str
    refused_at: datetime


class RecordTables:
    """One transaction's view of the tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_seen(self, digests: Collection[bytes], now: datetime) -> set[bytes]:
        """Remember these; returns those that were not known."""
        if not digests:
            return set()
        rows = await self._connection.fetch(_QUERIES["add_seen"], sorted(digests), now)
        return {row["digest"] for row in rows}

    async def forget_seen(self, digests: Collection[bytes]) -> None:
        """What was not stored after all is new when it comes again."""
        if digests:
            await self._connection.execute(_QUERIES["forget_seen_records"], sorted(digests))

    async def put(self, records: Sequence[Record]) -> None:
        """Put these into the outbox: they are published after the commit, in this order."""
        if records:
            await self._connection.executemany(
                _QUERIES["add_to_outbox"], [_columns(record) for record in records]
            )

    async def take(self, limit: int, limit_bytes: int) -> list[Record]:
        """The oldest `limit` of the outbox, oldest first; deleted with the commit, so publish them before it.

        One, or as many as have `limit_bytes` of values together. Those that another process has taken are passed over.
        """
        rows = await self._connection.fetch(_QUERIES["take_from_outbox"], limit, limit_bytes)
        return [_record(dict(row)) for row in sorted(rows, key=lambda row: int(row["id"]))]

    async def has_any_to_leave(self) -> bool:
        """Whether something waits in the outbox."""
        has_any: bool = await self._connection.fetchval(_QUERIES["has_any_to_leave"])
        return has_any

    async def count_to_leave(self) -> int:
        """How many records wait in the outbox."""
        count: int = await self._connection.fetchval(_QUERIES["count_to_leave"])
        return count

    async def refuse(self, records: Sequence[Record], reason: str, now: datetime) -> None:
        """Keep these, which Kafka refuses for good, until an operator has looked; `reason` is the refusal's class."""
        for record in records:
            await self._connection.execute(
                _QUERIES["add_refused_record"], *_columns(record), reason, now
            )
            metrics.RECORDS_REFUSED.labels(record.topic, reason).inc()
            _log.warning("record.refused", topic=record.topic, reason=reason)

    async def count_refused(self) -> int:
        """How many records that Kafka refuses are kept."""
        count: int = await self._connection.fetchval(_QUERIES["count_refused_records"])
        return count

    async def refused(self) -> list[RefusedRecord]:
        """All that Kafka refuses, oldest first, without their keys and values."""
        rows = await self._connection.fetch(_QUERIES["read_refused_records"])
        return [_refused({**dict(row), "key": None, "value": None}) for row in rows]

    async def refused_by_id(self, refused_id: int) -> RefusedRecord | None:
        """One that Kafka refuses, whole; None where it is not there (any more)."""
        row = await self._connection.fetchrow(_QUERIES["read_refused_record"], refused_id)
        return None if row is None else _refused(dict(row))

    async def put_back(self, refused_ids: Collection[int]) -> set[int]:
        """Put these into the outbox again, in the order in which they were refused; returns those that were.

        One that is larger than what a producer of ours sends stays.
        """
        rows = await self._connection.fetch(
            _QUERIES["put_back_refused_records"], list(refused_ids), MAX_REQUEST_BYTES
        )
        return {row["id"] for row in rows}

    async def remove_refused(self, refused_ids: Collection[int]) -> set[int]:
        """Forget these for good; returns those that were there."""
        rows = await self._connection.fetch(_QUERIES["remove_refused_records"], list(refused_ids))
        return {row["id"] for row in rows}

    async def forget_refused(self, before: datetime) -> None:
        """Forget what Kafka refused before that instant (aware): it may name people who are forgotten."""
        await self._connection.execute(_QUERIES["forget_refused_records"], before)

    async def set_aside(
        self, dead: Sequence[Dead], now: datetime, *, is_counted: bool = True
    ) -> None:
        """Send dead records to their topics; remembers the stop once the ceiling is passed (contract 8).

        Those that are not counted never stop anything. A dead letter that no topic would take is kept with what Kafka
        refuses: the record came compressed.
        """
        if not dead:
            return
        letters = [dead_letter(record, now) for record in dead]
        await self.put([letter for letter in letters if does_fit(letter)])
        await self.refuse([letter for letter in letters if not does_fit(letter)], TOO_LARGE, now)
        if not is_counted:
            return
        await self._connection.execute(_QUERIES["add_dead_letters"], len(dead), now)
        await self._connection.execute(_QUERIES["forget_dead_letters"], now - DEAD_LETTERS_WITHIN)
        if await self._connection.fetchval(_QUERIES["count_dead_letters"]) > DEAD_LETTERS_MAX:
            await self._connection.execute(_QUERIES["stop_for_dead_letters"], now)

    async def refuse_when_stopped(self) -> None:
        """Raises TooManyDeadLetters while the ceiling holds everything back."""
        if await self.stopped_at() is not None:
            raise TooManyDeadLetters

    async def stopped_at(self) -> datetime | None:
        """Since when no record is handled because too many were dead; None where all is well."""
        instant: datetime | None = await self._connection.fetchval(
            _QUERIES["read_dead_letter_stop"]
        )
        return instant

    async def resume(self) -> datetime | None:
        """An operator has looked: count anew. Returns since when no record was handled, None where they were."""
        stopped_at = await self.stopped_at()
        await self._connection.execute(_QUERIES["resume_after_dead_letters"])
        return stopped_at


def _columns(record: Record) -> tuple[object, ...]:
    return (
        record.topic,
        record.key,
        record.value,
        [name for name, _ in record.headers],
        [value for _, value in record.headers],
    )


def _record(row: Mapping[str, Any]) -> Record:
    return Record(
        topic=row["topic"],
        key=row["key"],
        value=row["value"],
        headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
    )


def _refused(row: Mapping[str, Any]) -> RefusedRecord:
    return RefusedRecord(row["id"], _record(row), row["reason"], row["refused_at"])


def dead_letters_check(pool: Pool) -> Check:
    """A readiness check: records are handled, since too many of them were not dead letters."""

    async def check() -> str | None:
        async with pool.acquire() as connection:
            stopped_at = await RecordTables(connection).stopped_at()
        return "stopped: too many dead letters" if stopped_at is not None else None

    return check
