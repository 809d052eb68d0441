"""`stoppunkt portfolio`: open tasks and those to come, per adviser (contract 11)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import NO_OFFICE, QUEUE, JsonObject

if TYPE_CHECKING:
    from services.notifier.domain.recipients import Desk
    from services.notifier.operating import Portfolio

commands = typer.Typer()

WEEKS_MAX = 26


@dataclass(frozen=True, slots=True)
class _Row:
    """A portfolio, and how many tasks will open there by the first day of each week."""

    portfolio: Portfolio
    coming: Counter[date]


@commands.command()
def portfolio(
    office: Annotated[
        str | None,
        typer.Option(help="One office; `none` stands for the tasks of which none is known."),
    ] = None,
    weeks: Annotated[
        int, typer.Option(min=1, max=WEEKS_MAX, help="This week and those after it.")
    ] = 4,
    as_json: JsonObject = False,
) -> None:
    """How many tasks are open on each adviser's desk and in each office's queue, and how many will open, by week.

    Of the open ones: overdue (their own date has passed) and due by Sunday. To come is what pends as everything stands
    now; where several advisers could hold a person, it is shared out as the notifier shares tasks out. The portfolio
    of an absent adviser lies: what stands there in the weeks to come will go to the office's queue.

    Example: stoppunkt portfolio --office 0219
    """
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line

    today, rows = run_or_refuse(_ask(weeks))
    mondays = [_monday(today) + timedelta(weeks=week) for week in range(weeks)]
    asked = None if office == NO_OFFICE else office
    shown = [row for row in rows if office is None or row.portfolio.desk.office == asked]
    if as_json:
        typer.echo(json_line(_as_data(today, mondays, shown)))
    elif shown:
        _print(mondays, shown)
    else:
        typer.echo("There is no such portfolio.")


async def _ask(weeks: int) -> tuple[date, list[_Row]]:
    from services.cli.access.environment import notifier_settings
    from services.cli.access.portfolios import coming
    from services.notifier.operating import Portfolio, portfolios
    from services.notifier.ports import TaskCounts

    today, known = await portfolios(notifier_settings())
    days_left = 7 * weeks - today.weekday()
    by_desk: dict[Desk, Counter[date]] = {}
    for one in await coming(days_left, tasks_only=True):
        by_desk.setdefault(one.desk, Counter())[_monday(one.timer.due_on)] += 1
    rows = [_Row(one, by_desk.pop(one.desk, Counter())) for one in known]
    # Queues without an open task, and advisers whom a step names and nobody has made known.
    rows += [
        _Row(Portfolio(desk, absent=False, tasks=TaskCounts()), counts)
        for desk, counts in by_desk.items()
    ]
    return today, sorted(rows, key=_order)


def _order(row: _Row) -> tuple[str, bool, str]:
    """By office and adviser, each office's queue last."""
    desk = row.portfolio.desk
    return desk.office or "", desk.adviser_id is None, desk.adviser_id or ""


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _as_data(today: date, mondays: list[date], rows: list[_Row]) -> dict[str, Any]:
    return {
        "as_of": today.isoformat(),
        "portfolios": [
            {
                "office": row.portfolio.desk.office,
                "adviser_id": row.portfolio.desk.adviser_id,
                "absent": row.portfolio.absent,
                "open": row.portfolio.tasks.open,
                "overdue": row.portfolio.tasks.overdue,
                "due_this_week": row.portfolio.tasks.due_this_week,
                "coming": [
                    {"week_from": monday.isoformat(), "tasks": row.coming[monday]}
                    for monday in mondays
                ],
            }
            for row in rows
        ],
    }


def _print(mondays: list[date], rows: list[_Row]) -> None:
    from services.cli.output.table import print_table

    weeks = [f"w{monday.isocalendar().week}" for monday in mondays]
    print_table(
        ("office", "adviser", "open", "overdue", "by Sunday", *weeks),
        [
            (
                row.portfolio.desk.office or NO_OFFICE,
                _whose(row.portfolio),
                row.portfolio.tasks.open,
                row.portfolio.tasks.overdue,
                row.portfolio.tasks.due_this_week,
                *(row.coming[monday] for monday in mondays),
            )
            for row in rows
        ],
    )
    complain(f"{weeks[0]}…: tasks that will open in that week, this week from today on.")
    if any(row.portfolio.absent for row in rows):
        complain("absent: what stands there in these weeks will go to the office's queue.")


def _whose(portfolio: Portfolio) -> str:
    adviser_id = portfolio.desk.adviser_id or QUEUE
    return f"{adviser_id} (absent)" if portfolio.absent else adviser_id
