"""What the files of NAV's topics share: the envelope of a canonical message, and the fault of a record."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.messages import Message
from schemas.nav_messages import MessageGroup
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord, Record, type_of

NULL_VALUE = IgnoredRecord(None, "A null value says nothing that this topic is read for.")


def source_of(record: Record) -> str:
    """The event source of the record's topic, within which NAV's ids of events are unique."""
    return f"urn:nav:topic:{record.topic}"


def envelope_of(
    messages: Message | Sequence[Message], record: Record, event_id: str | None = None
) -> Envelope:
    """The envelope of one message, or of the several that a record means; its type is that of the first.

    `event_id`: NAV's id of the event, where a repeat of the event has the same.

    A record that shows the present state of a thing has no such id: the newest record of it stands
    (contract 2).
    """
    several = (messages,) if isinstance(messages, Message) else tuple(messages)
    return Envelope(
        several[0] if len(several) == 1 else MessageGroup(several),
        type_of(several[0]),
        event_id,
        source_of(record) if event_id is not None else None,
    )


def invalid(kind: type[Message], fault: InvalidRecord | str) -> InvalidRecord:
    """Why a record cannot become a message of that kind."""
    return InvalidRecord(type_of(kind), fault if isinstance(fault, str) else fault.reason)
