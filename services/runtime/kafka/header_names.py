"""Records whose header names are not UTF-8, which Kafka allows and aiokafka's fetcher does not survive.

Left alone it raises at such a record, drops the records before it in the same answer, and then raises at it again
for ever. Here a batch is read by aiokafka's fast reader first; only where that stumbles over a name it is read again
by its slower one, and the bytes that are no text become lone surrogates, as in Python's own file names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex, TypeAlias, overload

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

# aiokafka's batches and records, which are untyped.
Batch: TypeAlias = Any
Raw: TypeAlias = Any

# Where a batch's length stands, and what it counts from; the same in every version of Kafka's format.
_LENGTH_AT = 8
_HEAD_BYTES = 12


def accept_any_header_name() -> None:
    """Let every consumer of this process read such records. aiokafka has no place for it but this name."""
    fetcher.MemoryRecords = Records


class Records:
    """The batches of one fetched answer, as aiokafka's MemoryRecords gives them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._records = MemoryRecords(data)

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def next_batch(self) -> _Batch | None:
        batch = self._records.next_batch()
        if batch is None:
            return None
        begin = self._at
        (length,) = struct.unpack_from(">i", self._data, begin + _LENGTH_AT)
        self._at = begin + _HEAD_BYTES + length
        return _Batch(batch, memoryview(self._data)[begin : self._at])


class _Batch:
    def __init__(self, batch: Batch, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Raw:
        return getattr(self._batch, name)

    def __next__(self) -> Raw:
        return next(self._batch)

    def __iter__(self) -> Iterator[Raw]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except UnicodeDecodeError:
            yield from islice(_AnyNames(self._data), count, None)


class _AnyNames(_DefaultRecordBatchPy):  # type: ignore[misc] # aiokafka is untyped
    _buffer: bytearray

    def __iter__(self) -> Iterator[Raw]:
        super().__iter__()  # uncompresses
        self._buffer = _Bytes(self._buffer)
        return self


class _Bytes(bytearray):
    """Bytes of which every part can be decoded."""

    @overload
    def __getitem__(self, at: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> _Bytes: ...
    def __getitem__(self, at: SupportsIndex | slice) -> int | _Bytes:
        part = super().__getitem__(at)
        return part if isinstance(part, int) else _Bytes(part)

    def decode(self, encoding: str = "utf-8", _: str = "strict") -> str:
        return super().decode(encoding, "surrogateescape")
