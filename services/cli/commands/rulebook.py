"""`stoppunkt rulebook check|show`: is a rulebook right, and what does it say? (contract 4)"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.scheduler.domain.rulebook.model import Rulebook, Step

rulebook_app = typer.Typer(
    help="Rulebooks: where every checkpoint is defined.", no_args_is_help=True
)


@rulebook_app.command()
def check(
    rulebook: Annotated[str, typer.Argument(metavar="FILE", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Is this rulebook right? A fault is told as file:line: sentence, and the exit code is 1.

    Example: stoppunkt rulebook check our-rulebook.toml
    """
    from services.cli.rulebooks import rulebook_of

    found = rulebook_of(rulebook)
    checkpoints, steps = len(found.checkpoints), len(list(found.steps))
    offices = sorted(found.offices)
    if as_json:
        told = {"name": found.name, "version": found.version}
        counts = {"checkpoints": checkpoints, "steps": steps, "offices": offices}
        typer.echo(json.dumps(told | counts, ensure_ascii=False))
    else:
        of_offices = f", overrides for {', '.join(offices)}" if offices else ""
        typer.echo(
            f"{rulebook}: {found.name} {found.version} is right:"
            f" {checkpoints} checkpoints, {steps} steps{of_offices}."
        )


@rulebook_app.command()
def show(
    rulebook: Annotated[str, typer.Argument(metavar="[NAME or FILE]")] = "standard",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Shows a rulebook as a table: when each step is due, whom it concerns, what ends it, and its source.

    Example: stoppunkt rulebook show nav-2026
    """
    from services.cli.output.rulebook_table import rulebook_form
    from services.cli.rulebooks import rulebook_of

    found = rulebook_of(rulebook)
    if as_json:
        typer.echo(json.dumps(rulebook_form(found), ensure_ascii=False, indent=2))
    else:
        _print_table(found)


def _print_table(rulebook: Rulebook) -> None:
    from rich.table import Table

    from services.cli.output.consoles import StdoutConsole
    from services.cli.output.rulebook_table import condition_text, differences

    console = StdoutConsole()
    console.print(f"[bold]{rulebook.name} {rulebook.version}[/], told at {rulebook.at:%H:%M}")
    console.print("Day 1 is the first sick day; a step's day counts the days after it.\n")
    for checkpoint in rulebook.checkpoints:
        console.print(f"[bold]{checkpoint.name}[/]  [dim]{checkpoint.source}[/]")
        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        for name in ("step", "due", "when", "done by", "goes to"):
            table.add_column(name, overflow="fold")
        for step in checkpoint.steps:
            table.add_row(
                step.name + ("" if step.enabled else " (off)"),
                due_text(step, rulebook),
                ", ".join(condition_text(each) for each in step.when),
                ", ".join(step.done_by) or "-",
                ", ".join(step.to),
            )
        console.print(table)
        console.print()
    for office in sorted(rulebook.offices):
        console.print(f"[bold]office {office}[/]")
        for path, value in differences(rulebook, rulebook.offices[office]).items():
            console.print(f"  {path} = {value}")


def due_text(step: Step, rulebook: Rulebook) -> str:
    """When a step is due, in a few words."""
    if step.on is not None:
        text = _fact_text(step)
    elif step.from_ is not None:
        text = f"day {rulebook.offset_days(step)}: {step.days or 0:+d} days from {step.from_}"
    else:
        text = f"day {step.day}"
    if step.full_days is not None:
        text += (
            f" or later, once full for {step.full_days} {'day' if step.full_days == 1 else 'days'}"
        )
    if step.tells_before:
        text += ", told the working day before"
    if step.show_after_days is not None:
        text += f", shown {step.show_after_days} days later"
    return text


def _fact_text(step: Step) -> str:
    told = str(step.on).replace("_", " ")
    if step.is_at_once:
        short = f" with less than {step.notice_days} days' notice" if step.notice_days else ""
        return f"at once: {told}{short}"
    date = (step.date or "its date").replace("_", " ")
    if step.working_days is not None:
        days = "day" if step.working_days == 1 else "days"
        return f"{told}: {step.working_days} working {days} after {date}"
    return f"{told}: {date}" + (f" {step.days:+d} days" if step.days else "")
