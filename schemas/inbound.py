"""Every topic that is read, and what a record on it means."""

from __future__ import annotations

from collections.abc import Callable

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
from schemas.wire import Decoded, IgnoredRecord, Record

CANONICAL_TOPICS: tuple[str, ...] = tuple(sorted({model.topic for model in KINDS.values()}))

JSON_READERS: dict[str, Callable[[Record], Decoded]] = {
    sendt.TOPIC: sendt.decode,
    bekreftet.TOPIC: bekreftet.decode,
    sykmeldingstatus.TOPIC: sykmeldingstatus.decode,
    tsm.TOPIC: tsm.decode,
    aktivitetskrav.TOPIC: aktivitetskrav.decode,
    dialogmotesvar.TOPIC: dialogmotesvar.decode,
    dialogmotekandidat.TOPIC: dialogmotekandidat.decode,
    motebehov.TOPIC: motebehov.decode,
    oppfolgingsplan.TOPIC: oppfolgingsplan.decode,
    huskelapp.TOPIC: huskelapp.decode,
    narmesteleder.TOPIC: narmesteleder.decode,
    narmesteleder.NEW_TOPIC: narmesteleder.decode,
}
AVRO_READERS: dict[str, Callable[[Record, WriterSchemaOf | None], Decoded]] = {
    dialogmote.TOPIC: dialogmote.decode,
    personhendelse.TOPIC: personhendelse.decode,
    aktor.TOPIC: aktor.decode,
}
"""NAV's topics, each with the file that knows its format."""

NAV_NOTE_TOPICS: tuple[str, ...] = (
    sendt.TOPIC,
    bekreftet.TOPIC,
    sykmeldingstatus.TOPIC,
    tsm.TOPIC,
)
NAV_FOLLOW_UP_TOPICS: tuple[str, ...] = (
    aktivitetskrav.TOPIC,
    dialogmote.TOPIC,
    dialogmotesvar.TOPIC,
    dialogmotekandidat.TOPIC,
    motebehov.TOPIC,
    oppfolgingsplan.TOPIC,
    huskelapp.TOPIC,
    personhendelse.TOPIC,
    aktor.TOPIC,
)
NAV_LINE_MANAGER_TOPICS: tuple[str, ...] = (narmesteleder.TOPIC, narmesteleder.NEW_TOPIC)

SCHEDULER_TOPICS: tuple[str, ...] = (
    "stoppunkt.sick-notes.v1",
    "stoppunkt.follow-up.v1",
    # Of a person's contact the office alone, for overrides and figures (contract 2).
    "stoppunkt.contacts.v1",
    *NAV_NOTE_TOPICS,
    *NAV_FOLLOW_UP_TOPICS,
)

NOTIFIER_TOPICS: tuple[str, ...] = (
    "stoppunkt.deadlines.v1",
    "stoppunkt.contacts.v1",
    "stoppunkt.receipts.v1",
    # person.renumbered, and nothing else of it (contract 2).
    "stoppunkt.follow-up.v1",
    *NAV_LINE_MANAGER_TOPICS,
    aktor.TOPIC,
)


def decode_inbound(record: Record, writer_schema_of: WriterSchemaOf | None = None) -> Decoded:
    """What a record means, whatever its topic; never raises over what somebody else has sent.

    `writer_schema_of` gives the Avro schemas of a registry; without it the shipped ones are used.
    """
    if (reader := JSON_READERS.get(record.topic)) is not None:
        return reader(record)
    if (avro_reader := AVRO_READERS.get(record.topic)) is not None:
        return avro_reader(record, writer_schema_of)
    if record.topic in CANONICAL_TOPICS:
        return wire.decode(record)
    return IgnoredRecord(None, "This topic is not read.")
