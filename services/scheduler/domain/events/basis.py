"""The basis of a due event for an adviser: what is known and what is missing (contract 4.4). Facts, never advice.

What is missing is listed by name, because the advisers in the study of 2021 said that it often is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from schemas.messages import (
    ActivityRequirementBasis,
    AnswerBasis,
    Basis,
    EarlierCase,
    Employer,
    ExemptionBasis,
    FollowUpPlanShared,
    GradeBasis,
    MeetingBasis,
    MeetingNeedAnswered,
    MeetingRequested,
    PlanBasis,
    RequestBasis,
)
from schemas.norway import oslo_date
from services.scheduler.domain.facts.case_facts import CaseFacts, Exemption, MeetingState
from services.scheduler.domain.facts.cases import Leave

EARLIER_MONTHS = 36


def basis_of(
    leave: Leave,
    facts: CaseFacts,
    earlier: Sequence[tuple[Leave, CaseFacts]],
    *,
    as_of: date,
    revision: int = 1,
) -> Basis:
    """The basis as of an Oslo date; `earlier` are the person's earlier cases, oldest first."""
    day = min(max(as_of, leave.start), leave.end)
    employers = leave.employers(day)
    recent = [past for past, _ in earlier if past.end >= _months_before(as_of)]
    return Basis(
        as_of=as_of,
        revision=revision,
        weeks_completed=max((as_of - leave.start).days, 0) // 7,
        grade=GradeBasis(
            now=leave.grade(day) if leave.is_sick_listed(as_of) else None,
            history=leave.earlier_grades(as_of),
        ),
        earlier_cases=tuple(
            EarlierCase(start=past.start, end=past.end, sick_days=len(past.days)) for past in recent
        ),
        employers=employers,
        follow_up_plans=_plans(facts),
        answers=tuple(_answer(answer) for answer in facts.answers),
        requests=tuple(_request(request) for request in facts.requests),
        meetings=tuple(
            _meeting(meeting)
            for known in (*(case_facts for _, case_facts in earlier), facts)
            for meeting in known.meetings
        ),
        exemptions=tuple(_exemption(exemption) for exemption in facts.exemptions),
        activity_requirement=_activity_requirement(facts),
        missing=_missing(facts, employers, has_history=bool(recent)),
    )


def same_facts(one: Basis, other: Basis) -> bool:
    """Whether two bases say the same, whenever they were made."""
    aside = {"as_of", "revision", "weeks_completed"}
    return one.model_dump(exclude=aside) == other.model_dump(exclude=aside)


def _months_before(day: date) -> date:
    years = EARLIER_MONTHS // 12
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if leap_day else day.day)


def _plans(facts: CaseFacts) -> tuple[PlanBasis, ...]:
    orgs = sorted({plan.org_number for plan in facts.plans})
    plan_bases = []
    for org in orgs:
        plans = [plan for plan in facts.plans if plan.org_number == org]
        dates_made = [plan.made_on for plan in plans if plan.made_on is not None]
        dates_shared = [plan.shared_on for plan in plans if isinstance(plan, FollowUpPlanShared)]
        plan_bases.append(
            PlanBasis(
                org_number=org,
                made_on=max(dates_made, default=None),
                shared_on=max(dates_shared, default=None),
            )
        )
    return tuple(plan_bases)


def _answer(answer: MeetingNeedAnswered) -> AnswerBasis:
    return AnswerBasis(
        party=answer.party,
        org_number=answer.org_number,
        wants_meeting=answer.wants_meeting,
        justified=answer.justified,
        answered_on=oslo_date(answer.occurred_at),
    )


def _request(request: MeetingRequested) -> RequestBasis:
    return RequestBasis(
        party=request.party,
        meeting=request.meeting,
        requested_on=oslo_date(request.occurred_at),
    )


def _exemption(exemption: Exemption) -> ExemptionBasis:
    return ExemptionBasis(
        checkpoint=exemption.fact.checkpoint,
        reason=exemption.fact.reason,
        granted_on=exemption.granted_on,
        until=exemption.fact.until,
        granted_by=exemption.fact.granted_by,
    )


def _meeting(meeting: MeetingState) -> MeetingBasis:
    return MeetingBasis(
        meeting=meeting.meeting,
        meeting_id=meeting.meeting_id,
        state=_meeting_state(meeting),
        takes_place_on=meeting.takes_place_on,
        org_number=meeting.org_number,
    )


def _meeting_state(meeting: MeetingState) -> Literal["summoned", "moved", "held", "cancelled"]:
    if meeting.is_held:
        return "held"
    if meeting.is_cancelled:
        return "cancelled"
    return "moved" if meeting.moved_at is not None else "summoned"


def _activity_requirement(facts: CaseFacts) -> ActivityRequirementBasis | None:
    assessment = facts.assessment
    if assessment is None:
        return None
    return ActivityRequirementBasis(
        outcome=assessment.outcome,
        final=assessment.final,
        assessed_on=oslo_date(assessment.occurred_at),
    )


def _missing(
    facts: CaseFacts, employers: Sequence[Employer], *, has_history: bool
) -> tuple[str, ...]:
    shared = {plan.org_number for plan in facts.plans if isinstance(plan, FollowUpPlanShared)}
    orgs = [employer.org_number for employer in employers]
    names = [f"plan_not_shared:{org}" for org in orgs if org not in shared]
    names += _answers_missing(facts, orgs)
    names += ["activity_requirement_not_assessed"] if facts.assessment is None else []
    names += ["meeting_1_unknown"] if not any(m.meeting == 1 for m in facts.meetings) else []
    names += ["history_unknown"] if not has_history else []
    return tuple(names)


def _answers_missing(facts: CaseFacts, orgs: Sequence[str]) -> list[str]:
    """The parties whose answer, and then those whose reason for it, is not known."""
    last: dict[str, MeetingNeedAnswered] = {}
    for answer in facts.answers:
        if answer.party == "employee":
            last["employee"] = answer
        else:
            last |= {f"employer:{org}": answer for org in orgs if answer.org_number in (None, org)}
    parties = ["employee", *(f"employer:{org}" for org in orgs)]
    return [
        *(f"answer_{party}" for party in parties if party not in last),
        *(f"reason_{party}" for party in parties if party in last and not last[party].justified),
    ]
