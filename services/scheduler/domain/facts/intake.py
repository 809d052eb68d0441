"""What a decoded record means to the scheduler: a version of a note, a follow-up fact, or a person's office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.messages import (
    FollowUpFact,
    Message,
    PersonContactChanged,
    PersonRenumbered,
    SickNoteRegistered,
    SickNoteWithdrawn,
)
from schemas.nav_messages import NavMessage, NoteStatusVersion, NoteVersion
from schemas.wire import SICK_NOTES_TOPIC, Envelope, Record, Version
from services.scheduler.domain.facts.facts import Fact, NoteSlot, NoteSource

_SOURCE_BY_TOPIC: dict[str, NoteSource] = {
    SICK_NOTES_TOPIC: "canonical",
    "teamsykmelding.syfo-sendt-sykmelding": "sendt",
    "teamsykmelding.syfo-bekreftet-sykmelding": "bekreftet",
    "tsm.sykmeldinger": "tsm",
    "teamsykmelding.sykmeldingstatus-leesah": "status",
}


@dataclass(frozen=True, slots=True)
class OfficeChange:
    """Which office a person belongs to now; of a person's contact the scheduler reads nothing else (contract 2)."""

    person_id: str
    office: str | None
    version: Version


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that a record says, and the event that it came with (None where it has no id of its own)."""

    what: NoteSlot | Fact | OfficeChange
    event: tuple[str, str] | None
    record: Record = field(repr=False, compare=False)


def observations_of(envelope: Envelope, record: Record) -> Iterator[Observation]:
    """What the scheduler keeps of a record; nothing where it concerns others."""
    version = record.version
    for number, one in enumerate(envelope.split()):
        source = one.source or record.topic
        event_id = one.id or f"{record.partition}/{record.offset}/{number}"
        what = _what(one.message, record.topic, version, source, event_id)
        if what is not None:
            yield Observation(what, (source, one.id) if one.id is not None else None, record)


def _what(
    message: Message | NavMessage,
    topic: str,
    version: Version,
    source: str,
    event_id: str,
) -> NoteSlot | Fact | OfficeChange | None:
    match message:
        case SickNoteRegistered():
            return NoteSlot(
                _SOURCE_BY_TOPIC[topic],
                message.note_id,
                version,
                message,
                self_certified_days=message.self_certified_days,
            )
        case SickNoteWithdrawn():
            return NoteSlot(_SOURCE_BY_TOPIC[topic], message.note_id, version, None)
        case NoteVersion():
            return NoteSlot(
                _SOURCE_BY_TOPIC[topic],
                message.note_id,
                version,
                message.note,
                counts=message.counts,
                keeps_self_certified_days=message.keeps_self_certified_days,
                self_certified_days=message.note.self_certified_days if message.note else (),
            )
        case NoteStatusVersion():
            return NoteSlot(
                "status",
                message.note_id,
                version,
                None,
                keeps_self_certified_days=message.keeps_self_certified_days,
                self_certified_days=message.self_certified_days,
                status=message.status if message.status in ("sent", "confirmed") else "other",
                employer=message.employer,
                person_id=message.person_id,
            )
        case FollowUpFact() | PersonRenumbered():
            return Fact(source, event_id, version, message)
        case PersonContactChanged():
            return OfficeChange(message.person_id, message.office, version)
        case _:
            return None
