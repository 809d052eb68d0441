"""`plan` over a person's whole leave, by the command line alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from tests.support.cli_records import write
from tests.support.paths import SCENARIOS

SCENARIO = SCENARIOS / "scenario_1_in_order.ndjson"
SICK_NOTE_TOPICS = {
    "teamsykmelding.syfo-sendt-sykmelding",
    "teamsykmelding.syfo-bekreftet-sykmelding",
    "tsm.sykmeldinger",
    "teamsykmelding.sykmeldingstatus-leesah",
}
AT = "2026-05-01T12:00:00+02:00"


def records() -> Iterator[dict[str, Any]]:
    for line in SCENARIO.read_text("utf-8").splitlines():
        yield json.loads(line)


def plan_of(file: Path, at: str = AT) -> Any:
    result = CliRunner().invoke(app, ["plan", str(file), "--at", at, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def notes_alone(tmp_path: Path) -> Path:
    chosen = [record for record in records() if record["topic"] in SICK_NOTE_TOPICS]
    return write(tmp_path / "notes.ndjson", chosen)


def test_the_sick_notes_alone_give_every_date_of_the_leave(notes_alone: Path) -> None:
    """Worked out by hand for scenario 1; its leave starts on a Monday, so deadlines fall on Sundays."""
    [person] = plan_of(notes_alone)["persons"]
    [case] = person["cases"]
    dates_and_states = {
        f"{timer['checkpoint']}.{timer['step']}": (timer["due_on"], timer["state"])
        for timer in case["timers"]
    }

    assert (case["start"], case["end"], case["sick_days"]) == ("2026-01-05", "2026-05-10", 124)
    assert dates_and_states == {
        "follow_up_plan.reminder": ("2026-01-26", "fired"),
        "follow_up_plan.deadline": ("2026-02-01", "fired"),
        "follow_up_plan.to_practitioner": ("2026-02-01", "not_applicable"),
        "dialogue_meeting_1.reminder": ("2026-02-08", "fired"),
        "dialogue_meeting_1.deadline": ("2026-02-22", "fired"),
        "dialogue_meeting_1.requested": (None, "not_applicable"),
        "activity_requirement.notice": ("2026-02-16", "fired"),
        "activity_requirement.assess": ("2026-03-01", "fired"),
        "activity_requirement.reply": (None, "not_applicable"),
        "meeting_need.question": ("2026-04-20", "fired"),
        "meeting_need.reminder": ("2026-04-24", "fired"),
        "dialogue_meeting_2_assessment.early": ("2026-03-01", "not_applicable"),
        "dialogue_meeting_2_assessment.graded_overview": ("2026-03-01", "not_applicable"),
        "dialogue_meeting_2_assessment.assess": ("2026-04-27", "fired"),
        "dialogue_meeting_2_summons.last_day": ("2026-06-14", "waiting"),
        "dialogue_meeting_2.deadline": ("2026-07-05", "waiting"),
        "dialogue_meeting_2.lapsed": ("2026-07-19", "waiting"),
    }


def test_a_deadline_on_a_sunday_is_due_on_the_friday_before(notes_alone: Path) -> None:
    """contract 4: `due_on` is the legal date, `due_at` 09:00 on the last working day on or before it."""
    [case] = plan_of(notes_alone)["persons"][0]["cases"]
    deadlines = [timer for timer in case["timers"] if timer["step"] in ("deadline", "last_day")]

    assert [timer["due_at"] for timer in deadlines] == [
        "2026-01-30T09:00:00+01:00",
        "2026-02-20T09:00:00+01:00",
        "2026-06-12T09:00:00+02:00",
        "2026-07-03T09:00:00+02:00",
    ]
    for timer in deadlines:
        assert date.fromisoformat(timer["due_on"]).strftime("%A") == "Sunday"
        assert datetime.fromisoformat(timer["due_at"]).strftime("%A") == "Friday"


def test_the_json_has_exactly_the_members_that_the_contract_lists(notes_alone: Path) -> None:
    """contract 11: these members, no others, in this order, since users' scripts read them."""
    plan = plan_of(notes_alone)
    [person] = plan["persons"]
    [case] = person["cases"]

    assert list(plan) == ["persons"]
    assert list(person) == ["person_id", "cases"]
    assert list(case) == ["case_id", "start", "end", "sick_days", "timers"]
    for timer in case["timers"]:
        assert list(timer) == [
            *("checkpoint", "step", "subject", "generation"),
            *("due_on", "due_at", "state", "reason"),
        ]


def test_records_later_than_at_are_not_planned_with(notes_alone: Path) -> None:
    """contract 11: `--at` hides later records, and a step that is due later has not fired."""
    [case] = plan_of(notes_alone, "2026-01-26T08:59:59+01:00")["persons"][0]["cases"]
    states = {(timer["checkpoint"], timer["step"]): timer["state"] for timer in case["timers"]}

    assert case["end"] == "2026-02-01"
    assert states["follow_up_plan", "reminder"] == "armed"
    assert states["activity_requirement", "notice"] == "waiting"


def test_a_timer_has_fired_at_its_very_instant(notes_alone: Path) -> None:
    [case] = plan_of(notes_alone, "2026-01-26T09:00:00+01:00")["persons"][0]["cases"]

    assert (case["timers"][0]["state"], case["timers"][0]["reason"]) == ("fired", "on_time")


def test_a_shared_plan_on_another_topic_ends_the_plans_steps(tmp_path: Path) -> None:
    """In the whole scenario, with all its topics, a plan is shared on 29 January.

    The employer's own system tells the office of it, and would not tell that the practitioner has got it too.
    """
    [case] = plan_of(write(tmp_path / "all.ndjson", list(records())))["persons"][0]["cases"]
    plan = [timer for timer in case["timers"] if timer["checkpoint"] == "follow_up_plan"]

    assert [(timer["state"], timer["reason"]) for timer in plan] == [
        ("done", "plan_shared"),
        ("done", "plan_shared"),
        ("not_applicable", "nobody_asked"),
    ]
