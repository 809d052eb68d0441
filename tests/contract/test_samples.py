"""The records in schemas/samples: bytes that were once published are understood as long as their version is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from schemas import generate
from schemas.messages import KINDS, Message, SickNoteWithdrawn
from schemas.wire import Envelope, decode
from services.cli.record_files.read import read_records
from tests.contract.records.golden_messages import BY_NAME, record_of
from tests.support.paths import SAMPLES


def sample(name: str) -> Path:
    return SAMPLES / f"{name}.json"


def test_every_kind_and_version_has_a_golden_record_and_no_other_has() -> None:
    """One sample for each kind and version (contract 10)."""
    assert {path.stem for path in SAMPLES.iterdir()} == {*KINDS, "sick_note.withdrawn.v1"}
    assert set(BY_NAME) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_old_bytes_still_decode_to_the_same_message(name: str) -> None:
    """A change that only adds keeps the version (contract 10)."""
    (filed,) = read_records(sample(name))
    decoded = decode(filed.record)
    assert isinstance(decoded, Envelope)
    assert decoded.message == BY_NAME[name]
    assert (decoded.type, decoded.source) == (f"no.stoppunkt.{name}", "urn:example:stoppunkt")


@pytest.mark.parametrize("name", KINDS)
def test_a_message_becomes_the_bytes_of_its_golden_record(name: str) -> None:
    (filed,) = read_records(sample(name))
    record = replace(record_of(BY_NAME[name]), timestamp_ms=filed.record.timestamp_ms)
    assert record == filed.record


@pytest.mark.parametrize("name", KINDS)
def test_a_golden_value_is_valid_by_its_published_schema(name: str) -> None:
    schema = json.loads(generate.text_of(generate.documents()[f"{name}.json"]))
    value = json.loads(sample(name).read_text(encoding="utf-8"))["value"]
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(value)


def test_a_null_value_withdraws_the_note_of_its_key() -> None:
    (filed,) = read_records(sample("sick_note.withdrawn.v1"))
    decoded = decode(filed.record)
    assert isinstance(decoded, Envelope)
    withdrawn: Message = SickNoteWithdrawn(note_id="492b1888-e737-59fb-87ac-50c257310129")
    assert decoded.message == withdrawn


@pytest.mark.parametrize("name", KINDS)
def test_a_field_that_nobody_knows_yet_is_ignored(name: str) -> None:
    """Readers ignore unknown fields, so that fields can be added (contract 10)."""
    (filed,) = read_records(sample(name))
    value = json.loads(filed.record.value or b"") | {"from_next_year": {"a": [1, None]}}
    decoded = decode(replace(filed.record, value=json.dumps(value).encode()))
    assert isinstance(decoded, Envelope)
    assert decoded.message == BY_NAME[name]


@pytest.mark.parametrize("name", KINDS)
def test_an_unknown_version_is_dead_and_says_so(name: str) -> None:
    """The reason names the header (contract 8)."""
    (filed,) = read_records(sample(name))
    later = tuple(
        (header, value.replace(b".v1", b".v9") if header == "ce_type" else value)
        for header, value in filed.record.headers
    )
    decoded = decode(replace(filed.record, headers=later))
    assert not isinstance(decoded, Envelope)
    assert "ce_type" in decoded.reason
