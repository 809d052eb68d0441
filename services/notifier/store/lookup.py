"""A delivery and what it is about, by its id: for whoever asks whether a message is still wanted."""

from __future__ import annotations

from services.notifier.ports import AboutDelivery
from services.notifier.store.deliveries import delivery_of
from services.notifier.store.events import EventTables
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Pool, transaction


class StoredDeliveries:
    """Reads, and locks nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def about(self, delivery_id: str) -> AboutDelivery | None:
        """None where there is no such delivery; raises what PostgreSQL raises."""
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["read_delivery"], delivery_id)
            if row is None:
                return None
            delivery = delivery_of(row)
            events = EventTables(connection)
            known = (await events.read([delivery.event_id]))[delivery.event_id]
            withdrawals = await events.withdrawals([delivery.event_id])
            deaths = await events.deaths([known.person])
        return AboutDelivery(
            delivery=delivery,
            event=known.event,
            withdrawals=tuple(withdrawals.get(delivery.event_id, ())),
            died_at=deaths.get(known.person),
        )
