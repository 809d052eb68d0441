"""`stoppunkt erase PERSON`: a person is removed from both services, and does not come back (contract 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.access.person import operator_account, read_person
from services.cli.exits import WRONG_USE, complain, refuse
from services.cli.options import JsonObject, Person
from services.cli.output.instants import in_oslo

if TYPE_CHECKING:
    from services.notifier.jobs.erase import Erased as NotifierErased
    from services.scheduler.jobs.erase import Erased as SchedulerErased


commands = typer.Typer()


@commands.command()
def erase(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, for good.")] = False,
    as_json: JsonObject = False,
) -> None:
    """Removes a person from both services, under every number that they have had; it cannot be undone.

    What was published about them up to that moment is refused from then on; what comes later begins anew. Kafka,
    backups and other systems keep what they have: docs/operators.md says for how long. It may be done again.

    Example: stoppunkt erase - --yes < number.txt
    """
    from services.cli.access.failures import run_or_refuse

    number = read_person(person)
    if not yes:
        refuse("Nothing was erased: this cannot be undone, and needs --yes.", WRONG_USE)
    scheduler, notifier = run_or_refuse(_erase(number))
    if as_json:
        _print_json(scheduler, notifier)
    else:
        for name, rows in (("scheduler", scheduler.rows), ("notifier", notifier.rows)):
            counts = ", ".join(f"{table} {count}" for table, count in rows.items() if count)
            typer.echo(f"{name}: {counts or 'nothing was kept'}")
        typer.echo(f"Refused from now on: what was published by {in_oslo(notifier.erased_at)}.")
        for task in notifier.open_tasks:
            typer.echo(f"still open downstream: adviser task {task}")
    complain("Kafka, backups, channels and task systems keep what they have until their retention.")


async def _erase(number: str) -> tuple[SchedulerErased, NotifierErased]:
    from services.cli.access.environment import notifier_settings, scheduler_settings
    from services.notifier.operating import check_reach
    from services.notifier.operating import erase as erase_in_notifier
    from services.scheduler.operating import erase as erase_in_scheduler

    of_scheduler, of_notifier = scheduler_settings(), notifier_settings()
    # Nothing is erased in one service while the other cannot be reached. Should it go away in between, the command
    # is run again: erasing twice does no harm.
    await check_reach(of_notifier)
    scheduler = await erase_in_scheduler(of_scheduler, number, operator=operator_account())
    return scheduler, await erase_in_notifier(of_notifier, scheduler.numbers)


def _print_json(scheduler: SchedulerErased, notifier: NotifierErased) -> None:
    from services.cli.output.jsonl import json_line

    typer.echo(
        json_line(
            {
                "scheduler": {"erased_at": in_oslo(scheduler.erased_at), "rows": scheduler.rows},
                "notifier": {"erased_at": in_oslo(notifier.erased_at), "rows": notifier.rows},
                "open_tasks": list(notifier.open_tasks),
            }
        )
    )
