"""How messages become bytes on Kafka and bytes become messages.

CloudEvents 1.0, Kafka protocol binding, binary mode: the attributes are headers (`ce_id`, `ce_type`, …) and
the data is the value. Decoding never raises, whatever a record holds: one that cannot be understood becomes
an `InvalidRecord` with one sentence that names the field and the fault. The sentence holds no value of the
record, because it is logged and written into the headers of a dead letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.codes import is_code
from schemas.messages import KINDS, Message, SickNoteWithdrawn, fault_sentence
from schemas.nav_messages import MessageGroup, NavMessage

TYPE_PREFIX = "no.stoppunkt."
SICK_NOTES_TOPIC = "stoppunkt.sick-notes.v1"
CONTACTS_TOPIC = "stoppunkt.contacts.v1"
HEADER_CHARACTERS_MAX = 512
_ATTRIBUTES = ("ce_specversion", "ce_type", "ce_id", "ce_source")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Which of two records about the same thing stands: the greater version (contract 2).

    The higher Kafka timestamp (milliseconds since 1970) is the greater, and of equal timestamps the higher
    offset. The order in which the records arrived plays no part, so a repeat changes nothing.
    """

    timestamp_ms: int
    offset: int


OLDEST_VERSION = Version(-1, -1)
"""Older than the version of any record: a timestamp that is not set is -1, an offset begins at 0."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record from, or for, Kafka. `topic` is without the TOPIC_PREFIX; `timestamp_ms` is since 1970."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int = 0
    partition: int = 0
    offset: int = 0

    @property
    def version(self) -> Version:
        """Where this record stands among those about the same thing."""
        return Version(self.timestamp_ms, self.offset)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and what identifies the event that carried it; a repeat has the same `source` and `id`.

    `type` is the full CloudEvents type. `id` and `source` are None for a record without an event id (a null
    value, most of NAV's formats), whose repeat is recognised by its version. `message` is a `NavMessage` only
    on NAV's topics, where a record can say what no canonical message says.
    """

    message: Message | NavMessage
    type: str
    id: str | None = None
    source: str | None = None

    def split(self) -> tuple[Envelope, ...]:
        """One envelope for each message of a `MessageGroup`, with ids of their own; else this one alone."""
        if not isinstance(self.message, MessageGroup):
            return (self,)
        return tuple(
            replace(
                self,
                message=message,
                type=type_of(message),
                id=None if self.id is None else f"{self.id}/{number}",
            )
            for number, message in enumerate(self.message.messages, start=1)
        )


@dataclass(frozen=True, slots=True)
class IgnoredRecord:
    """A valid record that changes no timer and no delivery."""

    type: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class InvalidRecord:
    """A record that cannot be understood, now or later. `reason` is for its publisher and holds no personal data."""

    type: str | None
    reason: str


Decoded = Envelope | IgnoredRecord | InvalidRecord


def type_of(message: Message | type[Message]) -> str:
    """The CloudEvents type of a message: `no.stoppunkt.<kind>.v<version>`."""
    return f"{TYPE_PREFIX}{message.kind}.v{message.version}"


def encode(
    message: Message,
    *,
    event_id: str,
    source: str,
    at: datetime,
    timestamp_ms: int = 0,
    key: str | None = None,
) -> Record:
    """The record of a message. `at` (aware) becomes `ce_time`, in UTC; `timestamp_ms` is the record's.

    `key` is needed for the kinds whose key the publisher chooses (contract 10), or NotImplementedError is
    raised; the other kinds know their key.
    """
    return Record(
        topic=message.topic,
        key=(message.key if key is None else key).encode(),
        value=message.model_dump_json(by_alias=True).encode(),
        headers=event_headers(type_of(message), event_id=event_id, source=source, at=at),
        timestamp_ms=timestamp_ms,
    )


def event_headers(
    event_type: str, *, event_id: str, source: str, at: datetime
) -> tuple[tuple[str, bytes], ...]:
    """The headers of one event in binary mode. `at` (aware) is when it happened, and is written in UTC."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", at.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()),
        ("content-type", b"application/json"),
    )


def decode(record: Record) -> Decoded:
    """What a record of a canonical topic says. Never raises, whatever it holds."""
    if is_null(record):
        return _decode_null(record)
    attributes = {
        name.lower(): _text(value) for name, value in record.headers if name.startswith("ce_")
    }
    event_type = attributes.get("ce_type") or None
    if (fault := _attribute_fault(record, attributes)) is not None:
        return InvalidRecord(_known_type(event_type), fault)
    model = _model_of(event_type, record.topic)
    if model is None:
        return InvalidRecord(_known_type(event_type), _type_fault(event_type or ""))
    if not record.value:
        return InvalidRecord(event_type, "The value is empty; to withdraw a note it must be null.")
    try:
        message = model.model_validate_json(
            record.value or b"", strict=True, by_alias=True, by_name=False
        )
    except ValidationError as error:
        return InvalidRecord(event_type, fault_sentence(error))
    except (ValueError, RecursionError):
        return InvalidRecord(event_type, "The value is not JSON in UTF-8.")
    if record.topic == SICK_NOTES_TOPIC and record.key != message.key.encode():
        fault = "is not" if record.key else "is missing: it must be"
        return InvalidRecord(event_type, f"The key {fault} the note_id of the value.")
    return Envelope(message, type_of(model), attributes["ce_id"], attributes["ce_source"])


def _attribute_fault(record: Record, attributes: Mapping[str, str]) -> str | None:
    """What is wrong with the headers of a CloudEvent in binary mode, as a sentence for its publisher."""
    if not attributes and _is_structured(record):
        return "This is a CloudEvent in structured mode: only binary mode is read, with the attributes in headers."
    named = {name.lower().replace("-", "_").removeprefix("ce_") for name, _ in record.headers}
    for name in _ATTRIBUTES:
        if attributes.get(name):
            continue
        if name not in attributes and name.removeprefix("ce_") in named:
            return f"The header {name} stands under another name: it must be called just that, in lower case."
        return f"The header {name} is {'not text' if name in attributes else 'missing'}."
    if attributes["ce_specversion"] != "1.0":
        return "The header ce_specversion is not 1.0, the only one understood."
    return None


def _type_fault(event_type: str) -> str:
    """Why no message of this topic has that type; it names types and topics of ours, and nothing of the record."""
    kind, _, version = event_type.removeprefix(TYPE_PREFIX).rpartition(".v")
    known = KINDS.get(f"{kind}.v{version}")
    if known is not None and event_type.startswith(TYPE_PREFIX):
        return f"The type in ce_type is one of the topic {known.topic}, and not of this one."
    versions = [model.version for model in KINDS.values() if model.kind == kind]
    if versions and event_type.startswith(TYPE_PREFIX):
        return f"The version in ce_type is not known: of this type version {max(versions)} is."
    return f"The type in ce_type is not known; types are written {TYPE_PREFIX}<type>.v<version>."


def _is_structured(record: Record) -> bool:
    """Whether the content type says that the whole event stands in the value."""
    return any(
        name.lower() == "content-type" and value.lower().startswith(b"application/cloudevents")
        for name, value in record.headers
    )


def is_null(record: Record) -> bool:
    """Whether the value is null: there is none, or it is the JSON text `null`, as some publishers write it."""
    return record.value is None or record.value.strip(b" \t\r\n") == b"null"


def _decode_null(record: Record) -> Decoded:
    if record.topic == CONTACTS_TOPIC:
        return IgnoredRecord(None, "A null value says nothing that this topic is read for.")
    if record.topic != SICK_NOTES_TOPIC:
        return InvalidRecord(None, "The value is null, which means nothing on this topic.")
    note_id = id_in_key(record)
    if note_id is None:
        return InvalidRecord(None, "The value is null and the key is not a note_id.")
    message = SickNoteWithdrawn(note_id=note_id)
    return Envelope(message, type_of(message))


def id_in_key(record: Record) -> str | None:
    """The id that a record's key holds, or None where it cannot be one."""
    text = _text(record.key or b"")
    return text if is_code(text) else None


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and len(text) <= HEADER_CHARACTERS_MAX else ""


def _model_of(event_type: str | None, topic: str) -> type[Message] | None:
    model = KINDS.get((event_type or "").removeprefix(TYPE_PREFIX))
    return (
        model
        if model is not None and type_of(model) == event_type and model.topic == topic
        else None
    )


def _known_type(event_type: str | None) -> str | None:
    """The type if it is one of ours, else None: a header of unknown content is not logged."""
    return event_type if event_type and event_type.removeprefix(TYPE_PREFIX) in KINDS else None
