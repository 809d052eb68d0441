"""Kafka batches whose header names are no text: other clients may send them, aiokafka's producer cannot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchBuilderPy

from schemas.wire import Record

CODECS = {
    "none": DefaultRecordBatch.CODEC_NONE,
    "gzip": DefaultRecordBatch.CODEC_GZIP,
    "snappy": DefaultRecordBatch.CODEC_SNAPPY,
    "lz4": DefaultRecordBatch.CODEC_LZ4,
    "zstd": DefaultRecordBatch.CODEC_ZSTD,
}


class _Name(str):
    """A lone surrogate stands for a byte, as in what our consumer hands over."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", _: str = "strict") -> bytes:
        return super().encode(encoding, "surrogateescape")


def batch_of(records: Iterable[Record], *, codec: str = "none", transactional: bool = False) -> Any:
    """aiokafka's builder with these in it, as one batch."""
    builder = _DefaultRecordBatchBuilderPy(2, CODECS[codec], int(transactional), -1, -1, 0, 1 << 20)
    for offset, record in enumerate(records):
        names = [(_Name(name), value) for name, value in record.headers]
        builder.append(
            offset, record.timestamp_ms or None, record.key, record.value, cast("Any", names)
        )
    return builder


async def send_as_one_batch(
    producer: AIOKafkaProducer, prefix: str, records: list[Record], *, codec: str = "none"
) -> None:
    """To partition 0 of their topic, the first one's."""
    batch = producer.create_batch()
    batch._builder = batch_of(records, codec=codec)
    batch._relative_offset = len(records)
    batch.close()
    sent = await producer.send_batch(batch, prefix + records[0].topic, partition=0)
    await sent
