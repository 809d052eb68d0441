"""An explanation as a person reads it in a terminal: facts, notes, and each case with its plan and its timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.norway import OSLO
from services.cli.output.instants import weekday
from services.cli.output.state_styles import STATE_STYLES
from services.notifier.operating import DeliveryStory
from services.scheduler.domain.people.explanation import CaseStory, Explanation, Line
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.plan.reasons import in_words


def page_of(explanation: Explanation) -> RenderableType:
    """Everything about one person, in the order in which it is asked for."""
    office = f", office {explanation.office}" if explanation.office else ""
    as_of = f"as of {_moment(explanation.as_of)}"
    parts: list[RenderableType] = [
        Text(f"Person {explanation.person_id}{office}, {as_of}", style="bold")
    ]
    parts += [Text(caveat, style="yellow") for caveat in explanation.caveats]
    parts += _section("Sick notes", _lines(explanation.notes, with_hour=False), "none")
    parts += _section("Facts", _lines(explanation.facts), "none")
    if not explanation.cases:
        parts.append(Text("no sick leave is known"))
    for case in explanation.cases:
        parts += _case(case, explanation.as_of)
    return Group(*parts)


def deliveries_of(stories: Sequence[DeliveryStory], *, is_past: bool = False) -> RenderableType:
    """What became of each message and task by the moment that is explained."""
    rows = [
        (
            _moment(story.progress.planned_at),
            f"{story.checkpoint}.{story.step}".replace("_", " "),
            f"{story.progress.channel} to {story.progress.role}".replace("_", " "),
            _outcome(story),
        )
        for story in stories
    ]
    title = "Messages and tasks"
    if is_past:
        title += " (what one waited for at an earlier moment, and failed attempts, are not kept)"
    return Group(*_section(title, _table(rows, (21, None, None, None)) if rows else None, "none"))


def _outcome(story: DeliveryStory) -> str:
    delivery = story.progress
    why = delivery.wait_reason if delivery.state == "waiting" else delivery.reason
    text = delivery.state + (f" ({why.replace('_', ' ')})" if why else "")
    if delivery.state == "waiting" and delivery.ready_at is not None:
        text += f" until {_moment(delivery.ready_at)}"
    elif (when := delivery.ended_at or delivery.sent_at) is not None:
        text += f" {_moment(when)}"
    return text + (f", withdrawn: {delivery.withdrawn}" if delivery.withdrawn else "")


def _case(case: CaseStory, as_of: datetime) -> Iterator[RenderableType]:
    days = f"{case.sick_days} sick days" if case.leave is not None else "withdrawn"
    yield Text(f"Sick leave {_day(case.start)} to {_day(case.end)}, {days}", style="bold")
    yield Text(f"case {case.case_id}", style="dim")
    for checkpoint, steps in groupby(case.steps, key=attrgetter("key.checkpoint")):
        yield Text(checkpoint.replace("_", " "), style="underline")
        rows = [(_name(step), _day(step.due_on), _state(step)) for step in steps]
        yield Padding(_table(rows, (16, 15, None)), (0, 0, 0, 2))
    yield Text("timeline", style="underline")
    past = [line for line in case.timeline if line.at <= as_of]
    future = [line for line in case.timeline if line.at > as_of]
    yield Padding(_lines(past), (0, 0, 0, 2))
    yield Text(f"  ──── {_moment(as_of)} ────", style="cyan")
    yield Padding(_lines(future), (0, 0, 0, 2))
    yield Text()


def _name(step: PlannedStep) -> str:
    again = f" (again, {step.generation})" if step.generation > 1 else ""
    subject = f" ({step.key.subject})" if step.key.subject else ""
    return step.key.step.replace("_", " ") + subject + again


def _state(step: PlannedStep) -> Text:
    words = in_words(step.reason)
    return Text(f"{step.state.replace('_', ' ')}: {words}", style=STATE_STYLES[step.state])


def _section(title: str, table: RenderableType | None, nothing: str) -> Iterator[RenderableType]:
    yield Text(title, style="underline")
    empty = table is None or (isinstance(table, Table) and not table.rows)
    yield Padding(Text(nothing, style="dim") if table is None or empty else table, (0, 0, 1, 2))


def _lines(lines: Iterable[Line], *, with_hour: bool = True) -> Table:
    rows = [
        (
            _moment(line.at) if with_hour else _day(line.at.date()),
            line.what.replace("_", " "),
            line.why,
        )
        for line in lines
    ]
    return _table(rows, (21 if with_hour else 15, None, None))


def _table(rows: Iterable[Sequence[str | Text]], widths: Sequence[int | None]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(min_width=width, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table


def _day(on: date | None) -> str:
    return weekday(on) if on is not None else "-"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(OSLO):%a %-d %b %Y %H:%M}" if at is not None else "-"
