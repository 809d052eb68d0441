"""Between a consumer and an app: keeps what Kafka delivers until everything of an instant is there.

So the records of one instant reach the app in one batch, as `plan` folds them, however Kafka cuts them up.
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
        self._news = asyncio.Event()

    async def collect(self, records: Sequence[Record]) -> None:
        """Hold new records; a repeat after a rebalance is known by its offset."""
        for record in records:
            place = (record.topic, record.partition)
            if record.offset > self._seen.get(place, -1):
                self._seen[place] = record.offset
                self._held.append(record)
        self._news.set()

    async def take(self, published: Mapping[Place, int]) -> list[Record]:
        """All that is held, once the last offset published to each topic is; in no order across topics."""
        while self.lacks(published):
            self._news.clear()
            await self._news.wait()
        taken, self._held = self._held, []
        return taken

    def lacks(self, published: Mapping[Place, int]) -> list[str]:
        """The topics whose last published record has not come yet."""
        return sorted(
            place[0]
            for place, offset in published.items()
            if place[0] in self.topics and self._seen.get(place, -1) < offset
        )
