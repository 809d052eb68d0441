"""What holds messages back: the interval between two, the ceiling of an hour, and the brake (contract 6.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.notifier.domain.delivery import ChannelName, Delivery
from services.notifier.ports import Brake, ContactSlot
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection


class SafetyTables:
    """Slots of recipients, counts of hours, brakes of channels."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take_slots(
        self, deliveries: Sequence[Delivery], now: datetime, interval: timedelta
    ) -> set[str]:
        """The ids of those that may go now; at most one of `deliveries` for each slot."""
        if not deliveries:
            return set()
        slots = [ContactSlot.of(delivery) for delivery in deliveries]
        rows = await self._connection.fetch(
            QUERIES["take_slots"],
            [slot.person for slot in slots],
            [slot.role for slot in slots],
            [slot.org_number for slot in slots],
            now,
            interval,
            [delivery.delivery_id for delivery in deliveries],
        )
        return {row["delivery_id"] for row in rows}

    async def slots(self, deliveries: Sequence[Delivery]) -> Mapping[ContactSlot, datetime]:
        """When each of these slots was last taken."""
        asked = sorted({ContactSlot.of(delivery) for delivery in deliveries})
        rows = await self._connection.fetch(
            QUERIES["read_slots"],
            [slot.person for slot in asked],
            [slot.role for slot in asked],
            [slot.org_number for slot in asked],
        )
        return {
            ContactSlot(row["person"], row["role"], row["org_number"]): row["taken_at"]
            for row in rows
        }

    async def give_back_slots(self, delivery_ids: Sequence[str]) -> None:
        """Return the slots of what reached nobody: the interval is between messages that were sent."""
        if delivery_ids:
            await self._connection.execute(QUERIES["give_back_slots"], list(delivery_ids))

    async def take_from_hour(
        self, channel: ChannelName, hour: datetime, wanted: int, ceiling: int
    ) -> int:
        """How many of `wanted` may still go through the channel in the hour that begins at `hour`."""
        await self._connection.execute(QUERIES["open_hour"], channel, hour)
        taken: int = await self._connection.fetchval(QUERIES["lock_hour"], channel, hour)
        granted = max(0, min(wanted, ceiling - taken))
        if granted:
            await self._connection.execute(QUERIES["take_from_hour"], channel, hour, granted)
        return granted

    async def brakes(self) -> list[Brake]:
        """The channels that are held back by hand."""
        rows = await self._connection.fetch(QUERIES["read_brakes"])
        return [Brake(row["channel"], row["paused_at"], row["why"]) for row in rows]

    async def pause(self, channel: ChannelName, now: datetime, why: str) -> None:
        await self._connection.execute(QUERIES["pause_channel"], channel, now, why)

    async def resume(self, channel: str, now: datetime) -> None:
        """Let go; what waited for it is ready at `now`."""
        await self._connection.execute(QUERIES["resume_channel"], channel)
        await self._connection.execute(QUERIES["wake_braked"], channel, now)
