"""Whether the published JSON Schema and the service say the same of a value, and values that try both."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema

from schemas import generate
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


def disagreement(name: str, value: Any) -> str | None:
    """What schema and service say of a value of the message kind `name` where they differ; None where they agree."""
    golden = record_of(BY_NAME[name])
    note_id = value.get("note_id") if isinstance(value, dict) else None
    # The key is no matter of the schema.
    key = note_id.encode(errors="replace") if isinstance(note_id, str) else golden.key
    decoded = decode(replace(golden, key=key, value=json.dumps(value).encode()))
    if isinstance(decoded, InvalidRecord) and any(
        text in decoded.reason for text in ONLY_DESCRIBED
    ):
        return None
    faults = [error.message for error in VALIDATORS[name].iter_errors(value)]
    if isinstance(decoded, Envelope) == (not faults):
        return None
    return f"the service: {decoded}; the schema: {faults[:2] or 'valid'}"
