"""`stoppunkt replan`: a new rulebook for everybody, tried first and then applied (contract 11)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import JsonObject

if TYPE_CHECKING:
    from services.scheduler.domain.rulebook.model import Rulebook
    from services.scheduler.jobs.replan_everybody import ReplanCounts
    from services.scheduler.operating import RulebookStatus
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
    """Puts RULEBOOK in force and brings everybody's timers under it, counting what changes by checkpoint and office.

    Running schedulers plan by it from their next transaction on. People follow in batches, beside them; a replan that
    was stopped goes on where it was when it is started again. Nothing else puts another rulebook in force. One whose
    name and version were in force with another content is refused, with exit code 2.

    Example: RULEBOOK=our-rulebook.toml stoppunkt replan --dry-run
    """
    from services.cli.access.environment import scheduler_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.rulebooks import rulebook_of

    settings = scheduler_settings()
    rulebook = rulebook_of(settings.rulebook)
    before, changes = run_or_refuse(_replan(settings, rulebook, dry_run=dry_run))
    if as_json:
        _print_json(changes, before, rulebook, dry_run=dry_run)
    else:
        _print_table(changes)
    people = "person" if changes.people == 1 else "people"
    if dry_run:
        complain(f"{changes.people} {people} looked at, nothing changed.")
    else:
        complain(f"{changes.people} {people} replanned. {rulebook.title} is in force.")


async def _replan(
    settings: SchedulerSettings, rulebook: Rulebook, *, dry_run: bool
) -> tuple[RulebookStatus | None, ReplanCounts]:
    from services.scheduler.jobs.replan_everybody import ReplanCounts
    from services.scheduler.operating import replan_all, rulebook_in_force

    before = await rulebook_in_force(settings)
    title = before.title if before is not None else "No rulebook"
    complain(f"{title} is in force. RULEBOOK names {rulebook.title}.")
    complain(f"Replanning everybody under it{', changing nothing' if dry_run else ''} …")
    changes = ReplanCounts()
    printed_at = time.monotonic()
    async for changes in replan_all(settings, rulebook, dry_run=dry_run):
        if time.monotonic() - printed_at > PROGRESS_SECONDS:
            printed_at = time.monotonic()
            complain(f"… {changes.people} people")
    return before, changes


def _rows(changes: ReplanCounts) -> list[dict[str, Any]]:
    return [
        {"checkpoint": place.checkpoint, "office": place.office or None}
        | {kind: getattr(changes, kind)[place] for kind in KINDS}
        for place in changes.places()
    ]


def _print_json(
    changes: ReplanCounts, before: RulebookStatus | None, rulebook: Rulebook, *, dry_run: bool
) -> None:
    from services.cli.output.jsonl import json_line

    head = {
        "rulebook": rulebook.title,
        "in_force_before": before.title if before is not None else None,
        "dry_run": dry_run,
        "people": changes.people,
    }
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
