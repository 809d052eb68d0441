"""What may end a step: the acts that a rulebook names in `done_by`, each declared once (contract 4).

An act is a name in `rulebook.model.Act` and a row of `ACTS` below; a test refuses a name without a row. The order of
the rows is the order in which reasons are named where several acts have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from schemas.messages import FollowUpPlanMade, FollowUpPlanShared, Recipient
from schemas.norway import oslo_date
from services.scheduler.domain.facts.case_facts import CaseFacts, MeetingState
from services.scheduler.domain.plan.reasons import Reason
from services.scheduler.domain.plan.view import Question
from services.scheduler.domain.rulebook.model import Act, Step

HasHappened = Callable[[Question, Recipient], bool]


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act: the reason that the plan shows for it, and how the facts of a case say that it has happened.

    Without any of `facts` it has happened for nobody; `has_happened` asks for one recipient. Of an act that only
    `Occurrence.done` shows (a request that was closed, a meeting that was moved) there are no facts to ask.
    Where `is_employers_duty` holds of a step, the employee's share is done once every employer has done its own.
    """

    reason: Reason
    facts: Callable[[CaseFacts], Sequence[object]] = lambda _: ()
    has_happened: HasHappened = lambda _question, _recipient: False
    is_employers_duty: Callable[[Step], bool] = lambda _: False


def _always(_: Step) -> bool:
    return True


def _plans(facts: CaseFacts) -> Sequence[object]:
    return facts.plans


def _meetings(facts: CaseFacts) -> Sequence[object]:
    return facts.meetings


def _plan_is_made(question: Question, recipient: Recipient) -> bool:
    return recipient.role != "employee" and any(
        _is_recipients_own(plan.org_number, question, recipient)
        for plan in question.view.facts.plans
        if isinstance(plan, FollowUpPlanMade)
    )


def _plan_is_shared(question: Question, recipient: Recipient) -> bool:
    return any(_plans_shared(question, recipient))


def _office_has_plan(question: Question, recipient: Recipient) -> bool:
    return any(plan.shared_with == "office" for plan in _plans_shared(question, recipient))


def _practitioner_has_plan(question: Question, recipient: Recipient) -> bool:
    return any(plan.shared_with == "practitioner" for plan in _plans_shared(question, recipient))


def _plans_shared(question: Question, recipient: Recipient) -> list[FollowUpPlanShared]:
    """The recipient's own shared plans; where a fact asked for one, those shared on its day or later."""
    if recipient.role == "employee":
        return []
    since = question.occurrence.happened_on if question.occurrence is not None else None
    return [
        plan
        for plan in question.view.facts.plans
        if isinstance(plan, FollowUpPlanShared)
        and _is_recipients_own(plan.org_number, question, recipient)
        and (since is None or plan.shared_on >= since)
    ]


def _is_recipients_own(org_number: str, question: Question, recipient: Recipient) -> bool:
    """Whether an employer's act is the recipient's own; an adviser's is that of the employers meant."""
    if recipient.role == "adviser":
        meant = question.occurrence.org_numbers if question.occurrence is not None else None
        return meant is None or org_number in meant
    return recipient.org_number == org_number


def _any_meeting(has: Callable[[MeetingState], bool]) -> HasHappened:
    return _any_meeting_by(lambda meeting, _: has(meeting))


def _any_meeting_by(has: Callable[[MeetingState, date], bool]) -> HasHappened:
    """`has` is asked of a meeting and the step's due date."""

    def has_happened(question: Question, recipient: Recipient) -> bool:
        if question.step.on == "meeting_requested":
            return False  # The occurrence itself knows which meeting answers the request.
        return any(
            has(meeting, question.due_on) and _is_recipients_meeting(meeting, recipient)
            for meeting in _meetings_meant(question)
        )

    return has_happened


def _is_summoned_in_time(meeting: MeetingState, due_on: date) -> bool:
    """Whether it is to be held by the due date; a meeting of no known date is not."""
    day = meeting.takes_place_on
    return meeting.is_summoned and day is not None and day <= due_on


def _meetings_meant(question: Question) -> Sequence[MeetingState]:
    step, occurrence = question.step, question.occurrence
    if occurrence is not None and occurrence.meeting is not None:
        return (occurrence.meeting,)
    if step.on == "meeting_answered":
        return ()  # Nothing but the answer is known of its meeting.
    return [m for m in question.view.facts.meetings if m.meeting in step.meetings]


def _is_recipients_meeting(meeting: MeetingState, recipient: Recipient) -> bool:
    """Meeting 1 is the employer's own: one that names an employer is not the other's, nor the employee's."""
    if meeting.meeting != 1 or meeting.org_number is None or recipient.role == "adviser":
        return True
    return recipient.role == "line_manager" and meeting.org_number == recipient.org_number


def _is_assessed(question: Question, _: Recipient) -> bool:
    assessment = question.view.facts.assessment
    return question.step.on is None and assessment is not None and assessment.final


def _has_answered(question: Question, recipient: Recipient) -> bool:
    answers = question.view.facts.answers
    return any(_is_party(answer.party, answer.org_number, recipient) for answer in answers)


def _has_requested(question: Question, recipient: Recipient) -> bool:
    return any(
        request.meeting == question.step.meeting
        and _is_party(request.party, request.org_number, recipient)
        for request in question.view.facts.requests
    )


def _is_to_be_reassessed(question: Question, _: Recipient) -> bool:
    """Where the step hangs on a fact, only since that fact's day: an earlier reassessment was not about it."""
    since = question.occurrence.happened_on if question.occurrence is not None else date.min
    asked_for = question.view.facts.reassessments
    return any(oslo_date(request.occurred_at) >= since for request in asked_for)


def _is_party(party: str, org_number: str | None, recipient: Recipient) -> bool:
    if recipient.role == "adviser":
        return party in ("employee", "employer")
    if recipient.role == "employee":
        return party == "employee"
    return party == "employer" and org_number in (None, recipient.org_number)


def _is_meeting_1(step: Step) -> bool:
    return step.meeting == 1


ACTS: Mapping[Act, ActRow] = {
    "plan_made": ActRow("plan_made", _plans, _plan_is_made, _always),
    "plan_shared": ActRow("plan_shared", _plans, _plan_is_shared, _always),
    "plan_shared_with_office": ActRow("plan_shared", _plans, _office_has_plan, _always),
    "plan_shared_with_practitioner": ActRow("plan_shared", _plans, _practitioner_has_plan, _always),
    "held": ActRow("held", _meetings, _any_meeting(lambda meeting: meeting.is_held), _is_meeting_1),
    "summoned": ActRow("summoned", _meetings, _any_meeting(lambda meeting: meeting.is_summoned)),
    "summoned_in_time": ActRow(
        "summoned", _meetings, _any_meeting_by(_is_summoned_in_time), _is_meeting_1
    ),
    "assessed": ActRow("assessed", lambda facts: facts.assessments, _is_assessed),
    "answered": ActRow("answered", lambda facts: facts.answers, _has_answered),
    "requested": ActRow("requested", lambda facts: facts.requests, _has_requested),
    "reassessment": ActRow("reassessment", lambda facts: facts.reassessments, _is_to_be_reassessed),
    "closed": ActRow("closed"),
    "moved": ActRow("moved"),
    "cancelled": ActRow("cancelled", _meetings, _any_meeting(lambda meeting: meeting.is_cancelled)),
    "revoked": ActRow("revoked"),
    "minutes_sent": ActRow(
        "minutes_sent", _meetings, _any_meeting(lambda meeting: meeting.has_minutes_sent)
    ),
    "moved_in_time": ActRow("moved_in_time"),
}


def is_employers_duty(step: Step) -> bool:
    """Whether the step is an employer's duty, in which the employee only has a share."""
    return any(ACTS[act].is_employers_duty(step) for act in step.done_by)


def may_have_happened(acts: Sequence[Act], facts: CaseFacts) -> bool:
    """Whether there is any fact that could be one of the acts, for anybody; mostly there is none."""
    return any(ACTS[act].facts(facts) for act in acts)


def reason_of_act(question: Question, recipient: Recipient) -> Reason | None:
    """The first of the step's acts that has happened for the recipient, as the plan's reason for it."""
    happened = (
        row.reason
        for act, row in ACTS.items()
        if act in question.step.done_by and row.has_happened(question, recipient)
    )
    return next(happened, None)
