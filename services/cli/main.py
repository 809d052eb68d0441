"""`stoppunkt`: the one entry point (contract 11). A table of commands; each is a file of its own beside this one.

Nothing heavy is imported here: what a command needs it imports when it runs, so that `--help` is quick.
"""

from __future__ import annotations

from typing import NoReturn

import typer

from services.cli.commands.check import check
from services.cli.commands.demo import demo
from services.cli.commands.plan import plan
from services.cli.commands.replay import replay
from services.cli.commands.rulebook import rulebook_app
from services.cli.commands.services import notifier_app, scheduler_app
from services.cli.commands.settings import settings
from services.cli.commands.texts import texts_app
from services.cli.exits import run
from services.cli.operator.dead_letters import dead_letters_app
from services.cli.operator.dry_run import dry_run
from services.cli.operator.erase import erase
from services.cli.operator.explain import explain
from services.cli.operator.forecast import forecast
from services.cli.operator.replan import replan
from services.cli.operator.status import pause, resume, status

app = typer.Typer(
    name="stoppunkt",
    help="Checkpoints along a sick leave: facts in, deadlines told in time, once.",
    no_args_is_help=True,
    add_completion=False,
    # Python's and rich's tracebacks quote values, which may be personal data.
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(replay)
app.command()(plan)
app.command()(check)
app.command()(explain)
app.command()(replan)
app.command()(forecast)
app.command()(status)
app.command()(pause)
app.command()(resume)
app.command(name="dry-run")(dry_run)
app.command()(erase)
app.command()(settings)
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(rulebook_app, name="rulebook")
app.add_typer(scheduler_app, name="scheduler")
app.add_typer(notifier_app, name="notifier")
app.add_typer(texts_app, name="texts")


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    run(app)
