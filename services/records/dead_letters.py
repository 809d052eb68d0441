"""What can never be understood is set aside as it was received, with where it came from (contract 8)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.messages import KINDS
from schemas.wire import Record

# More than this is no longer bad input but a bad deployment, here or at a publisher (policy).
DEAD_LETTERS_MAX = 100
DEAD_LETTERS_WITHIN = timedelta(minutes=10)

_OWN_TOPICS = frozenset(model.topic for model in KINDS.values())
_HEADER_PREFIX = "dead_"


class TooManyDeadLetters(Exception):
    """The ceiling is reached: nothing more is handled until an operator has looked and resumed."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A record that can never be understood, and the sentence for its publisher."""

    record: Record = field(repr=False)
    reason: str


def digest(source: str, event_id: str) -> bytes:
    """What an event is remembered by: 32 bytes that say nothing of it."""
    return hashlib.sha256(f"{len(source)}/{source}/{event_id}".encode()).digest()


def dead_topic(topic: str) -> str:
    """Where a topic's dead letters go; another team's topics get theirs among ours."""
    return f"{topic}.dead" if topic in _OWN_TOPICS else f"stoppunkt.dead.{topic}"


def dead_letter(dead: Dead, now: datetime) -> Record:
    """The record with its key, value and headers, and some headers more; `now` is aware."""
    record = dead.record
    origin = (
        ("dead_reason", dead.reason.encode()),
        ("dead_topic", record.topic.encode()),
        ("dead_partition", str(record.partition).encode()),
        ("dead_offset", str(record.offset).encode()),
        ("dead_timestamp_ms", str(record.timestamp_ms).encode()),
        ("dead_at", now.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
    )
    # One that was replayed and died again has these headers already; the new ones are of this time.
    headers = _own_headers(record)
    return Record(
        topic=dead_topic(record.topic),
        key=record.key,
        value=record.value,
        headers=(*headers, *origin),
    )


class NotReplayable(Exception):
    """This is no dead letter that could be published again; the text says why, and quotes nothing."""


def original(dead: Record) -> Record:
    """The record that a dead letter was, byte for byte, with the Kafka timestamp that it had; raises NotReplayable."""
    headers = dict(dead.headers)
    topic = headers.get("dead_topic", b"").decode(errors="replace")
    if dead.topic != dead_topic(topic):
        raise NotReplayable("its header dead_topic does not belong to the topic it stands on")
    stamp = headers.get("dead_timestamp_ms", b"")
    if not stamp.isdigit():
        raise NotReplayable(
            "its header dead_timestamp_ms is missing, so its place in time is not known"
        )
    return Record(
        topic=topic,
        key=dead.key,
        value=dead.value,
        headers=_own_headers(dead),
        timestamp_ms=int(stamp),
    )


def _own_headers(record: Record) -> tuple[tuple[str, bytes], ...]:
    """Without those of an earlier death. In a name "?" stands for each byte that is no text, which
    cannot be sent, and for a NUL, which PostgreSQL's texts cannot hold.
    """
    return tuple(
        (name.encode(errors="replace").decode().replace("\0", "?"), value)
        for name, value in record.headers
        if not name.startswith(_HEADER_PREFIX)
    )
