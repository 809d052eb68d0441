"""What publishers send by mistake, and what the plan makes of it (contract 2, 8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli.main import app

PERSON, ORG = "14838511253", "310200107"
AT = "2026-02-15T12:00:00+01:00"


def _record(
    kind: str, key: str, value: object, *, at: str = "2026-01-20T08:00:00Z"
) -> dict[str, Any]:
    topic = "sick-notes" if kind.startswith("sick_note") else "follow-up"
    headers = {"ce_specversion": "1.0", "ce_id": f"{kind}-{at}", "ce_source": "urn:example:slips"}
    return {
        "at": at,
        "topic": f"stoppunkt.{topic}.v1",
        "key": key,
        "headers": headers | {"ce_type": f"no.stoppunkt.{kind}.v1"},
        "value": value,
    }


def _note(org_number: str = ORG) -> dict[str, Any]:
    value = {
        "note_id": "n1",
        "person_id": PERSON,
        "form": "digital",
        "issued_on": "2026-01-05",
        "periods": [{"from": "2026-01-05", "to": "2026-03-31", "kind": "full"}],
        "employer": {"org_number": org_number},
        "self_certified_days": None,
    }
    return _record("sick_note.registered", "n1", value, at="2026-01-05T08:00:00Z")


def _plan(folder: Path, *records: dict[str, Any]) -> tuple[dict[str, Any], str]:
    path = folder / "records.ndjson"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    result = CliRunner().invoke(app, ["plan", str(path), "--at", AT, "--json"])
    (person,) = json.loads(result.stdout)["persons"]
    (case,) = person["cases"]
    return case, result.stderr


def _reasons(case: dict[str, Any], checkpoint: str) -> dict[str, str]:
    return {
        timer["step"]: timer["reason"]
        for timer in case["timers"]
        if timer["checkpoint"] == checkpoint
    }


def test_blanks_in_an_organisation_number_make_no_second_employer(tmp_path: Path) -> None:
    made = {
        "person_id": f" {PERSON[:6]} {PERSON[6:]}",
        "occurred_at": "2026-01-20T08:00:00Z",
        "org_number": ORG,
        "made_on": "2026-01-20",
    }
    case, complaints = _plan(
        tmp_path, _note("310\u00a0200 107"), _record("follow_up_plan.made", "p", made)
    )
    assert complaints == ""
    reasons = _reasons(case, "follow_up_plan")
    assert {reasons["reminder"], reasons["deadline"]} == {"plan_made"}


def test_digits_for_an_instant_end_no_sick_leave(tmp_path: Path) -> None:
    resumed = {"person_id": PERSON, "occurred_at": "20260120", "from": "2026-01-21"}
    case, complaints = _plan(tmp_path, _note(), _record("work.resumed", "p", resumed))
    assert case["end"] == "2026-03-31"
    assert "occurred_at is not an instant" in complaints


def test_the_text_null_withdraws_the_note_and_with_it_the_case(tmp_path: Path) -> None:
    null = _record("sick_note.registered", "n1", None)
    del null["value"]
    case, complaints = _plan(tmp_path, _note(), null | {"value_raw": "null"})
    assert complaints == ""
    assert set(_reasons(case, "dialogue_meeting_1").values()) == {"case_withdrawn"}
