"""`stoppunkt replan`: a new rulebook for everybody, tried first and then applied (contract 11)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import JsonObject

if TYPE_CHECKING:
    from services.scheduler.jobs.replan_everybody import ReplanCounts
    from services.scheduler.settings import SchedulerSettings

commands = typer.Typer()

PROGRESS_SECONDS = 2.0
KINDS = ("added", "moved", "dropped", "withdrawn")


@commands.command()
def replan(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Says what would change, and changes nothing.")
    ] = False,
    as_json: JsonObject = False,
) -> None:
    """Brings everybody's timers under RULEBOOK: what is added, moved, dropped and withdrawn, by checkpoint and office.

    In batches, beside the running services; one that was stopped goes on where it was when it is started again. The
    scheduler must run with the same rulebook by then, or the next fact of a person brings the old timers back.

    Example: RULEBOOK=our-rulebook.toml stoppunkt replan --dry-run
    """
    from services.cli.access.environment import scheduler_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.rulebooks import rulebook_of

    settings = scheduler_settings()
    rulebook = rulebook_of(settings.rulebook)
    name = f"{rulebook.name} {rulebook.version}"
    complain(f"Under {name}{', changing nothing' if dry_run else ''} …")
    changes = run_or_refuse(_replan(settings, dry_run=dry_run))
    if as_json:
        _print_json(changes, name, dry_run=dry_run)
    else:
        _print_table(changes)
    people = "person" if changes.people == 1 else "people"
    if dry_run:
        complain(f"{changes.people} {people} looked at, nothing changed.")
    else:
        complain(
            f"{changes.people} {people} replanned. The scheduler must run with {name}, or the next fact of"
            " a person brings the old timers back."
        )


async def _replan(settings: SchedulerSettings, *, dry_run: bool) -> ReplanCounts:
    from services.scheduler.jobs.replan_everybody import ReplanCounts
    from services.scheduler.operating import replan_all

    changes = ReplanCounts()
    printed_at = time.monotonic()
    async for changes in replan_all(settings, dry_run=dry_run):
        if time.monotonic() - printed_at > PROGRESS_SECONDS:
            printed_at = time.monotonic()
            complain(f"… {changes.people} people")
    return changes


def _rows(changes: ReplanCounts) -> list[dict[str, Any]]:
    return [
        {"checkpoint": place.checkpoint, "office": place.office or None}
        | {kind: getattr(changes, kind)[place] for kind in KINDS}
        for place in changes.places()
    ]


def _print_json(changes: ReplanCounts, rulebook: str, *, dry_run: bool) -> None:
    from services.cli.output.jsonl import json_line

    head = {"rulebook": rulebook, "dry_run": dry_run, "people": changes.people}
    typer.echo(json_line(head | {"changes": _rows(changes)}))


def _print_table(changes: ReplanCounts) -> None:
    from services.cli.output.table import print_table

    rows = _rows(changes)
    if not rows:
        typer.echo("Nothing changes.")
        return
    total = {"checkpoint": "all", "office": None} | {
        kind: sum(getattr(changes, kind).values()) for kind in KINDS
    }
    print_table(
        ("checkpoint", "office", *KINDS),
        [[row[name] for name in ("checkpoint", "office", *KINDS)] for row in [*rows, total]],
    )
