"""The outbox: records that a transaction has decided on leave for Kafka after its commit, at least once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from prometheus_client import Counter

from schemas.wire import Record
from services.records.tables import RecordTables
from services.runtime import metrics
from services.runtime.clock import Clock
from services.runtime.kafka import PublishRefused

# As many as a scheduler fires in one transaction. Kafka acknowledges them in a fraction of a second, and publishing
# gives up after 15 s (publisher.py): the transaction that is open meanwhile stays below the 30 s after which PostgreSQL
# ends one that does nothing (pool.py).
RELAY_BATCH = 1_000
# A thousand of the largest records would be 2 GB.
RELAY_BYTES = 16 * 1024 * 1024


class Publish(Protocol):
    """Puts records on Kafka; returns when all of them are there, raises when that is not known."""

    async def publish(self, records: Sequence[Record]) -> None:
        """May be called again with the same records: they keep their ids.

        Raises PublishRefused where Kafka will never take one of them; some of the others may be there.
        """
        ...


class HasRecords(Protocol):
    """The tables of one transaction of a service, as far as the relay uses them."""

    @property
    def records(self) -> RecordTables: ...


Begin = Callable[[], AbstractAsyncContextManager[HasRecords]]


class Relay:
    """Publishes what stands in a service's outbox; several processes may do so at once.

    Kafka refuses a batch whole, so a record that it will never take is looked for by halving: each refusal halves how
    many the next call takes, and one that is refused alone is set aside. Each success doubles it again.
    """

    def __init__(self, begin: Begin, clock: Clock, publisher: Publish, published: Counter) -> None:
        """`published` counts what Kafka has acknowledged; it has no labels."""
        self._begin = begin
        self._clock = clock
        self._publisher = publisher
        self._published = published
        self._limit = RELAY_BATCH

    async def relay(self) -> bool:
        """Publish the oldest, or come closer to the one that is refused; False where there was nothing.

        The rows are deleted in a transaction that is held open until Kafka has answered: without an answer it is
        rolled back, and they are published again, with the same ids. Raises what either of them raises, but for a
        refusal.
        """
        count = self._limit
        try:
            async with self._begin() as tables:
                records = await tables.records.take(self._limit, RELAY_BYTES)
                count = len(records)
                if not records:
                    metrics.REFUSED_RECORDS.set(await tables.records.count_refused())
                    return False
                published = await self._publish(tables.records, records)
        except PublishRefused:
            self._limit = max(1, count // 2)
            return True
        if published:
            self._limit = min(2 * self._limit, RELAY_BATCH)
            self._published.inc(count)
        return True

    async def _publish(self, tables: RecordTables, records: Sequence[Record]) -> bool:
        """Whether they are on Kafka; a single one that is refused is set aside."""
        try:
            await self._publisher.publish(records)
        except PublishRefused as refusal:
            if len(records) > 1:
                raise
            await tables.refuse(records, str(refusal), await self._clock.now())
            return False
        return True


class PublishOrPut:
    """Publishes at once, for a channel; what is refused goes into the outbox, and the relay sets aside what has to be.

    A message is refused with what happened to be published at the same moment, so only the relay knows which it is.
    """

    def __init__(self, begin: Begin, publisher: Publish) -> None:
        self._begin = begin
        self._publisher = publisher

    async def publish(self, records: Sequence[Record]) -> None:
        """Returns when all are on Kafka or in the outbox; raises what the publisher and PostgreSQL raise."""
        try:
            await self._publisher.publish(records)
        except PublishRefused:
            async with self._begin() as tables:
                await tables.records.put(records)
