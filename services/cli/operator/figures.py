"""`stoppunkt figures`: meeting 2 in time, per office and month (contract 9, 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import WRONG_USE, complain, refuse
from services.cli.options import NO_OFFICE, JsonList

if TYPE_CHECKING:
    from services.scheduler.domain.people.figures import Month
    from services.scheduler.operating import OfficeFigures

commands = typer.Typer()


@commands.command()
def figures(
    month: Annotated[
        str | None, typer.Option(metavar="MONTH", help="Such as 2026-05; without it, every month.")
    ] = None,
    office: Annotated[
        str | None,
        typer.Option(help="One office; `none` stands for the people of whom none is known."),
    ] = None,
    as_json: JsonList = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV (RFC 4180) with a line of names.")
    ] = False,
    separator: Annotated[
        str,
        typer.Option(
            help="Between the values of the CSV; a Norwegian spreadsheet opens one with ;"
        ),
    ] = ",",
) -> None:
    """Of those eligible for meeting 2 how many had it by day 182, who was exempted, and the year before.

    Only whole numbers: of the open months what is counted so far, of closed ones what was known on the 5th of the next.

    Example: stoppunkt figures --month 2026-05 --csv --separator ";"
    """
    if as_json and as_csv:
        refuse("Either --json or --csv.", WRONG_USE)
    if separator not in {",", ";", "\t"}:
        refuse("--separator is a comma, a semicolon or a tab.", WRONG_USE)
    from services.cli.access.environment import scheduler_settings
    from services.cli.access.failures import run_or_refuse
    from services.scheduler.operating import figures as read

    asked = _month(month)
    rows = run_or_refuse(read(scheduler_settings(), asked, "" if office == NO_OFFICE else office))
    if as_json:
        from services.cli.output.jsonl import json_line

        typer.echo(json_line([_form(row) for row in rows]))
    elif as_csv:
        typer.echo(_csv(rows, separator), nl=False)
    elif rows:
        _print(rows)
    else:
        typer.echo("Nothing has been counted.")


def _month(given: str | None) -> Month | None:
    from datetime import date

    from services.scheduler.domain.people.figures import Month

    if given is None:
        return None
    try:
        month = Month(date.fromisoformat(f"{given}-01"))
    except ValueError:
        refuse("--month is a month such as 2026-05.", WRONG_USE)
    if str(month) != given:
        refuse("--month is a month such as 2026-05.", WRONG_USE)
    return month


def _counts(row: OfficeFigures, *, of_year_before: bool = False) -> dict[str, int | None]:
    """The numbers in the order of JSON and CSV, whose names are a contract that others script."""
    from services.scheduler.domain.people.figures import (
        EXEMPTED,
        HELD_IN_TIME,
        MEETINGS_HELD,
        NEITHER,
        eligible,
        percent_in_time,
    )

    counts = row.year_before if of_year_before else row.counts
    if counts is None:
        return {}
    return {
        "eligible": eligible(counts),
        HELD_IN_TIME: counts[HELD_IN_TIME],
        "percent_in_time": percent_in_time(counts),
        "exempted": sum(counts[code] for code in EXEMPTED.values()),
        **{code: counts[code] for code in EXEMPTED.values()},
        NEITHER: counts[NEITHER],
        MEETINGS_HELD: counts[MEETINGS_HELD],
    }


def _form(row: OfficeFigures) -> dict[str, Any]:
    from services.cli.output.instants import in_oslo

    return {
        "month": str(row.counted.month),
        "closed": row.counted.closed_at is not None,
        "as_of": in_oslo(row.counted.as_of),
        "office": row.office or None,
        **_counts(row),
        "year_before": _counts(row, of_year_before=True) or None,
    }


def _csv(rows: list[OfficeFigures], separator: str) -> str:
    import csv
    import io

    from services.scheduler.domain.people.figures import OUTCOMES

    names = ["eligible", OUTCOMES[0], "percent_in_time", "exempted", *OUTCOMES[1:]]
    text = io.StringIO()
    writer = csv.DictWriter(
        text,
        ["month", "closed", "office", *names, *(f"year_before_{name}" for name in names)],
        restval="",
        delimiter=separator,
        lineterminator="\r\n",
    )
    writer.writeheader()
    for row in rows:
        before = _counts(row, of_year_before=True)
        writer.writerow(
            {
                "month": str(row.counted.month),
                "closed": "yes" if row.counted.closed_at else "no",
                "office": row.office or NO_OFFICE,
                **_counts(row),
                **{f"year_before_{name}": number for name, number in before.items()},
            }
        )
    return text.getvalue()


LETTERS = {
    "exempted_medical": ("M", "medical"),
    "exempted_hospitalised": ("H", "hospitalised"),
    "exempted_recovery_expected_within_28_weeks": ("R", "recovery expected within 28 weeks"),
    "exempted_ongoing_measure": ("A", "ongoing measure"),
    "exempted_other": ("O", "other"),
}
"""What fits into a terminal of 80 columns."""


def _print(rows: list[OfficeFigures]) -> None:
    from services.cli.output.table import print_table

    print_table(
        ("month", "office", "eligible", "in time", "%", "before", "exempted", "neither", "held"),
        [_cells(row) for row in rows],
    )
    complain(
        "Exempted: " + ", ".join(f"{letter} {words}" for letter, words in LETTERS.values()) + "."
    )
    complain("before: the share in % of the year before. held: meetings 2 held in the month.")
    if any(row.counted.closed_at is None for row in rows):
        complain("*: still open, counted so far.")


def _cells(row: OfficeFigures) -> tuple[object, ...]:
    counts, before = _counts(row), _counts(row, of_year_before=True)
    reasons = (f"{letter}{counts[code]}" for code, (letter, _) in LETTERS.items() if counts[code])
    return (
        f"{row.counted.month}{'' if row.counted.closed_at else '*'}",
        row.office or NO_OFFICE,
        counts["eligible"],
        counts["held_in_time"],
        counts["percent_in_time"],
        before.get("percent_in_time"),
        " ".join(reasons),
        counts["neither"],
        counts["meetings_held"],
    )
