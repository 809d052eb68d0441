"""Which channel a step starts with, and what an adviser's task asks for (the matrix of contract 6).

A rule is a row. The first task row that fits is used; the last fits everything, so that a checkpoint of an unknown
rulebook has a rule too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.messages import Basis, Role
from services.notifier.domain.delivery import ChannelName, Purpose

Priority = Literal["high", "normal", "low"]

MEETING_2 = 2

CHAINS: dict[Role, tuple[ChannelName, ...]] = {
    "employee": ("sms", "email", "letter", "adviser_task"),
    "line_manager": ("email", "organisation_email", "adviser_task"),
    "adviser": ("adviser_task",),
}
"""The channels for each role, best first; the next is tried when one cannot reach (6.7)."""


@dataclass(frozen=True, slots=True)
class TaskRule:
    """`step` None fits every step. Working days are counted from the day after the task is opened."""

    checkpoint: str | None
    step: str | None
    working_days: int
    priority: Priority
    high_where_wanted: bool = False
    """High where a party wants a meeting."""


TASK_RULES = (
    TaskRule("activity_requirement", "assess", 5, "normal"),
    TaskRule("activity_requirement", "reply", 5, "normal"),
    TaskRule("dialogue_meeting_2_assessment", None, 10, "normal", high_where_wanted=True),
    TaskRule("dialogue_meeting_2_summons", None, 3, "high"),
    TaskRule("dialogue_meeting_2", "deadline", 1, "high"),
    TaskRule(None, None, 3, "normal"),
)


def task_rule(checkpoint: str, step: str, purpose: Purpose) -> TaskRule:
    """The rule for a task; a task that stands in for somebody who was not reached has the last one."""
    if purpose != "step":
        return TASK_RULES[-1]
    return next(
        rule
        for rule in TASK_RULES
        if rule.checkpoint in (None, checkpoint) and rule.step in (None, step)
    )


def priority(rule: TaskRule, basis: Basis | None) -> Priority:
    wanted = rule.high_where_wanted and basis is not None and wants_meeting(basis)
    return "high" if wanted else rule.priority


def wants_meeting(basis: Basis) -> bool:
    """Whether a party has answered that it wants meeting 2, or has asked for it."""
    return any(answer.wants_meeting for answer in basis.answers) or any(
        request.meeting == MEETING_2 for request in basis.requests
    )
