"""What the files of NAV's topics share: the envelope of a canonical message, and the fault of a record."""

from __future__ import annotations

from schemas.messages import Message
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord, Record, type_of

NULL_VALUE = IgnoredRecord(None, "A null value says nothing that this topic is read for.")


def source_of(record: Record) -> str:
    """The event source of the record's topic, within which NAV's ids of events are unique."""
    return f"urn:nav:topic:{record.topic}"


def envelope_of(message: Message, record: Record, event_id: str | None = None) -> Envelope:
    """The envelope of a message. `event_id`: NAV's id of the event, where a repeat of the event has the same.

    A record that shows the present state of a thing has no such id: the newest record of it stands
    (contract 2).
    """
    return Envelope(
        message, type_of(message), event_id, source_of(record) if event_id is not None else None
    )


def invalid(kind: type[Message], fault: InvalidRecord | str) -> InvalidRecord:
    """Why a record cannot become a message of that kind."""
    return InvalidRecord(type_of(kind), fault if isinstance(fault, str) else fault.reason)
