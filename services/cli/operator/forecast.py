"""`stoppunkt forecast`: how many timers fall due per day, checkpoint and office (contract 11)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import JsonObject

if TYPE_CHECKING:
    from services.scheduler.operating import Forecast

commands = typer.Typer()

DAYS_MAX = 3660


@commands.command()
def forecast(
    days: Annotated[
        int, typer.Option(min=1, max=DAYS_MAX, help="Today and the days after it.")
    ] = 14,
    as_json: JsonObject = False,
) -> None:
    """How many timers fall due per day (in Oslo), checkpoint and office, as everything stands now.

    Only what pends is counted: a step whose day no sick note reaches yet is not, nor what new facts will bring.
    What waits for the end of a suspension is shown once more by itself, however far ahead its day is.

    Example: stoppunkt forecast --days 30 --json
    """
    from services.cli.access.environment import scheduler_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line
    from services.scheduler.operating import forecast as count

    counts = run_or_refuse(count(scheduler_settings(), days))
    if as_json:
        typer.echo(json_line(_as_data(counts)))
        return
    if counts.overdue:
        complain(
            f"{counts.overdue} were due before {counts.first} and have not fired: see `status`."
        )
    _print(counts)


def _as_data(counts: Forecast) -> dict[str, Any]:
    rows = [
        asdict(day) | {"due_on": day.due_on.isoformat(), "office": day.office or None}
        for day in counts.days
    ]
    heaps = [
        asdict(heap)
        | {
            "due_on": heap.due_on.isoformat(),
            "suspended_until": heap.suspended_until.isoformat(),
            "office": heap.office or None,
        }
        for heap in counts.heaps
    ]
    head = {"first": counts.first.isoformat(), "overdue": counts.overdue}
    return head | {"days": rows, "heaps": heaps}


def _print(counts: Forecast) -> None:
    from services.cli.output.table import print_table

    if counts.days:
        print_table(
            ("due", "checkpoint", "office", "timers", "of these suspended before"),
            [
                (f"{d.due_on:%a %Y-%m-%d}", d.checkpoint, d.office, d.timers, d.suspended)
                for d in counts.days
            ],
        )
    else:
        typer.echo("Nothing falls due.")
    if counts.heaps:
        typer.echo("\nHeaped up until the day after a suspension:")
        print_table(
            ("due", "suspended until", "checkpoint", "office", "timers"),
            [
                (
                    *(f"{day:%a %Y-%m-%d}" for day in (heap.due_on, heap.suspended_until)),
                    *(heap.checkpoint, heap.office, heap.timers),
                )
                for heap in counts.heaps
            ],
        )
