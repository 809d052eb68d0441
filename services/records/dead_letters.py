"""What can never be understood is set aside as it was received, with where it came from (SPEC 8)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.messages import KINDS
from schemas.wire import Record

# More than this is no longer bad input but a bad deployment, here or at a publisher (v).
DEAD_LETTERS_MAX = 100
DEAD_LETTERS_WITHIN = timedelta(minutes=10)

# What our producer may send at most: a dead letter is its record and five headers more, and must always fit.
DEAD_TOPIC_CONFIGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(30 * 24 * 60 * 60 * 1000),
    "max.message.bytes": str(2 * 1024 * 1024),
}

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
    """The record with its key, value and headers, and five headers more; `now` is aware."""
    record = dead.record
    origin = (
        ("dead_reason", dead.reason.encode()),
        ("dead_topic", record.topic.encode()),
        ("dead_partition", str(record.partition).encode()),
        ("dead_offset", str(record.offset).encode()),
        ("dead_at", now.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
    )
    # One that was replayed and died again has these headers already; the new ones tell of now.
    kept = tuple(h for h in record.headers if not h[0].startswith(_HEADER_PREFIX))
    return Record(
        topic=dead_topic(record.topic), key=record.key, value=record.value, headers=(*kept, *origin)
    )
