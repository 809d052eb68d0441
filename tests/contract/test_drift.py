"""Fields are added, removed and become null: decoding never raises, and no reason holds a value (contract 7, 8)."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.inbound import AVRO_TOPICS, JSON_TOPICS, decode_inbound
from schemas.wire import Envelope, InvalidRecord, Record
from services.cli.record_files.read import read_records
from tests.contract.records.nav_examples import (
    GOOD,
    SCENARIOS,
    members_of,
    record_of,
    texts_in,
    with_value,
)

READ = [
    name
    for name in GOOD
    if record_of(name).topic in {*JSON_TOPICS, *AVRO_TOPICS}
    and members_of(name).get("value") is not None
]
# Values that a publisher may one day put into a field.
STRANGERS: list[Any] = [
    None,
    "",
    "14838511253",
    "æøå 😀",
    -1,
    0,
    1e300,
    True,
    [],
    {},
    [[]],
    {"a": [None]},
]

Path_ = tuple[str | int, ...]


def paths_in(value: object, above: Path_ = ()) -> Iterator[Path_]:
    """The path of every field and element in a JSON value, outer ones before inner ones."""
    if above:
        yield above
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths_in(part, (*above, name))
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from paths_in(part, (*above, position))


def at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def assert_survived(record: Record, value: object) -> None:
    decoded = decode_inbound(record)
    if not isinstance(decoded, InvalidRecord):
        return
    assert decoded.reason.endswith(".")
    assert "\n" not in decoded.reason
    assert not re.search(r"\d{6}", decoded.reason)
    texts = {text for text in texts_in(value) if re.search(r"\d{3}|@| ", text)}
    assert not {text for text in texts if text in decoded.reason}


@pytest.mark.parametrize("name", READ)
def test_a_field_that_is_dropped_or_strange_never_raises(name: str) -> None:
    record, value = record_of(name), members_of(name)["value"]
    for path in paths_in(value):
        *above, last = path
        dropped = copy.deepcopy(value)
        del at(dropped, tuple(above))[last]
        assert_survived(with_value(record, dropped), dropped)
        for stranger in STRANGERS:
            odd = copy.deepcopy(value)
            at(odd, tuple(above))[last] = stranger
            assert_survived(with_value(record, odd), odd)


@pytest.mark.parametrize("name", READ)
def test_fields_that_are_added_anywhere_change_nothing(name: str) -> None:
    record, value = record_of(name), members_of(name)["value"]
    expected = decode_inbound(record)
    objects = [path for path in ((), *paths_in(value)) if isinstance(at(value, path), dict)]
    for path in objects:
        for stranger in STRANGERS:
            more = copy.deepcopy(value)
            at(more, path)["fraNesteAar"] = stranger
            assert decode_inbound(with_value(record, more)) == expected


# The fields without which a record is dead; all others may be absent or null.
NEEDED = {
    "sendt_01_full_100": {
        "sykmelding",
        "sykmelding.id",
        "sykmelding.sykmeldingsperioder",
        "sykmelding.sykmeldingsperioder.0",
        "sykmelding.sykmeldingsperioder.0.fom",
        "sykmelding.sykmeldingsperioder.0.tom",
        "sykmelding.sykmeldingsperioder.0.type",
        "kafkaMetadata",
        "kafkaMetadata.fnr",
        "event",
        "event.arbeidsgiver",
        "event.arbeidsgiver.orgnummer",
    },
    "bekreftet_01_arbeidsledig": {
        "sykmelding",
        "sykmelding.id",
        "sykmelding.sykmeldingsperioder",
        "sykmelding.sykmeldingsperioder.0",
        "sykmelding.sykmeldingsperioder.0.fom",
        "sykmelding.sykmeldingsperioder.0.tom",
        "sykmelding.sykmeldingsperioder.0.type",
        "kafkaMetadata",
        "kafkaMetadata.fnr",
    },
    "aktivitetskrav_04_oppfylt": {"personIdent", "status"},
    "narmesteleder_01_ny_leder": {"narmesteLederId", "fnr", "orgnummer"},
    "oppfolgingsplan_lps_01": {"uuid", "fodselsnummer", "virksomhetsnummer"},
    "tsm_06_utenlandsk": {
        "sykmelding",
        "sykmelding.id",
        "sykmelding.type",
        "sykmelding.pasient",
        "sykmelding.pasient.fnr",
        "sykmelding.aktivitet",
        "sykmelding.aktivitet.0",
        "sykmelding.aktivitet.0.fom",
        "sykmelding.aktivitet.0.tom",
        "sykmelding.aktivitet.0.type",
        "validation",
        "validation.status",
    },
}


@pytest.mark.parametrize("name", NEEDED)
def test_only_what_a_decision_needs_is_required(name: str) -> None:
    """Only the fields by which something is decided are read (contract 7)."""
    record, value = record_of(name), members_of(name)["value"]
    missed = set()
    for path in paths_in(value):
        *above, last = path
        nulled = copy.deepcopy(value)
        at(nulled, tuple(above))[last] = None
        if not isinstance(decode_inbound(with_value(record, nulled)), Envelope):
            missed.add(".".join(str(step) for step in path))
    assert missed == NEEDED[name]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_bytes_that_are_cut_off_anywhere_never_raise(path: Any) -> None:
    for filed in read_records(path):
        value = filed.record.value or b""
        for end in range(0, len(value), 37):
            cut = Record(filed.record.topic, filed.record.key, value[:end])
            assert_survived(cut, json.loads(json.dumps(value.decode(errors="replace"))))
