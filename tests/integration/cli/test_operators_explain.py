"""`explain PERSON` and `plan --explain`: nobody has to say "I do not know why" (contract 4.5, 11)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli.main import app
from tests.support.both_services import both_services_on, terminal_on
from tests.support.cli_records import Scenario
from tests.support.scheduler_bench import ANNE, BJORN, KAFE, event, fact, hash_of, note

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTACTS = "stoppunkt.contacts.v1"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def half_a_story(database_url: str) -> None:
    """Anne is sick from day 0, can be reached by SMS, and has a plan on day 24."""
    known = {"person_id": ANNE, "may_be_notified": True, "phone": "+4790000001", "language": "nb"}
    async with both_services_on(database_url, start=START) as services:
        await services.receive(
            event(CONTACTS, "person_contact.changed", at(0), "k", **known), at=at(0)
        )
        await services.receive(note(at(0), MONDAY, 60), at=at(0))
        await services.receive(
            fact(at(24), "follow_up_plan.made", org_number=KAFE, made_on="2026-01-29"), at=at(24)
        )
        await services.turn_to(at(41))


async def test_a_person_is_explained_with_what_was_planned_and_what_was_sent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 4.5: facts, cases and the whole plan with reasons, and the notifier's part beside it."""
    await half_a_story(database_url)
    terminal = terminal_on(monkeypatch, database_url)
    terminal.set_clock(at(41))

    shown = await terminal.run("explain", "-", given=f"{ANNE}\n")
    asked = await terminal.run("explain", ANNE, "--json")

    assert (shown.exit_code, asked.exit_code) == (0, 0), asked.stderr
    for words in (
        "a follow-up plan has been made",
        "told: follow up plan.reminder",
        "sms to employee",
    ):
        assert words in shown.stdout
    explained = json.loads(asked.stdout)
    [case] = explained["cases"]
    states = {f"{s['checkpoint']}.{s['step']}": (s["state"], s["words"]) for s in case["timers"]}
    assert states["follow_up_plan.reminder"] == ("done", "a follow-up plan has been made")
    assert states["dialogue_meeting_1.reminder"] == ("fired", "told on time")
    happened = [line["what"] for line in case["timeline"]]
    assert happened.index("told: follow_up_plan.reminder") < happened.index(
        "withdrawn: follow_up_plan.reminder"
    )
    assert states["follow_up_plan.deadline"] == ("done", "a follow-up plan has been made")
    assert [fact["what"] for fact in explained["facts"]] == ["follow_up_plan.made"]
    sms = [d for d in explained["deliveries"] if d["channel"] == "sms"]
    assert [(d["checkpoint"], d["step"], d["state"]) for d in sms] == [
        ("follow_up_plan", "reminder", "closed"),
        ("dialogue_meeting_1", "reminder", "sent"),
    ]
    assert {d["role"] for d in explained["deliveries"]} >= {"employee"}


async def test_an_earlier_moment_knows_neither_later_facts_nor_later_messages(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 4.5: also as of an earlier moment."""
    await half_a_story(database_url)
    terminal = terminal_on(monkeypatch, database_url)
    terminal.set_clock(at(41))

    asked = await terminal.run("explain", ANNE, "--at", at(10).isoformat(), "--json")

    explained = json.loads(asked.stdout)
    [case] = explained["cases"]
    states = {f"{s['checkpoint']}.{s['step']}": s["state"] for s in case["timers"]}
    assert states["follow_up_plan.reminder"] == "armed"
    assert explained["facts"] == []
    assert explained["deliveries"] == []


async def test_who_asks_about_a_person_is_written_down_without_the_number(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 14.7: reads of personal data are audited too, of people who are unknown as well."""
    await half_a_story(database_url)
    terminal = terminal_on(monkeypatch, database_url)
    monkeypatch.setattr("services.cli.operator.explain.operator_account", lambda: "kari")

    for number in (ANNE, BJORN):
        await terminal.run("explain", number)

    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "select operator, action, person from scheduler.audit order by id"
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [
        ("kari", "explain", hash_of(ANNE)),
        ("kari", "explain", hash_of(BJORN)),
    ]


async def test_about_somebody_unknown_there_is_one_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 11: an exit code that tells the truth, complaints on stderr."""
    terminal = terminal_on(monkeypatch, database_url)

    asked = await terminal.run("explain", BJORN, "--json")

    assert (asked.exit_code, asked.stdout) == (1, "")
    assert asked.stderr == "Nothing is known of this person.\n"


async def test_without_the_notifiers_tables_the_rest_is_shown_all_the_same(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 12: each service in its own schema, and with its own role."""
    await half_a_story(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute("drop schema notifier cascade")
    await connection.close()
    terminal = terminal_on(monkeypatch, database_url)
    terminal.set_clock(at(41))

    asked = await terminal.run("explain", ANNE, "--json")

    assert asked.exit_code == 0
    assert json.loads(asked.stdout)["deliveries"] is None
    assert "out of reach" in asked.stderr


async def test_a_database_that_is_away_is_said_and_nothing_is_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = terminal_on(monkeypatch, "postgresql://role:hunter2@127.0.0.1:1/base")

    asked = await terminal.run("explain", ANNE)

    assert asked.exit_code == 1
    assert "PostgreSQL" in asked.stderr
    assert "hunter2" not in asked.stderr
    assert ANNE not in asked.stderr


async def test_no_person_on_stdin_is_wrong_use(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await terminal_on(monkeypatch, database_url).run("explain", "-", given="\n")

    assert asked.exit_code == 2


def test_a_file_is_explained_in_the_same_words(tmp_path: Path) -> None:
    """contract 4.5: `plan` prints the same for a file."""
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-03-05")
    scenario.fact(
        "2026-01-29T12:00:00Z", ANNE, "follow_up_plan.made", org_number=KAFE, made_on="2026-01-29"
    )
    command = [
        "plan",
        str(scenario.file(tmp_path)),
        "--at",
        "2026-02-15T12:00:00+01:00",
        "--explain",
    ]

    shown = CliRunner().invoke(app, command)
    as_json = CliRunner().invoke(app, [*command, "--json"])

    assert (shown.exit_code, as_json.exit_code) == (0, 0)
    assert "done: a follow-up plan has been made" in shown.stdout
    [person] = json.loads(as_json.stdout)["persons"]
    assert (person["person_id"], person["facts"][0]["what"]) == (ANNE, "follow_up_plan.made")
    assert any(
        line["what"] == "told: follow_up_plan.reminder" for line in person["cases"][0]["timeline"]
    )
