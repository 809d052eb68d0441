"""Whom a step asks, and for whom it is done or exempted (contract 4: done by, exemptions, several employers)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from schemas.messages import FULL_GRADE, FollowUpPlanMade, FollowUpPlanShared, Recipient, Role
from schemas.norway import ONE_DAY
from services.scheduler.domain.facts.case_facts import CaseFacts, Exemption, MeetingState
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.fact_anchors import Occurrence, covers
from services.scheduler.domain.rulebook.model import Act, Rulebook, Step

# Of several reasons the first is named (contract 4.1); act → the code it is told by.
_ACTS_IN_ORDER: tuple[tuple[Act, str], ...] = (
    ("plan_made", "plan_made"),
    ("plan_shared", "plan_shared"),
    ("plan_shared_with_office", "plan_shared"),
    ("held", "held"),
    ("summoned", "summoned"),
    ("assessed", "assessed"),
    ("answered", "answered"),
    ("requested", "requested"),
    ("reassessment", "reassessment"),
    ("closed", "closed"),
    ("moved", "moved"),
    ("cancelled", "cancelled"),
    ("revoked", "revoked"),
)
_REASONS_IN_ORDER = [code for _, code in _ACTS_IN_ORDER]
_EXEMPTED = "exempted:"


@dataclass(frozen=True, slots=True)
class View:
    """One case as the plan sees it at `now` (UTC); `leave` is None once no note makes it any more."""

    leave: Leave | None
    facts: CaseFacts
    rulebook: Rulebook
    now: datetime
    today: date
    is_dead: bool

    @property
    def is_over(self) -> bool:
        """Contract 3.6; a case without notes is withdrawn, which is another thing."""
        return self.leave is not None and (self.is_dead or self.today >= self.leave.over_on)


@dataclass(frozen=True, slots=True)
class Question:
    """One step of one leave on one due date; `resumes` are exemptions for which it was withdrawn before.

    With `asks_graded` employers of graded work are asked for meeting 1 too, to see whether they have held it.
    """

    step: Step
    occurrence: Occurrence | None
    view: View
    leave: Leave
    due_on: date
    resumes: Sequence[str] = ()
    asks_graded: bool = False

    def within(self, day: date) -> date:
        """The day, or the nearest one of the leave: there its notes hold."""
        return min(max(day, self.leave.start), self.leave.end)

    @property
    def is_meeting_1_timer(self) -> bool:
        """Whether it counts from full leave, itself or by the step that it is anchored in."""
        anchor: Step | None = self.step
        while anchor is not None and anchor.from_ is not None:
            anchor = self.view.rulebook.find(anchor.from_)
        return self.step.meeting == 1 and anchor is not None and anchor.full_days is not None

    @property
    def asked_employers(self) -> tuple[str, ...]:
        """The employers of the due date, each by its own notes; one that joins later is not asked."""
        if self.occurrence is not None and self.occurrence.org_numbers is not None:
            return tuple(sorted(self.occurrence.org_numbers))
        day = self.within(self.due_on)
        orgs = [employer.org_number for employer in self.leave.employers(day)]
        if self.is_meeting_1_timer and not self.asks_graded:
            # aml § 4-6 (4): within seven weeks of being *fully* away.
            orgs = [org for org in orgs if self.leave.employer_grade(org, day) == FULL_GRADE]
        return tuple(orgs)

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """All whom the step could go to on its due date, done or not."""
        found: list[Recipient] = []
        employers = self.asked_employers
        for role in self.step.to:
            if role == "line_manager":
                found += [_recipient(role, org_number=org) for org in employers]
            elif role == "employee":
                # Where every employer is out of it because of graded work, so is the employee's share.
                if employers or not self.is_meeting_1_timer:
                    found.append(_recipient(role))
            else:
                adviser_id = self.occurrence.adviser_id if self.occurrence is not None else None
                found.append(_recipient(role, adviser_id=adviser_id))
        return tuple(found)


@lru_cache(maxsize=1_000)
def _recipient(
    role: Role, org_number: str | None = None, adviser_id: str | None = None
) -> Recipient:
    """A value that every step of every plan needs: made once, for it is checked when it is made."""
    return Recipient(role=role, org_number=org_number, adviser_id=adviser_id)


def closed_and_resumed(question: Question) -> tuple[dict[Recipient, str], dict[Recipient, date]]:
    """Why recipients are not asked, and for others the day after an exemption of theirs has ended."""
    closed: dict[Recipient, str] = {}
    resume_on: dict[Recipient, date] = {}
    if not _anything_told(question):
        return closed, resume_on
    recipients = question.recipients
    employers = [Recipient(role="line_manager", org_number=org) for org in question.asked_employers]
    for recipient in (*employers, *(r for r in recipients if r.role != "line_manager")):
        reason = _done_reason(question, recipient) or _exempted_reason(question, recipient)
        after = _resume_on(question, recipient)
        if reason is None and recipient.role == "employee" and _is_employers_duty(question.step):
            # What an employer owes, the employee owes with each of them: done with all, it is done here too.
            shares = [closed[employer] for employer in employers if employer in closed]
            ended = [resume_on[employer] for employer in employers if employer in resume_on]
            if shares and len(shares) == len(employers):
                reason = first_reason(shares)
            after = after or min(ended, default=None)
        if reason is not None:
            closed[recipient] = reason
        elif after is not None:
            resume_on[recipient] = after
    return {r: reason for r, reason in closed.items() if r in recipients}, resume_on


def _anything_told(question: Question) -> bool:
    """Whether there is any fact that could close the step for anybody; mostly there is none."""
    occurrence, facts = question.occurrence, question.view.facts
    if facts.exemptions or (occurrence is not None and occurrence.done is not None):
        return True
    told_of: dict[Act, Sequence[object]] = {
        "plan_made": facts.plans,
        "plan_shared": facts.plans,
        "plan_shared_with_office": facts.plans,
        "held": facts.meetings,
        "summoned": facts.meetings,
        "cancelled": facts.meetings,
        "assessed": facts.assessments,
        "answered": facts.answers,
        "requested": facts.requests,
        "reassessment": facts.reassessments,
    }
    return any(told_of.get(act) for act in question.step.done_by)


def _is_employers_duty(step: Step) -> bool:
    acts = {"plan_made", "plan_shared", "plan_shared_with_office"}
    return bool(acts & set(step.done_by)) or (step.meeting == 1 and "held" in step.done_by)


def _done_reason(question: Question, recipient: Recipient) -> str | None:
    step, occurrence, facts = question.step, question.occurrence, question.view.facts
    if occurrence is not None and occurrence.done is not None:
        return occurrence.done
    return next(
        (
            code
            for act, code in _ACTS_IN_ORDER
            if act in step.done_by and _has_happened(act, step, occurrence, facts, recipient)
        ),
        None,
    )


def _has_happened(
    act: Act, step: Step, occurrence: Occurrence | None, facts: CaseFacts, recipient: Recipient
) -> bool:
    is_employees = recipient.role == "employee"
    match act:
        case "plan_made":
            made = [p for p in facts.plans if isinstance(p, FollowUpPlanMade)]
            return not is_employees and any(
                _is_of(p.org_number, recipient, occurrence) for p in made
            )
        case "plan_shared" | "plan_shared_with_office":
            since = occurrence.happened_on if occurrence is not None else None
            return not is_employees and any(
                _is_of(plan.org_number, recipient, occurrence)
                and (act == "plan_shared" or plan.shared_with == "office")
                and (since is None or plan.shared_on >= since)
                for plan in facts.plans
                if isinstance(plan, FollowUpPlanShared)
            )
        case "held" | "summoned" | "cancelled":
            if step.on == "meeting_requested":
                return False  # The occurrence itself knows which meeting answers the request.
            return any(
                _meeting_is(act, meeting) and _is_meetings_of(meeting, recipient)
                for meeting in _meetings_meant(step, occurrence, facts)
            )
        case "assessed":
            assessment = facts.assessment
            return step.on is None and assessment is not None and assessment.final
        case "answered":
            return any(
                _is_party(answer.party, answer.org_number, recipient) for answer in facts.answers
            )
        case "requested":
            return any(
                request.meeting == step.meeting
                and _is_party(request.party, request.org_number, recipient)
                for request in facts.requests
            )
        case "reassessment":
            return bool(facts.reassessments)
        case "closed" | "moved" | "revoked":
            return False  # These belong to an occurrence.


def _meetings_meant(
    step: Step, occurrence: Occurrence | None, facts: CaseFacts
) -> Sequence[MeetingState]:
    if occurrence is not None and occurrence.meeting is not None:
        return (occurrence.meeting,)
    return [meeting for meeting in facts.meetings if meeting.meeting in step.meetings]


def _meeting_is(act: Act, meeting: MeetingState) -> bool:
    if act == "held":
        return meeting.is_held
    return meeting.is_summoned if act == "summoned" else meeting.is_cancelled


def _is_meetings_of(meeting: MeetingState, recipient: Recipient) -> bool:
    """Meeting 1 is the employer's own: one that names an employer is not the other's, nor the employee's."""
    if meeting.meeting != 1 or meeting.org_number is None or recipient.role == "adviser":
        return True
    return recipient.role == "line_manager" and meeting.org_number == recipient.org_number


def _is_of(org_number: str, recipient: Recipient, occurrence: Occurrence | None) -> bool:
    """Whether an employer's act is the recipient's own; an adviser's is that of the employers meant."""
    if recipient.role == "adviser":
        meant = occurrence.org_numbers if occurrence is not None else None
        return meant is None or org_number in meant
    return recipient.org_number == org_number


def _is_party(party: str, org_number: str | None, recipient: Recipient) -> bool:
    if recipient.role == "adviser":
        return party in ("employee", "employer")
    if recipient.role == "employee":
        return party == "employee"
    return party == "employer" and org_number in (None, recipient.org_number)


def _exempted_reason(question: Question, recipient: Recipient) -> str | None:
    """The exemption that ends the step for the recipient today, if its last day is not before the due date."""
    reasons = [
        each.fact.reason
        for each in _exemptions_from(question.step, question.view.facts, recipient)
        if each.stands_on(question.view.today) and each.stands_on(question.due_on)
    ]
    return _EXEMPTED + reasons[0] if reasons else None


def _resume_on(question: Question, recipient: Recipient) -> date | None:
    """The day after the last exemption that the step fell due in, or for which it was withdrawn.

    One that stood on the morning on which the step was planned again moves it on once more.
    """
    ended = sorted(
        (each.until, each.granted_on, each.fact.reason)
        for each in _exemptions_from(question.step, question.view.facts, recipient)
        if each.until is not None and question.due_on <= each.until < question.view.today
    )
    resume_on: date | None = None
    for until, granted_on, reason in ended:
        falls_due_on = resume_on or question.due_on
        if granted_on <= falls_due_on or reason in question.resumes:
            resume_on = until + ONE_DAY
    return resume_on


def _exemptions_from(step: Step, facts: CaseFacts, recipient: Recipient) -> list[Exemption]:
    """The exemptions that reach the step and the recipient; one that names an employer only its line manager."""
    if not facts.exemptions or (step.on == "exemption_granted" and step.exempt_by is None):
        return []
    return [
        each
        for each in facts.exemptions
        if covers(each.fact.checkpoint, step)
        and (step.exempt_by is None or each.fact.reason in step.exempt_by)
        and (
            each.fact.org_number is None
            or (recipient.role == "line_manager" and recipient.org_number == each.fact.org_number)
        )
    ]


def first_reason(reasons: Iterable[str]) -> str:
    """Of several reasons the first in the order of the contract's table; acts come before exemptions."""
    return min(reasons, key=_rank)


def _rank(code: str) -> int:
    return _REASONS_IN_ORDER.index(code) if code in _REASONS_IN_ORDER else len(_REASONS_IN_ORDER)
