"""No free text comes through a decoder, from whatever field of whatever record (contract 2).

A text is put into every field of every record that holds one, one field at a time. Nothing that the services would
keep may hold it, but for names and addresses; and no reason may quote it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from schemas.inbound import decode_inbound
from schemas.wire import Envelope, Record
from services.cli.record_files.record_json import record_of
from tests.contract.records import nav_examples
from tests.contract.records.golden_messages import BY_NAME
from tests.contract.records.golden_messages import record_of as golden_record_of

SEEDS = [
    "Anne has an illness",
    "Anne has an illness, tel. 90000001",
    "sykdom p\u00e5 ryggen",
    "a\u202eb <i>",
    "ill\nness",
]
NAMES_AND_ADDRESSES = {"name", "phone", "email"}
FACT_TOPICS = ("stoppunkt.sick-notes.v1", "stoppunkt.follow-up.v1", "stoppunkt.contacts.v1")
FACTS = sorted(name for name, message in BY_NAME.items() if message.topic in FACT_TOPICS)


def seeded(value: Any, seed: str) -> Iterator[Any]:
    """The value once for each text or null in it, with the seed in its place, and once with a field more."""
    for path in _places(value):
        other = copy.deepcopy(value)
        part = other
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = seed
        yield other
    yield value | {"note": seed}


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in parts:
        if isinstance(part, dict | list):
            yield from _places(part, (*above, step))
        elif isinstance(part, str) or part is None:
            yield (*above, step)


def assert_not_kept(record: Record, seed: str) -> None:
    decoded = decode_inbound(record)
    if isinstance(decoded, Envelope):
        assert not {
            field
            for field, text in _texts(decoded.message)
            # Nor with its words put together.
            if "".join(seed.split()) in "".join(text.split()) and field not in NAMES_AND_ADDRESSES
        }
        assert seed not in decoded.type
    else:
        assert seed not in decoded.reason
        assert seed not in (decoded.type or "")


def _texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True)
    elif is_dataclass(value) and not isinstance(value, type):
        # Not asdict: it would not look into the models.
        value = {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, str(name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, field)
    elif isinstance(value, str):
        yield field, value


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
@pytest.mark.parametrize("name", FACTS)
def test_no_text_comes_through_a_fact(name: str, seed: str) -> None:
    record = golden_record_of(BY_NAME[name])
    for value in seeded(json.loads(record.value or b""), seed):
        body = json.dumps(value).encode()
        note_id = value.get("note_id", "")
        for key in {record.key, note_id.encode()}:
            assert_not_kept(Record(record.topic, key, body, record.headers), seed)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
@pytest.mark.parametrize("name", nav_examples.GOOD)
def test_no_text_comes_through_a_record_of_nav(name: str, seed: str) -> None:
    members = nav_examples.members_of(name)
    if not isinstance(members["value"], dict):
        return
    for value in seeded(members["value"], seed):
        record, _ = record_of(members["topic"], members | {"value": value}, 0)
        assert_not_kept(record, seed)
        if record.key is not None:
            record, _ = record_of(members["topic"], members | {"value": value, "key": seed}, 0)
            assert_not_kept(record, seed)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
@pytest.mark.parametrize("name", nav_examples.GOOD)
def test_no_text_comes_through_the_key_of_a_null_value(name: str, seed: str) -> None:
    members = nav_examples.members_of(name)
    record, _ = record_of(members["topic"], members | {"value": None, "key": seed}, 0)
    assert_not_kept(record, seed)
