"""`stoppunkt`: the one entry point (contract 11).

A command is a file in `commands` (for everybody) or `operator` (on running services): its `commands` declares name,
help and options, and `COMMANDS` below lists it. Nothing heavy is imported by any of these files: what a command needs
it imports when it runs, so that `--help` is quick.
"""

from __future__ import annotations

from typing import NoReturn

import typer

from services.cli.commands import check, demo, plan, replay, rulebook, services, settings, texts
from services.cli.exits import run
from services.cli.operator import (
    brake,
    dead_letters,
    dry_run,
    erase,
    explain,
    figures,
    forecast,
    portfolio,
    replan,
    status,
)

COMMANDS = (
    demo.commands,
    replay.commands,
    plan.commands,
    check.commands,
    explain.commands,
    replan.commands,
    forecast.commands,
    portfolio.commands,
    figures.commands,
    status.commands,
    brake.commands,
    dry_run.commands,
    erase.commands,
    settings.commands,
    dead_letters.commands,
    rulebook.commands,
    services.commands,
    texts.commands,
)
"""In the order of `--help`."""

app = typer.Typer(
    name="stoppunkt",
    help="Checkpoints along a sick leave: facts in, deadlines told in time, once.",
    no_args_is_help=True,
    add_completion=False,
    # Python's and rich's tracebacks quote values, which may be personal data.
    pretty_exceptions_enable=False,
)
for commands in COMMANDS:
    app.add_typer(commands)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    run(app)
