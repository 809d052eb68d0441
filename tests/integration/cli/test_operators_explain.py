"""`explain PERSON` and `plan --explain`: nobody has to say "I do not know why" (contract 4.5, 11)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from schemas.wire import Record
from services.cli.main import app
from tests.support.both_services import both_services_on, terminal_on
from tests.support.cli_records import Scenario
from tests.support.scheduler_bench import (
    ANNE,
    BJORN,
    FACTS,
    KAFE,
    event,
    fact,
    hash_of,
    no_note,
    note,
)

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


async def test_what_was_told_at_each_moment_is_told_of_it_later(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 4.5: office, number, cases, steps and deliveries; only what one waited for is not kept."""
    not_kept = {"wait_reason", "ready_at", "attempts"}
    known = {"may_be_notified": True, "phone": "+4790000001", "language": "nb"}
    made = {"org_number": KAFE, "made_on": "2026-01-29"}
    change = {"old_person_id": ANNE, "new_person_id": BJORN, "occurred_at": at(30).isoformat()}

    def contact(day: int, **others: object) -> Record:
        return event(CONTACTS, "person_contact.changed", at(day), "k", **known, **others)

    records = {
        0: contact(0, person_id=ANNE, office="0219"),
        1: note(at(1), MONDAY, 60),
        22: contact(22, person_id=ANNE, office="1201"),
        24: fact(at(24), "follow_up_plan.made", **made),
        30: event(FACTS, "person.renumbered", at(30), "k", **change),
        43: note(at(43), MONDAY, 45),
        47: no_note(at(47)),
    }
    remembered: list[tuple[datetime, str, dict[str, Any]]] = []

    def told(output: str) -> dict[str, Any]:
        explained: dict[str, Any] = json.loads(output)
        del explained["as_of"]  # The terminal's clock runs on.
        for delivery in explained["deliveries"]:
            for name in not_kept:
                del delivery[name]
        return explained

    async with both_services_on(database_url, start=START) as services:
        terminal = terminal_on(monkeypatch, database_url)
        for day in range(60):
            arrived = [records[day]] if day in records else []
            await services.receive(*arrived, at=at(day))
            if day not in {0, 1, 20, 21, 22, 24, 25, 30, 31, 42, 43, 44, 47, 48, 59}:
                continue
            terminal.set_clock(at(day))
            for number in (ANNE, BJORN):
                asked = await terminal.run("explain", number, "--json")
                if asked.exit_code == 0:
                    remembered.append((at(day), number, told(asked.stdout)))
        terminal.set_clock(at(70))
        for then, number, before in remembered:
            asked = await terminal.run("explain", number, "--at", then.isoformat(), "--json")
            assert told(asked.stdout) == before, then
        [state] = {len(before["deliveries"]) for then, _, before in remembered if then == at(21)}
        shown = await terminal.run("explain", ANNE, "--at", at(21).isoformat())
    assert state > 0
    assert "are not kept" in shown.stdout


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
