"""`sykmeldingstatus-leesah`: what the worker has done with a note (JSON, key = note id).

The note itself is on another topic. The notes of tsm.sykmeldinger have neither the employer nor the worker's
answers and count only once they are sent or confirmed: all that is read here.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from schemas.codes import Code
from schemas.nav.reading.fields import NavModel, key_fault, read_json
from schemas.nav.reading.notes import NUMBER_CHANGE, REGISTERED, WITHDRAWN, Metadata, Organisation
from schemas.nav.reading.topics import JsonTopic
from schemas.nav.reading.worker_answers import AnswerFault, self_certified_days
from schemas.nav_messages import NoteStatusVersion, Status
from schemas.wire import Decoded, Envelope, InvalidRecord, Record, id_in_key

_STATUSES: dict[str, Status] = {
    "APEN": "open",
    "SENDT": "sent",
    "BEKREFTET": "confirmed",
    "AVBRUTT": "cancelled",
    "UTGATT": "expired",
    "SLETTET": "deleted",
}


class Event(NavModel):
    """`event`: the status, with the employer and the worker's answers where there are any."""

    sykmelding_id: Code
    status_event: Literal["APEN", "SENDT", "BEKREFTET", "AVBRUTT", "UTGATT", "SLETTET"]
    arbeidsgiver: Organisation | None = None
    sporsmals: Any = None


class StatusRecord(NavModel):
    kafka_metadata: Metadata
    event: Event


def decode(record: Record) -> Decoded:
    """The status that a note has now. A null value means that the note was deleted."""
    if record.value is None:
        return _deleted(record)
    value = read_json(StatusRecord, record)
    if isinstance(value, InvalidRecord):
        return InvalidRecord(REGISTERED, value.reason)
    event, metadata = value.event, value.kafka_metadata
    if (fault := key_fault(record, event.sykmelding_id, "event.sykmeldingId")) is not None:
        return InvalidRecord(REGISTERED, fault.reason)
    if event.status_event == "SENDT" and event.arbeidsgiver is None:
        return InvalidRecord(REGISTERED, "event.arbeidsgiver is missing, with statusEvent SENDT.")
    try:
        days = self_certified_days(event.sporsmals)
    except AnswerFault as fault:
        return InvalidRecord(REGISTERED, str(fault))
    return Envelope(_version(event, metadata, days), REGISTERED)


def _version(event: Event, metadata: Metadata, days: tuple[date, ...] | None) -> NoteStatusVersion:
    sent = event.status_event == "SENDT"
    return NoteStatusVersion(
        note_id=event.sykmelding_id,
        person_id=metadata.fnr,
        status=_status(event),
        employer=event.arbeidsgiver.as_employer() if sent and event.arbeidsgiver else None,
        self_certified_days=days or (),
        keeps_self_certified_days=metadata.source == NUMBER_CHANGE and days is None,
    )


def _status(event: Event) -> Status:
    # Confirmed without any answers: the worker has only seen that the note was refused.
    if event.status_event == "BEKREFTET" and event.sporsmals is None:
        return "rejected"
    return _STATUSES[event.status_event]


def _deleted(record: Record) -> Decoded:
    note_id = id_in_key(record)
    if note_id is None:
        return InvalidRecord(WITHDRAWN, "The value is null and the key is not a sykmelding.id.")
    return Envelope(NoteStatusVersion(note_id, None, "deleted"), WITHDRAWN)


TOPICS = (JsonTopic("teamsykmelding.sykmeldingstatus-leesah", "notes", decode),)
