"""Records that were seen, records that are to leave, and the count of dead letters."""

from collections.abc import Collection, Sequence
from datetime import datetime

from schemas.wire import Record
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection


class RecordTables:
    """The inbox's memory and the outbox."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_seen(self, digests: Collection[bytes], now: datetime) -> set[bytes]:
        """Remember these; returns those that were not known."""
        if not digests:
            return set()
        rows = await self._connection.fetch(QUERIES["add_seen"], sorted(digests), now)
        return {row["digest"] for row in rows}

    async def put(self, records: Sequence[Record]) -> None:
        """To leave after the commit, in this order."""
        if records:
            await self._connection.executemany(
                QUERIES["add_to_outbox"],
                [
                    (
                        record.topic,
                        record.key,
                        record.value,
                        [name for name, _ in record.headers],
                        [value for _, value in record.headers],
                    )
                    for record in records
                ],
            )

    async def take(self, limit: int) -> list[Record]:
        """The oldest, gone with the commit: publish them before it."""
        rows = await self._connection.fetch(QUERIES["take_from_outbox"], limit)
        return [
            Record(
                topic=row["topic"],
                key=row["key"],
                value=row["value"],
                headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
            )
            for row in sorted(rows, key=lambda row: int(row["id"]))
        ]

    async def count_dead(self, since: datetime) -> int:
        """How many dead letters there were after that instant; older ones are forgotten."""
        await self._connection.execute(QUERIES["forget_dead_letters"], since)
        count: int = await self._connection.fetchval(QUERIES["count_dead_letters"])
        return count

    async def add_dead(self, count: int, now: datetime) -> None:
        await self._connection.execute(QUERIES["add_dead_letters"], count, now)

    async def stop(self, now: datetime) -> None:
        await self._connection.execute(QUERIES["stop_for_dead_letters"], now)

    async def stopped_at(self) -> datetime | None:
        """Since when no record is handled because too many were dead; None where all is well."""
        instant: datetime | None = await self._connection.fetchval(QUERIES["read_dead_letter_stop"])
        return instant

    async def resume(self) -> None:
        await self._connection.execute(QUERIES["resume_after_dead_letters"])
