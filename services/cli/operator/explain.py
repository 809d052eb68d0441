"""`stoppunkt explain PERSON`: why somebody did, or did not, get a message (contract 4.5)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.exits import complain, refuse
from services.cli.operator.parts import (
    PERSON_HELP,
    answer,
    notifier_settings,
    operator,
    person_of,
    reached,
    scheduler_settings,
)
from services.cli.output.instants import in_oslo, instant

if TYPE_CHECKING:
    from services.notifier.operating import DeliveryStory
    from services.scheduler.domain.people.explanation import Explanation

UNKNOWN = "Nothing is known of this person."


def explain(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=PERSON_HELP, show_default=False)],
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            metavar="INSTANT",
            parser=instant,
            help="As of an earlier moment, with what was known then.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Tells facts, cases and the whole plan of a person, past and future, with reasons, and what was sent.

    Deliveries are told as they stand now, also with --at: those that were planned by then. Who asks, and when, is
    written into the scheduler's audit table under the person's keyed hash. Nothing else is changed.

    Example: stoppunkt explain - --at 2026-03-01T12:00:00+01:00 < number.txt
    """
    asked = person_of(person)
    found, deliveries = answer(_ask(asked, at))
    if found is None:
        refuse(UNKNOWN)
    if isinstance(deliveries, str):
        complain(
            f"What became of the messages is not shown: the notifier's tables are out of reach ({deliveries})."
        )
    sent = None if isinstance(deliveries, str) else [d for d in deliveries if _is_known(d, at)]
    if as_json:
        _print_json(found, sent)
    else:
        _print_page(found, sent)


async def _ask(
    asked: str, at: datetime | None
) -> tuple[Explanation | None, list[DeliveryStory] | str]:
    from services.notifier.operating import deliveries_of
    from services.scheduler.operating import explain as explain_now

    found = await explain_now(scheduler_settings(), asked, at, operator=operator())
    if found is None:
        return None, []
    return found, await reached(deliveries_of(notifier_settings(), found.person_id))


def _is_known(delivery: DeliveryStory, at: datetime | None) -> bool:
    return at is None or delivery.told.planned_at <= at


def _print_json(found: Explanation, deliveries: list[DeliveryStory] | None) -> None:
    from services.cli.output.jsonl import json_line
    from services.scheduler.explain.as_json import explanation_form

    told = None if deliveries is None else [_delivery(each) for each in deliveries]
    typer.echo(json_line(explanation_form(found) | {"deliveries": told}))


def _delivery(story: DeliveryStory) -> dict[str, Any]:
    told = {
        name: in_oslo(value) if isinstance(value, datetime) else value
        for name, value in asdict(story.told).items()
    }
    return {"checkpoint": story.checkpoint, "step": story.step, **told}


def _print_page(found: Explanation, deliveries: list[DeliveryStory] | None) -> None:
    from services.cli.output.consoles import StdoutConsole
    from services.cli.output.explain_page import deliveries_of, page_of

    console = StdoutConsole()
    console.print(page_of(found))
    if deliveries is not None:
        console.print(deliveries_of(deliveries))
