"""Whatever the first version could store loads, and every text in it that is no code has a stand-in (contract 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import is_code, without_blanks
from schemas.messages import KINDS, Basis, Message, SickNoteRegistered
from schemas.stored import read_stored, stand_in
from tests.contract.records.golden_messages import BY_NAME

STORED = sorted(
    name
    for name, message in BY_NAME.items()
    if message.topic in ("stoppunkt.follow-up.v1", SickNoteRegistered.topic)
    or name in ("deadline.due.v1", "deadline.withdrawn.v1")
)
NAMES = {"name", "version"}  # of an employer, and of a rulebook: never a code
texts_of_then = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]),
    min_size=1,
    max_size=128,
)
dates_of_then = st.dates().filter(lambda day: 1950 <= day.year <= 2150).map(str)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in parts:
        if isinstance(part, dict | list):
            yield from places(part, (*above, step))
        elif isinstance(part, str):
            yield (*above, step), part


def _is_free(name: str, path: tuple[Any, ...]) -> bool:
    """Whether the field takes any code: not one of few words, and no name."""
    model: Any = KINDS[name].model_json_schema()
    schema: Any = model
    for step in path:
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = model["$defs"][schema["$ref"].rpartition("/")[2]]
            else:
                schema = next(part for part in schema["anyOf"] if part != {"type": "null"})
        schema = schema["items"] if isinstance(step, int) else schema["properties"][step]
    if "anyOf" in schema:
        schema = next(part for part in schema["anyOf"] if part != {"type": "null"})
    return path[-1] not in NAMES and "pattern" in schema


@settings(max_examples=300)
@given(st.data())
def test_a_row_with_texts_and_dates_of_then_loads_as_codes_and_dates_of_now(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(STORED))
    value = json.loads(BY_NAME[name].model_dump_json(by_alias=True))
    put: dict[tuple[Any, ...], str] = {}
    for path, text in places(value):
        if data.draw(st.booleans()) and _is_free(name, path):
            is_date = text[:4].isdigit() and text[4:5] == "-"
            then = data.draw(dates_of_then) + text[10:] if is_date else data.draw(texts_of_then)
            part = value
            for step in path[:-1]:
                part = part[step]
            # A period that begins after its end, or one of years, was never stored.
            if "periods" not in path:
                part[path[-1]] = put[path] = then
    message = read_stored(KINDS[name], json.dumps(value))
    loaded = json.loads(message.model_dump_json(by_alias=True))
    for path, then in put.items():
        now: Any = loaded
        for step in path:
            now = now[step]
        if now != then:
            assert is_code(now) or now[:10] <= "2100-12-31"
            assert now in {stand_in(then), without_blanks(then), "2100-12-31" + then[10:]} or (
                "not_a_code." in now
            )


@pytest.mark.parametrize("last", ["2150-06-30", "2101-01-01"])
def test_a_note_beyond_the_years_is_a_note_of_the_last_day(last: str) -> None:
    value = json.loads(BY_NAME["sick_note.registered.v1"].model_dump_json(by_alias=True))
    value["periods"] = [{"from": "2100-12-30", "to": last[:4] + last[4:], "kind": "full"}]
    value["issued_on"] = last
    note = read_stored(SickNoteRegistered, json.dumps(value))
    assert str(note.periods[0].to) == str(note.issued_on) == "2100-12-31"


def test_a_note_of_too_many_days_keeps_some() -> None:
    value = json.loads(BY_NAME["sick_note.registered.v1"].model_dump_json(by_alias=True))
    days = {"from": "2150-01-01", "to": "2150-12-31", "kind": "full"}
    early = {"from": "2026-01-01", "to": "2026-12-31", "kind": "full"}
    value |= {"periods": [early] * 5 + [days], "note_id": "note 17"}
    note = read_stored(SickNoteRegistered, json.dumps(value))
    assert [str(period.from_) for period in note.periods] == ["2026-01-01"] * 2
    assert note.note_id.startswith("not_a_code.")


def test_a_change_of_number_that_only_took_blanks_out_loads_and_changes_nobody() -> None:
    value = {
        "old_person_id": "148385 11253",
        "new_person_id": "14838511253",
        "occurred_at": "2026-01-05T08:00:00Z",
    }
    message: Any = read_stored(KINDS["person.renumbered.v1"], json.dumps(value))
    assert message.old_person_id.startswith("not_a_code.")
    assert message.new_person_id == "14838511253"


def test_what_a_word_of_ours_says_of_an_employer_stays_readable() -> None:
    golden = BY_NAME["deadline.due.v1"]
    basis = golden.model_dump(mode="json", by_alias=True)["basis"]
    basis["missing"] = ["plan_not_shared:310 200 107", "answer_employer:Kafe Nord", "plan B"]
    missing = read_stored(Basis, json.dumps(basis)).missing
    assert missing[0] == "plan_not_shared:310200107"
    assert missing[1].startswith("answer_employer:not_a_code.")
    assert missing[2].startswith("not_a_code.")


def test_a_row_of_now_is_read_as_it_is() -> None:
    for name in STORED:
        message: Message = BY_NAME[name]
        assert read_stored(KINDS[name], message.model_dump_json()) == message
