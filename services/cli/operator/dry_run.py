"""`stoppunkt dry-run`: what would go out, and nothing goes out (contract 6.9)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain
from services.cli.options import INSTANT_FORM, JsonObject
from services.cli.output.instants import in_oslo, instant

if TYPE_CHECKING:
    from services.notifier.sending.rehearsal import Rehearsed

commands = typer.Typer()

LOOKED_AT_MAX = 1000
TITLES = ("channel", "role", "checkpoint", "step", "would", "why", "deliveries", "until")


@commands.command("dry-run")
def dry_run(
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            metavar="INSTANT",
            parser=instant,
            help=f"As if it were that instant, and nothing had happened until then. {INSTANT_FORM}",
            show_default=False,
        ),
    ] = None,
    without_brakes: Annotated[
        bool, typer.Option("--without-brakes", help="As if every paused channel were resumed.")
    ] = False,
    as_json: JsonObject = False,
) -> None:
    """Judges what is ready as the notifier would, up to the sending, and undoes it: nothing is sent or changed.

    Counted by channel, recipient role, checkpoint and step, with what would become of them. To see what a new
    rulebook or new texts would send: `pause` the channels, let the services run, `dry-run --without-brakes`, `resume`.
    Of what is ready the oldest 1000 are looked at; while it looks, running notifiers pass these by.

    Example: stoppunkt dry-run --without-brakes --at 2026-03-02T09:00:00+01:00
    """
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line
    from services.cli.output.table import print_table
    from services.notifier.operating import rehearse

    as_of, rehearsed = run_or_refuse(
        rehearse(notifier_settings(), at, limit=LOOKED_AT_MAX, without_brakes=without_brakes)
    )
    rows = _rows(rehearsed)
    if as_json:
        head = {"as_of": in_oslo(as_of), "looked_at": len(rehearsed), "nothing_sent": True}
        typer.echo(json_line(head | {"deliveries": rows}))
    elif rows:
        print_table(TITLES, [[row[title] for title in TITLES] for row in rows])
    else:
        typer.echo("Nothing is ready.")
    if len(rehearsed) == LOOKED_AT_MAX:
        complain(f"More may be ready: the oldest {LOOKED_AT_MAX} were looked at.")
    complain("Nothing was sent and nothing was changed.")


def _rows(rehearsed: list[Rehearsed]) -> list[dict[str, Any]]:
    """A row for each combination of channel to reason; `until` is the earliest of those that would wait."""
    counts: Counter[tuple[str, ...]] = Counter()
    until: dict[tuple[str, ...], datetime] = {}
    for delivery in rehearsed:
        key = (
            delivery.channel,
            delivery.role,
            delivery.checkpoint,
            delivery.step,
            delivery.would,
            delivery.why or "",
        )
        counts[key] += 1
        if delivery.until is not None:
            until[key] = min(delivery.until, until.get(key, delivery.until))
    return [
        dict(zip(TITLES, (*key[:5], key[5] or None, counts[key]), strict=False))
        | {"until": in_oslo(until[key]) if key in until else None}
        for key in sorted(counts)
    ]
