"""One record as a JSON object, and back: the form of record files (contract 11).

`{"at", "topic", "key", "headers", "timestamp_ms", "value"}`, with `value_raw` (text) or `value_base64` in the place of
`value` for bytes that are not JSON. A null value is a tombstone. On Avro topics the logical value stands in the file,
and is turned into the wire's bytes here, so that every reader meets real records.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from schemas.inbound import AVRO_TOPICS
from schemas.nav.avro import AvroFault, frame_key, frame_value
from schemas.wire import Record


class MemberFault(Exception):
    """What is wrong with one record's members, as a sentence without a value."""


def topic_of(members: dict[str, Any]) -> str:
    """Raises MemberFault."""
    topic = members.get("topic")
    if not isinstance(topic, str) or not topic:
        raise MemberFault("A record needs a topic, which is text.")
    return topic


def record_of(topic: str, members: dict[str, Any], timestamp_ms: int) -> tuple[Record, str | None]:
    """The record, and why its logical value does not fit its topic's Avro schema (None where it does).

    A record that does not fit holds the value's JSON, which no reader of that topic understands either. Raises
    MemberFault.
    """
    value, fault = _value(topic, members)
    record = Record(
        topic=topic,
        key=_key(topic, members),
        value=value,
        headers=_headers(members.get("headers")),
        timestamp_ms=timestamp_ms,
    )
    return record, fault


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
        raise MemberFault("headers is not an object.")
    return tuple((name, _bytes(value, "a header's value")) for name, value in headers.items())


def _value(topic: str, members: dict[str, Any]) -> tuple[bytes | None, str | None]:
    if (coded := members.get("value_base64")) is not None:
        return _from_base64(coded, "value_base64"), None
    if (raw := members.get("value_raw")) is not None:
        return _bytes(raw, "value_raw"), None
    if "value" not in members:
        raise MemberFault(
            "A record needs a value, null for a withdrawal, or value_raw or value_base64."
        )
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
        raise MemberFault(f"{name} is not text.")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MemberFault(f"{name} is not text that UTF-8 can hold.") from None


def _from_base64(coded: object, name: str) -> bytes:
    try:
        return base64.b64decode(_bytes(coded, name), validate=True)
    except binascii.Error:
        raise MemberFault(f"{name} is not base64.") from None


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
