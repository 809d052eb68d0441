"""Avro in Confluent's framing, read with the shipped schemas or with a registry's (contract 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import PersonDied
from schemas.nav.avro import frame_value, plain_schema, read_value
from schemas.wire import Envelope, InvalidRecord, Record
from tests.contract.records.nav_examples import members_of, message_of, reason_of, record_of


@pytest.mark.parametrize(
    "name",
    [
        "dialogmote_01_innkalt",
        "dialogmote_03_ferdigstilt",
        "dialogmote_04_avlyst",
        "personhendelse_01_doedsfall",
        "personhendelse_02_doedsfall_annullert",
    ],
)
def test_our_schemas_read_the_bytes_that_others_write(name: str) -> None:
    """The examples hold the bytes that NAV writes; their schema ids are invented."""
    members = members_of(name)
    wire = bytes.fromhex(members["value_wire_hex"])
    assert read_value(members["topic"], wire) == members["value"]
    assert frame_value(members["topic"], members["value"], wire[4]) == wire
    own = record_of(name)
    assert message_of(replace(own, value=wire)) == message_of(own)
    if "key_wire_hex" in members:
        assert (own.key or b"")[5:] == bytes.fromhex(members["key_wire_hex"])[5:]


def test_a_value_by_a_longer_schema_is_refused_and_not_misread() -> None:
    record = record_of("dialogmote_01_innkalt")
    longer = replace(record, value=(record.value or b"") + b"\x02")
    decoded = decode_inbound(longer)
    assert isinstance(decoded, InvalidRecord)
    assert "longer than the Avro schema" in decoded.reason


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 20, -1])
def test_a_cut_off_value_is_dead(cut: int) -> None:
    record = record_of("personhendelse_01_doedsfall")
    decoded = decode_inbound(replace(record, value=(record.value or b"")[:cut]))
    assert isinstance(decoded, InvalidRecord)


def test_with_a_registry_the_writers_own_schema_is_used() -> None:
    """A field that is not read stands between fields that are (contract 7)."""
    writers = plain_schema(
        {
            "type": "record",
            "name": "Hendelse",
            "fields": [
                {"name": "hendelseId", "type": "string"},
                {"name": "noeNytt", "type": {"type": "map", "values": "int"}},
                {"name": "personidenter", "type": {"type": "array", "items": "string"}},
                {"name": "opprettet", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "opplysningstype", "type": "string"},
                {"name": "endringstype", "type": "string"},
            ],
        }
    )
    body = (
        b"\x04h1"
        b"\x02\x02a\x06\x00"
        b"\x02\x1628826139058\x00"
        b"\x80\x92\xa4\xfc\x94\x67"
        b"\x18DOEDSFALL_V1"
        b"\x12OPPRETTET"
    )
    record = Record("pdl.leesah-v1", b"any", b"\x00\x00\x00\x00\x07" + body)
    decoded = decode_inbound(record, {7: writers}.get)
    assert isinstance(decoded, Envelope)
    assert isinstance(decoded.message, PersonDied)
    unknown = decode_inbound(record, {8: writers}.get)
    assert "registry does not know" in reason_of(unknown)
