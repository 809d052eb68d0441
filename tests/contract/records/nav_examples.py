"""Invented records in NAV's formats (tests/contract/examples), as files, as records and with changed fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schemas.inbound import AVRO_TOPICS, decode_inbound
from schemas.messages import Message
from schemas.nav.avro import AvroFault, frame_value
from schemas.nav.reading.fields import is_person_id
from schemas.nav_messages import NavMessage
from schemas.wire import Decoded, Envelope, IgnoredRecord, InvalidRecord, Record
from services.cli.record_files.read import read_records
from tests.support.paths import EXAMPLES

FOLDER = EXAMPLES
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
BAD = [name for name in NAMES if name.startswith("bad_")]
GOOD = [name for name in NAMES if name not in BAD]
SCENARIOS = sorted(FOLDER.glob("*.ndjson"))


def members_of(name: str) -> dict[str, Any]:
    """The members of an example's JSON file."""
    members: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return members


def record_of(name: str) -> Record:
    """The Kafka record of an example."""
    (filed,) = read_records(FOLDER / f"{name}.json")
    return filed.record


def changed(name: str, **at_paths: object) -> Record:
    """An example with other values in fields; `a__0__b` is field b of the first element of a."""
    value = members_of(name)["value"]
    for path, content in at_paths.items():
        *steps, last = (int(step) if step.isdecimal() else step for step in path.split("__"))
        part = value
        for step in steps:
            part = part[step]
        part[last] = content
    return with_value(record_of(name), value)


def with_value(record: Record, value: object) -> Record:
    """The record with another value; on an Avro topic, a value that the schema does not fit is written as JSON."""
    if record.topic in AVRO_TOPICS:
        try:
            return replace(record, value=frame_value(record.topic, value))
        except AvroFault:
            pass
    return replace(record, value=json.dumps(value).encode())


def message_of(record: Record) -> Message | NavMessage:
    """The message of a record that must be accepted."""
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope), decoded
    return decoded.message


def reason_of(decoded: Decoded) -> str:
    """Why a record is not accepted."""
    assert isinstance(decoded, IgnoredRecord | InvalidRecord)
    return decoded.reason


def texts_in(value: object) -> Iterator[str]:
    """Every text inside a JSON value, and every number as text."""
    if isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def persons_in(value: object) -> set[str]:
    """Every person's number inside a JSON value."""
    return {text for text in texts_in(value) if is_person_id(text)}
