"""`dead-letters list|show|replay|remove|resume`: what was not understood or not taken by Kafka (contract 8)."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, complain, refuse
from services.cli.options import JsonLines
from services.cli.output.instants import in_oslo

commands = typer.Typer(
    name="dead-letters",
    help="Records that could not be understood or that Kafka refuses, and the stop after too many.",
    no_args_is_help=True,
)

_PLACE_HELP = "topic/partition/offset or refused:service:number, as `list` prints it"


@commands.command("list")
def list_(
    topic: Annotated[
        str | None,
        typer.Option(help="Only those that came on this topic.", show_default=False),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Lists the dead letters on Kafka: where each stands, where it came from, when and why. No payload is shown.

    Records of ours that Kafka refuses for good are listed with them: they stand in their service's tables.

    Example: stoppunkt dead-letters list --topic stoppunkt.follow-up.v1
    """
    from services.cli.access.dead_letters import letters_on
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.cli.output.jsonl import json_line

    letters, silent = run_or_refuse(letters_on(notifier_settings(), topic))
    if as_json:
        for letter in letters:
            typer.echo(json_line(letter.form()))
    elif letters:
        for letter in letters:
            # Lines and no table: a place is copied into the next command, and no column may break it.
            typer.echo(letter.place)
            origin = f"from {letter.origin_topic}"
            if letter.origin_offset != "-":
                origin += f", partition {letter.origin_partition}, offset {letter.origin_offset}"
            typer.echo(f"    {origin}")
            typer.echo(f"    since {letter.dead_at}: {letter.reason}")
    else:
        typer.echo("There are no dead letters.")
    for service, error in silent.items():
        complain(f"The {service}'s tables are out of reach ({error}).")
    if silent:
        raise typer.Exit(WRONG_DATA)


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
    dies again. What Kafka refused goes back into its service's outbox; refused again, it is listed again.

    On a compacted topic the replayed record is the last of its key, and stays when others are compacted away: do not
    replay a note there that its publisher has replaced since.

    Example: stoppunkt dead-letters replay --all --topic stoppunkt.follow-up.v1
    """
    from services.cli.access.dead_letters import NoSuchPlace, publish_again
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse

    _refuse_unless_said(places, topic, every=every)
    try:
        published, left = run_or_refuse(
            publish_again(notifier_settings(), places or None, topic, to_others=to_others)
        )
    except NoSuchPlace as fault:
        refuse(f"{fault} Nothing was published.")
    _print_done("published again", published, left)


@commands.command()
def remove(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLACE]…", help=_PLACE_HELP, show_default=False),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All that `list` prints as refused.")
    ] = False,
    topic: Annotated[
        str | None,
        typer.Option(
            help="With --all: only those that came on this topic, or were to go there.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Removes records of ours that Kafka refuses, for good. Dead letters on Kafka go by themselves, after 30 days.

    Example: stoppunkt dead-letters remove refused:scheduler:17
    """
    from services.cli.access.dead_letters import NoSuchPlace, remove_refused
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse

    _refuse_unless_said(places, topic, every=every)
    try:
        removed, left = run_or_refuse(remove_refused(notifier_settings(), places or None, topic))
    except NoSuchPlace as fault:
        refuse(f"{fault} Nothing was removed.")
    _print_done("removed", removed, left)


def _refuse_unless_said(places: list[str] | None, topic: str | None, *, every: bool) -> None:
    if bool(places) == every or (topic is not None and not every):
        refuse("Give places, or --all with or without --topic.", WRONG_USE)


def _print_done(done: str, places: list[str], left: list[tuple[str, str]]) -> None:
    for place, why in left:
        complain(f"{place}: not {done}, {why}.")
    for place in places:
        typer.echo(place)
    complain(f"{len(places)} {done}, {len(left)} left.")
    if left:
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
    from services.cli.access.failures import result_or_error, run_or_refuse
    from services.cli.access.record_tables import SERVICES, resume_after_dead_letters

    failed = False
    for name in (service,) if service else SERVICES:
        stopped_at = run_or_refuse(result_or_error(resume_after_dead_letters(name)))
        if isinstance(stopped_at, str):
            complain(f"The {name}'s tables are out of reach ({stopped_at}).")
            failed = True
        elif stopped_at is None:
            typer.echo(f"{name} had not stopped.")
        else:
            typer.echo(f"{name} goes on; it had stopped at {in_oslo(stopped_at)}.")
    if failed:
        raise typer.Exit(WRONG_DATA)
