"""Every topic that is read, by which service, and what a record on it says."""

from __future__ import annotations

from dataclasses import replace

from schemas import wire
from schemas.messages import KINDS
from schemas.nav import (
    aktivitetskrav,
    aktor,
    bekreftet,
    dialogmote,
    dialogmotekandidat,
    dialogmotesvar,
    huskelapp,
    motebehov,
    narmesteleder,
    oppfolgingsplan,
    personhendelse,
    sendt,
    sykmeldingstatus,
    tsm,
)
from schemas.nav.avro import WriterSchemaOf
from schemas.nav.reading.topics import AvroTopic, JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record, is_null

CANONICAL_TOPICS: tuple[str, ...] = tuple(sorted({model.topic for model in KINDS.values()}))

NAV_TOPICS: tuple[JsonTopic | AvroTopic, ...] = (
    *sendt.TOPICS,
    *bekreftet.TOPICS,
    *sykmeldingstatus.TOPICS,
    *tsm.TOPICS,
    *aktivitetskrav.TOPICS,
    *dialogmote.TOPICS,
    *dialogmotesvar.TOPICS,
    *dialogmotekandidat.TOPICS,
    *motebehov.TOPICS,
    *oppfolgingsplan.TOPICS,
    *huskelapp.TOPICS,
    *personhendelse.TOPICS,
    *narmesteleder.TOPICS,
    *aktor.TOPICS,
)
"""NAV's topics in the order in which they are read; each file of schemas/nav declares its own."""

JSON_TOPICS = {topic.name: topic for topic in NAV_TOPICS if isinstance(topic, JsonTopic)}
AVRO_TOPICS = {topic.name: topic for topic in NAV_TOPICS if isinstance(topic, AvroTopic)}

SCHEDULER_TOPICS: tuple[str, ...] = (
    "stoppunkt.sick-notes.v1",
    "stoppunkt.follow-up.v1",
    # Of a person's contact only the office, for its overrides of the rulebook and for figures (contract 2).
    "stoppunkt.contacts.v1",
    *(topic.name for topic in NAV_TOPICS if "scheduler" in topic.read_by),
)

NOTIFIER_TOPICS: tuple[str, ...] = (
    "stoppunkt.deadlines.v1",
    "stoppunkt.contacts.v1",
    "stoppunkt.receipts.v1",
    # Of follow-up facts only `person.renumbered` (contract 2).
    "stoppunkt.follow-up.v1",
    *(topic.name for topic in NAV_TOPICS if "notifier" in topic.read_by),
)


def _is_text(name: str) -> bool:
    """Bytes that are no text come from Kafka as lone surrogates, which have no UTF-8."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def decode_inbound(record: Record, writer_schema_of: WriterSchemaOf | None = None) -> Decoded:
    """What a record of any topic says. Never raises, whatever the record holds.

    `writer_schema_of` gives a registry's Avro schemas; without it the shipped ones are used.
    """
    if not all(_is_text(name) for name, _ in record.headers):
        return InvalidRecord(None, "A header's name is not text in UTF-8.")
    if (json_topic := JSON_TOPICS.get(record.topic)) is not None:
        return json_topic.decode(replace(record, value=None) if is_null(record) else record)
    if (avro_topic := AVRO_TOPICS.get(record.topic)) is not None:
        return avro_topic.decode(record, writer_schema_of)
    if record.topic in CANONICAL_TOPICS:
        return wire.decode(record)
    return IgnoredRecord(None, "This topic is not read.")
