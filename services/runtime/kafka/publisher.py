"""Records out, byte for byte, and only known to be out when the broker has said so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from schemas.wire import Record
from services.runtime import metrics
from services.runtime.kafka.connection import client_options
from services.runtime.settings import ServiceSettings

PUBLISH_TIMEOUT_SECONDS = 15.0
# Room for a dead letter: a record at the broker's usual limit of 1 MiB, and its reason.
MAX_REQUEST_BYTES = 2 * 1024 * 1024

_WEDGED = (OutOfOrderSequenceNumber, ProducerFenced, InvalidProducerEpoch)

_log = structlog.stdlib.get_logger(__name__)


class PublishOutcomeUnknown(Exception):
    """Some of the records may be on Kafka and some not: publish all of them again, same ids."""


class PublishRefused(Exception):
    """Kafka will not take a record however often it is offered (too large, no right, no topic)."""


class ProducerWedged(Exception):
    """The producer can never publish again; only a new process can. Never swallow it."""


class Publisher:
    """The process's one producer. Its own rather than FastStream's: see `make_broker`.

    Records with the same key keep their order and go to the same partition.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._prefix = settings.topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self.published: dict[tuple[str, int], int] = {}
        """(topic without prefix, partition) to the highest offset that was acknowledged here."""
        self._wedged: str | None = None

    async def start(self) -> None:
        """Connect; raises aiokafka's KafkaConnectionError within a second when nobody listens."""
        producer = AIOKafkaProducer(
            **client_options(self._settings),
            acks="all",
            enable_idempotence=self._settings.kafka_idempotence,
            max_request_size=MAX_REQUEST_BYTES,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self, timeout_seconds: float = 5.0) -> bool:
        """Send what is buffered and close. False when that was cut short: then leave the process.

        With the broker away an idempotent producer would wait for ever.
        """
        producer, self._producer = self._producer, None
        if producer is None:
            return True
        try:
            async with asyncio.timeout(timeout_seconds):
                await producer.stop()
        except TimeoutError:
            _log.warning("publisher.stop_cut_short")
            return False
        return True

    async def liveness(self) -> str | None:
        """A health check: the producer can still publish, as far as it was tried."""
        return None if self._wedged is None else f"its producer is wedged ({self._wedged})"

    async def publish(
        self, records: Sequence[Record], *, timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS
    ) -> None:
        """Publish all and wait for every acknowledgement; returns only if all are on Kafka.

        Raises `PublishOutcomeUnknown` also when the deadline passes: a time-out does not mean "not
        written". `partition` and `offset` of the records are not looked at; a `timestamp_ms` of 0
        means now. A record with neither key nor value goes out with an empty value, which is as near
        as aiokafka lets it come.
        """
        if self._producer is None:
            raise RuntimeError("the publisher is not started")
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                for record in records:
                    futures.append(await self._send(self._producer, record))  # noqa: PERF401
                # return_exceptions: wait for all, so that no outcome is left unread.
                outcomes = await asyncio.gather(*futures, return_exceptions=True)
        except TimeoutError:
            metrics.PUBLISHES_FAILED.labels("TimeoutError").inc()
            raise PublishOutcomeUnknown(f"{len(records)} records, no answer in time") from None
        except KafkaError as error:
            raise self._verdict(error) from None
        finally:
            for future in futures:
                future.add_done_callback(_look_at)
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise self._verdict(outcome) from None
            place = (record.topic, outcome.partition)
            metrics.RECORDS_PUBLISHED.labels(record.topic).inc()
            self.published[place] = max(outcome.offset, self.published.get(place, -1))

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> asyncio.Future[Any]:
        value = b"" if record.key is None and record.value is None else record.value
        future: asyncio.Future[Any] = await producer.send(
            self._prefix + record.topic,
            value=value,
            key=record.key,
            headers=list(record.headers),
            timestamp_ms=record.timestamp_ms or None,
        )
        return future

    def _verdict(self, error: BaseException) -> Exception:
        name = type(error).__name__
        metrics.PUBLISHES_FAILED.labels(name).inc()
        # A bare KafkaError is what aiokafka's sender leaves behind when it has died.
        if type(error) is KafkaError or isinstance(error, _WEDGED):
            self._wedged = name
            return ProducerWedged(name)
        if isinstance(error, KafkaError) and not error.retriable:
            return PublishRefused(name)
        return PublishOutcomeUnknown(name)


def _look_at(future: asyncio.Future[Any]) -> None:
    """Read a late outcome, or asyncio would log "exception was never retrieved"."""
    if not future.cancelled():
        future.exception()
