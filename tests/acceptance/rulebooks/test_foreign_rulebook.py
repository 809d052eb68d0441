"""A checkpoint that only a rulebook file names works in plan, replay and the services (contract 4)."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from schemas.ids import case_id, due_event_id, person_hash
from schemas.wire import Envelope, decode
from services.cli.main import app
from services.cli.pipeline.departures import in_form_order
from services.cli.pipeline.pipeline import pipeline
from services.cli.pipeline.settings import settings_for
from services.cli.record_files.read import read_records
from services.scheduler.rulebook_file import read_rulebook
from tests.support.cli_records import ANNE, BJORN, CECILIE, KAFE, Scenario
from tests.support.paths import SCENARIOS
from tests.support.postgres_and_kafka import Parts
from tests.support.scheduler_bench import note
from tests.support.service_processes import PSEUDONYM_KEY, Deployment, data
from tests.support.waiting import eventually

RULEBOOK = SCENARIOS / "foreign_rulebook.toml"
HELD_ON = "2026-04-10"
LATER = "2026-05-20T12:00:00+02:00"


def three_people() -> Scenario:
    """All sick-listed from Monday 5 January 2026. Bjørn's office overrides days; Cecilie's plan is shared."""
    scenario = Scenario()
    for person, office in ((ANNE, "0219"), (BJORN, "0301"), (CECILIE, "0219")):
        scenario.contact("2026-01-02T08:00:00Z", person, office)
        scenario.manager("2026-01-02T08:00:00Z", person)
        scenario.note("2026-01-05T09:00:00Z", person, f"n{person[:2]}", "2026-01-05", "2026-05-31")
    scenario.fact(
        "2026-03-11T12:00:00Z",
        CECILIE,
        "follow_up_plan.shared",
        org_number=KAFE,
        shared_with="practitioner",
        shared_on="2026-03-11",
    )
    scenario.fact(
        f"{HELD_ON}T09:00:00Z",
        ANNE,
        "dialogue_meeting.held",
        meeting=1,
        meeting_id="m-1",
        takes_place_on=HELD_ON,
    )
    return scenario


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_plan_gives_every_step_its_date_and_its_reason(tmp_path: Path) -> None:
    """Day 62 and Bjørn's day 69 are Sundays, so the step is due on the Friday before. The meeting was on a Friday;
    two working days later is the Tuesday.
    """
    file = three_people().file(tmp_path)

    plan = json.loads(run("plan", str(file), "--at", LATER, "--json", "--rulebook", str(RULEBOOK)))

    steps = {
        person["person_id"]: {
            timer["step"]: (timer["due_on"], timer["due_at"], timer["state"], timer["reason"])
            for timer in person["cases"][0]["timers"]
        }
        for person in plan["persons"]
    }
    fired = ("fired", "on_time")
    done = ("done", "plan_shared")
    assert steps == {
        ANNE: {
            "prepare": ("2026-03-08", "2026-03-06T10:15:00+01:00", *fired),
            "invite": ("2026-03-16", "2026-03-16T10:15:00+01:00", *fired),
            "look_back": ("2026-04-14", "2026-04-14T10:15:00+02:00", *fired),
        },
        BJORN: {
            "prepare": ("2026-03-15", "2026-03-13T10:15:00+01:00", *fired),
            "invite": ("2026-03-23", "2026-03-23T10:15:00+01:00", *fired),
        },
        CECILIE: {
            "prepare": ("2026-03-08", "2026-03-06T10:15:00+01:00", *done),
            "invite": ("2026-03-16", "2026-03-16T10:15:00+01:00", *done),
        },
    }


def test_the_rulebook_is_checked_and_shown_as_it_is() -> None:
    run("rulebook", "check", str(RULEBOOK))
    assert "rehabilitation_talk" in run("rulebook", "show", str(RULEBOOK))


Line = tuple[str, str, str, str]
# In UTC: clocks in Oslo are one hour ahead in winter and two in summer.
STORY: list[Line] = [
    # Anne and Cecilie: day 62 is due on the Friday before, for their line manager only.
    ("2026-03-06T09:15:00Z", "deadline.due", ANNE, "prepare"),
    ("2026-03-06T09:15:00Z", "deadline.due", CECILIE, "prepare"),
    ("2026-03-06T09:15:00Z", "email.requested", "", "Noe å følge opp"),
    ("2026-03-06T09:15:00Z", "email.requested", "", "Noe å følge opp"),
    # Cecilie's plan is shared: day 62 is withdrawn, and day 70 is not due.
    ("2026-03-11T12:00:00Z", "deadline.withdrawn", CECILIE, "prepare"),
    ("2026-03-11T12:00:00Z", "email.cancelled", "", "done:plan_shared"),
    # Bjørn's office invites a week later, so it prepares a week later.
    ("2026-03-13T09:15:00Z", "deadline.due", BJORN, "prepare"),
    ("2026-03-13T09:15:00Z", "email.requested", "", "Noe å følge opp"),
    # Day 70: employee, line manager and adviser.
    ("2026-03-16T09:15:00Z", "deadline.due", ANNE, "invite"),
    ("2026-03-16T09:15:00Z", "sms.requested", "", "You have something to follow up by"),
    ("2026-03-16T09:15:00Z", "email.requested", "", "Noe å følge opp"),
    ("2026-03-16T09:15:00Z", "adviser_task.opened", ANNE, "invite 0219 2026-03-19 normal"),
    ("2026-03-23T09:15:00Z", "deadline.due", BJORN, "invite"),
    ("2026-03-23T09:15:00Z", "sms.requested", "", "You have something to follow up by"),
    ("2026-03-23T09:15:00Z", "email.requested", "", "Noe å følge opp"),
    ("2026-03-23T09:15:00Z", "adviser_task.opened", BJORN, "invite 0301 2026-03-26 normal"),
    # Anne's meeting 1 was held: the adviser's basis changes, and two working days later the adviser looks back.
    ("2026-04-10T09:00:00Z", "deadline.updated", ANNE, "2"),
    ("2026-04-10T09:00:00Z", "adviser_task.updated", "", "2"),
    ("2026-04-14T08:15:00Z", "deadline.due", ANNE, "look_back"),
    ("2026-04-14T08:15:00Z", "adviser_task.opened", ANNE, "look_back 0219 2026-04-17 normal"),
]


async def test_the_services_send_generic_words_for_it(
    tmp_path: Path, parts: Parts, database_url: str, topic_prefix: str
) -> None:
    """What `replay --json` prints until May: due events, and messages with what to do and by when."""
    filed = list(read_records(three_people().file(tmp_path)))
    settings = settings_for(database_url, parts.kafka_bootstrap_servers, topic_prefix=topic_prefix)
    forms: list[dict[str, Any]] = []
    async with (
        pipeline(
            settings, read_rulebook(str(RULEBOOK)), start=min(record.at for record in filed)
        ) as driver,
        aclosing(driver.run(filed, until=datetime.fromisoformat(LATER))) as moments,
    ):
        async for moment in moments:
            forms += [departure.form() for departure in in_form_order(moment.departures)]

    assert sorted(_line(form) for form in forms) == sorted(STORY)


def _line(form: dict[str, Any]) -> Line:
    what = form["headers"]["ce_type"].removeprefix("no.stoppunkt.").removesuffix(".v1")
    value = form["value"]
    match what:
        case "deadline.due" | "deadline.withdrawn":
            assert value["checkpoint"] == "rehabilitation_talk"
            text = value["step"]
        case "adviser_task.opened":
            assert value["checkpoint"] == "rehabilitation_talk"
            text = f"{value['step']} {value['office']} {value['due_on']} {value['priority']}"
        case "sms.requested":
            match = re.fullmatch(r"(.*) \d+ March 2026\. Log in to see what to do\.", value["text"])
            assert match is not None, value["text"]
            text = match[1]
        case "email.requested":
            text = value["subject"]
        case "deadline.updated" | "adviser_task.updated":
            text = str(value["revision"])
        case _:
            text = value["reason"]
    return form["at"], what, value.get("person_id", ""), text


async def test_the_running_scheduler_reads_it_from_a_file(deployment: Deployment) -> None:
    """`RULEBOOK` names the file (contract 12). The note comes two days after the talk was due, so it fires at once."""
    arrives_at = datetime(2026, 3, 18, 12, tzinfo=UTC)
    deployment.set_clock(arrives_at)
    scheduler = await deployment.start("scheduler", RULEBOOK=str(RULEBOOK))
    first_day = datetime(2026, 1, 5, tzinfo=UTC).date()
    await deployment.publish([note(arrives_at, first_day, 150)])
    case = case_id(person_hash(PSEUDONYM_KEY.get_secret_value().encode(), ANNE), 1)
    event_id = due_event_id(case, "rehabilitation_talk", "invite", "", 1)

    await eventually(
        lambda: deployment.has_ids("deadline.due", [event_id]), what="the talk's invitation"
    )

    [record] = (await deployment.read()).of_type("deadline.due")
    assert isinstance(decode(record), Envelope)
    event = data(record)
    assert event["rulebook"] == {"name": "foreign", "version": "2026-1", "office": None}
    assert [recipient["role"] for recipient in event["recipients"]] == [
        "employee",
        "line_manager",
        "adviser",
    ]
    assert event["due_at"] == "2026-03-16T10:15:00+01:00"
    assert event["late_seconds"] > 2 * 24 * 60 * 60
    scheduler.send_sigterm()
    assert await scheduler.exit_code(15) == 0
