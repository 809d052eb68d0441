"""What follows once deliveries have come to another state: shared by the handlers, before and after the sending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

import structlog

from schemas.norway import oslo_date
from services.notifier import metrics
from services.notifier.domain.decision import EMPLOYMENT_ENDED
from services.notifier.domain.delivery import TRANSITIONS, Delivery, withdrawn
from services.notifier.messages import updates_of
from services.notifier.ports import Tables
from services.runtime.logs import declare_log_keys

CanClose = Callable[[Delivery, datetime], bool]

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


async def end_duties(
    tables: Tables, employees: Collection[bytes], can_close: CanClose, now: datetime
) -> list[Delivery]:
    """Withdraw the deliveries about these people to employers whose employment is over; returns those that moved.

    The caller has locked the people.
    """
    if not employees:
        return []
    ended = await tables.contacts.ended_employments(employees, oslo_date(now))
    moved: list[tuple[Delivery, Delivery]] = []
    for delivery in await tables.deliveries.lock_to_employers(employees):
        if (delivery.person, delivery.org_number) in ended and delivery.withdrawn is None:
            after = withdrawn(
                delivery, EMPLOYMENT_ENDED, can_close=can_close(delivery, now), now=now
            )
            moved.append((delivery, after))
    await tables.deliveries.write([after for before, after in moved if after != before])
    return [after for before, after in moved if after.state != before.state]


async def update_tasks(tables: Tables, event_ids: Collection[str], now: datetime) -> None:
    """Open tasks get the newest basis of their events: an update for each goes into the outbox."""
    if not event_ids:
        return
    tasks = await tables.deliveries.lock_stale_tasks(event_ids)
    events = await tables.events.read({task.event_id for task in tasks})
    records, changed = updates_of(tasks, events, now)
    await tables.deliveries.write(changed)
    await tables.records.put(records)
