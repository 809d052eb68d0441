"""`stoppunkt forecast`: how many timers fall due per day, checkpoint and office (contract 11)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from services.cli.exits import complain
from services.cli.operator.parts import answer, scheduler_settings

DAYS_MAX = 3660


def forecast(
    days: Annotated[
        int, typer.Option(min=1, max=DAYS_MAX, help="Today and the days after it.")
    ] = 14,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """How many timers fall due per day (in Oslo), checkpoint and office, as everything stands now.

    Only what pends is counted: a step whose day no sick note reaches yet is not, nor what new facts will bring.

    Example: stoppunkt forecast --days 30 --json
    """
    from services.cli.operator.tables import print_table
    from services.cli.output.jsonl import json_line
    from services.scheduler.operating import forecast as count

    found = answer(count(scheduler_settings(), days))
    if as_json:
        rows = [
            asdict(each) | {"due_on": each.due_on.isoformat(), "office": each.office or None}
            for each in found.days
        ]
        told = {"first": found.first.isoformat(), "overdue": found.overdue, "days": rows}
        typer.echo(json_line(told))
        return
    if found.overdue:
        complain(f"{found.overdue} were due before {found.first} and have not fired: see `status`.")
    if not found.days:
        typer.echo("Nothing falls due.")
        return
    print_table(
        ("due", "checkpoint", "office", "timers"),
        [(f"{d.due_on:%a %Y-%m-%d}", d.checkpoint, d.office, d.timers) for d in found.days],
    )
