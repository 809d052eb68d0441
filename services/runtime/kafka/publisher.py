"""Records out, byte for byte, and only known to be out when the broker has said so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    InvalidProducerEpoch,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    PolicyViolationError,
    ProducerFenced,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedForMessageFormatError,
    kafka_errors,
)
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from schemas.wire import Record
from services.runtime import metrics
from services.runtime.kafka.connection import client_options
from services.runtime.settings import ServiceSettings

PUBLISH_TIMEOUT_SECONDS = 15.0
# Room for a dead letter: a record at the broker's usual limit of 1 MiB, and its reason.
MAX_REQUEST_BYTES = 2 * 1024 * 1024
# A producer that is replaced sends what it still holds first; the broker has just answered, so that is quick.
RETIRE_SECONDS = 5.0


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc] # aiokafka is untyped
    """Kafka's error 87, such as a record without a key on a compacted topic; aiokafka 0.14 does not know it."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The broker's own checks refuse a record."


kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

# What is said of the record or of the right to write it: offered again, the same would be the answer. A topic that
# is missing is not among them: it may be on its way, and `migrate` makes it.
_FOR_GOOD = (
    *(MessageSizeTooLargeError, RecordListTooLargeError),
    *(InvalidRecordError, InvalidTimestampError, UnsupportedForMessageFormatError),
    *(TopicAuthorizationFailedError, InvalidTopicError, PolicyViolationError),
)
TOO_LARGE = MessageSizeTooLargeError.__name__
_WEDGED = (OutOfOrderSequenceNumber, ProducerFenced, InvalidProducerEpoch)

_log = structlog.stdlib.get_logger(__name__)


class PublishOutcomeUnknown(Exception):
    """Some of the records may be on Kafka and some not: publish all of them again, same ids."""


class PublishRefused(Exception):
    """Kafka will not take one of the records however often it is offered; the text is the class of the refusal.

    Which one is not known: Kafka takes or refuses a batch of records whole. Some of the others may be on Kafka.
    """


def does_fit(record: Record) -> bool:
    """Whether a producer of ours sends this: with its headers it is no larger than MAX_REQUEST_BYTES."""
    size: int = DefaultRecordBatchBuilder.estimate_size_in_bytes(
        record.key, record.value, list(record.headers)
    )
    return size <= MAX_REQUEST_BYTES


class Publisher:
    """The process's one way out to Kafka. Its own producer rather than FastStream's: see `make_broker`.

    Records with the same key keep their order and go to the same partition. A producer that can publish no more is
    replaced by a new one before the next call.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._prefix = settings.topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self.published: dict[tuple[str, int], int] = {}
        """(topic without prefix, partition) to the highest offset that was acknowledged here."""
        self._is_spoilt = False
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises aiokafka's KafkaConnectionError within a second when nobody listens."""
        self._producer = await self._started()

    async def stop(self, timeout_seconds: float = 5.0) -> bool:
        """Send what is buffered and close. False when that was cut short: then leave the process.

        With the broker away an idempotent producer would wait for ever.
        """
        producer, self._producer = self._producer, None
        return producer is None or await _stop(producer, timeout_seconds)

    async def publish(
        self, records: Sequence[Record], *, timeout_seconds: float = PUBLISH_TIMEOUT_SECONDS
    ) -> None:
        """Publish all and wait for every acknowledgement; returns only if all are on Kafka.

        Raises `PublishRefused` where one of them will never be taken, else `PublishOutcomeUnknown`, also when the
        deadline passes: a time-out does not mean "not written". `partition` and `offset` of the records are not
        looked at; a `timestamp_ms` of 0 means now. A record with neither key nor value goes out with an empty
        value, which is as near as aiokafka lets it come.
        """
        if self._producer is None:
            raise RuntimeError("the publisher is not started")
        if not all(map(does_fit, records)):
            raise self._verdict([MessageSizeTooLargeError()], None)
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                producer = await self._usable()
                for record in records:
                    futures.append(await self._send(producer, record))  # noqa: PERF401
                # return_exceptions: wait for all, so that no outcome is left unread.
                outcomes = await asyncio.gather(*futures, return_exceptions=True)
        except TimeoutError:
            metrics.PUBLISHES_FAILED.labels("TimeoutError").inc()
            raise PublishOutcomeUnknown(f"{len(records)} records, no answer in time") from None
        except KafkaError as error:  # no new producer could be started
            raise self._verdict([error], None) from None
        finally:
            for future in futures:
                future.add_done_callback(_look_at)
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        for record, outcome in zip(records, outcomes, strict=True):
            if not isinstance(outcome, BaseException):
                place = (record.topic, outcome.partition)
                metrics.RECORDS_PUBLISHED.labels(record.topic).inc()
                self.published[place] = max(outcome.offset, self.published.get(place, -1))
        if errors:
            raise self._verdict(errors, producer) from None

    async def _started(self) -> AIOKafkaProducer:
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
        return producer

    async def _usable(self) -> AIOKafkaProducer:
        """The producer, or a new one where this one can publish no more."""
        async with self._replacing:
            if self._is_spoilt:
                new = await self._started()
                old, self._producer, self._is_spoilt = self._producer, new, False
                _log.info("publisher.replaced")
                await _stop(old, RETIRE_SECONDS)
            return self._producer

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> asyncio.Future[Any]:
        """The acknowledgement to come; it also has what `send` raises, so that all outcomes are in one place."""
        value = b"" if record.key is None and record.value is None else record.value
        future: asyncio.Future[Any]
        try:
            future = await producer.send(
                self._prefix + record.topic,
                value=value,
                key=record.key,
                headers=list(record.headers),
                timestamp_ms=record.timestamp_ms or None,
            )
        except KafkaError as error:
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        return future

    def _verdict(
        self, errors: Sequence[BaseException], producer: AIOKafkaProducer | None
    ) -> Exception:
        """What to raise for these outcomes of `producer`; None where nothing was sent."""
        refusals = [error for error in errors if isinstance(error, _FOR_GOOD)]
        name = type((refusals or errors)[0]).__name__
        metrics.PUBLISHES_FAILED.labels(name).inc()
        if producer is self._producer and any(map(self._spoils, errors)):
            self._is_spoilt = True
        return PublishRefused(name) if refusals else PublishOutcomeUnknown(name)

    def _spoils(self, error: BaseException) -> bool:
        """Whether a producer publishes no more after this, to one partition at least.

        What the broker has refused leaves a gap in the sequence of an idempotent producer, and the broker answers
        whatever follows on that partition with OutOfOrderSequenceNumber. A bare KafkaError is what aiokafka's sender
        leaves behind when it has died.
        """
        left_a_gap = self._settings.kafka_idempotence and isinstance(error, _FOR_GOOD)
        return left_a_gap or isinstance(error, _WEDGED) or type(error) is KafkaError


async def _stop(producer: AIOKafkaProducer, timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            await producer.stop()
    except TimeoutError:
        _log.warning("publisher.stop_cut_short")
        return False
    return True


def _look_at(future: asyncio.Future[Any]) -> None:
    """Read a late outcome, or asyncio would log "exception was never retrieved"."""
    if not future.cancelled():
        future.exception()
