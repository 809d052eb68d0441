"""The operators' commands beside the services: brake, status, dry run, forecast (contract 6.9, 11)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from schemas.messages import SmsRequested
from services.scheduler.rulebook_file import read_rulebook
from tests.support.both_services import BothServices, both_services_on, terminal_on
from tests.support.scheduler_bench import ANNE, BJORN, KAFE, event, fact, note

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
REMINDER_AT = datetime(2026, 1, 26, 8, tzinfo=UTC)
CONTACTS = "stoppunkt.contacts.v1"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


async def fall_sick(services: BothServices, person: str = ANNE) -> None:
    """From 5 January, at the office 0219, and can be reached by SMS: a reminder on 26 January at 09:00."""
    known = {"person_id": person, "may_be_notified": True, "phone": "+4790000001", "language": "nb"}
    contact = event(CONTACTS, "person_contact.changed", at(0), "k", office="0219", **known)
    await services.receive(
        contact, note(at(0), MONDAY, 60, person=person, note_id=person), at=at(0)
    )


def sent(services: BothServices) -> list[str]:
    return [record.topic for record in services.out.records if record.topic == SmsRequested.topic]


async def test_a_paused_channel_sends_nothing_until_it_is_resumed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 6.9: an emergency brake (pause, resume, see why)."""
    terminal = terminal_on(monkeypatch, database_url)
    terminal.set_clock(at(20))
    async with both_services_on(database_url, start=START) as services:
        await fall_sick(services)
        paused = await terminal.run("pause", "sms", "--why", "wrong text")
        again = await terminal.run("pause", "sms", "--why", "another reason")
        await services.turn_to(REMINDER_AT + timedelta(minutes=1))
        terminal.set_clock(REMINDER_AT + timedelta(minutes=1))
        held = sent(services)
        seen = await terminal.run("status", "--json")
        shown = await terminal.run("status")
        resumed = await terminal.run("resume", "sms")
        await services.turn_to(REMINDER_AT + timedelta(minutes=2))
        gone = sent(services)
        nothing = await terminal.run("resume", "sms")

    assert [run.exit_code for run in (paused, again, seen, shown, resumed, nothing)] == [0] * 6
    assert "paused already" in again.stdout
    assert held == []
    status = json.loads(seen.stdout)["notifier"]
    assert [(b["channel"], b["why"]) for b in status["brakes"]] == [("sms", "wrong text")]
    assert {"channel": "sms", "state": "waiting", "deliveries": 1} in status["deliveries"]
    assert "PAUSED: sms" in shown.stdout
    assert "wrong text" in resumed.stdout
    assert gone == [SmsRequested.topic]
    assert nothing.stdout == "sms was not paused.\n"


@pytest.mark.parametrize(
    "why", ["", "  ", "ask kari@example.invalid", "see 148385 11253", "x" * 201]
)
async def test_a_reason_says_something_and_names_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    terminal = terminal_on(monkeypatch, database_url)

    paused = await terminal.run("pause", "sms", "--why", why)

    assert paused.exit_code == 2
    assert json.loads((await terminal.run("status", "--json")).stdout)["notifier"]["brakes"] == []


async def test_a_channel_that_nobody_knows_is_wrong_use(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await terminal_on(monkeypatch, database_url).run("resume", "fax")).exit_code == 2


async def test_status_shows_what_is_due_and_what_comes_next(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = terminal_on(monkeypatch, database_url)
    async with both_services_on(database_url, start=START) as services:
        await fall_sick(services)
    terminal.set_clock(REMINDER_AT - timedelta(days=1))
    before = json.loads((await terminal.run("status", "--json")).stdout)["scheduler"]
    terminal.set_clock(REMINDER_AT + timedelta(days=1))
    after = json.loads((await terminal.run("status", "--json")).stdout)["scheduler"]

    assert (before["oldest_due_at"], before["outbox"], before["stopped_at"]) == (None, 0, None)
    assert before["next_due_at"] == "2026-01-26T09:00:00+01:00"
    assert after["oldest_due_at"] == "2026-01-26T09:00:00+01:00"


async def test_a_service_that_has_stopped_or_is_out_of_reach_is_exit_code_1(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 8: the ceiling's stop is for operators to see."""
    terminal = terminal_on(monkeypatch, database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute("insert into scheduler.dead_letter_stop values (true, now())")
    stopped = await terminal.run("status")
    await connection.execute("delete from scheduler.dead_letter_stop")
    well = await terminal.run("status")
    await connection.execute("drop schema notifier cascade")
    gone = await terminal.run("status", "--json")
    await connection.close()

    assert [run.exit_code for run in (stopped, well, gone)] == [1, 0, 1]
    assert "STOPPED since" in stopped.stdout
    assert json.loads(gone.stdout)["notifier"] is None
    assert "out of reach" in gone.stderr


async def test_a_dry_run_shows_what_would_go_out_and_sends_and_changes_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 6.9: a dry run that reports what would go out."""
    terminal = terminal_on(monkeypatch, database_url)
    async with both_services_on(database_url, start=START) as services:
        await fall_sick(services)
        await terminal.run("pause", "sms", "--why", "a new rulebook is tried")
        await services.turn_to(REMINDER_AT + timedelta(minutes=1))
        terminal.set_clock(REMINDER_AT + timedelta(hours=1))
        rows = "select row(d.*)::text from deliveries d union all select row(s.*)::text from contact_slots s"
        rows += " union all select row(h.*)::text from hourly_sends h"
        before = sorted(row[0] for row in await services.pool.fetch(rows))
        braked = await terminal.run("dry-run", "--json")
        free = await terminal.run("dry-run", "--without-brakes", "--json")
        night = await terminal.run(
            "dry-run", "--without-brakes", "--at", "2026-01-26T22:00:00+01:00", "--json"
        )
        shown = await terminal.run("dry-run", "--without-brakes")
        after = sorted(row[0] for row in await services.pool.fetch(rows))
        brakes = await services.brakes()

    assert before == after
    assert [brake.channel for brake in brakes] == ["sms"]
    assert sent(services) == []
    sms = [
        [
            (d["would"], d["why"])
            for d in json.loads(run.stdout)["deliveries"]
            if d["channel"] == "sms"
        ]
        for run in (braked, free, night)
    ]
    assert sms == [[("wait", "brake")], [("send", None)], [("wait", "window")]]
    [would] = [d for d in json.loads(free.stdout)["deliveries"] if d["channel"] == "sms"]
    assert (would["role"], would["checkpoint"], would["step"], would["deliveries"]) == (
        *("employee", "follow_up_plan", "reminder"),
        1,
    )
    assert "follow_up_plan" in shown.stdout
    assert "Nothing was sent" in shown.stderr


async def test_a_forecast_counts_what_pends_by_day_checkpoint_and_office(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = terminal_on(monkeypatch, database_url)
    async with both_services_on(database_url, start=START) as services:
        for person in (ANNE, BJORN):
            await fall_sick(services, person)
        plan = fact(at(2), "follow_up_plan.made", person=BJORN, org_number=KAFE, made_on=MONDAY)
        await services.receive(plan, at=at(2))
    terminal.set_clock(at(10))
    near = json.loads((await terminal.run("forecast", "--days", "14", "--json")).stdout)
    terminal.set_clock(REMINDER_AT + timedelta(days=1))
    late = await terminal.run("forecast", "--days", "1")

    assert near == {
        "first": "2026-01-15",
        "overdue": 0,
        "days": [
            {
                "due_on": "2026-01-26",
                "checkpoint": "follow_up_plan",
                "office": "0219",
                "timers": 1,
                "suspended": 0,
            }
        ],
        "heaps": [],
    }
    assert late.stdout == "Nothing falls due.\n"
    assert "1 were due before" in late.stderr


async def test_a_forecast_shows_what_is_heaped_up_until_the_day_after_a_suspension(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two people's plans wait until Monday 9 March; the office sees it in January, beyond the days that it asks for."""
    rulebook = tmp_path / "suspending.toml"
    rulebook.write_text(
        read_rulebook("standard").text
        + '\n[[suspend]]\nsteps = ["follow_up_plan.*"]\nfrom = 2026-01-20\nuntil = 2026-02-08\n'
        'source = "practice: the office is shut"\noffice = "0219"\n'
    )
    terminal = terminal_on(monkeypatch, database_url)
    async with both_services_on(database_url, start=START, rulebook=str(rulebook)) as services:
        for person in (ANNE, BJORN):
            await fall_sick(services, person)
    terminal.set_clock(at(10))
    early = json.loads((await terminal.run("forecast", "--days", "14", "--json")).stdout)
    whole = json.loads((await terminal.run("forecast", "--days", "30", "--json")).stdout)
    table = await terminal.run("forecast", "--days", "14")

    heap = {"due_on": "2026-02-09", "checkpoint": "follow_up_plan", "office": "0219", "timers": 2}
    assert early["days"] == []
    assert early["heaps"] == [heap | {"suspended_until": "2026-02-08"}]
    assert heap | {"suspended": 2} in whole["days"]
    assert [day["suspended"] for day in whole["days"] if day["due_on"] != "2026-02-09"] == [0]
    shown = " ".join(table.stdout.split())
    assert "Nothing falls due. Heaped up until the day after a suspension:" in shown
    assert "Mon 2026-02-09 Sun 2026-02-08 follow_up_plan 0219 2" in shown


async def test_less_than_a_day_is_no_forecast(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        await terminal_on(monkeypatch, database_url).run("forecast", "--days", "0")
    ).exit_code == 2
