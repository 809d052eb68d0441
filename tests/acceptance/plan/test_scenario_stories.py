"""`replay --json` of two scenarios sends the messages of a story written by hand, and no others.

A story is the file `<scenario>.story.txt` beside the records; each of its lines gives the reason for a message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.ids import delivery_id
from schemas.norway import OSLO
from services.cli.main import app
from tests.support.paths import SCENARIOS

DATA = SCENARIOS
CHANNELS = ("sms", "email", "organisation_email", "letter", "adviser_task")
# The people of scenario 3 by what the story calls them; scenario 1 has only one.
NAMES = {"30819341091": "Eva ", "12928618070": "Jon ", "14838511253": ""}

Line = tuple[str, str, str, str]


def story_of(name: str) -> list[Line]:
    """The story's lines: Oslo time, type of message, step, content. The fifth column, the reason, is for readers."""
    lines = (DATA / f"{name}.story.txt").read_text("utf-8").splitlines()
    columns = [
        [column.strip() for column in line.split("|")] for line in lines if not line.startswith("#")
    ]
    assert all(len(row) == 5 for row in columns)
    return sorted((at, what, step, says) for at, what, step, says, _ in columns)


def lines_of(forms: Sequence[dict[str, Any]]) -> list[Line]:
    """The same lines, of the messages that `replay --json` printed."""
    steps: dict[str, str] = {}
    for form in forms:
        if form["headers"]["ce_type"] == "no.stoppunkt.deadline.due.v1":
            steps |= dict(_ids_of(form["value"]))
    return sorted(_line(form, steps) for form in forms)


def _ids_of(due: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The ids by which later messages refer to a due event (its own, and its deliveries'), each with its step."""
    subject = f" {due['subject']}" if due["subject"] else ""
    step = f"{NAMES[due['person_id']]}{due['checkpoint']}.{due['step']}{subject}"
    yield due["event_id"], step
    for recipient in due["recipients"]:
        for channel in CHANNELS:
            yield (
                delivery_id(due["event_id"], recipient["role"], recipient["org_number"], channel),
                step,
            )


def _line(form: dict[str, Any], steps: dict[str, str]) -> Line:
    what = form["headers"]["ce_type"].removeprefix("no.stoppunkt.").removesuffix(".v1")
    value = form["value"]
    identity = next(
        value[name] for name in ("event_id", "task_id", "delivery_id") if value.get(name)
    )
    at = datetime.fromisoformat(form["at"]).astimezone(OSLO)
    assert (at.second, at.microsecond) == (0, 0), f"{what} left off its instant"
    return f"{at:%Y-%m-%d %H:%M}", what, steps[identity], _says(what, value)


def _says(what: str, value: dict[str, Any]) -> str:
    match what:
        case "deadline.due":
            to = [
                " ".join(filter(None, (recipient["role"], recipient["org_number"])))
                for recipient in value["recipients"]
            ]
            assert value["late_seconds"] == 0
            return f"due {value['due_on']}, to {', '.join(to)}"
        case "deadline.withdrawn":
            reason = ":".join(filter(None, (value["reason"], value["detail"])))
            return f"{reason}, from {'all' if value['recipients'] is None else 'some'}"
        case "deadline.updated" | "adviser_task.updated":
            return f"revision {value['revision']}"
        case "sms.requested" | "email.requested":
            return str(value["to"])
        case "letter.requested":
            return str(value["template"])
        case "adviser_task.opened":
            stands_in = ["no_line_manager"] if value["step"] == "no_line_manager" else []
            whose = value["adviser_id"] or value["office"]
            return ", ".join([*stands_in, whose, f"due {value['due_on']}", value["priority"]])
        case _:
            return str(value["reason"])


@pytest.mark.parametrize("name", ["scenario_1_in_order", "scenario_3_two_employers_and_merge"])
def test_replay_sends_the_messages_of_the_story(name: str) -> None:
    """Instant, type, step and content of every message; and they are printed in the order of contract 11."""
    played = CliRunner().invoke(app, ["replay", str(DATA / f"{name}.ndjson"), "--json"])
    assert played.exit_code == 0, played.stderr
    forms = [json.loads(line) for line in played.stdout.splitlines()]

    assert lines_of(forms) == story_of(name)
    order = [
        (datetime.fromisoformat(form["at"]), form["topic"], form["key"], form["headers"]["ce_id"])
        for form in forms
    ]
    assert order == sorted(order)
