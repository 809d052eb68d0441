"""Records in: batches of raw records to one handler, each handed over until it is handled.

Left alone, FastStream and aiokafka lose a record that fails, repeat it without pause, or die over it. Against that:
- FastStream never sees a header, a key or a value: its parser gets records emptied of them, so it can
  neither fail nor log or answer them. The handler gets ours, whole, with headers already cleaned.
- A handler's error is retried here, in order, paced, and only then shown to FastStream, which rewinds.
- A CancelledError that nobody asked for is an error like any other.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from faststream.kafka import KafkaBroker

from schemas.wire import Record
from services.runtime import metrics
from services.runtime.kafka.connection import ISOLATION_LEVEL
from services.runtime.logs import error_fields

Raw: TypeAlias = ConsumerRecord[bytes, bytes]
# FastStream's StreamMessage; its body is declared as bytes, and ours are the records.
Message: TypeAlias = Any
Handle = Callable[[Sequence[Record]], Awaitable[None]]

# A batch is tried for this long in place, then the consumer rewinds and fetches it again, so that a
# member that has lost its partitions meanwhile stops trying.
IN_PLACE_SECONDS = 20.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
# One attempt; cut so that together with IN_PLACE_SECONDS it stays below MAX_POLL_INTERVAL_MS.
ATTEMPT_SECONDS = 30.0
MAX_POLL_INTERVAL_MS = 60_000
# How fast a stop is noticed between two attempts.
_NAP_SECONDS = 0.1

_log = structlog.stdlib.get_logger(__name__)


class HandlerFailed(Exception):
    """A batch could not be handled for now; the text is the class of the last error."""


class StrayCancel(Exception):
    """The handler was cancelled by something inside it, not by us."""


class Consumer:
    """One member of one consumer group over several topics; starts and stops with its broker.

    Every committed record, whatever its bytes, reaches `handle` at least once, in the order of its partition,
    at most `max_records` at a time, with the topic's name without `prefix`. Offsets are committed
    after `handle` has returned; while it raises, nothing behind the batch is read. During a rebalance
    the same record may be handled in two processes at once.
    """

    def __init__(
        self,
        broker: KafkaBroker,
        *,
        topics: Sequence[str],
        group_id: str,
        handle: Handle,
        prefix: str = "",
        max_records: int = 500,
        poll_milliseconds: int = 20,
        in_place_seconds: float = IN_PLACE_SECONDS,
        fetch_wait_ms: int = 500,
        session_timeout_ms: int = 10_000,
    ) -> None:
        """`fetch_wait_ms` is how long the broker may hold a fetch that finds nothing.

        Kafka answers at once when a record comes; the embedded broker looks only now and then, so
        that a demo is quicker with 10.
        """
        self.group_id = prefix + group_id
        self._prefix = prefix
        self._handle = handle
        self._in_place_seconds = in_place_seconds
        self._handled: dict[tuple[str, int], int] = {}
        # For health and metrics; instants are monotonic.
        self.attempts = 0
        self.failures_in_a_row = 0
        self.failing_since: float | None = None
        self.last_error: str | None = None
        self.attempt_started_at: float | None = None
        self.subscriber = broker.subscriber(
            *(prefix + topic for topic in topics),
            group_id=self.group_id,
            batch=True,
            max_records=max_records,
            # FastStream sleeps as long again after an empty poll.
            batch_timeout_ms=poll_milliseconds,
            fetch_max_wait_ms=fetch_wait_ms,
            auto_offset_reset="earliest",
            isolation_level=ISOLATION_LEVEL,
            no_reply=True,
            parser=self._parse,
            decoder=_body,
            listener=_Assignments(self),
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(3_000, session_timeout_ms // 3),
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        )
        self.subscriber(self._consume)

    def handled(self, topic: str, partition: int) -> int:
        """The highest offset handled since the start, -1 before the first; `topic` without prefix."""
        return self._handled.get((topic, partition), -1)

    async def _parse(
        self, raw: tuple[Raw, ...], original: Callable[..., Awaitable[Message]]
    ) -> Message:
        message = await original(tuple(map(_emptied, raw)))
        message.body = tuple(to_record(record, self._prefix) for record in raw)
        return message

    async def _consume(self, records: tuple[Record, ...]) -> None:
        give_up_at = time.monotonic() + self._in_place_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            error = await self._attempt(records)
            if error is None:
                return
            if not await self._nap(pause) or time.monotonic() >= give_up_at:
                # `from None`: the handler's error may quote what it handled.
                raise HandlerFailed(type(error).__name__) from None
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, records: tuple[Record, ...]) -> Exception | None:
        self.attempts += 1
        self.attempt_started_at = started_at = time.monotonic()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await self._handle(records)
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return self._failed(StrayCancel(), records)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch is kept and tried again
            return self._failed(error, records)
        finally:
            self.attempt_started_at = None
        self._succeeded(records, time.monotonic() - started_at)
        return None

    def _succeeded(self, records: tuple[Record, ...], seconds: float) -> None:
        metrics.BATCH_SECONDS.labels(self.group_id).observe(seconds)
        for topic, count in Counter(record.topic for record in records).items():
            metrics.RECORDS_HANDLED.labels(self.group_id, topic).inc(count)
        for record in records:
            place = (record.topic, record.partition)
            self._handled[place] = max(record.offset, self._handled.get(place, -1))
        self.failures_in_a_row = 0
        self.failing_since = None
        self.last_error = None

    def _failed(self, error: Exception, records: tuple[Record, ...]) -> Exception:
        self.failures_in_a_row += 1
        self.failing_since = self.failing_since or time.monotonic()
        self.last_error = type(error).__name__
        metrics.BATCHES_FAILED.labels(self.group_id, self.last_error).inc()
        first = records[0]
        _log.warning(
            "batch.failed",
            group=self.group_id,
            records=len(records),
            topic=first.topic,
            partition=first.partition,
            offset=first.offset,
            attempt=self.failures_in_a_row,
            **error_fields(error),
        )
        return error

    async def _nap(self, seconds: float) -> bool:
        """Sleep; False at once when the consumer is being stopped."""
        wake_at = time.monotonic() + seconds
        while self.subscriber.running and time.monotonic() < wake_at:  # noqa: ASYNC110
            # FastStream announces a stop by this flag alone.
            await asyncio.sleep(_NAP_SECONDS)
        return self.subscriber.running


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            _log.info("partitions.revoked", group=self._consumer.group_id, count=len(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        _log.info("partitions.assigned", group=self._consumer.group_id, count=len(assigned))


def to_record(raw: Raw, prefix: str = "") -> Record:
    """Ours of aiokafka's; total: a null header value becomes empty, no byte is decoded."""
    return Record(
        topic=raw.topic.removeprefix(prefix),
        key=raw.key,
        value=raw.value,
        headers=tuple((name, value or b"") for name, value in raw.headers),
        timestamp_ms=raw.timestamp,
        partition=raw.partition,
        offset=raw.offset,
    )


def _emptied(raw: Raw) -> Raw:
    return dataclasses.replace(raw, key=None, value=None, headers=())


async def _body(message: Message) -> tuple[Record, ...]:
    records: tuple[Record, ...] = message.body
    return records


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
