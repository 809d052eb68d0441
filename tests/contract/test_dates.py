"""One meaning of a date and of an instant: on our topics, on NAV's and in a worker's answers (contract 8)."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.dates import Day, Instant, OwnDay, OwnInstant
from schemas.inbound import decode_inbound
from schemas.wire import Envelope, InvalidRecord, Record
from tests.contract.records import nav_examples
from tests.contract.records.golden_messages import BY_NAME, record_of

NO_DATES = {
    "20260120": "is not a date (YYYY-MM-DD)",
    "1768900000": "is not a date (YYYY-MM-DD)",
    "2026-W04-2": "is not a date (YYYY-MM-DD)",
    "2026-020": "is not a date (YYYY-MM-DD)",
    "20.01.2026": "is not a date (YYYY-MM-DD)",
    "2026-01-20T00:00:00": "is not a date (YYYY-MM-DD)",
    "2026-1-20": "is not a date (YYYY-MM-DD)",
    " 2026-01-20": "is not a date (YYYY-MM-DD)",
    "2026-01-20\n": "is not a date (YYYY-MM-DD)",
    "\uff12026-01-20": "is not a date (YYYY-MM-DD)",
    "": "is not a date (YYYY-MM-DD)",
    "2026-02-30": "is not a date in the calendar",
    "2026-13-01": "is not a date in the calendar",
    "2026-00-10": "is not a date in the calendar",
    "2100-02-29": "is not a date in the calendar",
    "1949-12-31": "is not between the years 1950 and 2100",
    "0001-01-05": "is not between the years 1950 and 2100",
    "2101-01-01": "is not between the years 1950 and 2100",
    "9999-12-31": "is not between the years 1950 and 2100",
}
NO_INSTANTS = {
    "20260120": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "1768900000": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "20260120T080000Z": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-W04-2T08:00:00Z": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-020T08:00:00Z": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-01-20": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-01-20 08:00:00Z": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-01-20T08:00:00Z\n": "is not an instant (YYYY-MM-DDThh:mm:ss and a zone)",
    "2026-01-20T08:00:00": "has no time zone",
    "2026-01-20T08:00": "has no time zone",
    "2026-02-30T08:00:00Z": "is not a date in the calendar",
    "2101-01-01T08:00:00Z": "is not between the years 1950 and 2100",
    "2026-01-20T24:00:00Z": "has a time or a zone that no clock shows",
    "2026-01-20T08:60:00Z": "has a time or a zone that no clock shows",
    "2026-01-20T08:00:00+24:00": "has a time or a zone that no clock shows",
}
EIGHT = datetime(2026, 1, 20, 8, tzinfo=UTC)
INSTANTS = {
    "2026-01-20T08:00:00Z": EIGHT,
    "2026-01-20T08:00Z": EIGHT,
    "2026-01-20T10:00:00+02:00": EIGHT,
    "2026-01-20T10:00:00+0200": EIGHT,
    "2026-01-20T10:00:00+02": EIGHT,
    "2026-01-20T04:30:00-03:30": EIGHT,
    "2026-01-20T08:00:00.5Z": EIGHT + timedelta(milliseconds=500),
    "2026-01-20T08:00:00,5Z": EIGHT + timedelta(milliseconds=500),
    "2026-01-20T08:00:00.123456789Z": EIGHT + timedelta(microseconds=123456),
}


def made_on(value: object) -> Record:
    return _changed("follow_up_plan.made.v1", "made_on", value)


def occurred_at(value: object) -> Record:
    return _changed("follow_up_plan.made.v1", "occurred_at", value)


def _changed(kind: str, field: str, value: object) -> Record:
    record = record_of(BY_NAME[kind])
    members = json.loads(record.value or b"") | {field: value}
    return Record(record.topic, record.key, json.dumps(members).encode(), record.headers)


def _nav(name: str, path: tuple[str | int, ...], value: object) -> Record:
    members = json.loads(json.dumps(nav_examples.members_of(name)))
    part: Any = members["value"]
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return Record(members["topic"], members["key"].encode(), json.dumps(members["value"]).encode())


def reason_of(record: Record) -> str:
    decoded = decode_inbound(record)
    assert isinstance(decoded, InvalidRecord), decoded
    return decoded.reason


@pytest.mark.parametrize(("text", "fault"), NO_DATES.items())
def test_what_is_no_date_is_dead_with_a_true_sentence(text: str, fault: str) -> None:
    assert reason_of(made_on(text)) == f"made_on {fault}."
    period = ("sykmelding", "sykmeldingsperioder", 0, "fom")
    path = ".".join(map(str, period))
    assert reason_of(_nav("sendt_01_full_100", period, text)) == f"{path} {fault}."


@pytest.mark.parametrize(("text", "fault"), NO_INSTANTS.items())
def test_what_is_no_instant_is_dead_with_a_true_sentence(text: str, fault: str) -> None:
    assert reason_of(occurred_at(text)) == f"occurred_at {fault}."
    received = ("sykmelding", "mottattTidspunkt")
    assert reason_of(_nav("sendt_01_full_100", received, text)) == f"{'.'.join(received)} {fault}."


@pytest.mark.parametrize("value", [20260120, 1768900000, 1.5, True, [], {}])
def test_a_value_that_is_no_text_is_no_date_and_no_instant(value: object) -> None:
    assert reason_of(made_on(value)) == "made_on is not a date (YYYY-MM-DD)."
    assert (
        reason_of(occurred_at(value))
        == "occurred_at is not an instant (YYYY-MM-DDThh:mm:ss and a zone)."
    )


@pytest.mark.parametrize(("text", "instant"), INSTANTS.items())
def test_an_instant_may_have_its_zone_in_any_form(text: str, instant: datetime) -> None:
    decoded = decode_inbound(occurred_at(text))
    assert isinstance(decoded, Envelope)
    message: Any = decoded.message
    assert message.occurred_at == instant
    assert isinstance(
        decode_inbound(_nav("sendt_01_full_100", ("sykmelding", "mottattTidspunkt"), text)),
        Envelope,
    )


@pytest.mark.parametrize("text", [text for text in NO_DATES if text])
def test_a_self_certified_day_is_a_date_like_others(text: str) -> None:
    record = _changed("sick_note.registered.v1", "self_certified_days", [text])
    assert reason_of(record) == f"self_certified_days.0 {NO_DATES[text]}."
    answer = [{"shortName": "EGENMELDINGSDAGER", "svar": json.dumps([text])}]
    reason = reason_of(_nav("sendt_01_full_100", ("event", "sporsmals"), answer))
    assert reason == f"event.sporsmals.0.svar has an element that {NO_DATES[text]}."


@pytest.mark.parametrize(
    "text", ["2100-12-31T23:30:00Z", "2100-12-31T23:59:59-23:59", "1950-01-01T00:00:00+23:59"]
)
def test_an_instant_at_the_edge_of_the_years_has_a_date_in_norway(text: str) -> None:
    received = _nav("sendt_01_full_100", ("sykmelding", "mottattTidspunkt"), text)
    assert isinstance(decode_inbound(received), Envelope)
    assert isinstance(decode_inbound(occurred_at(text)), Envelope)


DAY_TYPES: list[Any] = [Day, OwnDay]
INSTANT_TYPES: list[Any] = [Instant, OwnInstant]
date_like = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True) | st.builds(
    "{}-{:02}-{:02}".format, st.integers(1900, 2200), st.integers(1, 12), st.integers(27, 32)
)
time_like = st.from_regex(
    r"T[012][0-9]:[0-6][0-9](:[0-6][0-9]([.,][0-9]{1,10})?)?(Z|[+-][012][0-9](:?[0-6][0-9])?)?\n?",
    fullmatch=True,
)


@given(st.sampled_from(DAY_TYPES), date_like | st.dates().map(date.isoformat) | st.text())
def test_the_published_pattern_of_a_date_says_what_the_service_says(of: Any, text: str) -> None:
    _agree(of, text)


@given(st.sampled_from(INSTANT_TYPES), st.tuples(date_like, time_like).map("".join) | st.text())
def test_the_published_pattern_of_an_instant_says_what_the_service_says(of: Any, text: str) -> None:
    _agree(of, text)


def _agree(of: Any, text: str) -> None:
    adapter = TypeAdapter(of)
    schema = adapter.json_schema()
    try:
        value = adapter.validate_json(json.dumps(text), strict=True)
    except ValidationError:
        value = None
    assert jsonschema.Draft202012Validator(schema).is_valid(text) == (value is not None)
    if value is not None:
        assert re.match(r"\d{4}", text)
        assert value.isoformat()[:10] == text[:10]


@given(st.dates(date(1950, 1, 1), date(2150, 12, 31)))
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    assert TypeAdapter(OwnDay).validate_json(f'"{day}"', strict=True) == day
    if day.year <= 2100:
        assert TypeAdapter(Day).validate_json(f'"{day}"', strict=True) == day
