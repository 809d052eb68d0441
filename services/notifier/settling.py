"""What follows once deliveries have come to another state: shared by the handlers, before and after the sending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import structlog

from services.notifier import metrics
from services.notifier.domain.delivery import TRANSITIONS, Delivery
from services.notifier.messages import updates_of
from services.notifier.ports import Tables
from services.runtime.logs import declare_log_keys

_log = structlog.stdlib.get_logger(__name__)
declare_log_keys("delivery_id", "channel", "role", *TRANSITIONS)


async def settle(
    tables: Tables, settled: Sequence[Delivery], following: Sequence[Delivery]
) -> None:
    """Write what deliveries have become, and those that take their place; count and log them.

    What ended without reaching anybody returns its slot: the interval is between messages that were sent.
    """
    await tables.deliveries.write(settled)
    await tables.deliveries.add(following)
    unsent = [one.delivery_id for one in settled if one.state in ("cancelled", "expired", "failed")]
    await tables.safety.give_back_slots(unsent)
    if settled:
        states = Counter[str](delivery.state for delivery in settled)
        _log.info("deliveries.settled", count=len(settled), **states)
    observe(settled)


def observe(deliveries: Iterable[Delivery]) -> None:
    """Count each by the state that it came to; one log line for each that reached nobody: somebody will ask why."""
    for delivery in deliveries:
        metrics.SETTLED.labels(delivery.channel, delivery.state).inc()
        if delivery.state == "failed":
            metrics.FAILED.labels(delivery.channel, delivery.role).inc()
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
