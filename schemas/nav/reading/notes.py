"""The note on NAV's topics of sent and of confirmed sick notes, which differ by the employer alone."""

from __future__ import annotations

from typing import Any

from schemas.messages import (
    Employer,
    Form,
    Id,
    SickNoteRegistered,
    SickNoteWithdrawn,
)
from schemas.nav.reading.answers import AnswerFault, self_certified_days
from schemas.nav.reading.fields import (
    NavInstant,
    NavModel,
    PersonId,
    is_true,
    kafka_time,
    key_fault,
    plain_text,
)
from schemas.nav.reading.periods import NavPeriods
from schemas.nav_messages import NoteVersion
from schemas.norway import oslo_date
from schemas.wire import Envelope, InvalidRecord, Record, note_id_of, type_of

INVALID_BACKDATING = "UGYLDIG_TILBAKEDATERING"
NUMBER_CHANGE = "pdl"
REGISTERED = type_of(SickNoteRegistered)
WITHDRAWN = type_of(SickNoteWithdrawn)


class Organisation(NavModel):
    """`event.arbeidsgiver`: where the worker has sent the note."""

    orgnummer: Id
    org_navn: Any = None

    def as_employer(self) -> Employer:
        """The canonical employer; a name that is not one is left out, since nothing depends on it."""
        return Employer(org_number=self.orgnummer, name=plain_text(self.org_navn, 500))


class Note(NavModel):
    """`sykmelding`: what the doctor wrote, as far as it decides anything."""

    id: Id
    mottatt_tidspunkt: NavInstant | None = None
    sykmeldingsperioder: NavPeriods
    papirsykmelding: Any = None
    utenlandsk_sykmelding: Any = None
    merknader: Any = None

    @property
    def form(self) -> Form:
        """Foreign notes are typed in by hand as well, and are foreign all the same."""
        if self.utenlandsk_sykmelding is not None:
            return "foreign"
        return "paper" if is_true(self.papirsykmelding) else "digital"

    @property
    def counts(self) -> bool:
        """False once a review has refused the backdating; while it is under review the note counts."""
        remarks = self.merknader if isinstance(self.merknader, list) else []
        return not any(
            isinstance(it, dict) and it.get("type") == INVALID_BACKDATING for it in remarks
        )


class Metadata(NavModel):
    """`kafkaMetadata`: whose note it is, and who sent this version."""

    fnr: PersonId
    source: Any = None


def note_version(
    record: Record, note: Note, metadata: Metadata, employer: Employer | None, questions: object
) -> Envelope | InvalidRecord:
    """The version of a note that a record holds; the fault where key or answers make it unusable."""
    if (fault := key_fault(record, note.id, "sykmelding.id")) is not None:
        return InvalidRecord(REGISTERED, fault.reason)
    try:
        days = self_certified_days(questions)
    except AnswerFault as error:
        return InvalidRecord(REGISTERED, str(error))
    registered = SickNoteRegistered(
        note_id=note.id,
        person_id=metadata.fnr,
        employer=employer,
        form=note.form,
        issued_on=oslo_date(note.mottatt_tidspunkt or kafka_time(record)),
        periods=tuple(period.as_period() for period in note.sykmeldingsperioder),
        self_certified_days=days or (),
    )
    # After a change of number the record is built anew without the answers (contract 7).
    keeps = metadata.source == NUMBER_CHANGE and days is None
    return Envelope(
        NoteVersion(note.id, registered, counts=note.counts, keeps_self_certified_days=keeps),
        REGISTERED,
    )


def note_gone(record: Record) -> Envelope | InvalidRecord:
    """A null value: this topic no longer holds the note, whatever the others do."""
    note_id = note_id_of(record)
    if note_id is None:
        return InvalidRecord(WITHDRAWN, "The value is null and the key is not a sykmelding.id.")
    return Envelope(NoteVersion(note_id, None), WITHDRAWN)
