"""`figures` at a terminal: a table of 80 columns, JSON and CSV with names that stay (contract 9, 11)."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from services.runtime.postgres import transaction
from services.scheduler.domain.people.figures import CountedMonth, Month
from services.scheduler.store.figures import FigureTables
from tests.support.both_services import Terminal, terminal_on
from tests.support.scheduler_bench import scheduler_on

MAY, LAST_MAY = Month(date(2026, 5, 1)), Month(date(2025, 5, 1))
JUNE = Month(date(2026, 6, 1))
AS_OF = datetime(2026, 6, 4, 22, 5, tzinfo=UTC)
COUNTS = Counter(held_in_time=25, exempted_medical=7, exempted_other=2, neither=8, meetings_held=31)
NAMES = [
    *("eligible", "held_in_time", "percent_in_time", "exempted", "exempted_medical"),
    *("exempted_hospitalised", "exempted_recovery_expected_within_28_weeks"),
    *("exempted_ongoing_measure", "exempted_other", "neither", "meetings_held"),
]


async def counted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """May of two years closed and June open; nothing is known of the people without an office in 2025."""
    async with scheduler_on(database_url, start=AS_OF) as bench:
        for month, closed_at, figures in (
            (LAST_MAY, AS_OF, {"0219": Counter(held_in_time=1, neither=1)}),
            (MAY, AS_OF, {"0219": COUNTS, "": Counter(meetings_held=1)}),
            (JUNE, None, {"0219": Counter(neither=3)}),
        ):
            async with transaction(bench.pool) as connection:
                counted_month = CountedMonth(month, AS_OF, closed_at)
                assert await FigureTables(connection).save(counted_month, figures)
    return terminal_on(monkeypatch, database_url)


async def test_figures_are_shown_as_a_table_of_80_columns(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await counted(database_url, monkeypatch)
    monkeypatch.setenv("COLUMNS", "80")
    shown = await terminal.run("figures")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert max(len(line) for line in shown.stdout.splitlines()) <= 80
    assert ["2025-05", "0219", "2", "1", "50", "-", "-", "1", "0"] in lines
    assert ["2026-05", "none", "0", "0", "-", "-", "-", "0", "1"] in lines
    assert ["2026-05", "0219", "42", "25", "60", "50", "M7", "O2", "8", "31"] in lines
    assert ["2026-06*", "0219", "3", "0", "0", "-", "-", "3", "0"] in lines
    assert "still open" in shown.stderr


async def test_figures_as_json_name_the_year_before(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await counted(database_url, monkeypatch)
    run = await terminal.run("figures", "--month", "2026-05", "--json")
    none, office = json.loads(run.stdout)
    assert none["office"] is None
    assert none["year_before"]["eligible"] == 0
    assert list(office) == ["month", "closed", "as_of", "office", *NAMES, "year_before"]
    assert (office["month"], office["closed"], office["office"]) == ("2026-05", True, "0219")
    assert office["as_of"] == "2026-06-05T00:05:00+02:00"
    assert [office[name] for name in NAMES] == [42, 25, 60, 9, 7, 0, 0, 0, 2, 8, 31]
    assert office["year_before"]["percent_in_time"] == 50


async def test_figures_as_csv_have_names_that_stay(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await counted(database_url, monkeypatch)
    run = await terminal.run("figures", "--office", "0219", "--csv", "--separator", ";")
    plain = await terminal.run("figures", "--office", "none", "--csv")
    rows = list(csv.DictReader(io.StringIO(run.stdout), delimiter=";"))
    assert list(rows[0]) == ["month", "closed", "office", *NAMES] + [
        f"year_before_{name}" for name in NAMES
    ]
    assert [row["month"] for row in rows] == ["2025-05", "2026-05", "2026-06"]
    assert [row["closed"] for row in rows] == ["yes", "yes", "no"]
    assert rows[0]["year_before_eligible"] == ""
    assert (rows[1]["eligible"], rows[1]["year_before_eligible"]) == ("42", "2")
    assert plain.stdout_bytes.endswith(b"\r\n")
    assert [row["office"] for row in csv.DictReader(io.StringIO(plain.stdout))] == ["none"]


@pytest.mark.parametrize(
    "wrong",
    [["--month", "2026-13"], ["--month", "202605"], ["--json", "--csv"], ["--separator", "x"]],
)
async def test_figures_asked_for_wrongly_are_wrong_use(
    database_url: str, monkeypatch: pytest.MonkeyPatch, wrong: list[str]
) -> None:
    assert (await terminal_on(monkeypatch, database_url).run("figures", *wrong)).exit_code == 2
