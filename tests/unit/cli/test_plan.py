"""`stoppunkt plan`: pure, streaming where asked to, and its exit code says whether a record was dead (contract 11)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from services.cli.main import app
from services.cli.record_files.by_person import groups_of
from services.cli.record_files.read import read_records
from services.cli.record_files.refusal import refuse_unusable
from tests.support.cli_records import (
    ANNE,
    BJORN,
    CECILIE,
    FOLLOW_UP,
    JON_NEW,
    JON_OLD,
    Scenario,
    troubled,
    write,
)

AT = "2026-03-01T12:00:00+01:00"


def plan(file: Path, *options: str, at: str = AT) -> Result:
    return CliRunner().invoke(app, ["plan", str(file), "--at", at, *options])


def persons(file: Path, *options: str, at: str = AT) -> list[dict[str, Any]]:
    result = plan(file, "--json", *options, at=at)
    assert result.exit_code == 0, result.stderr
    return list(json.loads(result.stdout)["persons"])


def test_persons_come_by_id_and_cases_by_start(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.note("2026-02-20T09:00:00Z", CECILIE, "c", "2026-02-20", "2026-03-20")
    scenario.note("2026-02-01T09:00:00Z", ANNE, "late", "2026-02-01", "2026-02-20")
    scenario.note("2026-02-02T09:00:00Z", ANNE, "early", "2025-11-01", "2025-11-20")

    listed = persons(scenario.file(tmp_path))

    assert [person["person_id"] for person in listed] == [ANNE, CECILIE]
    assert [case["start"] for case in listed[0]["cases"]] == ["2025-11-01", "2026-02-01"]


def test_a_person_with_facts_and_no_case_has_an_empty_list(tmp_path: Path) -> None:
    scenario = Scenario().fact("2026-02-01T09:00:00Z", ANNE, "person.died", on="2026-01-31")

    assert persons(scenario.file(tmp_path)) == [{"person_id": ANNE, "cases": []}]


def test_a_person_known_by_contacts_alone_is_not_listed(tmp_path: Path) -> None:
    assert persons(Scenario().contact("2026-02-01T09:00:00Z", ANNE).file(tmp_path)) == []


def test_a_number_that_became_another_is_listed_by_the_new_one_alone(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-05T09:00:00Z", JON_OLD, "j", "2026-01-05", "2026-02-15")
    scenario.renumbered("2026-01-20T09:00:00Z", JON_OLD, JON_NEW)

    [person] = persons(scenario.file(tmp_path))

    assert (person["person_id"], len(person["cases"])) == (JON_NEW, 1)


def test_a_withdrawn_case_keeps_its_last_span_and_has_no_sick_days(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")
    scenario.gone("2026-01-12T09:00:00Z", "a")

    [case] = persons(scenario.file(tmp_path))[0]["cases"]

    assert (case["start"], case["end"], case["sick_days"]) == ("2026-01-05", "2026-02-15", 0)
    assert {timer["reason"] for timer in case["timers"]} <= {"case_withdrawn", "disabled"}


def test_of_two_versions_of_one_timestamp_the_later_in_the_file_stands(tmp_path: Path) -> None:
    """contract 2: the highest Kafka timestamp, then the offset, whatever arrives when."""
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-01-25")
    scenario.note(
        "2026-01-06T09:00:00Z",
        ANNE,
        "a",
        "2026-01-05",
        "2026-12-31",
        timestamp_ms=1_600_000_000_000,
    )

    [case] = persons(scenario.file(tmp_path))[0]["cases"]

    assert case["end"] == "2026-01-25"


def test_records_of_one_instant_are_folded_before_anything_fires(tmp_path: Path) -> None:
    """A plan shared at the very instant at which its reminder is due: the reminder does not fire."""
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")
    shared = {"org_number": "310200107", "shared_with": "office", "shared_on": "2026-01-26"}
    scenario.fact("2026-01-26T08:00:00Z", ANNE, "follow_up_plan.shared", **shared)

    reminder = persons(scenario.file(tmp_path))[0]["cases"][0]["timers"][0]

    assert (reminder["state"], reminder["reason"]) == ("done", "plan_shared")


def test_a_file_out_of_order_gives_the_same_plan(tmp_path: Path) -> None:
    records = troubled().records
    # Those of one instant are folded as they stand in the file, so their order is kept.
    turned = sorted(records, key=lambda record: str(record["at"]), reverse=True)
    there, back = write(tmp_path / "there", records), write(tmp_path / "back", turned)

    assert plan(there, "--json").stdout == plan(back, "--json").stdout


def by_person(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same records with each person's together."""
    notes = {"a1": ANNE, "b1": BJORN}

    def owner(record: dict[str, Any]) -> str:
        value = record["value"] or {"person_id": notes[record["key"]]}
        number = str(value.get("person_id") or value["new_person_id"])
        return JON_NEW if number == JON_OLD else number

    return sorted(records, key=owner)


def test_by_person_gives_every_person_the_same_plan(tmp_path: Path) -> None:
    records = by_person(troubled().records)
    file = write(tmp_path / "by_person", records)

    whole = persons(file, at="2026-06-01T12:00:00+02:00")
    streamed = persons(file, "--by-person", at="2026-06-01T12:00:00+02:00")

    assert len(whole) == 4
    assert sorted(streamed, key=lambda person: str(person["person_id"])) == whole


def test_by_person_holds_no_more_than_two_persons_at_a_time(tmp_path: Path) -> None:
    scenario = Scenario()
    for number in range(200):
        person = f"{number:03d}8{ANNE[4:]}"
        scenario.note("2026-01-05T09:00:00Z", person, f"n{number}", "2026-01-05", "2026-02-15")
    read = 0

    def counted() -> Any:
        nonlocal read
        for filed in read_records(file):
            read += 1
            yield filed

    file = scenario.file(tmp_path)
    for done, group in enumerate(groups_of(counted())):
        assert len(group) == 1
        assert read <= done + 3

    assert read == 200


def test_a_change_of_number_at_the_end_joins_the_two_that_stand_before_it(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-05T09:00:00Z", JON_OLD, "j1", "2026-01-05", "2026-01-25")
    scenario.note("2026-01-26T09:00:00Z", JON_NEW, "j2", "2026-01-26", "2026-02-15")
    scenario.renumbered("2026-01-27T09:00:00Z", JON_OLD, JON_NEW)
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-01-25")
    file = scenario.file(tmp_path)

    streamed = persons(file, "--by-person")

    assert sorted(streamed, key=lambda person: str(person["person_id"])) == persons(file)


def test_dead_records_are_printed_without_a_number_and_the_plan_goes_on(tmp_path: Path) -> None:
    """contract 11: 1, something is wrong with the data; the reason holds no personal data (contract 8)."""
    scenario = Scenario().dead("2026-01-05T08:00:00Z", ANNE)
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")

    result = plan(scenario.file(tmp_path), "--json")

    assert result.exit_code == 1
    assert "records.ndjson:1: dead · stoppunkt.sick-notes.v1 · " in result.stderr
    assert ANNE not in result.stderr
    [person] = json.loads(result.stdout)["persons"]
    assert len(person["cases"]) == 1


def test_records_beyond_a_persons_bound_are_printed_as_dead_and_not_planned(tmp_path: Path) -> None:
    """contract 2: a publisher in a loop. Each is named by its line, as every dead record is."""
    scenario = Scenario()
    for number in range(60):
        scenario.event(
            "2026-01-05T08:00:00Z",
            FOLLOW_UP,
            "k",
            "dialogue_meeting.summoned",
            {
                "person_id": ANNE,
                "occurred_at": "2026-01-05T08:00:00Z",
                "meeting": 2,
                "meeting_id": f"wild-{number}",
                "takes_place_on": "2026-05-20",
            },
        )
    scenario.note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")

    result = plan(scenario.file(tmp_path), "--json")

    assert result.exit_code == 1
    dead = [line for line in result.stderr.splitlines() if "dead · stoppunkt.follow-up.v1" in line]
    assert len(dead) == 10
    assert "records.ndjson:51: dead · " in dead[0]
    assert "50 different things of the type dialogue_meeting.summoned" in dead[0]
    [person] = json.loads(result.stdout)["persons"]
    subjects = {timer["subject"] for timer in person["cases"][0]["timers"] if timer["subject"]}
    assert len(subjects) == 50


def test_a_dead_record_that_has_not_arrived_yet_is_not_printed(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")

    assert plan(scenario.dead("2026-03-02T08:00:00Z", ANNE).file(tmp_path), "--json").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--at", "2026-03-01"),
        ("--at", "2026-03-01T12:00:00"),
        ("--at", "soon"),
        (),
        ("--at", AT, "--rulebook", "no-such-rulebook"),
        ("--at", AT, "--unknown"),
    ],
)
def test_wrong_use_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = Scenario().contact("2026-02-01T09:00:00Z", ANNE).file(tmp_path)

    result = CliRunner().invoke(app, ["plan", str(file), *arguments])

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_file_that_holds_no_records_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no record\n")

    assert plan(tmp_path / "text").exit_code == 2
    assert plan(tmp_path / "missing").exit_code == 2


def test_a_file_that_may_not_be_read_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, refuse_unusable(Path("records.ndjson")):
        raise PermissionError

    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "records.ndjson cannot be read.\n"


def test_a_rulebook_of_ones_own_is_planned_by(tmp_path: Path) -> None:
    """contract 4: a checkpoint that the code has never heard of works."""
    rulebook = tmp_path / "ours.toml"
    rulebook.write_text(
        'name = "ours"\nversion = "1"\ntime = "10:30"\n[[checkpoint]]\nname = "tea_and_talk"\n'
        'source = "practice: ours"\nto = ["line_manager"]\nstep = [{ name = "invite", day = 3 }]\n'
    )
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")

    [case] = persons(scenario.file(tmp_path), "--rulebook", str(rulebook))[0]["cases"]

    assert [(t["checkpoint"], t["due_at"], t["state"]) for t in case["timers"]] == [
        ("tea_and_talk", "2026-01-08T10:30:00+01:00", "fired")
    ]


def test_a_rulebook_that_is_wrong_ends_with_1_and_its_line(tmp_path: Path) -> None:
    rulebook = tmp_path / "ours.toml"
    rulebook.write_text('name = "ours"\nversion = "1"\ntime = "25:00"\n')
    scenario = Scenario().contact("2026-02-01T09:00:00Z", ANNE)

    result = plan(scenario.file(tmp_path), "--rulebook", str(rulebook))

    assert result.exit_code == 1
    assert f"{rulebook}:3: " in result.stderr


def test_the_readable_plan_shows_states_with_their_reasons(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-05T09:00:00Z", ANNE, "a", "2026-01-05", "2026-02-15")

    result = plan(scenario.file(tmp_path))

    assert result.exit_code == 0
    assert "Sick leave Mon 5 Jan 2026 to Sun 15 Feb 2026, 42 sick days" in result.stdout
    assert "fired: on_time" in result.stdout


def test_events_show_id_instant_and_lateness(tmp_path: Path) -> None:
    scenario = Scenario().note("2026-01-26T08:00:05Z", ANNE, "a", "2026-01-05", "2026-02-15")

    [event] = map(
        json.loads,
        plan(
            scenario.file(tmp_path), "--events", at="2026-01-27T09:00:00+01:00"
        ).stdout.splitlines(),
    )

    assert (event["checkpoint"], event["step"]) == ("follow_up_plan", "reminder")
    assert (event["fired_at"], event["late_seconds"]) == ("2026-01-26T09:00:05+01:00", 5)


@pytest.mark.parametrize("form", [("--json",), ()], ids=["json", "readable"])
def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path, form: tuple[str, ...]) -> None:
    """A broken pipe: nothing on stderr, and a code that a shell knows."""
    scenario = Scenario()
    for number in range(300):
        person = f"{number:03d}8{ANNE[4:]}"
        scenario.note("2026-01-05T09:00:00Z", person, f"n{number}", "2026-01-05", "2026-02-15")
    command = [sys.executable, "-c", "from services.cli.main import main; main()"]
    with subprocess.Popen(
        [*command, "plan", str(scenario.file(tmp_path)), "--at", AT, *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.read(20)
        process.stdout.close()
        said = process.stderr.read()

    assert (said, process.returncode) == (b"", 141)
