"""Another rulebook: what an operator's `replan` and `status` say of it, and what running services do (contract 4.6)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.support.both_services import BothServices, Terminal, both_services_on, terminal_on
from tests.support.paths import RULEBOOKS
from tests.support.scheduler_bench import ANNE, BJORN, event, note
from tests.support.service_processes import Deployment, Process
from tests.support.waiting import eventually

MONDAY = date(2026, 1, 5)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
STANDARD = (RULEBOOKS / "standard.toml").read_text("utf-8")
CHANGED = STANDARD.replace('name = "question", day = 105', 'name = "question", day = 98')
LATER = CHANGED.replace("2026-12", "2027-01")
QUESTION_OF_STANDARD = datetime(2026, 4, 20, 7, tzinfo=UTC)
QUESTION_OF_LATER = datetime(2026, 4, 13, 7, tzinfo=UTC)
CECILIE = "03918321055"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, 5, hour, tzinfo=UTC) + timedelta(days=day)


# --- at a terminal ------------------------------------------------------------------------------------------


async def two_people(services: BothServices) -> None:
    """Anne and Bjorn of the office 0219, on sick leave for 150 days from 5 January."""
    for person in (ANNE, BJORN):
        known = {"person_id": person, "may_be_notified": True, "language": "nb", "office": "0219"}
        contact = event(
            "stoppunkt.contacts.v1", "person_contact.changed", at(0), f"contact-{person}", **known
        )
        leave = note(at(0), MONDAY, 150, person=person, note_id=person)
        await services.receive(contact, leave, at=at(0))


async def questions(services: BothServices) -> list[datetime]:
    rows = await services.bench.pool.fetch("select due_at from timers where step = 'question'")
    return [row["due_at"] for row in rows]


def terminal_with(
    monkeypatch: pytest.MonkeyPatch, database_url: str, folder: Path, rulebook: str
) -> Terminal:
    """A shell whose RULEBOOK is a file with that text, its clock a day after the two people's notes."""
    file = folder / "later.toml"
    file.write_text(rulebook)
    terminal = terminal_on(monkeypatch, database_url, others=[("RULEBOOK", str(file))])
    terminal.set_clock(at(1))
    return terminal


async def test_a_new_rulebook_is_tried_and_then_applied(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """contract 11: what would change (`--dry-run`), then the change, per checkpoint and office."""
    terminal = terminal_with(monkeypatch, database_url, tmp_path, LATER)
    async with both_services_on(database_url, start=START) as services:
        await two_people(services)
        before = await questions(services)
        tried = await terminal.run("replan", "--dry-run", "--json")
        untouched = await questions(services)
        done = await terminal.run("replan", "--json")
        moved = await questions(services)
        again = await terminal.run("replan")

    assert before == untouched == [QUESTION_OF_STANDARD] * 2
    assert moved == [QUESTION_OF_LATER] * 2
    forms = [json.loads(run.stdout) for run in (tried, done)]
    assert [form["dry_run"] for form in forms] == [True, False]
    assert [form["in_force_before"] for form in forms] == ["standard 2026-12"] * 2
    assert forms[0]["changes"] == forms[1]["changes"]
    [change] = [c for c in forms[0]["changes"] if c["moved"]]
    assert (change["checkpoint"], change["office"], change["moved"]) == ("meeting_need", "0219", 2)
    assert "standard 2026-12 is in force. RULEBOOK names standard 2027-01." in tried.stderr
    assert "2 people replanned. standard 2027-01 is in force." in done.stderr
    assert again.stdout == "Nothing changes.\n"


async def test_status_shows_the_rulebook_in_force_and_the_one_that_is_wanted(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = terminal_with(monkeypatch, database_url, tmp_path, LATER)
    async with both_services_on(database_url, start=START) as services:
        await two_people(services)
        pages, forms = [], []
        for command in ("status", "replan"):
            await terminal.run(command)
            pages.append((await terminal.run("status")).stdout)
            answer = await terminal.run("status", "--json")
            forms.append(json.loads(answer.stdout)["scheduler"])
        await services.bench.pool.execute("update rulebooks set replanned_at = null")
        half = (await terminal.run("status")).stdout
        monkeypatch.setenv("RULEBOOK", "no-such-rulebook")
        absent = (await terminal.run("status")).stdout

    assert "rulebook in force: standard 2026-12 since 2026-01-05T10:00:00+01:00" in pages[0]
    assert "RULEBOOK here names standard 2027-01, which has no effect until `replan`" in pages[0]
    assert "rulebook in force: standard 2027-01 since" in pages[1]
    assert "RULEBOOK here names" not in pages[1]
    assert [form["rulebook"]["version"] for form in forms] == ["2026-12", "2027-01"]
    assert [form["rulebook_wanted"] for form in forms] == ["standard 2027-01"] * 2
    assert [form["rulebook_differs"] for form in forms] == [True, False]
    assert "NOT EVERYBODY is under it yet" in half
    assert "NOT EVERYBODY" not in pages[1]
    assert "RULEBOOK here names none that can be read" in absent


async def test_a_rulebook_that_has_changed_under_its_version_replans_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """contract 4.6: exit code 2, a sentence, and nothing is touched."""
    terminal = terminal_with(monkeypatch, database_url, tmp_path, CHANGED)
    async with both_services_on(database_url, start=START) as services:
        await two_people(services)
        results = [await terminal.run("replan", *options) for options in ([], ["--dry-run"])]
        rulebooks = await services.bench.pool.fetch("select version from rulebooks")
        assert await questions(services) == [QUESTION_OF_STANDARD] * 2

    assert len(rulebooks) == 1
    for result in results:
        assert (result.exit_code, result.stdout) == (2, "")
        assert "RULEBOOK: standard 2026-12 was put in force with another content" in result.stderr


async def test_a_rulebook_that_is_wrong_replans_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = terminal_with(monkeypatch, database_url, tmp_path, "name = 1\n")

    result = await terminal.run("replan")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "later.toml:1" in result.stderr


# --- processes ----------------------------------------------------------------------------------------------


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(at(1))
    return deployment


async def started(deployment: Deployment, **env: str) -> Process:
    process = await deployment.start("scheduler", **env)
    await eventually(process.is_working, what="a scheduler that works")
    return process


async def fall_sick(deployment: Deployment, person: str, days: int = 150) -> None:
    """Somebody's note is published and stored."""
    await deployment.publish([note(at(0), MONDAY, days, person=person, note_id=person)])
    stored = "select count(*) from scheduler.note_slots where note like $1"
    text = f'%"to":"{MONDAY + timedelta(days=days - 1)}"%'

    async def is_stored() -> bool:
        return bool(await deployment.sql(stored, text))

    await eventually(is_stored, what="the note in its table")


async def versions(deployment: Deployment) -> dict[str, int]:
    """How many questions pend under each version of the rulebook."""
    connection = await asyncpg.connect(deployment.database_url)
    try:
        rows = await connection.fetch(
            "select draft::json -> 'rulebook' ->> 'version' as version, due_at"
            " from scheduler.timers where step = 'question'"
        )
    finally:
        await connection.close()
    due_at = {"2026-12": QUESTION_OF_STANDARD, "2027-01": QUESTION_OF_LATER}
    assert all(row["due_at"] == due_at[row["version"]] for row in rows)
    return dict(Counter(row["version"] for row in rows))


async def rulebooks_measured(process: Process) -> set[tuple[str, str]]:
    """(which, version) as `/metrics` shows them."""
    (port,) = [line["port"] for line in process.lines() if line["event"] == "health.listening"]
    async with httpx.AsyncClient() as client:
        page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    lines = [line for line in page.splitlines() if line.startswith("stoppunkt_scheduler_rulebook{")]
    labels: list[dict[str, Any]] = [
        dict(label.split("=") for label in line[line.index("{") + 1 : line.index("}")].split(","))
        for line in lines
    ]
    return {(label["which"].strip('"'), label["version"].strip('"')) for label in labels}


async def test_a_restart_with_another_rulebook_changes_nothing_and_replan_changes_everybody(
    deployment: Deployment, tmp_path: Path
) -> None:
    """contract 4.6: two instances with different files run by the one in force, before a replan and after it."""
    later = tmp_path / "later.toml"
    later.write_text(LATER)
    first = await started(deployment)
    await fall_sick(deployment, ANNE)
    assert await versions(deployment) == {"2026-12": 1}
    assert not first.has_logged("rulebook.differs")

    # The update rolls: the new instance and the old one take in notes beside each other.
    second = await started(deployment, RULEBOOK=str(later))
    assert second.has_logged("rulebook.in_force", rulebook="standard 2026-12")
    assert second.has_logged("rulebook.differs")
    assert await rulebooks_measured(second) == {("in_force", "2026-12"), ("wanted", "2027-01")}
    await fall_sick(deployment, BJORN, 151)
    await fall_sick(deployment, ANNE, 152)
    assert await versions(deployment) == {"2026-12": 2}

    replan = await deployment.start(
        "scheduler",
        program=("-c", "from services.cli.main import main; main()", "replan"),
        RULEBOOK=str(later),
    )
    assert await replan.exit_code() == 0, replan.text
    assert await versions(deployment) == {"2027-01": 2}
    await fall_sick(deployment, CECILIE, 153)
    await fall_sick(deployment, ANNE, 154)
    assert await versions(deployment) == {"2027-01": 3}

    # The instance that was never restarted says by itself that it no longer runs by its own file.
    async def have_said() -> bool:
        return [await rulebooks_measured(process) for process in (first, second)] == [
            {("in_force", "2027-01"), ("wanted", wanted)} for wanted in ("2026-12", "2027-01")
        ]

    await eventually(have_said, what="the metrics of both instances")
    assert first.has_logged("rulebook.differs")
    for process in (first, second):
        process.send_sigterm()
        assert await process.exit_code() == 0


async def test_a_rulebook_that_the_running_version_cannot_read_ends_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    """contract 4.6: a sentence and exit code 2, while it runs and at its start, and no timer is touched."""
    process = await started(deployment)
    await fall_sick(deployment, ANNE)
    timers = "select string_agg(draft, '' order by checkpoint, step) from scheduler.timers"
    before = await deployment.sql(timers)
    newer = STANDARD.replace("day = 105", "moon = 4").replace("2026-12", "2030-01")
    await deployment.sql("update scheduler.rulebooks set in_force_until = in_force_since")
    await deployment.sql(
        "insert into scheduler.rulebooks (name, version, content_hash, content, in_force_since)"
        " values ('standard', '2030-01', 'of a newer version', $1, now())",
        newer,
    )
    await deployment.publish([note(at(0), MONDAY, 151, person=ANNE, note_id=ANNE)])
    assert await process.exit_code() == 2
    again = await deployment.start("scheduler")
    assert await again.exit_code() == 2
    for refused in (process, again):
        sentence = "RULEBOOK: standard 2030-01 is in force, and this version of the scheduler cannot use it: "
        assert sentence in refused.text
        (line,) = [ln for ln in refused.lines() if ln["event"] == "service.refused"]
        assert line["reason"].startswith(sentence)
    assert await deployment.sql(timers) == before
