"""Every record that the services publish, read back from Kafka as anybody downstream would read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.wire import Record
from services.cli.pipeline.held_records import Place
from services.cli.record_files.record_json import to_json
from services.runtime.kafka.connection import client_options
from services.runtime.kafka.consumer import to_record
from services.runtime.settings import ServiceSettings

# The embedded broker answers a fetch only when this has passed; Kafka answers as soon as there is a record.
FETCH_WAIT_MS = 10
POLL_MS = 50
_INSTANT_HEADERS = ("dead_at", "ce_time")


@dataclass(frozen=True, slots=True)
class Departure:
    """A record that a service has published, and when, by the turned clock: its `ce_time` (contract 11)."""

    at: datetime
    record: Record = field(repr=False)

    def header(self, name: str) -> str | None:
        """The last header of that name, as text."""
        values = [
            value.decode(errors="replace") for key, value in self.record.headers if key == name
        ]
        return values[-1] if values else None

    def form(self) -> dict[str, Any]:
        """In the form of record files, without the Kafka timestamp: the wall clock's, it differs from run to run."""
        members = to_json(self.record, self.at)
        del members["timestamp_ms"]
        return members


def in_form_order(departures: Collection[Departure]) -> list[Departure]:
    """Sorted by at, topic, key, ce_id."""
    return sorted(
        departures,
        key=lambda departure: (
            departure.at,
            departure.record.topic,
            departure.record.key or b"",
            departure.header("ce_id") or "",
            departure.record.offset,
        ),
    )


class DepartureReader:
    """A consumer without a group on the topics that records leave by, all of one partition."""

    def __init__(self, settings: ServiceSettings, topics: Sequence[str]) -> None:
        self._prefix = settings.topic_prefix
        self._topics = tuple(topics)
        self._consumer = AIOKafkaConsumer(
            **client_options(settings), fetch_max_wait_ms=FETCH_WAIT_MS, enable_auto_commit=False
        )
        self._read: dict[str, int] = {}

    async def start(self) -> None:
        """Connect; raises aiokafka's errors."""
        await self._consumer.start()
        partitions = [TopicPartition(self._prefix + topic, 0) for topic in self._topics]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)

    async def stop(self) -> None:
        await self._consumer.stop()

    def lacks(self, published: Mapping[Place, int]) -> list[str]:
        """The topics of which not everything published has been read."""
        return [
            topic
            for topic in self._topics
            if self._read.get(topic, -1) < published.get((topic, 0), -1)
        ]

    async def read(self, published: Mapping[Place, int], now: datetime) -> list[Departure]:
        """What has left since the last call, up to the last offsets published here."""
        departures: list[Departure] = []
        while self.lacks(published):
            for raws in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                for raw in raws:
                    record = to_record(raw, self._prefix)
                    if record.offset > self._read.get(record.topic, -1):
                        self._read[record.topic] = record.offset
                        departures.append(Departure(_instant_of(record, now), record))
        return departures


def _instant_of(record: Record, now: datetime) -> datetime:
    """When it left. A dead letter keeps the `ce_time` of the event that it was, so `dead_at` is asked first."""
    headers = dict(record.headers)
    for name in _INSTANT_HEADERS:
        try:
            at = datetime.fromisoformat(headers[name].decode()) if name in headers else None
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return at
    return now
