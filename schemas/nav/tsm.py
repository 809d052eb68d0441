"""`tsm.sykmeldinger`: notes as issued, in the format that will replace the others (JSON, key = note id).

The employer's number and the worker's answers come with the note's status, on another topic. The medical part
is not read.
"""

from __future__ import annotations

from typing import Literal

from schemas.codes import Code
from schemas.dates import Instant
from schemas.messages import Form, SickNoteRegistered
from schemas.nav.reading.fields import (
    NavModel,
    PersonId,
    kafka_time,
    key_fault,
    read_json,
)
from schemas.nav.reading.notes import REGISTERED, note_gone
from schemas.nav.reading.periods import NavPeriods
from schemas.nav.reading.topics import JsonTopic
from schemas.nav_messages import NoteVersion
from schemas.norway import oslo_date
from schemas.wire import Decoded, Envelope, InvalidRecord, Record

_FORMS: dict[str, Form] = {
    "DIGITAL": "digital",
    "XML": "digital",
    "PAPIR": "paper",
    "UTENLANDSK": "foreign",
}


class NoteMetadata(NavModel):
    mottatt_dato: Instant | None = None


class Patient(NavModel):
    fnr: PersonId


class Note(NavModel):
    type: Literal["DIGITAL", "XML", "PAPIR", "UTENLANDSK"]
    id: Code
    metadata: NoteMetadata | None = None
    pasient: Patient
    aktivitet: NavPeriods


class Validation(NavModel):
    """A note that is PENDING is under review, and counts until it is found INVALID."""

    status: Literal["OK", "PENDING", "INVALID"]


class TsmNote(NavModel):
    sykmelding: Note
    validation: Validation


def decode(record: Record) -> Decoded:
    """The version of the note, without an employer, or that it is gone from this topic."""
    if record.value is None:
        return note_gone(record)
    value = read_json(TsmNote, record)
    if isinstance(value, InvalidRecord):
        return InvalidRecord(REGISTERED, value.reason)
    note = value.sykmelding
    if (fault := key_fault(record, note.id, "sykmelding.id")) is not None:
        return InvalidRecord(REGISTERED, fault.reason)
    received_at = note.metadata.mottatt_dato if note.metadata is not None else None
    message = SickNoteRegistered(
        note_id=note.id,
        person_id=note.pasient.fnr,
        form=_FORMS[note.type],
        issued_on=oslo_date(received_at or kafka_time(record)),
        periods=tuple(period.as_period() for period in note.aktivitet),
    )
    counts = value.validation.status != "INVALID"
    return Envelope(NoteVersion(note.id, message, counts=counts), REGISTERED)


TOPICS = (JsonTopic("tsm.sykmeldinger", "notes", decode),)
