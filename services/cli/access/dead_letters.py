"""Dead letters on Kafka, and records of ours that Kafka refuses: lists them, reads one, publishes again, removes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.inbound import CANONICAL_TOPICS, NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.wire import Record
from services.cli.access.failures import result_or_error
from services.cli.access.record_tables import (
    SERVICES,
    ServiceName,
    put_back,
    record_tables_of,
    refused_place,
    remove,
    service_and_id,
)
from services.cli.record_files.record_json import to_json
from services.notifier.settings import NotifierSettings
from services.notifier.wiring.choosing import receipt_topics
from services.records.dead_letters import NotReplayable, dead_topic, original
from services.records.tables import RefusedRecord
from services.runtime.kafka import Publisher, missing_topics, read_record, read_topics
from services.runtime.logs import mask

_PLACE = re.compile(r"([A-Za-z0-9._-]+)/(\d{1,9})/(\d{1,18})")


class NoSuchPlace(Exception):
    """No dead letter stands there; the text names the place."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; what is shown of it is its headers `dead_…` alone, and why Kafka refuses it where it does."""

    record: Record = field(repr=False)
    service: ServiceName | None = None
    refused: RefusedRecord | None = None
    """Where the record never came to Kafka: in the tables of `service`. It need not be a dead letter then."""

    @property
    def place(self) -> str:
        """Where it stands: topic/partition/offset, or refused:service:number."""
        if self.service is not None and self.refused is not None:
            return refused_place(self.service, self.refused.id)
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"

    @property
    def origin_topic(self) -> str:
        """The topic that a dead record came on; of another that Kafka refuses, where it was to go."""
        return self._header("dead_topic") or (self.record.topic if self.refused else "-")

    @property
    def origin_partition(self) -> str:
        return self._header("dead_partition") or "-"

    @property
    def origin_offset(self) -> str:
        return self._header("dead_offset") or "-"

    @property
    def dead_at(self) -> str:
        """ISO 8601, in UTC; since when Kafka refuses it where it does."""
        if self.refused is not None:
            at = self.refused.refused_at.astimezone(UTC)
            return at.isoformat().replace("+00:00", "Z")
        return self._header("dead_at") or "-"

    @property
    def reason(self) -> str:
        reason = self._header("dead_reason") or "-"
        if self.refused is None:
            return reason
        refusal = f"Kafka refuses it on {self.record.topic} ({self.refused.reason})"
        return refusal if reason == "-" else f"{refusal}; {reason}"

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
        at = datetime.fromtimestamp(self.record.timestamp_ms / 1000, UTC)
        return to_json(self.record, at if self.refused is None else self.refused.refused_at)

    def _header(self, name: str) -> str:
        """The last of that name; anybody may have written it, so it is masked as a log line is."""
        values = [value for key, value in self.record.headers if key == name]
        text = values[-1].decode(errors="replace") if values else ""
        return mask("".join(char if char.isprintable() else "?" for char in text)[:300])


async def letters_on(
    settings: NotifierSettings, topic: str | None
) -> tuple[list[Letter], dict[ServiceName, str]]:
    """The dead letters of all topics that are read, or of one, and what Kafka refuses; oldest first.

    With them the services whose tables cannot be asked for what Kafka refuses, and the error's class.
    """
    letters = await _on_kafka(settings, topic)
    silent: dict[ServiceName, str] = {}
    for service in SERVICES:
        refused = await result_or_error(_refused(service))
        if isinstance(refused, str):
            silent[service] = refused
        else:
            letters += [letter for letter in refused if topic in (None, letter.origin_topic)]
    return sorted(letters, key=lambda letter: (letter.dead_at, letter.place)), silent


async def letter_at(settings: NotifierSettings, place: str) -> Letter:
    """The one at a place, whole; raises NoSuchPlace."""
    found = service_and_id(place)
    if found is not None:
        service, refused_id = found
        async with record_tables_of(service) as tables:
            refused = await tables.refused_by_id(refused_id)
        if refused is None:
            raise NoSuchPlace(f"Nothing stands at {place} (any more).")
        return Letter(refused.record, service, refused)
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

    What Kafka has refused goes into its service's outbox again. Raises NoSuchPlace before anything is published, and
    what the publisher and PostgreSQL raise: then some may be out, and all may be published again.
    """
    letters, left = await _chosen(settings, places, topic)
    records: dict[str, Record] = {}
    refused = [letter.place for letter in letters if letter.refused is not None]
    for letter in letters:
        if letter.refused is not None:
            continue
        try:
            record = original(letter.record)
        except NotReplayable as fault:
            left.append((letter.place, str(fault)))
            continue
        if record.topic not in CANONICAL_TOPICS and not to_others:
            left.append((letter.place, "the topic is another team's: see --to-others"))
        else:
            records[letter.place] = record
    if records:
        await _publish(settings, list(records.values()))
    back = await put_back(refused)
    too_large = (
        "it is larger than what is sent to Kafka: have its publisher send it again, and remove it"
    )
    left += [(place, too_large) for place in refused if place not in back]
    return [*records, *(place for place in refused if place in back)], left


async def remove_refused(
    settings: NotifierSettings, places: Sequence[str] | None, topic: str | None
) -> tuple[list[str], list[tuple[str, str]]]:
    """Remove these of what Kafka refuses (or all, or all of one topic); the places removed, and (place, why) of others.

    Raises NoSuchPlace before anything is removed.
    """
    letters, left = await _chosen(settings, places, topic)
    if places is not None:
        on_kafka = "it stands on Kafka, which forgets it after its topic's retention"
        left += [(letter.place, on_kafka) for letter in letters if letter.refused is None]
    removed = await remove([letter.place for letter in letters if letter.refused is not None])
    return sorted(removed), left


async def _chosen(
    settings: NotifierSettings, places: Sequence[str] | None, topic: str | None
) -> tuple[list[Letter], list[tuple[str, str]]]:
    """These, or all, or all of one topic; and (service, why) of each whose tables cannot be asked."""
    if places is not None:
        return [await letter_at(settings, place) for place in dict.fromkeys(places)], []
    letters, silent = await letters_on(settings, topic)
    return letters, [
        (f"refused:{service}", f"its tables are out of reach ({error})")
        for service, error in silent.items()
    ]


async def _on_kafka(settings: NotifierSettings, topic: str | None) -> list[Letter]:
    dead = sorted({dead_topic(read) for read in _topics_read(settings) if topic in (None, read)})
    missing = await missing_topics(settings, dead) if dead else []
    existing = [name for name in dead if name not in missing]
    if not existing:
        return []
    return [Letter(record) async for record in read_topics(settings, existing)]


async def _refused(service: ServiceName) -> list[Letter]:
    async with record_tables_of(service) as tables:
        return [Letter(refused.record, service, refused) for refused in await tables.refused()]


async def _publish(settings: NotifierSettings, records: Sequence[Record]) -> None:
    publisher = Publisher(settings)
    await publisher.start()
    try:
        await publisher.publish(records)
    finally:
        await publisher.stop()


def _topics_read(settings: NotifierSettings) -> tuple[str, ...]:
    return (*SCHEDULER_TOPICS, *NOTIFIER_TOPICS, *receipt_topics(settings))
