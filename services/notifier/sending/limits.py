"""What holds back messages that are relevant and whose time is right (contract 6.7, 6.9).

The interval between two messages to one recipient about the same person, and the ceiling of a channel and hour.
Each is claimed in one statement, in the transaction of the claim, so that two processes together keep to them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.domain.delivery import ChannelName, Delivery
from services.notifier.domain.relevance import EXTERNAL, Defer
from services.notifier.domain.window import last_opening
from services.notifier.ports import ContactSlot, Safety

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Policy (contract 6.9). A zero interval means none.

    The interval holds nothing past the last window on or before the date that a message names.
    """

    interval: timedelta = timedelta(hours=24)
    ceiling_per_hour: int = 500


async def hold_back(
    safety: Safety, deliveries: Sequence[Delivery], limits: Limits, now: datetime
) -> dict[str, Defer]:
    """Which of these have to wait, by delivery id; the others have their slot and count in the hour."""
    external = [delivery for delivery in deliveries if delivery.channel in EXTERNAL]
    held = await _by_interval(safety, external, limits.interval, now)
    granted = [delivery for delivery in external if delivery.delivery_id not in held]
    over = await _by_ceiling(safety, granted, limits.ceiling_per_hour, now)
    # Stopped by the ceiling: return its interval slot, or the next message would wait for one that was never sent.
    await safety.give_back_slots(sorted(over))
    return held | over


async def _by_interval(
    safety: Safety, deliveries: Sequence[Delivery], interval: timedelta, now: datetime
) -> dict[str, Defer]:
    if not interval or not deliveries:
        return {}
    first: dict[ContactSlot, Delivery] = {}
    for delivery in deliveries:
        first.setdefault(ContactSlot.of(delivery), delivery)
    granted = await safety.take_slots(list(first.values()), now, interval)
    refused = [delivery for delivery in deliveries if delivery.delivery_id not in granted]
    last_sent = await safety.slots(refused) if refused else {}
    held: dict[str, Defer] = {}
    pressing: dict[ContactSlot, Delivery] = {}
    for delivery in refused:
        slot = ContactSlot.of(delivery)
        until = _no_later(delivery, last_sent.get(slot, now) + interval, now)
        if until > now:
            held[delivery.delivery_id] = Defer(until, "interval")
        else:
            pressing[slot] = delivery
    # The next message waits for the interval after these; they themselves leave whether they have the slot or not.
    await safety.take_slots(list(pressing.values()), now, timedelta(0))
    return held


def _no_later(delivery: Delivery, until: datetime, now: datetime) -> datetime:
    """`until`; but the beginning of the last window up to the date that it names, where that is over by then."""
    if delivery.date_named is None:
        return until
    opens, closes = last_opening(delivery.date_named)
    return opens if now < closes <= until else until


async def _by_ceiling(
    safety: Safety, deliveries: Sequence[Delivery], ceiling: int, now: datetime
) -> dict[str, Defer]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    held: dict[str, Defer] = {}
    for channel in _channels(deliveries):
        wanting = [delivery for delivery in deliveries if delivery.channel == channel]
        granted = await safety.take_from_hour(channel, hour, len(wanting), ceiling)
        for delivery in wanting[granted:]:
            held[delivery.delivery_id] = Defer(hour + HOUR, "brake")
    return held


def _channels(deliveries: Iterable[Delivery]) -> list[ChannelName]:
    return sorted({delivery.channel for delivery in deliveries})
