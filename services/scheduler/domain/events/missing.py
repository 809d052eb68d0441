"""What is missing from what an adviser is shown, by name: only what was owed by then (contract 4.4, ADR 32).

The dates are those of the law and not of the rulebook: an office may remind when it likes, and a rulebook without a
checkpoint does not make its duty go away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.messages import FULL_GRADE, FollowUpPlanShared, MeetingNeedAnswered, Recipient
from schemas.norway import oslo_date
from services.scheduler.domain.facts.case_facts import CaseFacts
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.plan import CasePlan
from services.scheduler.domain.rulebook.model import Rulebook

# Last days, as offsets from the case's start: aml § 4-6 (3); § 4-6 (4), of being fully away; ftrl § 8-8 (2).
PLAN_LAST_DAY = 27
MEETING_1_LAST_DAY, MEETING_1_FULL_DAYS = 48, 49
ACTIVITY_LAST_DAY = 55


@dataclass(frozen=True, slots=True)
class NeedQuestion:
    """What a party is asked on a date: whether meeting 2 is needed. It stands; one that was withdrawn is none."""

    asked_on: date
    party: Recipient


def questions_of(
    case_plan: CasePlan, rulebook: Rulebook, now: datetime
) -> tuple[NeedQuestion, ...]:
    """The questions of a case that went out and stand, and those that are still to come, as things are at `now`.

    Each is asked on the day for which it was planned, also where an outage delayed it; one that was first planned later
    than it was due is asked when it goes out.
    """
    asking = {(step.checkpoint, step.name) for step in rulebook.steps if "answered" in step.done_by}
    sent = (
        NeedQuestion(
            oslo_date(fired.event.fired_at if fired.caught_up else fired.event.due_at), party
        )
        for fired in case_plan.fired
        if fired.key[:2] in asking
        for party in fired.remaining
    )
    to_come = (
        NeedQuestion(oslo_date(max(step.due_at, now) if step.caught_up else step.due_at), party)
        for step in case_plan.steps
        if step.state == "armed" and step.due_at is not None and step.key[:2] in asking
        for party in step.recipients
    )
    return (*sent, *to_come)


def missing(
    leave: Leave, facts: CaseFacts, questions: Iterable[NeedQuestion], as_of: date
) -> tuple[str, ...]:
    """What was owed by an Oslo date and is not known: employers by number, what concerns nobody alone last."""
    orgs = [employer.org_number for employer in leave.employers(leave.within(as_of))]
    asked = [question.party for question in questions if question.asked_on <= as_of]
    names = [f"plan_not_shared:{org}" for org in orgs if _owes_plan(org, leave, facts, as_of)]
    names += _answers_missing(facts, orgs, asked)
    if _is_activity_requirement_open(leave, facts, as_of):
        names.append("activity_requirement_not_assessed")
    if any(_owes_meeting_1(org, facts, as_of) for org in _asked_for_meeting_1(leave, as_of)):
        names.append("meeting_1_unknown")
    return tuple(names)


def _owes_plan(org: str, leave: Leave, facts: CaseFacts, as_of: date) -> bool:
    """Whether the office should have the employer's plan; who joined after the four weeks is spared (ADR 3)."""
    last_day = leave.start + timedelta(days=PLAN_LAST_DAY)
    return (
        as_of >= last_day
        and any(employer.org_number == org for employer in leave.employers(leave.within(last_day)))
        and not _is_exempted("follow_up_plan", org, facts, as_of)
        and not any(
            isinstance(plan, FollowUpPlanShared)
            and (plan.org_number, plan.shared_with) == (org, "office")
            for plan in facts.plans
        )
    )


def _asked_for_meeting_1(leave: Leave, as_of: date) -> Sequence[str]:
    """The employers whose seven weeks of full leave have passed, each by its own notes on the last day."""
    first_possible = leave.start + timedelta(days=MEETING_1_LAST_DAY)
    last_day = leave.first_full(first_possible, MEETING_1_FULL_DAYS)
    if last_day is None or as_of <= last_day:
        return ()
    orgs = [employer.org_number for employer in leave.employers(last_day)]
    return [org for org in orgs if leave.employer_grade(org, last_day) == FULL_GRADE]


def _owes_meeting_1(org: str, facts: CaseFacts, as_of: date) -> bool:
    return not _is_exempted("dialogue_meeting_1", org, facts, as_of) and not any(
        meeting.meeting == 1 and meeting.org_number in (None, org) for meeting in facts.meetings
    )


def _is_activity_requirement_open(leave: Leave, facts: CaseFacts, as_of: date) -> bool:
    """Whether the eight weeks have passed, also of full leave, without an assessment; graded work meets it."""
    last_day = leave.first_full(leave.start + timedelta(days=ACTIVITY_LAST_DAY), 1)
    return (
        last_day is not None
        and as_of > last_day
        and leave.grade(leave.within(as_of)) == FULL_GRADE
        and facts.assessment is None
        and not _is_exempted("activity_requirement", None, facts, as_of)
    )


def _is_exempted(checkpoint: str, org: str | None, facts: CaseFacts, as_of: date) -> bool:
    """Whether an exemption stands on that date for everybody, or for that employer."""
    return any(
        exemption.fact.checkpoint == checkpoint
        and exemption.fact.org_number in (None, org)
        and exemption.stands_on(as_of)
        for exemption in facts.exemptions
    )


def _answers_missing(
    facts: CaseFacts, orgs: Sequence[str], asked: Iterable[Recipient]
) -> list[str]:
    """The parties asked whose answer is not known, and then those whose answer has no reason."""
    last: dict[str, MeetingNeedAnswered] = {}
    for answer in sorted(facts.answers, key=lambda answer: answer.occurred_at):
        if answer.party == "employee":
            last["employee"] = answer
        else:
            last |= {f"employer:{org}": answer for org in orgs if answer.org_number in (None, org)}
    parties = ["employee", *(f"employer:{org}" for org in orgs)]
    are_asked = {_party(recipient) for recipient in asked}
    return [
        *(f"answer_{party}" for party in parties if party in are_asked and party not in last),
        *(f"reason_{party}" for party in parties if party in last and not last[party].justified),
    ]


def _party(recipient: Recipient) -> str:
    if recipient.role == "line_manager":
        return f"employer:{recipient.org_number}"
    return recipient.role
