"""`stoppunkt replay`: the file's records through real parts, and every record that left, read back (contract 11)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.cli.record_files.read import read_records
from tests.support.cli_records import ANNE, BJORN, Scenario

STOPPUNKT = [sys.executable, "-c", "from services.cli.main import main; main()"]
Run = subprocess.CompletedProcess[str]


def replay(file: Path, *options: str) -> Run:
    command = [*STOPPUNKT, "replay", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def left_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One leave on Kafe with a plan shared late, one record that is dead, and one that nobody reads."""
    scenario = Scenario().contact("2026-01-02T08:00:00Z", ANNE)
    scenario.manager("2026-01-02T08:00:00Z", ANNE)
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-08")
    scenario.dead("2026-01-06T09:00:00.250000Z", BJORN)
    shared = {"org_number": "310200107", "shared_with": "office", "shared_on": "2026-01-30"}
    scenario.fact("2026-01-30T12:00:00Z", ANNE, "follow_up_plan.shared", **shared)
    scenario.records.append(
        {"at": "2026-01-31T12:00:00Z", "topic": "others", "key": "k", "value": 1}
    )
    return scenario.file(tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="module")
def run(file: Path) -> Run:
    return replay(file, "--json")


def test_every_record_that_left_is_printed_in_the_form_that_is_read(
    run: Run, tmp_path: Path
) -> None:
    left = left_of(run)
    (tmp_path / "left").write_text(run.stdout)

    assert [(record["topic"], record["at"]) for record in left] == [
        ("stoppunkt.sick-notes.v1.dead", "2026-01-06T09:00:00.250000Z"),
        ("stoppunkt.deadlines.v1", "2026-01-26T08:00:00Z"),
        ("stoppunkt.email.v1", "2026-01-26T08:00:00Z"),
        ("stoppunkt.sms.v1", "2026-01-26T08:00:00Z"),
        ("stoppunkt.deadlines.v1", "2026-01-30T08:00:00Z"),
        ("stoppunkt.email.v1", "2026-01-30T08:00:00Z"),
        ("stoppunkt.sms.v1", "2026-01-30T08:00:00Z"),
        # The plan is shared: both due events are withdrawn, and what could still be taken back is.
        ("stoppunkt.deadlines.v1", "2026-01-30T12:00:00Z"),
        ("stoppunkt.deadlines.v1", "2026-01-30T12:00:00Z"),
        ("stoppunkt.email.v1", "2026-01-30T12:00:00Z"),
        ("stoppunkt.sms.v1", "2026-01-30T12:00:00Z"),
        ("stoppunkt.deadlines.v1", "2026-02-08T08:00:00Z"),
        ("stoppunkt.email.v1", "2026-02-09T08:00:00Z"),
        ("stoppunkt.sms.v1", "2026-02-09T08:00:00Z"),
        ("stoppunkt.deadlines.v1", "2026-02-23T23:00:00Z"),
    ]
    assert len(list(read_records(tmp_path / "left"))) == len(left)
    assert left == sorted(
        left, key=lambda e: (e["at"], e["topic"], e["key"], e["headers"]["ce_id"])
    )
    assert all(set(record) == {"at", "topic", "key", "headers", "value"} for record in left)


def test_a_dead_letter_leaves_is_printed_without_a_number_and_makes_the_exit_code_1(
    run: Run, file: Path
) -> None:
    assert run.returncode == 1
    assert f"{file}:4: dead · stoppunkt.sick-notes.v1 · " in run.stderr
    assert BJORN not in run.stderr
    assert ANNE not in run.stderr


def test_what_nobody_reads_is_left_out_and_counted(run: Run) -> None:
    assert "1 record is on a topic that nobody reads: left out." in run.stderr


def test_a_second_run_prints_the_very_same(run: Run, file: Path) -> None:
    assert replay(file, "--json").stdout == run.stdout


def test_as_a_story_it_names_no_person_and_says_what_left_and_why(file: Path) -> None:
    run = replay(file, "--until", "2026-02-01T00:00:00+01:00")

    story = " ".join(run.stdout.split())
    assert run.returncode == 1
    assert ANNE not in run.stdout
    assert "Monday 26 January 2026" in story
    assert "follow up plan · reminder, due Mon 26 Jan 2026 (day 22, week 4)" in story
    assert "withdrawn person 1: follow up plan · deadline, for all: done, plan shared" in story
    assert "February 2026 ─" not in story, "the run goes on after the instant"


def test_the_environment_changes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay in a shell that is set up for production must not send a thing."""
    monkeypatch.setenv("EMAIL_TRANSPORT", "smtp")
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_SENDER", "somebody@example.invalid")
    monkeypatch.setenv("TOPIC_PREFIX", "elsewhere.")

    topics = {record["topic"] for record in left_of(replay(file, "--json"))}

    assert "stoppunkt.email.v1" in topics


@pytest.mark.parametrize("options", [("--until", "tomorrow"), ("--step", "1"), ("--rulebook", "x")])
def test_wrong_use_ends_with_2_before_anything_starts(file: Path, options: tuple[str, ...]) -> None:
    done = replay(file, *options)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Starting" not in done.stderr


def test_a_file_without_records_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    done = replay(tmp_path / "empty", "--json")

    assert (done.returncode, done.stdout) == (0, "")
