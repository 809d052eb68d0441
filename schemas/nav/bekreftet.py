"""`syfo-bekreftet-sykmelding`: notes confirmed without an employer (JSON, key = note id).

A null value most often means that the note got another status, such as sent to an employer after all. So it
removes the note from this topic only.
"""

from __future__ import annotations

from typing import Any

from schemas.nav.reading.fields import NavModel, read_json
from schemas.nav.reading.notes import REGISTERED, Metadata, Note, note_gone, note_version
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, InvalidRecord, Record


class ConfirmedNote(NavModel):
    """An employer that the event may name is not read: where the person's address is confidential, the employer
    must not be notified.
    """

    sykmelding: Note
    kafka_metadata: Metadata
    event: Any = None


def decode(record: Record) -> Decoded:
    """The version of the note, without an employer, or that it is gone from this topic."""
    if record.value is None:
        return note_gone(record)
    value = read_json(ConfirmedNote, record)
    if isinstance(value, InvalidRecord):
        return InvalidRecord(REGISTERED, value.reason)
    questions = value.event.get("sporsmals") if isinstance(value.event, dict) else None
    return note_version(record, value.sykmelding, value.kafka_metadata, None, questions)


TOPICS = (JsonTopic("teamsykmelding.syfo-bekreftet-sykmelding", "notes", decode),)
