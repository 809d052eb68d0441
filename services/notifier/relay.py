"""The outbox: records that a transaction decided on, out on Kafka after its commit, at least once."""

from __future__ import annotations

from services.notifier.ports import Publish, Store

BATCH = 200


class Relay:
    """Publishes what stands in the outbox."""

    def __init__(self, *, store: Store, publisher: Publish) -> None:
        self._store = store
        self._publisher = publisher

    async def relay(self) -> bool:
        """Publish the oldest; False where there was nothing.

        The rows are deleted in a transaction that is held open until Kafka has answered: without an answer
        it is rolled back, and they are published again, with the same ids.
        """
        async with self._store.transaction() as tables:
            records = await tables.records.take(BATCH)
            if records:
                await self._publisher.publish(records)
        return bool(records)
