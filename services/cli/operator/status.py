"""`stoppunkt status`: how the work of both services stands (contract 11)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from services.cli.exits import WRONG_DATA, complain
from services.cli.options import JsonObject
from services.cli.output.instants import in_oslo

if TYPE_CHECKING:
    from services.notifier.operating import NotifierStatus
    from services.scheduler.operating import SchedulerStatus

commands = typer.Typer()

_NOTIFIER_FIELDS = (
    *("as_of", "stopped_at", "oldest_ready_at", "next_ready_at", "outbox", "refused"),
)


@commands.command()
def status(
    as_json: JsonObject = False,
) -> None:
    """How both services' work stands: rulebook, brakes, stops, what waits, since when, and what comes next.

    Exit code 1 where a service has stopped for its dead letters, or its tables cannot be asked.

    Example: stoppunkt status --json
    """
    from services.cli.access.failures import run_or_refuse

    scheduler, notifier = run_or_refuse(_ask())
    for name, answer in (("scheduler", scheduler), ("notifier", notifier)):
        if isinstance(answer, str):
            complain(f"The {name}'s tables are out of reach ({answer}).")
    if as_json:
        from services.cli.output.jsonl import json_line

        typer.echo(json_line(_form(scheduler, notifier)))
    else:
        _print_scheduler(scheduler)
        _print_notifier(notifier)
    if any(isinstance(s, str) or s.stopped_at is not None for s in (scheduler, notifier)):
        raise typer.Exit(WRONG_DATA)


async def _ask() -> tuple[SchedulerStatus | str, NotifierStatus | str]:
    from services.cli.access.environment import notifier_settings, scheduler_settings
    from services.cli.access.failures import result_or_error
    from services.notifier.operating import status as notifier_status
    from services.scheduler.operating import status as scheduler_status

    return (
        await result_or_error(scheduler_status(scheduler_settings())),
        await result_or_error(notifier_status(notifier_settings())),
    )


def _form(scheduler: SchedulerStatus | str, notifier: NotifierStatus | str) -> dict[str, Any]:
    form: dict[str, Any] = {"scheduler": None, "notifier": None}
    if not isinstance(scheduler, str):
        in_force = None if scheduler.rulebook is None else _plain(asdict(scheduler.rulebook))
        form["scheduler"] = _plain(asdict(scheduler)) | {"rulebook": in_force}
    if not isinstance(notifier, str):
        counts = [
            {"channel": channel, "state": state, "deliveries": count}
            for (channel, state), count in sorted(notifier.counts.items())
        ]
        brakes = [_plain(asdict(brake)) for brake in notifier.brakes]
        form["notifier"] = {
            name: in_oslo(value) if isinstance(value, datetime) else value
            for name in _NOTIFIER_FIELDS
            for value in (getattr(notifier, name),)
        } | {"brakes": brakes, "deliveries": counts}
    return form


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {n: in_oslo(v) if isinstance(v, datetime) else v for n, v in fields.items()}


def _print_scheduler(status: SchedulerStatus | str) -> None:
    if isinstance(status, str):
        return
    typer.echo(f"scheduler, {_when(status.as_of)}")
    _print_stop(status.stopped_at)
    _print_rulebook(status)
    typer.echo(f"  oldest timer that is due and has not fired: {_when(status.oldest_due_at)}")
    typer.echo(f"  next instant with something to do: {_when(status.next_due_at)}")
    _print_records(status.outbox, status.refused)


def _print_rulebook(status: SchedulerStatus) -> None:
    in_force = status.rulebook
    if in_force is None:
        typer.echo("  no rulebook in force yet: the first start puts one")
        return
    typer.echo(f"  rulebook in force: {in_force.title} since {_when(in_force.in_force_since)}")
    if status.rulebook_wanted is None:
        typer.echo("  RULEBOOK here names none that can be read")
    elif status.rulebook_differs:
        typer.echo(
            f"  RULEBOOK here names {status.rulebook_wanted}, which has no effect until `replan`"
        )
    if in_force.replanned_at is None:
        people = in_force.replanned_people or 0
        typer.echo(
            f"  NOT EVERYBODY is under it yet ({people} people are): run `replan` to its end"
        )


def _print_notifier(status: NotifierStatus | str) -> None:
    if isinstance(status, str):
        return
    typer.echo(f"notifier, {_when(status.as_of)}")
    _print_stop(status.stopped_at)
    for brake in status.brakes:
        typer.echo(f"  PAUSED: {brake.channel} since {_when(brake.paused_at)}: {brake.why}")
    for (channel, state), count in sorted(status.counts.items()):
        recent = " in the last 24 hours" if state in ("failed", "expired") else ""
        typer.echo(f"  {channel}: {count} {state}{recent}")
    typer.echo(f"  oldest delivery that is ready: {_when(status.oldest_ready_at)}")
    typer.echo(f"  next instant with something to do: {_when(status.next_ready_at)}")
    _print_records(status.outbox, status.refused)


def _print_stop(stopped_at: datetime | None) -> None:
    if stopped_at is not None:
        typer.echo(
            f"  STOPPED since {_when(stopped_at)}: too many dead letters; look at `dead-letters list`,"
            " then `dead-letters resume`"
        )


def _print_records(outbox: int, refused: int) -> None:
    typer.echo(f"  records that wait for Kafka: {outbox}")
    if refused:
        typer.echo(
            f"  REFUSED by Kafka and set aside: {refused}; look at `dead-letters list`,"
            " then `dead-letters replay` or `remove`"
        )


def _when(at: datetime | None) -> str:
    return in_oslo(at) if at is not None else "-"
