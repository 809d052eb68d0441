"""A plan as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.cli.output.instants import weekday
from services.cli.output.state_styles import STATE_STYLES


def page_of(person: dict[str, Any]) -> RenderableType:
    """One person in the form of `plan --json`: a heading a case, and under it a line a step."""
    parts: list[RenderableType] = [Text(f"Person {person['person_id']}", style="bold")]
    if not person["cases"]:
        parts.append(Text("  no sick leave is known\n"))
    for case in person["cases"]:
        parts += [*_heading(case), *_tables(case), Text()]
    return Group(*parts)


def _heading(case: dict[str, Any]) -> list[Text]:
    span = f"  Sick leave {_day(case['start'])} to {_day(case['end'])}"
    days = f", {case['sick_days']} sick days" if case["sick_days"] else ", withdrawn"
    return [Text(span + days), Text(f"  case {case['case_id']}", style="dim")]


def _tables(case: dict[str, Any]) -> Iterator[RenderableType]:
    for checkpoint, timers in groupby(case["timers"], key=itemgetter("checkpoint")):
        yield Text(f"  {checkpoint.replace('_', ' ')}", style="underline")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for width in (14, 15, 16, None):
            table.add_column(width=width, overflow="fold")
        for timer in timers:
            step = timer["step"] + (f" ({timer['subject']})" if timer["subject"] else "")
            state = timer["state"]
            table.add_row(
                step.replace("_", " "),
                _day(timer["due_on"]),
                _moment(timer["due_at"]),
                Text(f"{state.replace('_', ' ')}: {timer['reason']}", style=STATE_STYLES[state]),
            )
        yield Padding(table, (0, 0, 0, 4))


def _day(iso: str | None) -> str:
    return weekday(date.fromisoformat(iso)) if iso else "-"


def _moment(iso: str | None) -> str:
    return f"{datetime.fromisoformat(iso):%a %-d %b %H:%M}" if iso else "-"
