"""The colour in which each state of a planned step is shown."""

from __future__ import annotations

from services.scheduler.domain.plan.planned_step import State

STATE_STYLES: dict[State, str] = {
    "fired": "bold",
    "armed": "green",
    "waiting": "cyan",
    "done": "dim",
    "missed": "yellow",
    "not_applicable": "dim",
}
