"""The note on NAV's topics of sent and of confirmed sick notes; only the sent ones have an employer."""

from __future__ import annotations

from typing import Any

from schemas.codes import BlankFreeCode, Code
from schemas.dates import Instant
from schemas.messages import (
    Employer,
    Form,
    SickNoteRegistered,
    SickNoteWithdrawn,
)
from schemas.nav.reading.fields import (
    NavModel,
    PersonId,
    is_true,
    kafka_time,
    key_fault,
    plain_text,
)
from schemas.nav.reading.periods import NavPeriods
from schemas.nav.reading.worker_answers import AnswerFault, self_certified_days
from schemas.nav_messages import NoteVersion
from schemas.norway import oslo_date
from schemas.wire import Envelope, InvalidRecord, Record, id_in_key, type_of

INVALID_BACKDATING = "UGYLDIG_TILBAKEDATERING"
NUMBER_CHANGE = "pdl"
REGISTERED = type_of(SickNoteRegistered)
WITHDRAWN = type_of(SickNoteWithdrawn)


class Organisation(NavModel):
    """`event.arbeidsgiver`: where the worker has sent the note."""

    orgnummer: BlankFreeCode
    org_navn: Any = None

    def as_employer(self) -> Employer:
        """The canonical employer; a name that is no plain text is left out, since nothing depends on it."""
        return Employer(org_number=self.orgnummer, name=plain_text(self.org_navn, 500))


class Note(NavModel):
    """`sykmelding`: of what the doctor wrote, the fields by which something is decided."""

    id: Code
    mottatt_tidspunkt: Instant | None = None
    sykmeldingsperioder: NavPeriods
    papirsykmelding: Any = None
    utenlandsk_sykmelding: Any = None
    merknader: Any = None

    @property
    def form(self) -> Form:
        """A foreign note is often marked as a paper note too; it is foreign."""
        if self.utenlandsk_sykmelding is not None:
            return "foreign"
        return "paper" if is_true(self.papirsykmelding) else "digital"

    @property
    def counts(self) -> bool:
        """Whether the note counts: until a review refuses its backdating, also while the review goes on."""
        remarks = self.merknader if isinstance(self.merknader, list) else []
        return not any(
            isinstance(remark, dict) and remark.get("type") == INVALID_BACKDATING
            for remark in remarks
        )


class Metadata(NavModel):
    """`kafkaMetadata`: the person's number, and the system that published this version."""

    fnr: PersonId
    source: Any = None


def note_version(
    record: Record, note: Note, metadata: Metadata, employer: Employer | None, questions: object
) -> Envelope | InvalidRecord:
    """The version of a note that a record holds, or the fault of its key or of the worker's answers."""
    if (fault := key_fault(record, note.id, "sykmelding.id")) is not None:
        return InvalidRecord(REGISTERED, fault.reason)
    try:
        days = self_certified_days(questions)
    except AnswerFault as error:
        return InvalidRecord(REGISTERED, str(error))
    message = SickNoteRegistered(
        note_id=note.id,
        person_id=metadata.fnr,
        employer=employer,
        form=note.form,
        issued_on=oslo_date(note.mottatt_tidspunkt or kafka_time(record)),
        periods=tuple(period.as_period() for period in note.sykmeldingsperioder),
        self_certified_days=days or (),
    )
    # A record that only changes the person's number is published without the answers (contract 7).
    keeps = metadata.source == NUMBER_CHANGE and days is None
    return Envelope(
        NoteVersion(note.id, message, counts=note.counts, keeps_self_certified_days=keeps),
        REGISTERED,
    )


def note_gone(record: Record) -> Envelope | InvalidRecord:
    """What a null value means: this topic no longer holds the note. The other topics may still hold it."""
    note_id = id_in_key(record)
    if note_id is None:
        return InvalidRecord(WITHDRAWN, "The value is null and the key is not a sykmelding.id.")
    return Envelope(NoteVersion(note_id, None), WITHDRAWN)
