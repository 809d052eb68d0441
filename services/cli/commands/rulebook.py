"""`stoppunkt rulebook check|show`: is a rulebook right, and what does it say? (contract 4)"""

from __future__ import annotations

import json
from typing import Annotated

import typer

commands = typer.Typer(
    name="rulebook", help="Rulebooks: where every checkpoint is defined.", no_args_is_help=True
)


@commands.command()
def check(
    rulebook: Annotated[str, typer.Argument(metavar="FILE", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Is this rulebook right? A fault is told as file:line: sentence, and the exit code is 1.

    Example: stoppunkt rulebook check our-rulebook.toml
    """
    from services.cli.rulebooks import rulebook_of

    rules = rulebook_of(rulebook)
    checkpoints, steps = len(rules.checkpoints), len(list(rules.steps))
    offices = sorted(rules.offices)
    if as_json:
        name = {
            "name": rules.name,
            "version": rules.version,
            "content_hash": rules.content_hash,
        }
        counts = {
            "checkpoints": checkpoints,
            "steps": steps,
            "suspensions": len(rules.suspensions),
            "offices": offices,
        }
        typer.echo(json.dumps(name | counts, ensure_ascii=False))
    else:
        suspensions = f", {len(rules.suspensions)} suspensions" if rules.suspensions else ""
        of_offices = f", rules of their own for {', '.join(offices)}" if offices else ""
        typer.echo(
            f"{rulebook}: {rules.name} {rules.version} is right:"
            f" {checkpoints} checkpoints, {steps} steps{suspensions}{of_offices}."
        )


@commands.command()
def show(
    rulebook: Annotated[str, typer.Argument(metavar="[NAME or FILE]")] = "standard",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Shows a rulebook as a table: when each step is due, whom it concerns, what ends it, and its source.

    Example: stoppunkt rulebook show nav-2026
    """
    from services.cli.output.rulebook_json import rulebook_form
    from services.cli.output.rulebook_page import print_rulebook
    from services.cli.rulebooks import rulebook_of

    rules = rulebook_of(rulebook)
    if as_json:
        typer.echo(json.dumps(rulebook_form(rules), ensure_ascii=False, indent=2))
    else:
        print_rulebook(rules)
