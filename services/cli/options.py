"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RecordFile = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)
]
INSTANT_FORM = "A date, T, a time and a zone, as in 2026-05-01T12:00+02:00."
RulebookChoice = Annotated[
    str, typer.Option(metavar="NAME or FILE", help="A shipped rulebook, or a TOML file.")
]
Person = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="A national number, or - to read it from stdin, so that it lands in no shell's history.",
        show_default=False,
    ),
]
# What stands for the people of whom no office is known, in an option and in what is printed.
NO_OFFICE = "none"
# What is printed where tasks go to no adviser but to an office.
QUEUE = "queue"
JsonObject = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
JsonList = Annotated[bool, typer.Option("--json", help="One JSON list.")]
