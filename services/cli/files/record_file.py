"""Files of records, as the commands read and write them (contract 11).

One record a line, or a file that is one record:
`{"at", "topic", "key", "headers", "timestamp_ms", "value"}`, with `value_raw` (text) or `value_base64` in
the place of `value` for bytes that are not JSON. A null value is a tombstone. On Avro topics the logical
value stands in the file, and is turned into the wire's bytes here, so that every reader meets real records.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from schemas.inbound import AVRO_TOPICS
from schemas.nav.avro import AvroFault, frame_key, frame_value
from schemas.wire import Record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2150, 12, 31, tzinfo=UTC)
_NOT_JSON = object()
WHOLE_FILE_BYTES_MAX = 64 * 1024 * 1024
"""A file that is one record is read whole; none is nearly as long as this."""


class NotRecords(Exception):
    """A file, or one line of it, that holds no record: wrong use, exit 2. `str()` is a sentence."""

    def __init__(self, path: Path, line: int, fault: str) -> None:
        super().__init__(f"{path}, line {line}: {fault}")
        self.path, self.line, self.fault = path, line, fault


class _Fault(Exception):
    """What is wrong with one record's members, as a sentence without a value."""


@dataclass(frozen=True, slots=True)
class FiledRecord:
    """A record of a file: `line` counts from 1, `at` (aware) is when it arrives.

    `fault` says why a logical value cannot be written with its topic's Avro schema; the record then holds
    the value's JSON instead, which no reader of that topic understands either.
    """

    line: int
    at: datetime
    record: Record
    fault: str | None = None


def read_records(path: Path, *, times_required: bool = True) -> Iterator[FiledRecord]:
    """The records of a file in its own order, one at a time.

    Without `at` a record arrives at its `timestamp_ms`, but never before the line above. Where neither is
    given and `times_required` is false it arrives with the line above, or in 1970. Raises NotRecords over
    what is no record, and OSError over a file that cannot be read.
    """
    above: datetime | None = None
    with path.open("rb") as file:
        for line, members in _objects(path, file):
            try:
                filed = _filed(line, members, above, times_required)
            except _Fault as fault:
                raise NotRecords(path, line, str(fault)) from None
            above = filed.at
            yield filed


def _objects(path: Path, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    begun = False
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        members = _loaded(text)
        if members is _NOT_JSON and not begun:
            # Nothing came before: the file may be one record that is written over several lines.
            rest = file.read(WHOLE_FILE_BYTES_MAX)
            members = _NOT_JSON if file.read(1) else _loaded(text + rest)
        if not isinstance(members, dict):
            raise NotRecords(path, line, "This is not a record: it is no JSON object in UTF-8.")
        begun = True
        yield line, members


def _loaded(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _NOT_JSON


def _filed(
    line: int, members: dict[str, Any], above: datetime | None, times_required: bool
) -> FiledRecord:
    topic = members.get("topic")
    if not isinstance(topic, str) or not topic:
        raise _Fault("A record needs a topic, which is text.")
    at, timestamp_ms = _times(members, above, times_required)
    value, fault = _value(topic, members)
    record = Record(
        topic=topic,
        key=_key(topic, members),
        value=value,
        headers=_headers(members.get("headers")),
        timestamp_ms=timestamp_ms,
    )
    return FiledRecord(line, at, record, fault)


def _times(
    members: dict[str, Any], above: datetime | None, times_required: bool
) -> tuple[datetime, int]:
    at = None if members.get("at") is None else _instant(members["at"])
    timestamp_ms = members.get("timestamp_ms")
    if timestamp_ms is not None:
        sent_at = _instant_of_ms(timestamp_ms)
        at = at or max(sent_at, above or sent_at)
    elif at is None:
        if times_required:
            raise _Fault("A record needs at or timestamp_ms.")
        at = above or EPOCH
    return at, (at - EPOCH) // timedelta(milliseconds=1) if timestamp_ms is None else timestamp_ms


def _instant(text: object) -> datetime:
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise _Fault("at is not an instant (ISO 8601 with a zone).")
    if not EPOCH <= instant <= LAST:
        raise _Fault("at is out of range.")
    return instant


def _instant_of_ms(milliseconds: object) -> datetime:
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        raise _Fault("timestamp_ms is not a whole number.")
    if not 0 <= milliseconds <= LAST.timestamp() * 1000:
        raise _Fault("timestamp_ms is out of range.")
    return EPOCH + timedelta(milliseconds=milliseconds)


def _key(topic: str, members: dict[str, Any]) -> bytes | None:
    if (coded := members.get("key_base64")) is not None:
        return _from_base64(coded, "key_base64")
    key = members.get("key")
    if key is None:
        return None
    text = _bytes(key, "key")
    avro = AVRO_TOPICS.get(topic)
    return frame_key(key) if avro is not None and avro.has_avro_key else text


def _headers(headers: object) -> tuple[tuple[str, bytes], ...]:
    if headers is None:
        return ()
    if not isinstance(headers, dict):
        raise _Fault("headers is not an object.")
    return tuple((name, _bytes(value, "a header's value")) for name, value in headers.items())


def _value(topic: str, members: dict[str, Any]) -> tuple[bytes | None, str | None]:
    if (coded := members.get("value_base64")) is not None:
        return _from_base64(coded, "value_base64"), None
    if (raw := members.get("value_raw")) is not None:
        return _bytes(raw, "value_raw"), None
    if "value" not in members:
        raise _Fault("A record needs a value, null for a withdrawal, or value_raw or value_base64.")
    value = members["value"]
    if value is None:
        return None, None
    if topic in AVRO_TOPICS:
        try:
            return frame_value(topic, value), None
        except AvroFault as fault:
            return _json(value), str(fault)
    return _json(value), None


def _json(value: object) -> bytes:
    return _bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")), "value")


def _bytes(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise _Fault(f"{name} is not text.")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _Fault(f"{name} is not text that UTF-8 can hold.") from None


def _from_base64(coded: object, name: str) -> bytes:
    try:
        return base64.b64decode(_bytes(coded, name), validate=True)
    except binascii.Error:
        raise _Fault(f"{name} is not base64.") from None


def to_json(record: Record, at: datetime) -> dict[str, Any]:
    """A record in the form that `read_records` reads; `at` (aware) is when it left."""
    members: dict[str, Any] = {
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "topic": record.topic,
    }
    members |= _text_or_base64("key", record.key)
    members["headers"] = {name: value.decode(errors="replace") for name, value in record.headers}
    members["timestamp_ms"] = record.timestamp_ms
    return members | _value_members(record.value)


def _value_members(value: bytes | None) -> dict[str, Any]:
    if value is None:
        return {"value": None}
    try:
        # NaN and its like are no JSON, and a bare null would read as a tombstone.
        content = json.loads(value, parse_constant=_refuse)
        if content is not None:
            return {"value": content}
        return {"value_raw": value.decode()}
    except (ValueError, RecursionError):
        members = _text_or_base64("value", value)
        return {"value_raw": members["value"]} if "value" in members else members


def _text_or_base64(name: str, content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
