"""`stoppunkt replay FILE`: any scenario through the real services, the clock turned by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from services.cli.exits import WRONG_DATA
from services.cli.options import INSTANT_FORM, RecordFile, RulebookChoice
from services.cli.output.instants import instant, span

commands = typer.Typer()


@commands.command()
def replay(
    file: RecordFile,
    until: Annotated[
        datetime | None,
        typer.Option(
            metavar="INSTANT",
            parser=instant,
            help=f"Stop there; else when nothing is pending. {INSTANT_FORM}",
            show_default=False,
        ),
    ] = None,
    rulebook: RulebookChoice = "standard",
    step: Annotated[
        timedelta | None,
        typer.Option(
            metavar="SPAN",
            parser=span,
            help="Take instants in bundles of 30s, 15m, 1h or 1d: never early, late by at most that.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Every record that left, one JSON object a line, sorted by at, topic, key, ce_id.",
        ),
    ] = False,
) -> None:
    """Start PostgreSQL, Kafka and both services, play the file's records, and show all that leaves.

    Dead letters leave too and are told on stderr; then the exit code is 1.

    Example: stoppunkt replay records.ndjson --until 2026-07-01T00:00:00+02:00 --json
    """
    from services.cli.rulebooks import rulebook_of
    from services.cli.story.names import Names
    from services.cli.story.replay import Replay, replay_file

    rules = rulebook_of(rulebook)
    dead = replay_file(Replay(file, rules, Names(), until=until, step=step, as_json=as_json))
    if dead:
        raise typer.Exit(WRONG_DATA)
