"""Which channel a step starts with, and what an adviser's task asks for (the matrix of contract 6).

A rule is a row. The first task row that fits is used; the last fits everything, so that a checkpoint of an unknown
rulebook has a rule too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.messages import Basis, DeadlineDue, Role
from services.notifier.domain.delivery import ChannelName, Purpose
from services.workdays import last_working_day, working_days_after

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
    high_where: Callable[[Basis, str | None], bool] | None = None
    """Asked of the basis and the event's subject: where it holds, the priority is high."""


def wants_meeting(basis: Basis, _subject: str | None) -> bool:
    """Whether a party has answered that it wants meeting 2, or has asked for it."""
    return any(answer.wants_meeting for answer in basis.answers) or any(
        request.meeting == MEETING_2 for request in basis.requests
    )


def is_refused_again(basis: Basis, meeting_id: str | None) -> bool:
    """Whether the parties have refused that meeting more than once."""
    return any(
        meeting.meeting_id == meeting_id and meeting.refusals > 1 for meeting in basis.meetings
    )


TASK_RULES = (
    TaskRule("activity_requirement", "assess", 5, "normal"),
    TaskRule("activity_requirement", "reply", 5, "normal"),
    TaskRule("dialogue_meeting_2_assessment", None, 10, "normal", high_where=wants_meeting),
    TaskRule("dialogue_meeting_2_summons", None, 3, "high"),
    TaskRule("dialogue_meeting_2", "deadline", 1, "high"),
    TaskRule("meeting_answer", None, 3, "normal", high_where=is_refused_again),
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


def priority(rule: TaskRule, event: DeadlineDue) -> Priority:
    """How much a task presses, by what is known when it opens."""
    if rule.high_where is None or event.basis is None:
        return rule.priority
    return "high" if rule.high_where(event.basis, event.subject) else rule.priority


def task_due_on(rule: TaskRule, opened_on: date, legal_on: date | None) -> date:
    """The task's own date: its working days, or the last working day by law where that is earlier.

    Never before the day on which it opens (Oslo), also where the legal date has passed by then.
    """
    due_on = working_days_after(opened_on, rule.working_days)
    if legal_on is not None:
        due_on = min(due_on, last_working_day(legal_on))
    return max(due_on, opened_on)
