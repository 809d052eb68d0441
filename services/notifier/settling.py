"""What follows once deliveries have come to another state, in whatever way: shared by the handlers and the turns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import structlog

from services.notifier.domain.delivery import Delivery
from services.notifier.messages import updates_of
from services.notifier.ports import Tables

_log = structlog.stdlib.get_logger(__name__)


def log_lost(deliveries: Iterable[Delivery]) -> None:
    """One line for each delivery that reached nobody, since somebody will ask why."""
    for delivery in deliveries:
        if delivery.state in ("failed", "expired"):
            _log.warning(
                f"delivery.{delivery.state}",
                delivery_id=delivery.delivery_id,
                channel=delivery.channel,
                role=delivery.role,
                reason=delivery.reason,
            )


async def update_tasks(tables: Tables, event_ids: Collection[str], now: datetime) -> None:
    """Open tasks get the newest basis of their events: an update for each goes into the outbox."""
    if not event_ids:
        return
    tasks = await tables.deliveries.lock_stale_tasks(event_ids)
    events = await tables.events.read({task.event_id for task in tasks})
    records, changed = updates_of(tasks, events, now)
    await tables.deliveries.write(changed)
    await tables.records.put(records)
