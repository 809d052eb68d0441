"""What the JSON Schema allows the service understands, and the other way round (contract 8, 10).

A publisher validates with the schema before anything is sent: where the two differ, either a valid record is dead, or a
publisher refuses what would have been understood. Records are generated and mutated for every kind of message.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.messages import KINDS
from schemas.wire import Envelope, InvalidRecord, decode
from tests.contract.records.golden_messages import BY_NAME, record_of

# What a JSON Schema cannot say, because it compares or adds several fields: their descriptions say it.
ONLY_DESCRIBED = (
    "the period ends before it begins",
    "the period is over 400 days long, which no note is",
    "the periods have over 800 days together, which no note has",
    "the old and the new number are the same",
)
VALIDATORS = {
    name.removesuffix(".json"): jsonschema.Draft202012Validator(
        document, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for name, document in generate.documents().items()
    if name != generate.ASYNCAPI
}

STRANGE_VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, 4, -1, 50, 99, 100, 101, 60.0, 1.0, 31.0, 59.5, 1e400, 10**30),
    *("", " ", "\u00a0", "null", "true", "1", "full", "graded", "nb", "employee", "medical"),
    *("310200107", " 310 200 107", "310\u00a0200\u202f107", "14838511253", "a/b", "p\u00e5lagt"),
    *("a code\n", "code\n", "two words", "x" * 64, "x" * 65, " ".join("x" * 64), "x" * 501),
    *(
        "2026-01-05",
        "2026-01-05\n",
        "20260105",
        "2026-W02-1",
        "2026-005",
        "2026-02-29",
        "2024-02-29",
    ),
    *("2100-12-31", "2101-01-01", "2150-12-31", "1949-12-31", "2026-1-5", "05.01.2026"),
    *("2026-01-05T08:00:00Z", "2026-01-05T08:00:00", "2026-01-05T08:00:00+0200"),
    *(
        "2026-01-05T08:00+02",
        "2026-01-05 08:00:00Z",
        "2026-02-30T08:00:00Z",
        "2026-01-05T24:00:00Z",
    ),
    *("2026-01-05T08:00:00,123456789Z", "1768900000", 1768900000, 20260105, "a\u0000b", "a\x7fb"),
    *([], {}, [None], [[]], ["2026-01-05"], ["2026-01-05", None], [1, 31], [0], ["310 200 107"]),
    *([{}], [{"from": "2026-01-05", "to": "2026-01-09", "kind": "graded"}]),
    [{"from": "2026-01-05", "to": "2026-01-09", "kind": "graded", "grade": 60.0}],
    [{"from": "2026-01-09", "to": "2026-01-05", "kind": "full"}],
    [{"from_": "2026-01-05", "to": "2026-01-09", "kind": "full"}],
    [{"from": "2026-01-05", "to": "2026-01-09", "kind": "full"}] * 101,
    *(["2026-01-05"] * 400, ["2026-01-05"] * 401),
]
FIELDS = ("from", "from_", "kind", "grade", "name", "org_number", "until", "language", "unknown")

values = (
    st.sampled_from(STRANGE_VALUES)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=80)
    | st.dates().map(str)
    | st.datetimes().map(lambda at: f"{at.isoformat()}Z")
    | st.from_regex(r"[A-Za-z0-9_.:\- ]{1,70}", fullmatch=True)
)


def mutate(data: st.DataObject, value: Any) -> Any:
    """The value with one field of it, at any depth, replaced, removed, renamed or added."""
    spot = value
    while isinstance(spot, dict | list) and spot:
        steps = sorted(spot) if isinstance(spot, dict) else list(range(len(spot)))
        step: Any = data.draw(st.sampled_from(steps))
        if isinstance(spot[step], dict | list) and spot[step] and data.draw(st.booleans()):
            spot = spot[step]
            continue
        act = data.draw(
            st.sampled_from(["replace", "replace", "replace", "remove", "rename", "add"])
        )
        if act == "replace":
            spot[step] = copy.deepcopy(data.draw(values))
        elif act == "remove":
            del spot[step]
        elif isinstance(spot, dict) and act == "rename":
            spot[data.draw(st.sampled_from(FIELDS))] = spot.pop(step)
        elif isinstance(spot, dict):
            spot[data.draw(st.sampled_from(FIELDS))] = copy.deepcopy(data.draw(values))
        break
    return value


def assert_agreed(name: str, value: Any) -> None:
    """The schema and the service say the same of this value."""
    golden = record_of(BY_NAME[name])
    note_id = value.get("note_id")
    # The key is no matter of the schema.
    key = note_id.encode() if isinstance(note_id, str) else golden.key
    decoded = decode(replace(golden, key=key, value=json.dumps(value).encode()))
    if isinstance(decoded, InvalidRecord) and any(
        text in decoded.reason for text in ONLY_DESCRIBED
    ):
        return
    faults = [error.message for error in VALIDATORS[name].iter_errors(value)]
    assert isinstance(decoded, Envelope) == (not faults), (decoded, faults[:2])


@settings(max_examples=1500)
@given(st.data())
def test_a_mutated_record_is_judged_alike_by_schema_and_service(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(KINDS)))
    value = json.loads(record_of(BY_NAME[name]).value or b"")
    for _ in range(data.draw(st.integers(1, 3))):
        value = mutate(data, value)
    assert_agreed(name, value)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_field_with_every_strange_value_is_judged_alike(name: str) -> None:
    golden = json.loads(record_of(BY_NAME[name]).value or b"")
    assert_agreed(name, golden)
    for field in golden:
        for strange in STRANGE_VALUES:
            assert_agreed(name, golden | {field: strange})
        assert_agreed(name, {key: golden[key] for key in golden if key != field})


@pytest.mark.parametrize("strange", STRANGE_VALUES, ids=lambda strange: repr(strange)[:30])
@pytest.mark.parametrize("field", ["from", "to", "kind", "grade"])
def test_every_field_of_a_period_is_judged_alike(field: str, strange: object) -> None:
    name = "sick_note.registered.v1"
    golden = json.loads(record_of(BY_NAME[name]).value or b"")
    for kind in ("full", "graded"):
        period = {"from": "2026-01-05", "to": "2026-01-09", "kind": kind, "grade": 50}
        assert_agreed(name, golden | {"periods": [period | {field: strange}]})


def test_the_rules_that_no_schema_can_express_are_described() -> None:
    texts = json.dumps(
        [
            generate.documents()[f"{name}.json"]
            for name in ("sick_note.registered.v1", "person.renumbered.v1")
        ]
    )
    for rule in ("ends before it begins", "over 400 days long", "over 800 days together", "differ"):
        assert rule in texts
