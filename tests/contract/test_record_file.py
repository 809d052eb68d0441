"""Files of records: what a line may hold, when its record arrives, and what is refused (contract 11)."""

from __future__ import annotations

import base64
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire import Record
from services.cli.record_files.read import FiledRecord, NotRecords, read_records
from services.cli.record_files.record_json import to_json
from tests.contract.records.nav_examples import FOLDER, members_of

NINE = datetime(2026, 1, 5, 8, tzinfo=UTC)
NINE_MS = int(NINE.timestamp() * 1000)
LINE: dict[str, Any] = {
    "at": "2026-01-05T09:00:00+01:00",
    "topic": "a.topic",
    "key": "k",
    "value": {"b": 1},
}


def read(folder: Path, *lines: object, **options: bool) -> list[FiledRecord]:
    path = folder / "records.ndjson"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts), encoding="utf-8")
    return list(read_records(path, **options))


def fault_of(folder: Path, *lines: object, **options: bool) -> NotRecords:
    with pytest.raises(NotRecords) as caught:
        read(folder, *lines, **options)
    return caught.value


def test_a_line_is_a_record(tmp_path: Path) -> None:
    (filed,) = read(tmp_path, LINE | {"headers": {"ce_id": "1"}, "about": "not read"})
    assert filed == FiledRecord(
        1, NINE, Record("a.topic", b"k", b'{"b":1}', (("ce_id", b"1"),), NINE_MS)
    )


def test_a_file_may_be_one_record_over_many_lines(tmp_path: Path) -> None:
    (filed,) = read(tmp_path, "\n" + json.dumps(LINE, indent=2))
    assert filed.record.value == b'{"b":1}'


def test_empty_lines_and_a_byte_order_mark_are_no_records(tmp_path: Path) -> None:
    filed = read(tmp_path, "\ufeff" + json.dumps(LINE), "", "  ", LINE)
    assert [record.line for record in filed] == [1, 4]
    assert read(tmp_path) == []


def test_a_record_arrives_at_its_timestamp_but_never_before_the_line_above(tmp_path: Path) -> None:
    """The lines of scenario 3 are of this kind (contract 11)."""
    early, late = NINE_MS - 60_000, NINE_MS + 60_000
    timed = [
        {key: LINE[key] for key in ("topic", "key", "value")} | {"timestamp_ms": ms}
        for ms in (early, late)
    ]
    filed = read(tmp_path, LINE, timed[0], timed[1])
    assert [record.at for record in filed] == [NINE, NINE, NINE + timedelta(minutes=1)]
    assert [record.record.timestamp_ms for record in filed] == [NINE_MS, early, late]


def test_what_arrives_late_keeps_its_kafka_timestamp(tmp_path: Path) -> None:
    (filed,) = read(tmp_path, LINE | {"timestamp_ms": NINE_MS - 5})
    assert (filed.at, filed.record.timestamp_ms) == (NINE, NINE_MS - 5)


def test_milliseconds_are_exact(tmp_path: Path) -> None:
    (filed,) = read(tmp_path, LINE | {"at": "2026-01-05T08:00:00.433859Z"})
    assert filed.record.timestamp_ms == NINE_MS + 433


def test_a_record_without_any_time_is_refused_unless_times_are_not_needed(tmp_path: Path) -> None:
    bare = {"topic": "a.topic", "key": None, "value": None}
    assert "needs at or timestamp_ms" in str(fault_of(tmp_path, bare))
    (filed,) = read(tmp_path, bare, times_required=False)
    assert filed.record.value is None


@pytest.mark.parametrize(
    ("members", "value"),
    [
        ({"value": None}, None),
        ({"value": "æ"}, '"æ"'.encode()),
        ({"value": [1.0, 2]}, b"[1.0,2]"),
        ({"value_raw": '{"cut'}, b'{"cut'),
        ({"value_raw": "æ", "value": None}, "æ".encode()),
        ({"value_base64": base64.b64encode(b"\x00\xff").decode()}, b"\x00\xff"),
    ],
)
def test_values_are_json_text_or_bytes(
    tmp_path: Path, members: dict[str, Any], value: bytes | None
) -> None:
    (filed,) = read(tmp_path, {"at": LINE["at"], "topic": "a.topic"} | members)
    assert filed.record.value == value
    assert filed.record.key is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"topic": None}, "topic"),
        ({"topic": ""}, "topic"),
        ({"at": "2026-01-05T09:00:00"}, "at has no time zone"),
        ({"at": "20260105"}, "at is not an instant"),
        ({"at": "20260105T090000Z"}, "at is not an instant"),
        ({"at": "2026-W02-1T09:00:00Z"}, "at is not an instant"),
        ({"at": "2026-005T09:00:00Z"}, "at is not an instant"),
        ({"at": "2026-01-05 09:00:00Z"}, "at is not an instant"),
        ({"at": "2026-02-30T09:00:00Z"}, "at is not a date in the calendar"),
        ({"at": "5. januar"}, "at is not an instant"),
        ({"at": 1767600000}, "at is not an instant"),
        ({"at": "9999-12-31T23:59:59Z"}, "at is not between the years"),
        ({"at": "1969-12-31T23:59:59Z"}, "at is out of range"),
        ({"timestamp_ms": "1"}, "timestamp_ms is not a whole number"),
        ({"timestamp_ms": True}, "timestamp_ms is not a whole number"),
        ({"timestamp_ms": 10**20}, "timestamp_ms is out of range"),
        ({"key": 7}, "key is not text"),
        ({"headers": []}, "headers is not an object"),
        ({"headers": {"a": None}}, "header's value is not text"),
        ({"value_base64": "!"}, "value_base64 is not base64"),
        ({"value_raw": 1}, "value_raw is not text"),
        ({"value": "\ud800"}, "value is not text that UTF-8 can hold"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_its_fault(
    tmp_path: Path, changes: dict[str, Any], fault: str
) -> None:
    caught = fault_of(tmp_path, LINE, LINE | changes)
    assert (caught.line, caught.path.name) == (2, "records.ndjson")
    assert fault in str(caught)


@pytest.mark.parametrize(
    "line", ["{", "[1]", "7", "null", "hello", '{"topic": "a.topic", "key": null}']
)
def test_a_file_of_something_else_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    assert fault_of(tmp_path, LINE, line).line == 2
    assert fault_of(tmp_path, line).line == 1


def test_bytes_that_are_no_text_are_no_records(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NotRecords, match="line 1"):
        list(read_records(path))


def test_a_logical_value_becomes_avro_bytes_and_so_does_its_key() -> None:
    (filed,) = read_records(FOLDER / "dialogmote_01_innkalt.json")
    members = members_of("dialogmote_01_innkalt")
    assert (filed.record.value or b"")[5:] == bytes.fromhex(members["value_wire_hex"])[5:]
    assert (filed.record.key or b"")[5:] == bytes.fromhex(members["key_wire_hex"])[5:]


def test_a_logical_value_that_no_schema_takes_says_which_field(tmp_path: Path) -> None:
    members = members_of("dialogmote_01_innkalt")
    del members["value"]["personIdent"]
    (filed,) = read(tmp_path, members)
    assert filed.fault == "personIdent does not fit the topic's Avro schema."
    assert (filed.record.value or b"").startswith(b"{")


def test_a_long_file_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "many.ndjson"
    text = json.dumps(LINE | {"value": {"filler": "x" * 1000}}) + "\n"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(20_000):
            file.write(text)
    tracemalloc.start()
    count = sum(1 for _ in read_records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000 < path.stat().st_size


@given(
    key=st.none() | st.binary(max_size=12) | st.text(max_size=12).map(str.encode),
    value=st.none()
    | st.binary(max_size=40)
    | st.sampled_from([b"null", b"NaN", b"{}", b"[1]", b'"a"', b""]),
    milliseconds=st.integers(0, 4 * 10**12),
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    key: bytes | None,
    value: bytes | None,
    milliseconds: int,
) -> None:
    record = Record("stoppunkt.sms.v1", key, value, (("ce_id", b"1"),), milliseconds)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    path = tmp_path_factory.mktemp("written") / "one.ndjson"
    path.write_text(json.dumps(to_json(record, at)), encoding="utf-8")
    (filed,) = read_records(path)
    assert filed.at == at
    if filed.record != record:
        # The same JSON may be spaced differently.
        assert json.loads(filed.record.value or b"") == json.loads(value or b"")
        assert filed.record == Record(
            record.topic, key, filed.record.value, record.headers, milliseconds
        )
