"""What the files of NAV's follow-up topics share: how a record becomes a canonical fact, or a fault."""

from __future__ import annotations

from schemas.messages import Message
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord, Record, type_of

NULL_VALUE = IgnoredRecord(None, "A null value says nothing that this topic is read for.")


def source_of(record: Record) -> str:
    """The `source` of events that have an id of their own on one of NAV's topics."""
    return f"urn:nav:topic:{record.topic}"


def fact(message: Message, record: Record, event_id: str | None = None) -> Envelope:
    """The envelope of a fact. `event_id` only where NAV gives an event an id that its repeats have too:
    a record that shows a thing's present state has none, and the newest one stands (contract 2).
    """
    return Envelope(
        message, type_of(message), event_id, source_of(record) if event_id is not None else None
    )


def dead(kind: type[Message], fault: InvalidRecord | str) -> InvalidRecord:
    """A fault in a record that would have become a message of that kind."""
    return InvalidRecord(type_of(kind), fault if isinstance(fault, str) else fault.reason)
