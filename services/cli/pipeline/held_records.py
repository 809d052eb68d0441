"""Holds what Kafka delivers to a service until every record of an instant is there.

So the records of one instant reach the app in one batch, as `plan` folds them, whatever batches Kafka makes of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from schemas.wire import Record

Place = tuple[str, int]
"""A topic without prefix, and a partition."""


class HeldRecords:
    """Its `collect` is the consumer's handler; `take` waits for what this process is known to have published."""

    def __init__(self, topics: Sequence[str]) -> None:
        self.topics = tuple(topics)
        self._held: list[Record] = []
        self._seen: dict[Place, int] = {}
        self._has_new = asyncio.Event()

    async def collect(self, records: Sequence[Record]) -> None:
        """Hold new records. What Kafka delivers again after a rebalance is recognised by its offset, and left out."""
        for record in records:
            place = (record.topic, record.partition)
            if record.offset > self._seen.get(place, -1):
                self._seen[place] = record.offset
                self._held.append(record)
        self._has_new.set()

    async def take(self, published: Mapping[Place, int]) -> list[Record]:
        """Wait for the last record published to each topic; then all that is held, in no order across topics."""
        while self.lacks(published):
            self._has_new.clear()
            await self._has_new.wait()
        records, self._held = self._held, []
        return records

    def lacks(self, published: Mapping[Place, int]) -> list[str]:
        """The topics whose last published record has not come yet."""
        return sorted(
            place[0]
            for place, offset in published.items()
            if place[0] in self.topics and self._seen.get(place, -1) < offset
        )
