"""`pause CHANNEL`, `resume CHANNEL`, `status`: the emergency brake, and how things stand (contract 6.9, 11)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from services.cli.exits import WRONG_DATA, WRONG_USE, complain, refuse
from services.cli.operator.parts import answer, notifier_settings, reached, scheduler_settings
from services.cli.output.instants import in_oslo

if TYPE_CHECKING:
    from services.notifier.operating import NotifierStatus
    from services.scheduler.operating import SchedulerStatus

# As `services.notifier.domain.delivery.ChannelName`, which this would load for every `--help`.
Channel = Literal["sms", "email", "organisation_email", "letter", "adviser_task"]
WHY_CHARACTERS_MAX = 200


def pause(
    channel: Annotated[Channel, typer.Argument(metavar="CHANNEL", show_default=False)],
    why: Annotated[
        str, typer.Option(help="For whoever finds it paused; names nobody.", show_default=False)
    ],
) -> None:
    """Pulls the brake of a channel: nothing leaves through it until `resume`, and nothing is lost.

    Channels: sms, email, organisation_email, letter, adviser_task. What waits for long expires at its not_after.

    Example: stoppunkt pause sms --why "wrong text since 10:00"
    """
    from services.notifier.operating import pause as pull
    from services.runtime.logs import mask

    why = " ".join(why.split())
    if not why or len(why) > WHY_CHARACTERS_MAX or mask(why) != why:
        refuse(
            f"--why must say something in at most {WHY_CHARACTERS_MAX} characters, without numbers of people,"
            " phones or e-mail addresses.",
            WRONG_USE,
        )
    brake = answer(pull(notifier_settings(), channel, why))
    since = in_oslo(brake.paused_at)
    if brake.why == why:
        typer.echo(f"{channel} is paused since {since}: {why}")
    else:
        typer.echo(f"{channel} was paused already, since {since}: {brake.why}")


def resume(
    channel: Annotated[Channel, typer.Argument(metavar="CHANNEL", show_default=False)],
) -> None:
    """Lets the brake of a channel go: what waited leaves at once, as far as windows and the hour's ceiling allow.

    Example: stoppunkt resume sms
    """
    from services.notifier.operating import resume as let_go

    brake = answer(let_go(notifier_settings(), channel))
    if brake is None:
        typer.echo(f"{channel} was not paused.")
    else:
        typer.echo(
            f"{channel} goes on; it was paused since {in_oslo(brake.paused_at)}: {brake.why}"
        )


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """How both services' work stands: brakes, stops, what waits, since when, and what comes next.

    Exit code 1 where a service has stopped for its dead letters, or its tables cannot be asked.

    Example: stoppunkt status --json
    """
    scheduler, notifier = answer(_ask())
    for name, found in (("scheduler", scheduler), ("notifier", notifier)):
        if isinstance(found, str):
            complain(f"The {name}'s tables are out of reach ({found}).")
    if as_json:
        from services.cli.output.jsonl import json_line

        typer.echo(json_line(_form(scheduler, notifier)))
    else:
        _print_scheduler(scheduler)
        _print_notifier(notifier)
    if any(isinstance(each, str) or each.stopped_at is not None for each in (scheduler, notifier)):
        raise typer.Exit(WRONG_DATA)


async def _ask() -> tuple[SchedulerStatus | str, NotifierStatus | str]:
    from services.notifier.operating import status as notifier_status
    from services.scheduler.operating import status as scheduler_status

    return (
        await reached(scheduler_status(scheduler_settings())),
        await reached(notifier_status(notifier_settings())),
    )


def _form(scheduler: SchedulerStatus | str, notifier: NotifierStatus | str) -> dict[str, Any]:
    told: dict[str, Any] = {"scheduler": None, "notifier": None}
    if not isinstance(scheduler, str):
        told["scheduler"] = _plain(asdict(scheduler))
    if not isinstance(notifier, str):
        counts = [
            {"channel": channel, "state": state, "deliveries": count}
            for (channel, state), count in sorted(notifier.counts.items())
        ]
        brakes = [_plain(asdict(each)) for each in notifier.brakes]
        told["notifier"] = {
            name: in_oslo(value) if isinstance(value, datetime) else value
            for name in ("as_of", "stopped_at", "oldest_ready_at", "next_ready_at", "outbox")
            for value in (getattr(notifier, name),)
        } | {"brakes": brakes, "deliveries": counts}
    return told


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {n: in_oslo(v) if isinstance(v, datetime) else v for n, v in fields.items()}


def _print_scheduler(found: SchedulerStatus | str) -> None:
    if isinstance(found, str):
        return
    typer.echo(f"scheduler, {_when(found.as_of)}")
    _print_stop(found.stopped_at)
    typer.echo(f"  oldest timer that is due and has not fired: {_when(found.oldest_due_at)}")
    typer.echo(f"  next instant with something to do: {_when(found.next_due_at)}")
    typer.echo(f"  records that wait for Kafka: {found.outbox}")


def _print_notifier(found: NotifierStatus | str) -> None:
    if isinstance(found, str):
        return
    typer.echo(f"notifier, {_when(found.as_of)}")
    _print_stop(found.stopped_at)
    for brake in found.brakes:
        typer.echo(f"  PAUSED: {brake.channel} since {_when(brake.paused_at)}: {brake.why}")
    for (channel, state), count in sorted(found.counts.items()):
        recent = " in the last 24 hours" if state in ("failed", "expired") else ""
        typer.echo(f"  {channel}: {count} {state}{recent}")
    typer.echo(f"  oldest delivery that is ready: {_when(found.oldest_ready_at)}")
    typer.echo(f"  next instant with something to do: {_when(found.next_ready_at)}")
    typer.echo(f"  records that wait for Kafka: {found.outbox}")


def _print_stop(stopped_at: datetime | None) -> None:
    if stopped_at is not None:
        typer.echo(
            f"  STOPPED since {_when(stopped_at)}: too many dead letters; look at `dead-letters list`,"
            " then `dead-letters resume`"
        )


def _when(at: datetime | None) -> str:
    return in_oslo(at) if at is not None else "-"
