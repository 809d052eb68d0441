"""Avro in Confluent's framing: a zero byte, the writer schema's id in four bytes, then the data.

The schema files beside this are written from the published field lists and hold what is read. Without a
registry the data must be exactly as they say, to the last byte: a value written by another schema would be
misread, and is refused instead. With a registry the writer's own schema is used, and fields that nobody
here knows are read past.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import fastavro
from fastavro.schema import parse_schema
from fastavro.types import Schema
from fastavro.validation import ValidationError as AvroMismatch
from fastavro.validation import validate

WriterSchemaOf = Callable[[int], Schema | None]
"""The parsed schema of an id, from a registry that has been asked before; None where it knows no such id."""

MAGIC = b"\x00"
HEADER_BYTES = 5
PLACEHOLDER_ID = 0
"""The schema id in what we write ourselves from files, where no registry has given one."""

_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
    StopIteration,
    struct.error,
)


class AvroFault(ValueError):
    """The bytes or the value do not fit; the text names no value."""


def read_value(topic: str, framed: bytes, writer_schema_of: WriterSchemaOf | None = None) -> object:
    """The value as plain JSON-like data: instants as milliseconds, dates as days since 1970.

    Raises AvroFault over bytes that no known schema fits.
    """
    if len(framed) < HEADER_BYTES or not framed.startswith(MAGIC):
        raise AvroFault("The value is not Avro in Confluent's framing.")
    schema = shipped(topic) if writer_schema_of is None else _from(writer_schema_of, framed)
    data = io.BytesIO(framed[HEADER_BYTES:])
    try:
        value = fastavro.schemaless_reader(data, schema, None)
    except _UNREADABLE:
        raise AvroFault("The value does not fit the Avro schema that it is read with.") from None
    if data.read(1):
        raise AvroFault("The value is longer than the Avro schema that it is read with.")
    return value


def frame_value(topic: str, value: object, schema_id: int = PLACEHOLDER_ID) -> bytes:
    """The logical value as wire bytes by the shipped schema; members it does not know are left out.

    Raises AvroFault, with the field that does not fit.
    """
    schema = shipped(topic)
    try:
        validate(value, schema, raise_errors=True, strict=False)
    except AvroMismatch as mismatch:
        raise AvroFault(f"{_field_of(mismatch)} does not fit the topic's Avro schema.") from None
    except _UNREADABLE:
        raise AvroFault("The value does not fit the topic's Avro schema.") from None
    return _frame(schema, value, schema_id)


def frame_key(key: str, schema_id: int = PLACEHOLDER_ID) -> bytes:
    """A key as a framed Avro string."""
    return _frame(parse_schema("string"), key, schema_id)


@cache
def shipped(topic: str) -> Schema:
    """The parsed schema that is shipped for a topic, with plain numbers for instants and dates."""
    text = files(__name__).joinpath(f"{topic}.avsc").read_text(encoding="utf-8")
    return parsed(json.loads(text))


def parsed(schema: Schema) -> Schema:
    """A schema ready to read with. Logical types are taken off: range is ours to check, not Avro's."""
    return parse_schema(_without_logical_types(schema))


def _without_logical_types(schema: Schema) -> Schema:
    if isinstance(schema, dict):
        return {
            name: _without_logical_types(part)
            for name, part in schema.items()
            if name != "logicalType"
        }
    if isinstance(schema, list):
        return [_without_logical_types(part) for part in schema]
    return schema


def _from(writer_schema_of: WriterSchemaOf, framed: bytes) -> Schema:
    schema = writer_schema_of(int.from_bytes(framed[1:HEADER_BYTES], "big"))
    if schema is None:
        raise AvroFault("The schema registry does not know the value's schema id.")
    return schema


def _frame(schema: Schema, value: object, schema_id: int) -> bytes:
    data = io.BytesIO()
    data.write(MAGIC + schema_id.to_bytes(HEADER_BYTES - 1, "big"))
    try:
        fastavro.schemaless_writer(data, schema, value)
    except _UNREADABLE:
        raise AvroFault("The value does not fit the topic's Avro schema.") from None
    return data.getvalue()


def _field_of(mismatch: AvroMismatch) -> str:
    field = getattr(mismatch.errors[0], "field", "") if mismatch.errors else ""
    return str(field).rsplit(".", 1)[-1] or "The value"
