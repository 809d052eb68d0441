"""What a delivery is about, from the notifier's own tables."""

from __future__ import annotations

from services.notifier.domain.delivery import Delivery
from services.notifier.registers.ports import AboutDelivery
from services.notifier.store.events import EventTables
from services.runtime.postgres import Pool, Queries, transaction

QUERIES = Queries("services.notifier.registers.sql")


class StoredDeliveries:
    """Reads, and locks nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def about(self, delivery_id: str) -> AboutDelivery | None:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["read_delivery"], delivery_id)
            if row is None:
                return None
            delivery = Delivery(**dict(row))
            events = EventTables(connection)
            known = (await events.read([delivery.event_id]))[delivery.event_id]
            withdrawals = await events.withdrawals([delivery.event_id])
            deaths = await events.deaths([known.person])
        return AboutDelivery(
            delivery=delivery,
            event=known.event,
            received_at=known.received_at,
            withdrawals=tuple(withdrawals.get(delivery.event_id, ())),
            died_at=deaths.get(known.person),
        )
