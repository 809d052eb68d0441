"""The outbox: records that a transaction has decided on leave for Kafka after its commit, at least once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from prometheus_client import Counter

from schemas.wire import Record
from services.records.tables import RecordTables

# As many as a scheduler fires in one transaction. Kafka acknowledges them in a fraction of a second, and publishing
# gives up after 15 s (publisher.py): the transaction that is open meanwhile stays below the 30 s after which PostgreSQL
# ends one that does nothing (pool.py).
RELAY_BATCH = 1_000


class Publish(Protocol):
    """Puts records on Kafka; returns when all of them are there, raises when that is not known."""

    async def publish(self, records: Sequence[Record]) -> None:
        """May be called again with the same records: they keep their ids."""
        ...


class HasRecords(Protocol):
    """The tables of one transaction of a service, as far as the relay uses them."""

    @property
    def records(self) -> RecordTables: ...


class Relay:
    """Publishes what stands in a service's outbox; several processes may do so at once."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[HasRecords]],
        publisher: Publish,
        published: Counter,
    ) -> None:
        """`published` counts what Kafka has acknowledged; it has no labels."""
        self._begin = begin
        self._publisher = publisher
        self._published = published

    async def relay(self) -> bool:
        """Publish the oldest; False where there was nothing.

        The rows are deleted in a transaction that is held open until Kafka has answered: without an answer it is
        rolled back, and they are published again, with the same ids. Raises what either of them raises.
        """
        async with self._begin() as tables:
            records = await tables.records.take(RELAY_BATCH)
            if records:
                await self._publisher.publish(records)
        self._published.inc(len(records))
        return bool(records)
