"""Any bytes on any topic are accepted, ignored or dead, and never raise (contract 8)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.inbound import AVRO_TOPICS, CANONICAL_TOPICS, JSON_TOPICS, decode_inbound
from schemas.messages import KINDS
from schemas.nav.avro import MAGIC
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord, Record
from tests.contract.records.golden_messages import BY_NAME, record_of
from tests.contract.records.nav_examples import GOOD, members_of

TOPICS = [*CANONICAL_TOPICS, *JSON_TOPICS, *AVRO_TOPICS, "another.topic", ""]

keys = st.none() | st.binary(max_size=20) | st.text(max_size=20).map(str.encode)
headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_specversion", "CE_ID", "x"])
        | st.text(max_size=5),
        st.binary(max_size=10)
        | st.sampled_from([b"1.0", *(f"no.stoppunkt.{name}".encode() for name in KINDS)]),
    ),
    max_size=6,
).map(tuple)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["14838511253", "2026-01-05", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
    )
)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["sykmelding", "event", "person_id"]),
            parts,
            max_size=4,
        )
    ),
    max_leaves=12,
)
bodies = (
    st.none() | st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode())
)


def assert_a_verdict(record: Record) -> None:
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope | IgnoredRecord | InvalidRecord)
    if not isinstance(decoded, Envelope):
        assert decoded.reason.endswith(".")


@settings(max_examples=600)
@given(st.sampled_from(TOPICS), keys, bodies, headers, st.integers(-(2**63), 2**63 - 1))
def test_any_bytes_on_any_topic_get_a_verdict(
    topic: str, key: bytes | None, value: bytes | None, given_headers: Any, timestamp_ms: int
) -> None:
    assert_a_verdict(Record(topic, key, value, given_headers, timestamp_ms))


@settings(max_examples=400)
@given(st.sampled_from(sorted(AVRO_TOPICS)), st.binary(max_size=120))
def test_any_framed_bytes_on_an_avro_topic_get_a_verdict(topic: str, data: bytes) -> None:
    assert_a_verdict(Record(topic, b"key", MAGIC + data))


@settings(max_examples=600)
@given(st.data())
def test_a_message_with_anything_in_one_field_gets_a_verdict(data: st.DataObject) -> None:
    record = record_of(BY_NAME[data.draw(st.sampled_from(sorted(BY_NAME)))])
    value: dict[str, Any] = json.loads(record.value or b"")
    value[data.draw(st.sampled_from(sorted(value)))] = data.draw(json_values)
    assert_a_verdict(Record(record.topic, record.key, json.dumps(value).encode(), record.headers))


NAV_NAMES = [name for name in GOOD if members_of(name)["topic"] in JSON_TOPICS]


@settings(max_examples=600)
@given(st.data())
def test_a_record_of_nav_with_anything_in_some_field_gets_a_verdict(data: st.DataObject) -> None:
    members = members_of(data.draw(st.sampled_from(NAV_NAMES)))
    part = value = members["value"]
    while isinstance(part, dict) and part:
        field = data.draw(st.sampled_from(sorted(part)))
        if not isinstance(part[field], dict) or data.draw(st.booleans()):
            part[field] = data.draw(json_values)
            break
        part = part[field]
    key = members["key"].encode()
    assert_a_verdict(Record(members["topic"], key, json.dumps(value).encode()))
