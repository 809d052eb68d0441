"""What the JSON Schema allows the service understands, and the other way round (contract 8, 10).

A publisher validates with the schema before anything is sent: where the two differ, either a valid record is dead, or a
publisher refuses what would have been understood. Records are generated and mutated for every kind of message.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.messages import KINDS
from tests.contract.records.golden_messages import BY_NAME, record_of
from tests.contract.records.schema_agreement import FIELDS, STRANGE_VALUES, disagreement

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
    assert disagreement(name, value) is None


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
