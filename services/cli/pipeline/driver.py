"""Both services in this process, their clock turned by hand: what `demo`, `replay` and acceptance tests run.

The real parts and the real apps; only their loops are not started. The next instant is that of the next
record's arrival or of what a service has due next, whichever comes first. For each instant: set the clock, publish the
instant's records, and settle, which is to deliver, turn and relay by hand until a round has nothing to do. There is no
sleep and no admin query in it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.messages import (
    AdviserTaskOpened,
    DeadlineDue,
    EmailRequested,
    LetterRequested,
    SmsRequested,
)
from schemas.wire import Record
from services.cli.pipeline.departures import Departure, DepartureReader
from services.cli.pipeline.held_records import HeldRecords
from services.cli.record_files.read import FiledRecord, in_order
from services.records.dead_letters import dead_topic
from services.runtime.assembly import App
from services.runtime.clock import TurnedClock
from services.runtime.kafka import Publisher

SETTLE_SECONDS = 10.0
"""How long the services may take for one piece of work before the run is given up."""

READ_TOPICS = tuple(dict.fromkeys((*SCHEDULER_TOPICS, *NOTIFIER_TOPICS)))
DEPARTURE_TOPICS = (
    DeadlineDue.topic,
    SmsRequested.topic,
    EmailRequested.topic,
    LetterRequested.topic,
    AdviserTaskOpened.topic,
    *(dead_topic(topic) for topic in READ_TOPICS),
)
PUBLISH_AT_ONCE = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)

T = TypeVar("T")


class Behind(Exception):
    """The services did not settle; `str()` is a sentence that says who is behind, and with what."""


@dataclass(frozen=True)
class Service:
    """One app, and the records that its consumer has brought and that the app has not got yet."""

    name: str
    app: App
    held: HeldRecords


@dataclass(frozen=True)
class Moment:
    """What happened at one instant: the records of the file that arrived, and those that left."""

    at: datetime
    arrivals: Sequence[FiledRecord] = ()
    departures: Sequence[Departure] = ()


class Driver:
    """Turns the services. All of them publish through `publisher`, so its offsets say what is on Kafka."""

    def __init__(
        self,
        services: Sequence[Service],
        publisher: Publisher,
        reader: DepartureReader,
        clock: TurnedClock,
    ) -> None:
        self._services = services
        self._publisher = publisher
        self._reader = reader
        self._clock = clock
        self._order: dict[tuple[str, int], int] = {}
        self._own: set[tuple[str, int]] = set()
        self._has_settled = False

    async def run(
        self,
        records: Iterable[FiledRecord],
        *,
        until: datetime | None = None,
        step: timedelta | None = None,
    ) -> AsyncGenerator[Moment, None]:
        """The moments at which anything happened, until `until` (included) or until nothing is pending.

        With `step` instants are taken in bundles: nothing happens early, and late by at most a step. Raises
        Behind, and what the services raise over a part that fails.
        """
        coming = deque(in_order(records))
        while (at := await self._next(coming)) is not None:
            if until is not None and at > until:
                return
            if step is not None:
                at = min(_end_of_step(at, step), until or _END)
            self._clock.turn(max(at, await self._clock.now()))
            arrivals: list[FiledRecord] = []
            while coming and coming[0].at <= at:
                arrivals.append(coming.popleft())
            await self._publish([filed.record for filed in arrivals])
            yield Moment(at, arrivals, await self._settle())

    async def _next(self, coming: deque[FiledRecord]) -> datetime | None:
        """The next instant; raises Behind where something is due that a settled service did not do."""
        now = await self._clock.now()
        instants = [coming[0].at] if coming else []
        for service in self._services:
            due = await service.app.next_due_at()
            if due is not None and due <= now and self._has_settled:
                raise Behind(f"The {service.name} is behind: what was due at {due} is not done.")
            instants += [due] if due is not None else []
        return min(instants, default=None)

    async def _publish(self, records: Sequence[Record]) -> None:
        read = [record for record in records if record.topic in READ_TOPICS]
        for start in range(0, len(read), PUBLISH_AT_ONCE):
            part = read[start : start + PUBLISH_AT_ONCE]
            await self._publisher.publish(part)
            # Nobody else publishes now, so the part's offsets end with the last one of each topic.
            offsets = {record.topic: self._publisher.published[record.topic, 0] for record in part}
            for number in range(len(part) - 1, -1, -1):
                topic = part[number].topic
                self._order[topic, offsets[topic]] = start + number
                if topic in DEPARTURE_TOPICS:
                    self._own.add((topic, offsets[topic]))
                offsets[topic] -= 1

    async def _settle(self) -> list[Departure]:
        now = await self._clock.now()
        while any([await self._settle_once(service, now) for service in self._services]):
            pass
        self._order.clear()
        self._has_settled = True
        published = self._publisher.published
        departures = await _within(
            "Kafka is behind with what left", self._reader.read(published, now)
        )
        return [
            departure
            for departure in departures
            if (departure.record.topic, departure.record.offset) not in self._own
        ]

    async def _settle_once(self, service: Service, now: datetime) -> bool:
        """Deliver, turn and relay as far as one service can; whether there was anything to do."""
        did = await self._deliver(service)
        while await _within(f"The {service.name} is behind with its turn", service.app.turn(now)):
            did = True
        while await _within(f"The {service.name} is behind with its relay", service.app.relay()):
            did = True
        return did

    def _published_order(self, record: Record) -> tuple[int, int]:
        """The file's records in its order, after those that the services have sent each other."""
        return self._order.get((record.topic, record.offset), -1), record.offset

    async def _deliver(self, service: Service) -> bool:
        """Hand the app all that it can know by now, in one batch, in the order of publishing."""
        published = self._publisher.published
        behind = f"The {service.name} is behind"
        try:
            records = await _within(behind, service.held.take(published))
        except Behind:
            lacking = ", ".join(service.held.lacks(published))
            raise Behind(f"{behind}: it has not read all of {lacking}.") from None
        if records:
            records.sort(key=self._published_order)
            await _within(f"{behind} with {len(records)} records", service.app.handle(records))
        return bool(records)


async def _within(behind: str, work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            return await work
    except TimeoutError:
        raise Behind(f"{behind}: not through after {SETTLE_SECONDS:.0f} s.") from None


def _end_of_step(at: datetime, step: timedelta) -> datetime:
    """The first whole step, counted from 1970 in UTC, at or after an instant."""
    return _EPOCH - ((_EPOCH - at) // step) * step
