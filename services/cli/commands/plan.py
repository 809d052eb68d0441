"""`stoppunkt plan FILE --at INSTANT`: the whole plan of everybody in a file, with reasons and without machinery."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import WRONG_DATA, complain
from services.cli.options import INSTANT_FORM, JsonObject, RecordFile, RulebookChoice
from services.cli.output.instants import instant
from services.cli.output.jsonl import json_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from services.cli.fold import DeadRecord, FoldResult
    from services.scheduler.domain.rulebook.model import Rulebook


commands = typer.Typer()

ByPerson = Annotated[
    bool,
    typer.Option(
        "--by-person",
        help="Each person's records stand together in the file: planned one after the other, in flat"
        " memory, and printed in the file's order.",
    ),
]


@commands.command()
def plan(
    file: RecordFile,
    at: Annotated[
        datetime,
        typer.Option(
            "--at",
            metavar="INSTANT",
            parser=instant,
            help=f"Records that arrive later are not known yet. {INSTANT_FORM}",
            show_default=False,
        ),
    ],
    rulebook: RulebookChoice = "standard",
    as_json: JsonObject = False,
    by_person: ByPerson = False,
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
    from services.cli.record_files.refusal import refuse_unusable
    from services.cli.rulebooks import rulebook_of

    dead = _DeadRecords(file)
    folds = _folds(file, rulebook_of(rulebook), at, dead.report, by_person=by_person)
    with refuse_unusable(file):
        if events:
            _print_events(folds)
        elif explain:
            _print_explanations(folds, at, as_json=as_json)
        else:
            _print_plans(folds, as_json=as_json)
    if dead.count:
        raise typer.Exit(WRONG_DATA)


class _DeadRecords:
    """Prints them on stderr as they come, and counts them."""

    def __init__(self, file: Path) -> None:
        self.count = 0
        self._file = file

    def report(self, record: DeadRecord) -> None:
        self.count += 1
        complain(f"{self._file}:{record.line}: dead · {record.topic} · {record.reason}")


def _folds(
    file: Path,
    rulebook: Rulebook,
    at: datetime,
    report: Callable[[DeadRecord], None],
    *,
    by_person: bool,
) -> Iterator[FoldResult]:
    """The whole file at once, or one person after the other."""
    from services.cli.fold import fold
    from services.cli.record_files.by_person import groups_of
    from services.cli.record_files.read import read_records

    records = read_records(file)
    for group in groups_of(records) if by_person else [records]:
        yield fold(group, rulebook, at, report)


def _print_plans(folds: Iterator[FoldResult], *, as_json: bool) -> None:
    from services.cli.output.plan_json import persons_of

    persons = (person for result in folds for person in persons_of(result))
    if as_json:
        _print_json(persons)
    else:
        from services.cli.output.plan_page import page_of

        _print_pages(page_of(person) for person in persons)


def _print_explanations(folds: Iterator[FoldResult], at: datetime, *, as_json: bool) -> None:
    from services.cli.output.plan_json import explanations_of
    from services.scheduler.explain.as_json import explanation_form

    explanations = (explained for result in folds for explained in explanations_of(result, at))
    if as_json:
        _print_json(explanation_form(explanation) for explanation in explanations)
    else:
        from services.cli.output.explain_page import page_of

        _print_pages(page_of(explanation) for explanation in explanations)


def _print_events(folds: Iterator[FoldResult]) -> None:
    from services.cli.output.plan_json import events_of

    for result in folds:
        for event in events_of(result):
            typer.echo(json_line(event))


def _print_json(persons: Iterable[dict[str, Any]]) -> None:
    """One object, written as the persons come."""
    typer.echo('{"persons": [', nl=False)
    for number, person in enumerate(persons):
        typer.echo((",\n" if number else "\n") + json_line(person), nl=False)
    typer.echo("\n]}")


def _print_pages(pages: Iterable[RenderableType]) -> None:
    from services.cli.output.console import StdoutConsole

    console = StdoutConsole()
    is_empty = True
    for page in pages:
        is_empty = False
        console.print(page)
    if is_empty:
        complain("Nobody is known by then.")
