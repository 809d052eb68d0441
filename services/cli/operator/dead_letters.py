"""`dead-letters list|show|replay|resume`: what could not be understood, and what to do with it (contract 8)."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, complain, refuse
from services.cli.options import JsonLines
from services.cli.output.instants import in_oslo

commands = typer.Typer(
    name="dead-letters",
    help="Records that could not be understood, and the stop after too many.",
    no_args_is_help=True,
)

_PLACE_HELP = "topic/partition/offset, as `list` prints it"


@commands.command("list")
def list_(
    topic: Annotated[
        str | None,
        typer.Option(help="Only those that came on this topic.", show_default=False),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Lists the dead letters on Kafka: where each stands, where it came from, when and why. No payload is shown.

    Example: stoppunkt dead-letters list --topic stoppunkt.follow-up.v1
    """
    from services.cli.access.dead_letters import letters_on
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line
    from services.cli.output.table import print_table

    letters = run_or_refuse(letters_on(notifier_settings(), topic))
    if as_json:
        for letter in letters:
            typer.echo(json_line(letter.form()))
    elif letters:
        titles = ("place", "from partition", "from offset", "dead since", "reason")
        rows = [
            (one.place, one.origin_partition, one.origin_offset, one.dead_at, one.reason)
            for one in letters
        ]
        print_table(titles, rows)
    else:
        typer.echo("There are no dead letters.")


@commands.command()
def show(
    place: Annotated[str, typer.Argument(metavar="PLACE", help=_PLACE_HELP, show_default=False)],
) -> None:
    """Prints one dead letter whole, as JSON in the form of a record file. It may hold health data and numbers.

    Example: stoppunkt dead-letters show stoppunkt.follow-up.v1.dead/0/17
    """
    from services.cli.access.dead_letters import NoSuchPlace, letter_at
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line

    try:
        letter = run_or_refuse(letter_at(notifier_settings(), place))
    except NoSuchPlace as fault:
        refuse(str(fault))
    complain("This record may hold personal data: do not leave it in a file, a ticket or a chat.")
    typer.echo(json_line(letter.whole()))


@commands.command()
def replay(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLACE]…", help=_PLACE_HELP, show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that `list` prints.")] = False,
    topic: Annotated[
        str | None,
        typer.Option(help="With --all: only those that came on this topic.", show_default=False),
    ] = None,
    to_others: Annotated[
        bool,
        typer.Option(
            "--to-others", help="Also onto other teams' topics, where all their readers see it."
        ),
    ] = False,
) -> None:
    """Publishes dead letters again on the topics they came on, byte for byte, with the Kafka timestamps they had.

    For after the fault is mended: the running services take them in their place in time. What is still not understood
    dies again. On a compacted topic the replayed record is the last of its key, and stays when others are compacted
    away: do not replay a note there that its publisher has replaced since.

    Example: stoppunkt dead-letters replay --all --topic stoppunkt.follow-up.v1
    """
    from services.cli.access.dead_letters import NoSuchPlace, publish_again
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse

    if bool(places) == every or (topic is not None and not every):
        refuse("Give places, or --all with or without --topic.", WRONG_USE)
    try:
        published, refused = run_or_refuse(
            publish_again(notifier_settings(), places or None, topic, to_others=to_others)
        )
    except NoSuchPlace as fault:
        refuse(f"{fault} Nothing was published.")
    for place, why in refused:
        complain(f"{place}: not published, {why}.")
    for place in published:
        typer.echo(place)
    complain(f"{len(published)} published again, {len(refused)} left.")
    if refused:
        raise typer.Exit(WRONG_DATA)


@commands.command()
def resume(
    service: Annotated[
        Literal["scheduler", "notifier"] | None,
        typer.Argument(
            metavar="[SERVICE]", help="scheduler or notifier; else both.", show_default=False
        ),
    ] = None,
) -> None:
    """Lets a service that has stopped after too many dead letters go on, within seconds and without a restart.

    It counts anew from nothing. Look first whose the dead letters are, and have the fault mended.

    Example: stoppunkt dead-letters resume scheduler
    """
    from services.cli.access.environment import notifier_settings, scheduler_settings
    from services.cli.access.failures import result_or_error, run_or_refuse
    from services.notifier.operating import resume_after_dead_letters as resume_notifier
    from services.scheduler.operating import resume_after_dead_letters as resume_scheduler

    failed = False
    for name in (service,) if service else ("scheduler", "notifier"):
        if name == "scheduler":
            stopped_at = run_or_refuse(result_or_error(resume_scheduler(scheduler_settings())))
        else:
            stopped_at = run_or_refuse(result_or_error(resume_notifier(notifier_settings())))
        if isinstance(stopped_at, str):
            complain(f"The {name}'s tables are out of reach ({stopped_at}).")
            failed = True
        elif stopped_at is None:
            typer.echo(f"{name} had not stopped.")
        else:
            typer.echo(f"{name} goes on; it had stopped at {in_oslo(stopped_at)}.")
    if failed:
        raise typer.Exit(WRONG_DATA)
