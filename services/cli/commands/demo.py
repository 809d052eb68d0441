"""`stoppunkt demo`: half a year of follow-up in a few seconds, on real parts, as a story."""

from __future__ import annotations

from importlib.resources import as_file, files

import typer

from services.cli.exits import WRONG_DATA, complain

commands = typer.Typer()

SCENARIO = "half_year"
INTRODUCTION = """\
Half a year of seven made-up people on sick leave, with the rulebook `standard`.
in: what the registers tell; due: a deadline, with its legal date and the day of the leave, and below it what leaves
for it; withdrawn: what no longer holds, and why. People are told at 09:00, and never on Sundays and holidays."""


@commands.command()
def demo() -> None:
    """Start PostgreSQL, Kafka and both services, and live through half a year of seven made-up people.

    Tells every message and task, with its reason, when it leaves, and what is withdrawn and why. It reads nothing
    of the environment, sends nothing to anybody, and leaves nothing behind.

    Example: stoppunkt demo
    """
    from services.cli.rulebooks import rulebook_of
    from services.cli.story.names import Names
    from services.cli.story.replay import Replay, replay_file

    typer.echo(INTRODUCTION)
    folder = files("services.cli") / "scenarios"
    with (
        as_file(folder / f"{SCENARIO}.ndjson") as file,
        as_file(folder / f"{SCENARIO}.names.json") as names,
    ):
        dead = replay_file(Replay(file, rulebook_of("standard"), Names.read(names)))
    if dead:
        complain("The shipped scenario has records that are not understood.")
        raise typer.Exit(WRONG_DATA)
