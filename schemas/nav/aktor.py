"""`pdl.aktor-v2`: a person's numbers, the current one and those before (Avro, also the key)."""

from __future__ import annotations

from typing import Annotated

from schemas.lists import NullIsEmpty
from schemas.messages import PersonRenumbered
from schemas.nav.avro import WriterSchemaOf
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import (
    BlankFreeText,
    NavModel,
    is_person_id,
    kafka_time,
    read_avro,
)
from schemas.nav.reading.topics import AvroTopic
from schemas.wire import Decoded, Envelope, IgnoredRecord, InvalidRecord, Record, type_of

NATIONAL_NUMBER = "FOLKEREGISTERIDENT"


class Identifier(NavModel):
    """Also aktør ids and NPIDs, which no sick note names a person by."""

    idnummer: BlankFreeText
    type: str
    gjeldende: bool


class Person(NavModel):
    identifikatorer: Annotated[list[Identifier], NullIsEmpty()]


def decode(record: Record, writer_schema_of: WriterSchemaOf | None = None) -> Decoded:
    """A change to the current number from each former one, at the record's Kafka timestamp: it has no other time."""
    if record.value is None:
        return NULL_VALUE
    value = read_avro(Person, record, writer_schema_of)
    if isinstance(value, InvalidRecord):
        return invalid(PersonRenumbered, value)
    numbers = [number for number in value.identifikatorer if number.type == NATIONAL_NUMBER]
    if not all(is_person_id(number.idnummer) for number in numbers):
        return invalid(
            PersonRenumbered, "identifikatorer has a FOLKEREGISTERIDENT without 11 digits."
        )
    current = {number.idnummer for number in numbers if number.gjeldende}
    if len(current) > 1:
        return invalid(PersonRenumbered, "identifikatorer has several current FOLKEREGISTERIDENT.")
    former = sorted({number.idnummer for number in numbers} - current)
    if not current or not former:
        return IgnoredRecord(type_of(PersonRenumbered), "No number was replaced by another.")
    return _renumbered(record, former, current.pop())


def _renumbered(record: Record, former: list[str], current: str) -> Envelope:
    at = kafka_time(record)
    return envelope_of(
        [
            PersonRenumbered(old_person_id=old, new_person_id=current, occurred_at=at)
            for old in former
        ],
        record,
    )


TOPICS = (AvroTopic("pdl.aktor-v2", "numbers", decode, has_avro_key=True),)
