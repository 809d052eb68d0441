"""`stoppunkt forecast`: how many timers fall due per day, checkpoint and office or portfolio (contract 11)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import QUEUE, JsonObject

if TYPE_CHECKING:
    from services.scheduler.operating import Forecast

commands = typer.Typer()

DAYS_MAX = 3660


@commands.command()
def forecast(
    days: Annotated[
        int, typer.Option(min=1, max=DAYS_MAX, help="Today and the days after it.")
    ] = 14,
    by_adviser: Annotated[
        bool, typer.Option("--by-adviser", help="By portfolio: the adviser's beside the office.")
    ] = False,
    as_json: JsonObject = False,
) -> None:
    """How many timers fall due per day (in Oslo), checkpoint and office, as everything stands now.

    Only what pends is counted: a step whose day no sick note reaches yet is not, nor what new facts will bring.
    What waits for the end of a suspension is shown once more by itself, however far ahead its day is.
    With --by-adviser both services are asked. People whom several advisers could hold are shared out as the notifier
    shares tasks out; those whom none holds are in the office's queue.

    Example: stoppunkt forecast --days 30 --by-adviser --json
    """
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line

    counts, rows = run_or_refuse(_ask(days, by_adviser=by_adviser))
    if as_json:
        typer.echo(json_line(_as_data(counts, rows)))
        return
    if counts.overdue:
        complain(
            f"{counts.overdue} were due before {counts.first} and have not fired: see `status`."
        )
    _print(counts, rows, by_adviser=by_adviser)


async def _ask(days: int, *, by_adviser: bool) -> tuple[Forecast, list[dict[str, Any]]]:
    """The forecast, and a row for each day, checkpoint and office or portfolio."""
    from services.cli.access.environment import scheduler_settings
    from services.scheduler.operating import forecast as count

    counts = await count(scheduler_settings(), days)
    if by_adviser:
        return counts, await _rows_by_adviser(days)
    return counts, [asdict(day) | {"office": day.office or None} for day in counts.days]


async def _rows_by_adviser(days: int) -> list[dict[str, Any]]:
    from services.cli.access.portfolios import coming

    timers: Counter[tuple[date, str, str, str]] = Counter()
    suspended: Counter[tuple[date, str, str, str]] = Counter()
    for one in await coming(days, tasks_only=False):
        desk = (one.desk.office or "", one.desk.adviser_id or "")
        key = (one.timer.due_on, one.timer.checkpoint, *desk)
        timers[key] += 1
        suspended[key] += one.timer.suspended
    return [
        {
            "due_on": due_on,
            "checkpoint": checkpoint,
            "office": office or None,
            "adviser_id": adviser_id or None,
            "timers": count,
            "suspended": suspended[due_on, checkpoint, office, adviser_id],
        }
        for (due_on, checkpoint, office, adviser_id), count in sorted(timers.items())
    ]


def _as_data(counts: Forecast, rows: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [row | {"due_on": row["due_on"].isoformat()} for row in rows]
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


def _print(counts: Forecast, rows: list[dict[str, Any]], *, by_adviser: bool) -> None:
    from services.cli.output.table import print_table

    if rows:
        whose = ("adviser",) if by_adviser else ()
        print_table(
            ("due", "checkpoint", "office", *whose, "timers", "of these suspended before"),
            [
                (
                    *(f"{row['due_on']:%a %Y-%m-%d}", row["checkpoint"], row["office"]),
                    *((row["adviser_id"] or QUEUE,) if by_adviser else ()),
                    *(row["timers"], row["suspended"]),
                )
                for row in rows
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
