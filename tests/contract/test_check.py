"""`stoppunkt check`: one verdict for each record, and exit code 1 where one is dead (contract 11)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from services.cli.commands.check import check
from tests.contract.records import publishers_slips
from tests.contract.records.nav_examples import BAD, FOLDER, GOOD, SCENARIOS, members_of

app = typer.Typer()
app.command()(check)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def file_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


def test_every_valid_record_passes_and_the_exit_code_says_so() -> None:
    result = run(*(file_of(name) for name in GOOD), *SCENARIOS, "--json")
    assert result.exit_code == 0
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert {verdict["verdict"] for verdict in verdicts} == {"accepted", "ignored"}
    assert len(verdicts) > len(GOOD) + len(SCENARIOS)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_dead_and_ends_with_1(name: str) -> None:
    result = run(file_of(name), "--json")
    assert result.exit_code == 1
    verdict = json.loads(result.stdout)
    assert set(verdict) == {"file", "line", "verdict", "type", "reason"}
    assert verdict["verdict"] == "dead"
    assert verdict["type"] == "no.stoppunkt.sick_note.registered.v1"
    assert members_of(name)["key"] not in result.stdout


def test_a_verdict_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "two.ndjson"
    good, bad = members_of("sendt_01_full_100"), members_of("bad_07_fnr_ugyldig")
    path.write_text(json.dumps(good) + "\n\n" + json.dumps(bad) + "\n", encoding="utf-8")
    result = run(path, "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first == {
        "file": str(path),
        "line": 1,
        "verdict": "accepted",
        "type": "no.stoppunkt.sick_note.registered.v1",
        "reason": None,
    }
    assert (second["line"], second["verdict"]) == (3, "dead")
    assert result.exit_code == 1


def test_without_json_a_verdict_is_a_line_to_read() -> None:
    result = run(file_of("bad_07_fnr_ugyldig"))
    assert result.stdout == (
        f"{file_of('bad_07_fnr_ugyldig')}:1: dead · no.stoppunkt.sick_note.registered.v1"
        " · kafkaMetadata.fnr is not a person's number of 11 digits.\n"
    )


def test_a_logical_value_outside_its_avro_schema_is_dead(tmp_path: Path) -> None:
    members = members_of("personhendelse_01_doedsfall")
    members["value"]["opprettet"] = "i går"
    path = tmp_path / "one.json"
    path.write_text(json.dumps(members), encoding="utf-8")
    result = run(path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reason"] == "opprettet does not fit the topic's Avro schema."


def _record(**changes: object) -> dict[str, object]:
    headers = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "urn:example:x"}
    exemption = {
        "person_id": "14838511253",
        "occurred_at": "2026-01-27T09:00:00+01:00",
        "checkpoint": "dialogue_meeting_2",
        "reason": "medical",
        "granted_by": "adviser",
    }
    return {
        "topic": "stoppunkt.follow-up.v1",
        "key": "p1",
        "headers": headers | {"ce_type": "no.stoppunkt.exemption.granted.v1"},
        "value": exemption | changes,
    }


def test_a_line_that_is_no_record_does_not_end_the_run(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    lines = [
        json.dumps(_record()),
        "no JSON",
        json.dumps(_record() | {"headers": {"ce_id": 1}}),
        "[]",
        json.dumps(_record()),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    result = run(path, "--json")
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert [verdict["verdict"] for verdict in verdicts] == [
        *("accepted", "dead", "dead", "dead", "accepted")
    ]
    assert verdicts[2]["reason"] == "a header's value is not text."
    assert result.exit_code == 1


def test_what_is_understood_and_surely_meant_otherwise_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "doubts.ndjson"
    lines = [
        _record(),
        _record(checkpoint="dialogue_meeting2"),
        _record() | {"key": "14838511253"},
        _record() | {"topic": "stoppunkt.follow-up.v2"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = run(path, "--json")
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    assert [verdict["verdict"] for verdict in verdicts] == [*["accepted"] * 3, "ignored"]
    right, checkpoint, key, topic = (verdict["reason"] for verdict in verdicts)
    assert right is None
    assert "no shipped rulebook has this checkpoint" in checkpoint
    assert "the key is a national number" in key
    assert "Warning: stoppunkt.follow-up.v1 is read" in topic
    assert (result.exit_code, "14838511253" in result.stdout) == (0, False)


def test_every_slip_of_a_publisher_gets_a_sentence_that_helps(tmp_path: Path) -> None:
    path = tmp_path / "slips.ndjson"
    path.write_text("\n".join(publishers_slips.lines()), encoding="utf-8")
    result = run(path, "--json")
    verdicts = [json.loads(line) for line in result.stdout.splitlines()]
    for slip, verdict in zip(publishers_slips.SLIPS, verdicts, strict=True):
        assert (slip.name, verdict["verdict"]) == (slip.name, slip.verdict), verdict["reason"]
        if slip.says is None:
            assert verdict["reason"] is None, slip.name
        else:
            assert slip.says in verdict["reason"], slip.name
    for value in (publishers_slips.PERSON, "Bad back", "90000007", "310201307", "02.02"):
        assert value not in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_records_has_no_verdicts(tmp_path: Path, content: str) -> None:
    path = tmp_path / "empty"
    path.write_text(content, encoding="utf-8")
    result = run(path, "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_file_that_holds_no_records_is_wrong_use(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all,\n", encoding="utf-8")
    result = run(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 1" in result.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert run(tmp_path / "none").exit_code == 2
    assert run().exit_code == 2


def test_help_shows_an_example() -> None:
    assert "Example" in run("--help").stdout
