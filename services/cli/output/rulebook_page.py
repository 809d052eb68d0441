"""A rulebook as a person reads it in a terminal: when each step is due, whom it concerns, what ends it, its source."""

from __future__ import annotations

from rich.table import Table

from services.cli.output.console import StdoutConsole
from services.cli.output.rulebook_json import condition_text, differences
from services.scheduler.domain.rulebook.model import Rulebook, Step


def print_rulebook(rulebook: Rulebook) -> None:
    """A table a checkpoint, the suspensions, and what each office has of its own."""
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
                ", ".join(condition_text(condition) for condition in step.when),
                ", ".join(step.done_by) or "-",
                ", ".join(step.to),
            )
        console.print(table)
        console.print()
    for suspension in rulebook.suspensions:
        whose = f", office {suspension.office}" if suspension.office is not None else ""
        console.print(
            f"[bold]suspended {suspension.from_} to {suspension.until}{whose}[/]"
            f"  [dim]{suspension.source}[/]"
        )
        console.print(f"  {', '.join(suspension.steps)}\n")
    for office in sorted(rulebook.offices):
        changed = differences(rulebook, rulebook.offices[office])
        if changed:
            console.print(f"[bold]office {office}[/]")
        for path, value in changed.items():
            console.print(f"  {path} = {value}")


def due_text(step: Step, rulebook: Rulebook) -> str:
    """When a step is due, in words; its dates are offsets, as it is of nobody's case."""
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
    if step.legal is not None:
        text += f", legal date: {step.legal}"
    return text


def _fact_text(step: Step) -> str:
    fact = str(step.on).replace("_", " ")
    if step.is_at_once:
        short = f" with less than {step.notice_days} days' notice" if step.notice_days else ""
        return f"at once: {fact}{short}"
    date = (step.date or "its date").replace("_", " ")
    if step.working_days is not None:
        days = "day" if step.working_days == 1 else "days"
        return f"{fact}: {step.working_days} working {days} after {date}"
    return f"{fact}: {date}" + (f" {step.days:+d} days" if step.days else "")
