"""What must hold on a step's due date: the conditions that a rulebook names in `when`, each declared once (contract 4).

A condition is a name in `rulebook.model.ConditionName` and a row of `CONDITIONS` below; a test refuses a name without
a row. The order of the rows is the order in which failing conditions are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.messages import FULL_GRADE
from services.scheduler.domain.plan.fact_anchors import covers
from services.scheduler.domain.plan.reasons import Reason
from services.scheduler.domain.plan.view import Question
from services.scheduler.domain.rulebook.model import ConditionName


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition: the reason that the plan shows where it fails, and whether it fails on a date."""

    reason: Reason
    fails: Callable[[Question, date], bool]


def _is_over(question: Question, day: date) -> bool:
    return question.view.is_over and day >= question.leave.over_on


def _is_not_sick_listed(question: Question, day: date) -> bool:
    return not question.leave.is_sick_listed(day)


def _has_no_employer(question: Question, day: date) -> bool:
    return not question.leave.employers(question.leave.within(day))


def _is_graded(question: Question, day: date) -> bool:
    if question.asked_work == "full":
        return not question.recipients  # Judged employer by employer, and not for the person.
    return question.leave.grade(question.leave.within(day)) < FULL_GRADE


def _is_not_graded(question: Question, day: date) -> bool:
    if question.asked_work == "graded":
        return not question.recipients
    return question.leave.grade(question.leave.within(day)) >= FULL_GRADE


def _no_plan_is_made(question: Question, _: date) -> bool:
    return not question.asked_employers  # Judged employer by employer.


def _lacks_exemption(question: Question, day: date) -> bool:
    step, exemptions = question.step, question.view.facts.exemptions
    return any(
        not any(
            covers(exemption.fact.checkpoint, step)
            and exemption.stands_on(day)
            # One that names an employer is nothing to an adviser (contract 4).
            and (exemption.fact.org_number is None or "line_manager" in step.to)
            and (not condition.reasons or exemption.fact.reason in condition.reasons)
            for exemption in exemptions
        )
        for condition in step.when
        if condition.name == "exempted"
    )


def _is_summoned(question: Question, _: date) -> bool:
    return any(
        meeting.is_summoned or meeting.is_held
        for meeting in question.view.facts.meetings
        if meeting.meeting in question.step.meetings
    )


def _is_near_assessment(question: Question, _: date) -> bool:
    """Whether each answer that is the request is seen in an assessment: near it in time, and ended no earlier.

    Near the day on which the step is told: today, or the day for which a suspension has put it off.
    """
    answered_at = question.occurrence.answered_at if question.occurrence is not None else ()
    days = max(condition.days for condition in question.step.when)
    told_on = question.planned_for or max(question.view.today, question.told_on)
    last = told_on + timedelta(days=days)
    near = [assessment for assessment in question.view.assessments if assessment.on <= last]
    return bool(answered_at) and all(
        any(one.ended_at is None or one.ended_at >= answer for one in near)
        for answer in answered_at
    )


CONDITIONS: Mapping[ConditionName, ConditionRow] = {
    "case_not_over": ConditionRow("ended", _is_over),
    "sick_listed": ConditionRow("not_sick_listed", _is_not_sick_listed),
    "employee": ConditionRow("no_employer", _has_no_employer),
    "full": ConditionRow("graded", _is_graded),
    "graded": ConditionRow("not_graded", _is_not_graded),
    "plan_made": ConditionRow("nobody_asked", _no_plan_is_made),
    "exempted": ConditionRow("not_exempted", _lacks_exemption),
    "not_summoned": ConditionRow("summoned", _is_summoned),
    "assessment_not_near": ConditionRow("assessment_near", _is_near_assessment),
}


def failing_condition(question: Question, *, is_full: bool) -> Reason | None:
    """The reason of the first condition that fails; `is_full`: the step's days of full leave are there."""
    for name, row in CONDITIONS.items():
        if name == "full" and not is_full:
            return row.reason
        if question.step.requires(name) and row.fails(question, question.judged_on):
            return row.reason
    return None
