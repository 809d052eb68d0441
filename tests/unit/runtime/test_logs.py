"""Nobody's personal data reaches a log line, by whatever way it comes (contract 14.1, 13.11)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator

import asyncpg
import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from services.runtime.logs import declare_log_keys, error_fields, mask
from tests.support.captured_logs import NATIONAL_ID, Lines, captured_logs

log = structlog.stdlib.get_logger("services.test")


@pytest.fixture
def lines() -> Iterator[Lines]:
    with captured_logs() as lines:
        yield lines


def only(lines: Lines) -> dict[str, object]:
    (line,) = lines.all()
    return line


def test_a_line_has_what_was_declared_and_says_what_it_left_out(lines: Lines) -> None:
    log.info("batch.stored", count=3, person_id=NATIONAL_ID, value={"name": "Kari"})
    line = only(lines)
    assert line["event"] == "batch.stored"
    assert line["count"] == 3
    assert line["level"] == "info"
    assert line["logger"] == "services.test"
    assert line["dropped_keys"] == ["person_id", "value"]
    assert NATIONAL_ID not in lines.text
    assert "Kari" not in lines.text


def test_a_declared_key_passes_as_number_text_or_list_and_else_as_its_class(lines: Lines) -> None:
    declare_log_keys("case_id", "kinds", "thing")
    case_id = uuid.uuid4()
    log.info("case.planned", case_id=case_id, kinds=("a", "b"), thing={"name": "Kari"})
    line = only(lines)
    assert line["case_id"] == str(case_id)
    assert line["kinds"] == ["a", "b"]
    assert line["thing"] == "dict"


class Person(BaseModel):
    born: int


def failing() -> None:
    national_number = NATIONAL_ID
    Person.model_validate({"born": f"x{national_number}"})


def test_an_exception_is_its_class_and_its_lines_without_text_or_variables(lines: Lines) -> None:
    try:
        failing()
    except ValueError:
        log.exception("batch.failed")
    line = only(lines)
    assert line["error"] == "ValidationError"
    assert isinstance(line["frames"], list)
    assert any("test_logs.py" in frame for frame in line["frames"])
    assert NATIONAL_ID not in lines.text
    assert "/work" not in lines.text
    assert "site-packages" not in lines.text


def test_an_error_of_postgresql_tells_its_state_and_constraint_only() -> None:
    error = asyncpg.UniqueViolationError(f"Key (person)=({NATIONAL_ID}) already exists.")
    error.constraint_name = "one_case"
    fields = error_fields(error)
    assert fields["error"] == "UniqueViolationError"
    assert fields["sqlstate"] == "23505"
    assert fields["constraint"] == "one_case"
    assert NATIONAL_ID not in str(fields)


def test_a_cause_is_named_by_its_class() -> None:
    try:
        try:
            raise KeyError(NATIONAL_ID)
        except KeyError as error:
            raise LookupError(NATIONAL_ID) from error
    except LookupError as error:
        fields = error_fields(error)
    assert fields["error_chain"] == "KeyError"
    assert NATIONAL_ID not in str(fields)


def test_of_another_library_passes_only_what_its_author_wrote(lines: Lines) -> None:
    """Aiokafka's DEBUG has keys and values; FastStream's texts are made of records."""
    library = logging.getLogger("aiokafka.producer")
    library.warning("Sending (key=%s value=%s)", NATIONAL_ID, "{}")
    library.error("no suitable handler for " + NATIONAL_ID)
    try:
        raise ValueError(NATIONAL_ID)
    except ValueError:
        library.exception("it failed")
    first, second, third = lines.all()
    assert first["template"] == "Sending (key=%s value=%s)"
    assert "template" not in second
    assert str(second["where"]).startswith("test_logs:")
    assert third["error"] == "ValueError"
    assert {first["logger"], second["logger"]} == {"aiokafka.producer"}
    assert NATIONAL_ID not in lines.text


def test_another_library_is_heard_once_in_a_while_and_its_repeats_counted(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tens of lines a second while a broker is away."""
    now = 1000.0
    monkeypatch.setattr("services.runtime.logs.time.monotonic", lambda: now)
    library = logging.getLogger("aiokafka")

    def complain() -> None:
        library.warning("no broker %s", 1)

    for _ in range(50):
        complain()
    library.warning("something else %s", 1)
    now += 10
    complain()
    assert [(line["template"], line.get("repeats")) for line in lines.all()] == [
        ("no broker %s", None),
        ("something else %s", None),
        ("no broker %s", 49),
    ]


def test_debug_is_for_our_own_lines_only(lines: Lines) -> None:
    logging.getLogger("aiokafka").setLevel(logging.DEBUG)
    logging.getLogger("aiokafka").debug("key %s", NATIONAL_ID)
    logging.getLogger("aiokafka").info("key %s", NATIONAL_ID)
    log.debug("turn.done")
    assert only(lines)["event"] == "turn.done"


def test_a_level_is_kept() -> None:
    with captured_logs("WARNING") as lines:
        log.info("turn.done")
        log.warning("turn.failed")
    assert only(lines)["event"] == "turn.failed"


@pytest.mark.parametrize(
    "text",
    [
        NATIONAL_ID,
        "018100 99930",
        "018100-99930",
        f"id:{NATIONAL_ID},",
        "kari.nordmann@example.invalid",
        "+47 900 12 345",
        "+4790012345",
        "004790012345",
        "ring 90012345 i dag",
        "ring 900 12 345 i dag",
    ],
)
def test_what_looks_personal_in_a_finished_line_is_masked_and_counted(text: str) -> None:
    masked = mask(text)
    assert "***" in masked
    assert not any(part in masked for part in (NATIONAL_ID, "99930", "900", "@", "12345"))


@pytest.mark.parametrize(
    "text",
    [
        '{"offset": 90012345, "count": 41234567}',
        "offset=90012345",
        "2026-02-02T08:00:00.123456Z",
        "services/runtime/logs.py:123",
        "127.0.0.1:40029",
        "1700000000000",
        "ce_id 3f2b8c1e-1234-5678-9012-123456789012",
    ],
)
def test_counts_instants_and_ids_are_not_taken_for_persons(text: str) -> None:
    assert mask(text) == text


@given(
    st.one_of(st.uuids(), st.text("0123456789", min_size=32, max_size=32).map(uuid.UUID)),
)
@example(uuid.UUID("06e7b8dd-e466-189d-0051-4169585746bd"))
@example(uuid.UUID("91234567-0000-0000-0000-000000000000"))
def test_no_id_is_ever_mistaken_for_a_person(opaque: uuid.UUID) -> None:
    assert mask(f'{{"case_id": "{opaque}"}}') == f'{{"case_id": "{opaque}"}}'


@given(
    st.text(),
    st.dates().map(lambda day: f"{day.day:02}{day.month + 80:02}{day.year % 100:02}12345"),
)
def test_no_made_up_national_number_survives_in_any_text_or_key(text: str, number: str) -> None:
    with captured_logs() as lines:
        log.warning("odd.line", reason=f"{text} {number} ", error=number, other=number)
    assert number not in lines.text


def test_a_hit_is_counted(lines: Lines) -> None:
    from prometheus_client import REGISTRY

    before = REGISTRY.get_sample_value("stoppunkt_log_masked_total") or 0
    log.info("odd.line", reason=NATIONAL_ID)
    assert REGISTRY.get_sample_value("stoppunkt_log_masked_total") == before + 1
    assert "***" in lines.text
