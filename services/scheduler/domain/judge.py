"""What the facts say about one step on its due date, whatever it has been through (SPEC 4).

`judge` finds the due date, asks whether the step applies on it, and for each recipient whether it is done or
exempted. History, lateness and second thoughts are the plan's (plan.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from schemas.messages import FollowUpPlanMade, FollowUpPlanShared, Recipient
from services.scheduler.domain.anchors import Instance, covers
from services.scheduler.domain.calendar import (
    ONE_DAY,
    last_working_day,
    oslo_date,
    oslo_instant,
    working_days_after,
)
from services.scheduler.domain.case_facts import CaseFacts, Exemption, MeetingState
from services.scheduler.domain.cases import FULL_GRADE, Leave
from services.scheduler.domain.rulebook import Act, Rulebook, Step

Outcome = Literal["not_applicable", "done", "waiting", "open"]

# Of several reasons the first is named (SPEC 4.1); act → the code it is told by.
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
        """SPEC 3.6; a case without notes is withdrawn, which is another thing."""
        return self.leave is not None and (self.is_dead or self.today >= self.leave.over_on)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the facts say. `closed` tells for each recipient why it is not asked; `open_to` are the others.

    `due_on` is the legal date, `due_at` the instant (None where nothing gives one). `is_resumed`: an exemption
    that covered the due date has ended, and `due_at` is the morning after.
    """

    outcome: Outcome
    reason: str
    due_on: date | None = None
    due_at: datetime | None = None
    is_resumed: bool = False
    open_to: tuple[Recipient, ...] = ()
    closed: dict[Recipient, str] = field(default_factory=dict)

    @property
    def catch_up_from(self) -> date | None:
        """From when `catch_up_days` count."""
        return (
            oslo_date(self.due_at) if self.is_resumed and self.due_at is not None else self.due_on
        )


def due_on_of(step: Step, leave: Leave, rulebook: Rulebook) -> tuple[date, bool]:
    """The due date of a step anchored in the start, and whether its `full_days` are met."""
    if step.from_ is not None:
        anchor = rulebook.find(step.from_)
        if anchor is None:
            raise LookupError(step.from_)
        due_on, is_met = due_on_of(anchor, leave, rulebook)
        return due_on + timedelta(days=step.days or 0), is_met
    plain = leave.start + timedelta(days=step.day or 0)
    if step.full_days is None:
        return plain, True
    full = leave.first_full(plain, step.full_days)
    return (full, True) if full is not None else (plain, False)


def judge(
    step: Step,
    instance: Instance | None,
    view: View,
    *,
    resumes: Sequence[str] = (),
    due_on: date | None = None,
) -> Verdict:
    """Judge one step, or one instance of a fact-anchored one.

    `resumes` are the reasons of exemptions for which its last due event was withdrawn. `due_on` judges it as if
    it were due on that date instead.
    """
    dated, due_on, is_full = _dates(step, instance, view, due_on)
    if not step.enabled:
        return Verdict("not_applicable", "disabled", due_on, dated)
    if view.is_dead:
        return Verdict("not_applicable", "died", due_on, dated)
    if view.leave is None:
        return Verdict("not_applicable", "case_withdrawn", due_on, dated)
    if step.on is not None and instance is None:
        return Verdict("not_applicable", "nobody_asked")
    if due_on is None or dated is None:
        return Verdict("not_applicable", "nobody_asked")
    return _judge_dated(step, instance, view, view.leave, due_on, dated, is_full, resumes)


def _judge_dated(
    step: Step,
    instance: Instance | None,
    view: View,
    leave: Leave,
    due_on: date,
    due_at: datetime,
    is_full: bool,
    resumes: Sequence[str],
) -> Verdict:
    recipients = _recipients(step, instance, leave, due_on)
    closed, resume_on = _closed(step, instance, view, leave, due_on, recipients, resumes)
    open_to = tuple(recipient for recipient in recipients if recipient not in closed)
    resumed = min((resume_on[r] for r in open_to if r in resume_on), default=None)
    is_resumed = resumed is not None and all(r in resume_on for r in open_to)
    if resumed is not None and is_resumed:
        due_at = max(due_at, oslo_instant(resumed, view.rulebook.at))
    effective_on = max(due_on, oslo_date(due_at)) if is_resumed else due_on
    common = (due_on, due_at, is_resumed, open_to, closed)
    if view.is_over and effective_on >= leave.over_on:
        return Verdict("not_applicable", "ended", *common)
    if recipients and not open_to:
        return Verdict("done", _first_reason(closed.values()), *common)
    waits_for_notes = step.requires("sick_listed")
    if waits_for_notes and effective_on > leave.end:
        if effective_on >= view.today:
            return Verdict("waiting", "notes_end_before_due", *common)
        return Verdict("not_applicable", "not_sick_listed", *common)
    fails = _failing_condition(step, view, leave, effective_on, is_full)
    if fails is not None:
        return Verdict("not_applicable", fails, *common)
    if not recipients:
        lacks = "graded" if leave.employers(_within(leave, due_on)) else "no_employer"
        return Verdict("not_applicable", lacks, *common)
    return Verdict("open", "due", *common)


def _dates(
    step: Step, instance: Instance | None, view: View, given: date | None
) -> tuple[datetime | None, date | None, bool]:
    """The due instant, the due date, and whether the days of full leave are there."""
    at = view.rulebook.at
    if step.on is not None:
        if instance is None:
            return None, None, True
        if step.is_at_once:
            return instance.happened_at, instance.happened_on, True
        base = instance.counts_from if step.date is not None else instance.happened_on
        if base is None:
            return None, None, True
        due_on = working_days_after(base, step.working_days or 0) + timedelta(days=step.days or 0)
        return _told_at(step, due_on, view), due_on, True
    if view.leave is None:
        return None, None, True
    due_on, is_full = due_on_of(step, view.leave, view.rulebook)
    if given is not None:
        is_full = step.full_days is None or view.leave.first_full(given, step.full_days) == given
        due_on = given
    due_at = _told_at(step, due_on, view)
    if step.held_back_by_summons:
        for meeting in view.facts.meetings:
            holds = meeting.meeting == step.meeting and meeting.is_summoned
            if holds and meeting.takes_place_on and meeting.takes_place_on <= due_on:
                due_at = max(due_at, oslo_instant(meeting.takes_place_on + ONE_DAY, at))
    return due_at, due_on, is_full


def _told_at(step: Step, due_on: date, view: View) -> datetime:
    day = last_working_day(due_on) if step.tells_before else due_on
    return oslo_instant(day, view.rulebook.at)


def _within(leave: Leave, day: date) -> date:
    return min(max(day, leave.start), leave.end)


def _recipients(
    step: Step, instance: Instance | None, leave: Leave, due_on: date
) -> tuple[Recipient, ...]:
    """All whom the step could go to on its due date, done or not."""
    found: list[Recipient] = []
    employers = _asked_employers(step, instance, leave, due_on)
    for role in step.to:
        if role == "line_manager":
            found += [Recipient(role=role, org_number=org) for org in employers]
        elif role == "employee":
            # Where every employer is out of it because of graded work, so is the employee's share.
            if employers or not _is_meeting_1_timer(step):
                found.append(Recipient(role=role))
        else:
            adviser_id = instance.adviser_id if instance is not None else None
            found.append(Recipient(role=role, adviser_id=adviser_id))
    return tuple(found)


def _asked_employers(
    step: Step, instance: Instance | None, leave: Leave, due_on: date
) -> tuple[str, ...]:
    if instance is not None and instance.org_numbers is not None:
        return tuple(sorted(instance.org_numbers))
    day = _within(leave, due_on)
    orgs = [employer.org_number for employer in leave.employers(day)]
    if _is_meeting_1_timer(step):
        # aml § 4-6 (4): within seven weeks of being *fully* away; each employer by its own notes.
        orgs = [org for org in orgs if leave.employer_grade(org, day) == FULL_GRADE]
    return tuple(orgs)


def _is_meeting_1_timer(step: Step) -> bool:
    return step.meeting == 1 and step.full_days is not None


def _failing_condition(
    step: Step, view: View, leave: Leave, day: date, is_full: bool
) -> str | None:
    """The first condition that fails on the day, by the order of SPEC 4.1."""
    grade = leave.grade(_within(leave, day))
    requires_full = step.requires("full")
    fails = {
        "not_sick_listed": step.requires("sick_listed") and not leave.is_sick_listed(day),
        "no_employer": step.requires("employee") and not leave.employers(_within(leave, day)),
        "graded": not is_full or (requires_full and grade < FULL_GRADE),
        "not_graded": step.requires("graded") and grade >= FULL_GRADE,
        "not_exempted": _lacks_exemption(step, view, day),
        "summoned": step.requires("not_summoned")
        and any(
            meeting.is_summoned or meeting.is_held
            for meeting in view.facts.meetings
            if meeting.meeting in step.meetings
        ),
    }
    return next((reason for reason, holds in fails.items() if holds), None)


def _lacks_exemption(step: Step, view: View, day: date) -> bool:
    wanted = [condition for condition in step.when if condition.name == "exempted"]
    return any(
        not any(
            covers(each.fact.checkpoint, step)
            and each.stands_on(day)
            and (not condition.reasons or each.fact.reason in condition.reasons)
            for each in view.facts.exemptions
        )
        for condition in wanted
    )


# --- done and exempted ------------------------------------------------------------------------------------


def _closed(
    step: Step,
    instance: Instance | None,
    view: View,
    leave: Leave,
    due_on: date,
    recipients: tuple[Recipient, ...],
    resumes: Sequence[str],
) -> tuple[dict[Recipient, str], dict[Recipient, date]]:
    """Why recipients are not asked, and for the others from when an exemption of theirs has ended."""
    closed: dict[Recipient, str] = {}
    resume_on: dict[Recipient, date] = {}
    employers = [
        Recipient(role="line_manager", org_number=org)
        for org in _asked_employers(step, instance, leave, due_on)
    ]
    for recipient in (*employers, *(r for r in recipients if r.role != "line_manager")):
        reason = _done_reason(step, instance, view.facts, recipient)
        if reason is None:
            reason = _exempted_reason(step, view, recipient, due_on)
        if reason is None and recipient.role == "employee" and _is_employers_duty(step):
            # The employee's share of an employer's duty ends when every employer's has.
            shares = [closed.get(employer) for employer in employers]
            if shares and all(shares):
                reason = _first_reason([share for share in shares if share])
            ended = [resume_on[employer] for employer in employers if employer in resume_on]
            if reason is None and ended:
                resume_on[recipient] = min(ended)
        if reason is not None:
            closed[recipient] = reason
            continue
        after = _resume_on(step, view, recipient, due_on, resumes)
        if after is not None:
            resume_on[recipient] = after
    return {r: reason for r, reason in closed.items() if r in recipients}, resume_on


def _is_employers_duty(step: Step) -> bool:
    acts = {"plan_made", "plan_shared", "plan_shared_with_office"}
    return bool(acts & set(step.done_by)) or (step.meeting == 1 and "held" in step.done_by)


def _done_reason(
    step: Step, instance: Instance | None, facts: CaseFacts, recipient: Recipient
) -> str | None:
    if instance is not None and instance.done is not None:
        return instance.done
    return next(
        (
            code
            for act, code in _ACTS_IN_ORDER
            if act in step.done_by and _has_happened(act, step, instance, facts, recipient)
        ),
        None,
    )


def _has_happened(
    act: Act, step: Step, instance: Instance | None, facts: CaseFacts, recipient: Recipient
) -> bool:
    is_employees = recipient.role == "employee"
    match act:
        case "plan_made":
            made = [p for p in facts.plans if isinstance(p, FollowUpPlanMade)]
            return not is_employees and any(_is_of(p.org_number, recipient) for p in made)
        case "plan_shared" | "plan_shared_with_office":
            since = instance.happened_on if instance is not None else None
            return not is_employees and any(
                _is_of(plan.org_number, recipient)
                and (act == "plan_shared" or plan.shared_with == "office")
                and (since is None or plan.shared_on >= since)
                for plan in facts.plans
                if isinstance(plan, FollowUpPlanShared)
            )
        case "held" | "summoned" | "cancelled":
            if step.on == "meeting_requested":
                return False  # The instance itself knows which meeting answers the request.
            return any(
                _meeting_is(act, meeting) and _is_meetings_of(meeting, recipient)
                for meeting in _meetings_meant(step, instance, facts)
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
            return False  # These belong to an instance.


def _meetings_meant(
    step: Step, instance: Instance | None, facts: CaseFacts
) -> Sequence[MeetingState]:
    if instance is not None and instance.meeting is not None:
        return (instance.meeting,)
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


def _is_of(org_number: str, recipient: Recipient) -> bool:
    return recipient.role == "adviser" or recipient.org_number == org_number


def _is_party(party: str, org_number: str | None, recipient: Recipient) -> bool:
    if recipient.role == "adviser":
        return party in ("employee", "employer")
    if recipient.role == "employee":
        return party == "employee"
    return party == "employer" and org_number in (None, recipient.org_number)


def _exempted_reason(step: Step, view: View, recipient: Recipient, due_on: date) -> str | None:
    """The exemption that ends the step for the recipient today, if its last day is not before the due date."""
    reasons = [
        each.fact.reason
        for each in _exemptions_from(step, view.facts, recipient)
        if each.stands_on(view.today) and each.stands_on(due_on)
    ]
    return _EXEMPTED + reasons[0] if reasons else None


def _resume_on(
    step: Step, view: View, recipient: Recipient, due_on: date, resumes: Sequence[str]
) -> date | None:
    """The day after the last exemption that covered the due date, or for which the step was withdrawn."""
    ended = [
        each.until + ONE_DAY
        for each in _exemptions_from(step, view.facts, recipient)
        if each.until is not None
        and each.until < view.today
        and (each.granted_on <= due_on <= each.until or each.fact.reason in resumes)
        and each.until >= due_on
    ]
    return max(ended, default=None)


def _exemptions_from(step: Step, facts: CaseFacts, recipient: Recipient) -> list[Exemption]:
    """The exemptions that reach the step and the recipient; one that names an employer only its line manager."""
    if step.on == "exemption_granted" and step.exempt_by is None:
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


def _first_reason(reasons: Iterable[str]) -> str:
    """Of several reasons the first in SPEC's order; acts come before exemptions."""

    return min(reasons, key=_rank)


def _rank(code: str) -> int:
    return _REASONS_IN_ORDER.index(code) if code in _REASONS_IN_ORDER else len(_REASONS_IN_ORDER)
