"""Avro in Confluent's framing: a zero byte, the writer schema's id in four bytes, then the data.

The schema files in this folder, one for each Avro topic, are written from the published field lists. Without
a registry a value must fit its file's schema to the last byte, and is refused otherwise: a value that was
written with another schema would be misread. With a registry the writer's own schema is used, and fields
that are not needed are skipped.
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
"""The schema of an id, from a registry that was asked before; None where the registry knows no such id."""

MAGIC = b"\x00"
HEADER_BYTES = 5
PLACEHOLDER_ID = 0
"""The schema id in values that we frame ourselves, for which no registry has given one."""

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
    """The bytes or the value do not fit the schema; the text may name a field and holds no value."""


def read_value(topic: str, framed: bytes, writer_schema_of: WriterSchemaOf | None = None) -> object:
    """The value as plain data: instants as milliseconds since 1970-01-01T00:00Z, dates as days since 1970-01-01.

    Raises AvroFault where the bytes do not fit the schema, or the registry does not know it.
    """
    if len(framed) < HEADER_BYTES or not framed.startswith(MAGIC):
        raise AvroFault("The value is not Avro in Confluent's framing.")
    schema = shipped_schema(topic) if writer_schema_of is None else _from(writer_schema_of, framed)
    data = io.BytesIO(framed[HEADER_BYTES:])
    try:
        value = fastavro.schemaless_reader(data, schema, None)
    except _UNREADABLE:
        raise AvroFault("The value does not fit the Avro schema that it is read with.") from None
    if data.read(1):
        raise AvroFault("The value is longer than the Avro schema that it is read with.")
    return value


def frame_value(topic: str, value: object, schema_id: int = PLACEHOLDER_ID) -> bytes:
    """The framed bytes of a value by the topic's shipped schema; fields that it does not have are left out.

    Raises AvroFault, naming the field that does not fit.
    """
    schema = shipped_schema(topic)
    try:
        validate(value, schema, raise_errors=True, strict=False)
    except AvroMismatch as mismatch:
        raise AvroFault(f"{_field_of(mismatch)} does not fit the topic's Avro schema.") from None
    except _UNREADABLE:
        raise AvroFault("The value does not fit the topic's Avro schema.") from None
    return _frame(schema, value, schema_id)


def frame_key(key: str, schema_id: int = PLACEHOLDER_ID) -> bytes:
    """The framed bytes of a key that is an Avro string."""
    return _frame(parse_schema("string"), key, schema_id)


@cache
def shipped_schema(topic: str) -> Schema:
    """The schema that is shipped for a topic, without logical types."""
    text = files(__name__).joinpath(f"{topic}.avsc").read_text(encoding="utf-8")
    return plain_schema(json.loads(text))


def plain_schema(schema: Schema) -> Schema:
    """A schema to read with. Logical types are removed, so that instants and dates are read as plain numbers,
    and their range is checked where the fields are read.
    """
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
