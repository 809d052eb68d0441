"""For whom a step is done or exempted, and when an exemption that ended it has itself ended (contract 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from schemas.messages import Recipient
from schemas.norway import ONE_DAY
from services.scheduler.domain.facts.case_facts import CaseFacts, Exemption
from services.scheduler.domain.plan.acts import (
    ACTS,
    is_employers_duty,
    may_have_happened,
    reason_of_act,
)
from services.scheduler.domain.plan.fact_anchors import covers, has_met_since
from services.scheduler.domain.plan.reasons import ShownReason, with_detail
from services.scheduler.domain.plan.view import Question
from services.scheduler.domain.rulebook.model import Step, day_after_suspensions

_REASONS_IN_ORDER: list[ShownReason] = [row.reason for row in ACTS.values()]


def closed_and_resumed(
    question: Question,
) -> tuple[dict[Recipient, ShownReason], dict[Recipient, date]]:
    """Why recipients are not asked, and for others the day after an exemption of theirs has ended."""
    closed: dict[Recipient, ShownReason] = {}
    resume_on: dict[Recipient, date] = {}
    if not _may_be_closed(question):
        return closed, resume_on
    recipients = dict.fromkeys(question.recipients)
    exemptions = _exemptions_from(question.step, question.view.facts)
    is_duty = is_employers_duty(question.step)
    orgs = question.asked_employers if is_duty or "line_manager" in question.step.to else ()
    employers = [Recipient(role="line_manager", org_number=org) for org in orgs]
    for recipient in (*employers, *(r for r in recipients if r.role != "line_manager")):
        reaching = [exemption for exemption in exemptions if _reaches(exemption, recipient)]
        reason = _done_reason(question, recipient) or _exempted_reason(question, reaching)
        after = _resume_on(question, reaching)
        if reason is None and recipient.role == "employee" and is_duty:
            reason, ended = _employees_share(employers, closed, resume_on)
            after = after or ended
        if reason is not None:
            closed[recipient] = reason
        elif after is not None:
            resume_on[recipient] = after
    return {r: reason for r, reason in closed.items() if r in recipients}, resume_on


def _employees_share(
    employers: Sequence[Recipient],
    closed: Mapping[Recipient, ShownReason],
    resume_on: Mapping[Recipient, date],
) -> tuple[ShownReason | None, date | None]:
    """The employee's share of an employer's duty is done once it is done with every employer.

    Returns the reason of that, or None, and the day after the first exemption of an employer that has ended.
    """
    shares = [closed[employer] for employer in employers if employer in closed]
    is_done = bool(shares) and len(shares) == len(employers)
    ended = [resume_on[employer] for employer in employers if employer in resume_on]
    return first_reason(shares) if is_done else None, min(ended, default=None)


def _may_be_closed(question: Question) -> bool:
    """Whether any fact could close the step for anybody; mostly none can, and nobody has to be asked one by one."""
    occurrence, facts = question.occurrence, question.view.facts
    return (
        bool(facts.exemptions)
        or (occurrence is not None and (occurrence.done is not None or bool(occurrence.requests)))
        or may_have_happened(question.step.done_by, facts)
    )


def _done_reason(question: Question, recipient: Recipient) -> ShownReason | None:
    occurrence = question.occurrence
    if occurrence is not None and occurrence.done is not None:
        return occurrence.done
    if occurrence is not None and recipient.role == "line_manager":
        org = recipient.org_number
        concerning = [r for r in occurrence.requests if r.org_number in (None, org)]
        meetings = question.view.facts.meetings
        if concerning and all(has_met_since(request, meetings, org) for request in concerning):
            return "held"
    return reason_of_act(question, recipient)


def _exempted_reason(question: Question, exemptions: Iterable[Exemption]) -> ShownReason | None:
    """The first of these exemptions that stands today, if it also stands on the day of telling."""
    reasons = (
        exemption.fact.reason
        for exemption in exemptions
        if exemption.stands_on(question.view.today) and exemption.stands_on(question.told_on)
    )
    reason = next(reasons, None)
    return with_detail("exempted", reason) if reason is not None else None


def _resume_on(question: Question, exemptions: Iterable[Exemption]) -> date | None:
    """The day after the last of these exemptions that the step was to be told in, or for which it was withdrawn.

    One that stood on the morning on which the step was planned again moves it on once more; so do suspensions.
    """
    ended = sorted(
        (exemption.until, exemption.granted_on, exemption.fact.reason)
        for exemption in exemptions
        if exemption.until is not None and question.told_on <= exemption.until < question.view.today
    )
    resume_on: date | None = None
    for until, granted_on, reason in ended:
        if granted_on <= (resume_on or question.told_on) or reason in question.resumes:
            resume_on = day_after_suspensions(until + ONE_DAY, question.suspensions)
    return resume_on


def _exemptions_from(step: Step, facts: CaseFacts) -> list[Exemption]:
    """The exemptions that reach the step."""
    if not facts.exemptions or (step.on == "exemption_granted" and step.exempt_by is None):
        return []
    return [
        exemption
        for exemption in facts.exemptions
        if covers(exemption.fact.checkpoint, step) and _ends(step, exemption.fact.reason)
    ]


def _ends(step: Step, reason: str) -> bool:
    """Whether exemptions of the reason end the step: those it lists, else all but those that it waits for."""
    if step.exempt_by is not None:
        return reason in step.exempt_by
    return not any(
        condition.name == "exempted" and (not condition.reasons or reason in condition.reasons)
        for condition in step.when
    )


def _reaches(exemption: Exemption, recipient: Recipient) -> bool:
    """Whether it reaches the recipient: one that names an employer only its line manager."""
    org_number = exemption.fact.org_number
    return org_number is None or (
        recipient.role == "line_manager" and recipient.org_number == org_number
    )


def first_reason(reasons: Iterable[ShownReason]) -> ShownReason:
    """Of several reasons the first in the order of the contract's table; acts come before exemptions."""
    return min(reasons, key=_rank)


def _rank(reason: ShownReason) -> int:
    known = reason in _REASONS_IN_ORDER
    return _REASONS_IN_ORDER.index(reason) if known else len(_REASONS_IN_ORDER)
