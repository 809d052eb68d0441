"""An option takes the dates and instants that a record takes, and no others (contract 8, 11)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.cli.main import app
from services.cli.output.instants import date_option, instant

EIGHT = datetime(2026, 1, 20, 8, tzinfo=UTC)
COMMANDS = (
    ("plan", "FILE", "--at"),
    ("replay", "FILE", "--until"),
    ("explain", "14838511253", "--at"),
    ("dry-run", "--at"),
)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-20T08:00Z", "2026-01-20T08:00:00.000Z", "2026-01-20T10:00+02:00"),
        *("2026-01-20T10:00:00+0200", "2026-01-20T10:00:00+02", EIGHT),
    ],
)
def test_an_instant_may_have_its_zone_in_any_form(text: str | datetime) -> None:
    assert instant(text) == EIGHT


@pytest.mark.parametrize(
    ("text", "fault"),
    {
        "20260120": "is not an instant",
        "1768900000": "is not an instant",
        "20260120T080000Z": "is not an instant",
        "2026-W04-2T08:00:00Z": "is not an instant",
        "2026-020T08:00:00Z": "is not an instant",
        "2026-01-20": "is not an instant",
        "2026-01-20T08:00:00": "has no time zone",
        "2026-02-30T08:00:00Z": "is not a date in the calendar",
        "2151-01-01T08:00:00Z": "is not between the years",
        "2026-01-20T24:00:00Z": "has a time or a zone that no clock shows",
    }.items(),
)
def test_anything_else_is_wrong_use_with_a_true_sentence(
    text: str, fault: str, tmp_path: Path
) -> None:
    with pytest.raises(typer.BadParameter, match=fault):
        instant(text)
    file = tmp_path / "records.ndjson"
    file.write_text("", encoding="utf-8")
    for command in COMMANDS:
        arguments = [str(file) if argument == "FILE" else argument for argument in command]
        result = CliRunner().invoke(app, [*arguments, text])
        assert (result.exit_code, result.stdout) == (2, "")
        # In a frame, and broken into lines as wide as the terminal.
        assert " ".join(fault.split()[:3]) in " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize("text", ["20260427", "2026-4-7", "2026-W18-1", "2026-117", "2026-02-30"])
def test_a_date_is_taken_as_records_write_it(text: str) -> None:
    assert date_option("2026-04-27") == date(2026, 4, 27)
    with pytest.raises(typer.BadParameter, match="is not a date"):
        date_option(text)
    assert CliRunner().invoke(app, ["texts", "show", "--due-on", text]).exit_code == 2
