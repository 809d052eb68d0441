"""Dead letters on Kafka: lists them, reads one, publishes them again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.inbound import CANONICAL_TOPICS, NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.wire import Record
from services.cli.record_files.record_json import to_json
from services.notifier.settings import NotifierSettings
from services.notifier.wiring.choosing import receipt_topics
from services.records.dead_letters import NotReplayable, dead_topic, original
from services.runtime.kafka import Publisher, missing_topics, read_record, read_topics
from services.runtime.logs import mask

_PLACE = re.compile(r"([A-Za-z0-9._-]+)/(\d{1,9})/(\d{1,18})")


class NoSuchPlace(Exception):
    """No dead letter stands there; the text names the place."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; what is shown of it is its headers `dead_…` alone."""

    record: Record = field(repr=False)

    @property
    def place(self) -> str:
        """Where it stands: topic/partition/offset."""
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"

    @property
    def origin_topic(self) -> str:
        return self._header("dead_topic") or "-"

    @property
    def origin_partition(self) -> str:
        return self._header("dead_partition") or "-"

    @property
    def origin_offset(self) -> str:
        return self._header("dead_offset") or "-"

    @property
    def dead_at(self) -> str:
        """ISO 8601, in UTC."""
        return self._header("dead_at") or "-"

    @property
    def reason(self) -> str:
        return self._header("dead_reason") or "-"

    def form(self) -> dict[str, Any]:
        """For scripts; no payload, no key."""
        return {
            "place": self.place,
            "reason": self.reason,
            "dead_at": self.dead_at,
            "origin": {
                "topic": self.origin_topic,
                "partition": self.origin_partition,
                "offset": self.origin_offset,
            },
        }

    def whole(self) -> dict[str, Any]:
        """All of it, in the form of a record file."""
        return to_json(self.record, datetime.fromtimestamp(self.record.timestamp_ms / 1000, UTC))

    def _header(self, name: str) -> str:
        """The last of that name; anybody may have written it, so it is masked as a log line is."""
        values = [value for key, value in self.record.headers if key == name]
        text = values[-1].decode(errors="replace") if values else ""
        return mask("".join(char if char.isprintable() else "?" for char in text)[:300])


async def letters_on(settings: NotifierSettings, topic: str | None) -> list[Letter]:
    """The dead letters of all topics that are read, or of one; oldest first."""
    dead = sorted({dead_topic(read) for read in _topics_read(settings) if topic in (None, read)})
    missing = await missing_topics(settings, dead) if dead else []
    existing = [name for name in dead if name not in missing]
    if not existing:
        return []
    letters = [Letter(record) async for record in read_topics(settings, existing)]
    return sorted(letters, key=lambda letter: (letter.dead_at, letter.place))


async def letter_at(settings: NotifierSettings, place: str) -> Letter:
    """The dead letter at topic/partition/offset; raises NoSuchPlace."""
    match = _PLACE.fullmatch(place)
    known = {dead_topic(topic) for topic in _topics_read(settings)}
    if match is None or match[1] not in known:
        raise NoSuchPlace(
            f"{mask(place)} is no place of a dead letter, as `dead-letters list` prints it."
        )
    record = await read_record(settings, match[1], int(match[2]), int(match[3]))
    if record is None:
        raise NoSuchPlace(f"No dead letter stands at {place} (any more).")
    return Letter(record)


async def publish_again(
    settings: NotifierSettings, places: Sequence[str] | None, topic: str | None, *, to_others: bool
) -> tuple[list[str], list[tuple[str, str]]]:
    """Publish these (or all, or all of one topic); returns the places published, and (place, why) of the others.

    Raises NoSuchPlace before anything is published, and what the publisher raises: then some may be out, and all may
    be published again.
    """
    if places is None:
        letters = await letters_on(settings, topic)
    else:
        letters = [await letter_at(settings, place) for place in dict.fromkeys(places)]
    records: dict[str, Record] = {}
    refused: list[tuple[str, str]] = []
    for letter in letters:
        try:
            record = original(letter.record)
        except NotReplayable as fault:
            refused.append((letter.place, str(fault)))
            continue
        if record.topic not in CANONICAL_TOPICS and not to_others:
            refused.append((letter.place, "the topic is another team's: see --to-others"))
        else:
            records[letter.place] = record
    if records:
        await _publish(settings, list(records.values()))
    return list(records), refused


async def _publish(settings: NotifierSettings, records: Sequence[Record]) -> None:
    publisher = Publisher(settings)
    await publisher.start()
    try:
        await publisher.publish(records)
    finally:
        await publisher.stop()


def _topics_read(settings: NotifierSettings) -> tuple[str, ...]:
    return (*SCHEDULER_TOPICS, *NOTIFIER_TOPICS, *receipt_topics(settings))
