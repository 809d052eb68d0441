"""`pdl.leesah-v1`: of the events about persons, only deaths and their annulments are read (Avro)."""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.codes import Code
from schemas.lists import NullIsEmpty
from schemas.messages import DeathAnnulled, FollowUpFact, PersonDied
from schemas.nav.avro import WriterSchemaOf
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import (
    BlankFreeText,
    DayNumber,
    Millis,
    NavModel,
    day_of,
    instant_of,
    is_person_id,
    read_avro,
)
from schemas.nav.reading.topics import AvroTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record

DEATH = "DOEDSFALL_V1"


class Kind(NavModel):
    """Read first, so that an event of another kind is ignored whatever its other fields hold."""

    opplysningstype: str


class Death(NavModel):
    doedsdato: DayNumber | None = None


class PersonEvent(NavModel):
    """`personidenter` has every number that the person has had, and aktør ids of 13 digits."""

    hendelse_id: Code
    personidenter: Annotated[list[BlankFreeText], NullIsEmpty()]
    opprettet: Millis
    endringstype: Literal["OPPRETTET", "KORRIGERT", "ANNULLERT", "OPPHOERT"]
    doedsfall: Death | None = None


def decode(record: Record, writer_schema_of: WriterSchemaOf | None = None) -> Decoded:
    """A death, or that it was annulled, for each number that the person has had."""
    if record.value is None:
        return NULL_VALUE
    kind = read_avro(Kind, record, writer_schema_of)
    if isinstance(kind, InvalidRecord):
        return kind
    if kind.opplysningstype != DEATH:
        return IgnoredRecord(None, "Of this topic only deaths are read.")
    value = read_avro(PersonEvent, record, writer_schema_of)
    if isinstance(value, InvalidRecord):
        return invalid(PersonDied, value)
    messages = tuple(
        _message(value, person) for person in value.personidenter if is_person_id(person)
    )
    if not messages:
        return invalid(PersonDied, "personidenter has no person's number of 11 digits.")
    return envelope_of(messages, record, value.hendelse_id)


def _message(value: PersonEvent, person_id: str) -> FollowUpFact:
    at = instant_of(value.opprettet)
    if value.endringstype in ("ANNULLERT", "OPPHOERT"):
        return DeathAnnulled(person_id=person_id, occurred_at=at)
    day = value.doedsfall.doedsdato if value.doedsfall is not None else None
    return PersonDied(person_id=person_id, occurred_at=at, on=None if day is None else day_of(day))


TOPICS = (AvroTopic("pdl.leesah-v1", "follow-up facts", decode, has_avro_key=False),)
