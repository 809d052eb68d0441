"""`stoppunkt pause CHANNEL` and `resume CHANNEL`: the emergency brake of a channel (contract 6.9)."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from services.cli.exits import WRONG_USE, refuse
from services.cli.output.instants import in_oslo

commands = typer.Typer()

# As `services.notifier.domain.delivery.ChannelName`, whose import would slow down `--help`; a test compares the two.
Channel = Literal["sms", "email", "organisation_email", "letter", "adviser_task"]
WHY_CHARACTERS_MAX = 200


@commands.command()
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
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.notifier.operating import pause as pause_channel
    from services.runtime.logs import mask

    why = " ".join(why.split())
    if not why or len(why) > WHY_CHARACTERS_MAX or mask(why) != why:
        refuse(
            f"--why must say something in at most {WHY_CHARACTERS_MAX} characters, without numbers of people,"
            " phones or e-mail addresses.",
            WRONG_USE,
        )
    brake = run_or_refuse(pause_channel(notifier_settings(), channel, why))
    since = in_oslo(brake.paused_at)
    if brake.why == why:
        typer.echo(f"{channel} is paused since {since}: {why}")
    else:
        typer.echo(f"{channel} was paused already, since {since}: {brake.why}")


@commands.command()
def resume(
    channel: Annotated[Channel, typer.Argument(metavar="CHANNEL", show_default=False)],
) -> None:
    """Lets the brake of a channel go: what waited leaves at once, as far as windows and the hour's ceiling allow.

    Example: stoppunkt resume sms
    """
    from services.cli.access.environment import notifier_settings
    from services.cli.access.failures import run_or_refuse
    from services.notifier.operating import resume as resume_channel

    brake = run_or_refuse(resume_channel(notifier_settings(), channel))
    if brake is None:
        typer.echo(f"{channel} was not paused.")
    else:
        typer.echo(
            f"{channel} goes on; it was paused since {in_oslo(brake.paused_at)}: {brake.why}"
        )
