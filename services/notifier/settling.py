"""What follows once deliveries have come to another state: shared by the handlers, before and after the sending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import structlog

from schemas.norway import oslo_date
from services.notifier import metrics
from services.notifier.domain.decision import EMPLOYMENT_ENDED, never_left_out
from services.notifier.domain.delivery import OPEN_TASK, TRANSITIONS, Delivery, withdrawn
from services.notifier.domain.employers_side import CanClose
from services.notifier.domain.withdrawal import reason_code, withdrawal_for
from services.notifier.messages import updates_of
from services.notifier.ports import Tables
from services.runtime.logs import declare_log_keys

_log = structlog.stdlib.get_logger(__name__)
declare_log_keys("delivery_id", "channel", "role", *TRANSITIONS)


async def settle(
    tables: Tables, settled: Sequence[Delivery], following: Sequence[Delivery], now: datetime
) -> None:
    """Write what deliveries have become, and those that take their place; count and log them.

    What ended without reaching anybody returns its slot: the interval is between messages that were sent.
    """
    await tables.deliveries.write(settled)
    await add_following(tables, following, now)
    unsent = [one.delivery_id for one in settled if one.state in ("cancelled", "expired", "failed")]
    await tables.safety.give_back_slots(unsent)
    if settled:
        states = Counter[str](delivery.state for delivery in settled)
        _log.info("deliveries.settled", count=len(settled), **states)
    observe(settled)


async def add_following(tables: Tables, following: Sequence[Delivery], now: datetime) -> None:
    """Store those that take the place of others; one whose id is used up as something else, so that none is lost."""
    added = await tables.deliveries.add(following)
    left_out = [one for one in following if one.delivery_id not in added]
    if left_out:
        earlier = await tables.deliveries.lock_of_events({one.event_id for one in left_out})
        instead = (never_left_out(one, earlier, now) for one in left_out)
        await tables.deliveries.add([one for one in instead if one is not None])


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


async def close_protected(
    tables: Tables, persons: Collection[bytes], can_close: CanClose, now: datetime
) -> list[Delivery]:
    """Close tasks about a protected address once all that was kept back is withdrawn; returns those that moved.

    The caller has locked the people.
    """
    kept: dict[bytes, list[Delivery]] = {}
    tasks: list[Delivery] = []
    for row in await tables.deliveries.lock_of_protected(persons) if persons else ():
        if row.purpose == "protected":
            tasks.append(row)
        else:
            kept.setdefault(row.person, []).append(row)
    if not tasks:
        return []
    about = [row for task in tasks for row in kept.get(task.person, ())]
    withdrawals = await tables.events.withdrawals({row.event_id for row in about})
    closed = []
    for task in tasks:
        ends = [
            withdrawal_for(row, withdrawals.get(row.event_id, ()))
            for row in kept.get(task.person, ())
        ]
        if None not in ends:
            last = max(filter(None, ends), key=lambda end: end.withdrawn_at, default=None)
            reason = reason_code(last) if last is not None else "nothing_kept_back"
            closed.append(withdrawn(task, reason, can_close=can_close(task, now), now=now))
    await tables.deliveries.write(closed)
    return [task for task in closed if task.state not in OPEN_TASK]


async def update_tasks(tables: Tables, event_ids: Collection[str], now: datetime) -> None:
    """Open tasks get the newest basis of their events: an update for each goes into the outbox."""
    if not event_ids:
        return
    tasks = await tables.deliveries.lock_stale_tasks(event_ids)
    events = await tables.events.read({task.event_id for task in tasks})
    records, changed = updates_of(tasks, events, now)
    await tables.deliveries.write(changed)
    await tables.records.put(records)
