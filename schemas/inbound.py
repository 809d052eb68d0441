"""Every topic that is read, and what a record on it means."""

from __future__ import annotations

from collections.abc import Callable

from schemas import wire
from schemas.messages import KINDS
from schemas.nav import bekreftet, sendt
from schemas.wire import Decoded, IgnoredRecord, Record

CANONICAL_TOPICS: tuple[str, ...] = tuple(sorted({model.topic for model in KINDS.values()}))

NAV_READERS: dict[str, Callable[[Record], Decoded]] = {
    sendt.TOPIC: sendt.decode,
    bekreftet.TOPIC: bekreftet.decode,
}
"""NAV's topics, each with the file that knows its format."""

SCHEDULER_TOPICS: tuple[str, ...] = (
    "stoppunkt.sick-notes.v1",
    "stoppunkt.follow-up.v1",
    # Of a person's contact the office alone, for overrides and figures (SPEC 2).
    "stoppunkt.contacts.v1",
    sendt.TOPIC,
    bekreftet.TOPIC,
)

NOTIFIER_TOPICS: tuple[str, ...] = (
    "stoppunkt.deadlines.v1",
    "stoppunkt.contacts.v1",
    "stoppunkt.receipts.v1",
    # person.renumbered, and nothing else of it (SPEC 2).
    "stoppunkt.follow-up.v1",
)


def decode_inbound(record: Record) -> Decoded:
    """What a record means, whatever its topic; never raises over what somebody else has sent."""
    reader = NAV_READERS.get(record.topic)
    if reader is not None:
        return reader(record)
    if record.topic in CANONICAL_TOPICS:
        return wire.decode(record)
    return IgnoredRecord(None, "This topic is not read.")
