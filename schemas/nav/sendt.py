"""`syfo-sendt-sykmelding`: notes that the worker has sent to an employer (JSON, key = note id)."""

from __future__ import annotations

from typing import Any

from schemas.nav.reading.fields import NavModel, read_json
from schemas.nav.reading.notes import (
    REGISTERED,
    Metadata,
    Note,
    Organisation,
    note_gone,
    note_version,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, InvalidRecord, Record


class Event(NavModel):
    """`event`: every note on this topic has an employer, since it was sent to one."""

    arbeidsgiver: Organisation
    sporsmals: Any = None


class SentNote(NavModel):
    sykmelding: Note
    kafka_metadata: Metadata
    event: Event


def decode(record: Record) -> Decoded:
    """The version of the note, with its employer, or that it is gone from this topic."""
    if record.value is None:
        return note_gone(record)
    value = read_json(SentNote, record)
    if isinstance(value, InvalidRecord):
        return InvalidRecord(REGISTERED, value.reason)
    employer = value.event.arbeidsgiver.as_employer()
    return note_version(
        record, value.sykmelding, value.kafka_metadata, employer, value.event.sporsmals
    )


TOPICS = (JsonTopic("teamsykmelding.syfo-sendt-sykmelding", "notes", decode),)
