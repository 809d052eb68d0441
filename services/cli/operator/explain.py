"""`stoppunkt explain PERSON`: why somebody did, or did not, get a message (contract 4.5)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.access.person import operator_account, read_person
from services.cli.exits import complain, refuse
from services.cli.options import INSTANT_FORM, JsonObject, Person
from services.cli.output.instants import in_oslo, instant

if TYPE_CHECKING:
    from services.notifier.operating import DeliveryStory
    from services.scheduler.domain.people.explanation import Explanation

commands = typer.Typer()

UNKNOWN = "Nothing is known of this person."


@commands.command()
def explain(
    person: Person,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            metavar="INSTANT",
            parser=instant,
            help=f"As of an earlier moment, with what was known then. {INSTANT_FORM}",
            show_default=False,
        ),
    ] = None,
    as_json: JsonObject = False,
) -> None:
    """Tells facts, cases and the whole plan of a person, past and future, with reasons, and what was sent.

    With --at everything is told as it was known at that moment; what was not kept of it is said. Who asks, and when, is
    written into the scheduler's audit table under the person's keyed hash. Nothing else is changed.

    Example: stoppunkt explain - --at 2026-03-01T12:00:00+01:00 < number.txt
    """
    from services.cli.access.failures import run_or_refuse

    explanation, deliveries = run_or_refuse(_ask(read_person(person), at))
    if explanation is None:
        refuse(UNKNOWN)
    if isinstance(deliveries, str):
        complain(
            f"What became of the messages is not shown: the notifier's tables are out of reach ({deliveries})."
        )
        shown = None
    else:
        shown = deliveries
    if as_json:
        _print_json(explanation, shown)
    else:
        _print_page(explanation, shown, is_past=at is not None)


async def _ask(
    number: str, at: datetime | None
) -> tuple[Explanation | None, list[DeliveryStory] | str]:
    from services.cli.access.environment import notifier_settings, scheduler_settings
    from services.cli.access.failures import result_or_error
    from services.notifier.operating import deliveries_at, deliveries_of
    from services.scheduler.operating import explain as explain_now

    explanation = await explain_now(scheduler_settings(), number, at, operator=operator_account())
    if explanation is None:
        return None, []
    settings = notifier_settings()
    if at is None or explanation.as_of < at:
        deliveries = deliveries_of(settings, explanation.person_id)
    else:
        deliveries = deliveries_at(settings, explanation.due_events, explanation.as_of)
    return explanation, await result_or_error(deliveries)


def _print_json(explanation: Explanation, deliveries: list[DeliveryStory] | None) -> None:
    from services.cli.output.jsonl import json_line
    from services.scheduler.explain.as_json import explanation_form

    forms = None if deliveries is None else [_delivery(story) for story in deliveries]
    typer.echo(json_line(explanation_form(explanation) | {"deliveries": forms}))


def _delivery(story: DeliveryStory) -> dict[str, Any]:
    members = {
        name: in_oslo(value) if isinstance(value, datetime) else value
        for name, value in asdict(story.progress).items()
    }
    return {"checkpoint": story.checkpoint, "step": story.step, **members}


def _print_page(
    explanation: Explanation, deliveries: list[DeliveryStory] | None, *, is_past: bool
) -> None:
    from services.cli.output.console import StdoutConsole
    from services.cli.output.explain_page import deliveries_of, page_of

    console = StdoutConsole()
    console.print(page_of(explanation))
    if deliveries is not None:
        console.print(deliveries_of(deliveries, is_past=is_past))
