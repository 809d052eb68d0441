"""`stoppunkt plan FILE --at INSTANT`: the whole plan of everybody in a file, with reasons and without machinery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, complain, refuse
from services.cli.output.instants import instant
from services.cli.output.jsonl import json_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from services.cli.fold import Folded


commands = typer.Typer()


@commands.command()
def plan(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)
    ],
    at: Annotated[
        datetime,
        typer.Option(
            "--at",
            metavar="INSTANT",
            parser=instant,
            help="Records that arrive later are not known yet.",
            show_default=False,
        ),
    ],
    rulebook: Annotated[
        str, typer.Option(metavar="NAME or FILE", help="A shipped rulebook, or a TOML file.")
    ] = "standard",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    by_person: Annotated[
        bool,
        typer.Option(
            "--by-person",
            help="Each person's records stand together in the file: planned one after the other, in flat"
            " memory, and printed in the file's order.",
        ),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Everything about each person as `explain` tells it: facts, notes, plan, reasons in words,"
            " timeline.",
        ),
    ] = False,
    events: Annotated[
        bool,
        typer.Option(
            "--events",
            help="The due events instead of the plan, one JSON object a line: id, instant, lateness.",
        ),
    ] = False,
) -> None:
    """Fold the records up to INSTANT, firing everything at its instant, and print the plan with reasons.

    Records that can never be understood are told on stderr and left out; then the exit code is 1.

    Example: stoppunkt plan records.ndjson --at 2026-05-01T12:00:00+02:00 --json
    """
    from services.cli.fold import DeadRecord, fold
    from services.cli.output.plan_json import events_of, persons_of
    from services.cli.record_files.by_person import groups_of
    from services.cli.record_files.read import NotRecords, read_records
    from services.cli.rulebooks import rulebook_of

    rules = rulebook_of(rulebook)
    dead = 0

    def tell(record: DeadRecord) -> None:
        nonlocal dead
        dead += 1
        complain(f"{file}:{record.line}: dead · {record.topic} · {record.reason}")

    def folded() -> Iterator[Folded]:
        records = read_records(file)
        for group in groups_of(records) if by_person else [records]:
            yield fold(group, rules, at, tell)

    try:
        if events:
            _print_lines(event for each in folded() for event in events_of(each))
        elif explain:
            _print_explained(folded(), at, as_json=as_json)
        else:
            persons = (person for each in folded() for person in persons_of(each))
            _print_json(persons) if as_json else _print_pages(persons)
    except NotRecords as fault:
        refuse(str(fault), WRONG_USE)
    except PermissionError:
        refuse(f"{file} cannot be read.", WRONG_USE)
    if dead:
        raise typer.Exit(WRONG_DATA)


def _print_explained(folded: Iterator[Folded], at: datetime, *, as_json: bool) -> None:
    from services.cli.output.plan_json import explanations_of
    from services.scheduler.explain.as_json import explanation_form

    explained = (each for one in folded for each in explanations_of(one, at))
    if as_json:
        _print_json(explanation_form(each) for each in explained)
    else:
        from services.cli.output.explain_page import page_of

        _print_all(page_of(each) for each in explained)


def _print_json(persons: Iterable[dict[str, Any]]) -> None:
    """One object, written as the persons come."""
    typer.echo('{"persons": [', nl=False)
    for number, person in enumerate(persons):
        typer.echo((",\n" if number else "\n") + json_line(person), nl=False)
    typer.echo("\n]}")


def _print_lines(objects: Iterable[dict[str, Any]]) -> None:
    for each in objects:
        typer.echo(json_line(each))


def _print_pages(persons: Iterable[dict[str, Any]]) -> None:
    from services.cli.output.plan_page import page_of

    _print_all(page_of(person) for person in persons)


def _print_all(pages: Iterable[RenderableType]) -> None:
    from services.cli.output.console import StdoutConsole

    console = StdoutConsole()
    found = False
    for page in pages:
        found = True
        console.print(page)
    if not found:
        complain("Nobody is known by then.")
