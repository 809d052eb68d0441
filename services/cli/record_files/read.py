"""Reads files of records: one record a line, or a file that is one record (contract 11)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

from schemas.dates import NotADate, read_instant
from schemas.wire import Record
from services.cli.record_files.record_json import MemberFault, record_of, topic_of

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
    for filed in read_lines(path, times_required=times_required):
        if isinstance(filed, NotRecords):
            raise filed
        yield filed


def read_lines(path: Path, *, times_required: bool) -> Iterator[FiledRecord | NotRecords]:
    """As `read_records`, but a line that holds no record is given as its fault, and the lines after it are read.

    Raises NotRecords over a file that does not begin with a JSON object: it is no file of records at all.
    """
    above: datetime | None = None
    with path.open("rb") as file:
        for line, members in _objects(path, file):
            if isinstance(members, NotRecords):
                yield members
                continue
            try:
                topic = topic_of(members)
                at, timestamp_ms = _times(members, above, times_required)
                record, avro_fault = record_of(topic, members, timestamp_ms)
            except MemberFault as fault:
                yield NotRecords(path, line, str(fault))
                continue
            above = at
            yield FiledRecord(line, at, record, avro_fault)


def _objects(path: Path, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | NotRecords]]:
    begun = False
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        members = _loaded(text)
        if members is _NOT_JSON and not begun:
            # Nothing came before: the file may be one record that is written over several lines.
            rest = file.read(WHOLE_FILE_BYTES_MAX)
            members = _NOT_JSON if file.read(1) else _loaded(text + rest)
        if isinstance(members, dict):
            begun = True
            yield line, members
            continue
        fault = NotRecords(path, line, "This is not a record: it is no JSON object in UTF-8.")
        if not begun:
            raise fault
        yield line, fault


def _loaded(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _NOT_JSON


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
            raise MemberFault("A record needs at or timestamp_ms.")
        at = above or EPOCH
    return at, (at - EPOCH) // timedelta(milliseconds=1) if timestamp_ms is None else timestamp_ms


def _instant(text: object) -> datetime:
    try:
        instant = read_instant(text)
    except NotADate as fault:
        raise MemberFault(f"at {fault}.") from None
    if not EPOCH <= instant <= LAST:
        raise MemberFault("at is out of range.")
    return instant


def _instant_of_ms(milliseconds: object) -> datetime:
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        raise MemberFault("timestamp_ms is not a whole number.")
    if not 0 <= milliseconds <= LAST.timestamp() * 1000:
        raise MemberFault("timestamp_ms is out of range.")
    return EPOCH + timedelta(milliseconds=milliseconds)


def in_order(filed: Iterable[FiledRecord]) -> list[FiledRecord]:
    """Sorted by arrival, with the offsets that a fresh topic of one partition would give."""
    offsets: Counter[str] = Counter()
    ordered: list[FiledRecord] = []
    for one in sorted(filed, key=attrgetter("at")):
        topic = one.record.topic
        ordered.append(replace(one, record=replace(one.record, offset=offsets[topic])))
        offsets[topic] += 1
    return ordered
