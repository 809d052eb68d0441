"""`dead-letters list|show|replay|resume`: what could not be understood, and what to do with it (contract 8)."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, complain, refuse
from services.cli.operator.parts import answer, notifier_settings, reached, scheduler_settings
from services.cli.output.instants import in_oslo

dead_letters_app = typer.Typer(
    help="Records that could not be understood, and the stop after too many.", no_args_is_help=True
)

_PLACE_HELP = "topic/partition/offset, as `list` prints it"


@dead_letters_app.command("list")
def list_(
    topic: Annotated[
        str | None,
        typer.Option(help="Only those that came on this topic.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Lists the dead letters on Kafka: where each stands, where it came from, when and why. No payload is shown.

    Example: stoppunkt dead-letters list --topic stoppunkt.follow-up.v1
    """
    from services.cli.operator.dead_letters_reading import letters
    from services.cli.operator.tables import print_table
    from services.cli.output.jsonl import json_line

    found = answer(letters(notifier_settings(), topic))
    if as_json:
        for each in found:
            typer.echo(json_line(each.form()))
    elif found:
        titles = ("place", "from partition", "from offset", "dead since", "reason")
        rows = [(e.place, e.origin_partition, e.origin_offset, e.dead_at, e.reason) for e in found]
        print_table(titles, rows)
    else:
        typer.echo("There are no dead letters.")


@dead_letters_app.command()
def show(
    place: Annotated[str, typer.Argument(metavar="PLACE", help=_PLACE_HELP, show_default=False)],
) -> None:
    """Prints one dead letter whole, as JSON in the form of a record file. It may hold health data and numbers.

    Example: stoppunkt dead-letters show stoppunkt.follow-up.v1.dead/0/17
    """
    from services.cli.operator.dead_letters_reading import NoSuchPlace, letter_at
    from services.cli.output.jsonl import json_line

    try:
        found = answer(letter_at(notifier_settings(), place))
    except NoSuchPlace as fault:
        refuse(str(fault))
    complain("This record may hold personal data: do not leave it in a file, a ticket or a chat.")
    typer.echo(json_line(found.whole()))


@dead_letters_app.command()
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
    from services.cli.operator.dead_letters_reading import NoSuchPlace, publish_again

    if bool(places) == every or (topic is not None and not every):
        refuse("Give places, or --all with or without --topic.", WRONG_USE)
    try:
        done, left = answer(
            publish_again(notifier_settings(), places or None, topic, to_others=to_others)
        )
    except NoSuchPlace as fault:
        refuse(f"{fault} Nothing was published.")
    for place, why in left:
        complain(f"{place}: not published, {why}.")
    for place in done:
        typer.echo(place)
    complain(f"{len(done)} published again, {len(left)} left.")
    if left:
        raise typer.Exit(WRONG_DATA)


@dead_letters_app.command()
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
    from services.notifier.operating import resume_after_dead_letters as resume_notifier
    from services.scheduler.operating import resume_after_dead_letters as resume_scheduler

    failed = False
    for name in (service,) if service else ("scheduler", "notifier"):
        if name == "scheduler":
            found = answer(reached(resume_scheduler(scheduler_settings())))
        else:
            found = answer(reached(resume_notifier(notifier_settings())))
        if isinstance(found, str):
            complain(f"The {name}'s tables are out of reach ({found}).")
            failed = True
        elif found is None:
            typer.echo(f"{name} had not stopped.")
        else:
            typer.echo(f"{name} goes on; it had stopped at {in_oslo(found)}.")
    if failed:
        raise typer.Exit(WRONG_DATA)
