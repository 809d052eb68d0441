"""What the facts say about one step on its due date, whatever it has been through (contract 4).

`assess` finds the due date, asks whether the step applies on it, and for each recipient whether it is done or
exempted. History, lateness and second thoughts have files of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from schemas.messages import Recipient
from schemas.norway import ONE_DAY, oslo_date, oslo_instant
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.conditions import failing_condition
from services.scheduler.domain.plan.done import closed_and_resumed, first_reason
from services.scheduler.domain.plan.fact_anchors import Occurrence
from services.scheduler.domain.plan.reasons import ShownReason
from services.scheduler.domain.plan.view import Question, View
from services.scheduler.domain.rulebook.model import Rulebook, Step, day_after_suspensions
from services.workdays import last_working_day, working_days_after

Outcome = Literal["not_applicable", "done", "waiting", "open"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the facts say. `closed` has, for recipients who are not asked, the reason; `open_to` are the others.

    `due_on` is the legal date, `due_at` the instant (None where nothing gives one), and of an open step `legal_on`
    the last day by law, or by an office's demand, for what it is about. `is_resumed`: an exemption that covered the day
    on which it was to be told has ended, or a suspension has put it off, and `due_at` is the morning after;
    `suspended_until` is the last day of such a suspension. `catch_up_days` count from `catch_up_from`.
    """

    outcome: Outcome
    reason: ShownReason
    due_on: date | None = None
    due_at: datetime | None = None
    legal_on: date | None = None
    is_resumed: bool = False
    suspended_until: date | None = None
    catch_up_from: date | None = None
    open_to: tuple[Recipient, ...] = ()
    closed: dict[Recipient, ShownReason] = field(default_factory=dict)


def due_on_of(
    step: Step, leave: Leave, rulebook: Rulebook, *, goes_on: bool = False
) -> tuple[date, bool]:
    """The due date of a step anchored in the start, and whether its `full_days` are met.

    With `goes_on` as if the leave went on as its notes end.
    """
    if step.from_ is not None:
        anchor = rulebook.find(step.from_)
        if anchor is None:
            raise LookupError(step.from_)
        due_on, is_met = due_on_of(anchor, leave, rulebook, goes_on=goes_on)
        return due_on + timedelta(days=step.days or 0), is_met
    plain = leave.start + timedelta(days=step.day or 0)
    if step.full_days is None:
        return plain, True
    full = leave.first_full(plain, step.full_days, goes_on=goes_on)
    return (full, True) if full is not None else (plain, False)


def assess(
    step: Step,
    occurrence: Occurrence | None,
    view: View,
    *,
    resumes: Sequence[str] = (),
    due_on: date | None = None,
    planned_for: date | None = None,
    told_on: date | None = None,
) -> Assessment:
    """Assess one step, or one occurrence of a fact-anchored one.

    `resumes` are the reasons of exemptions for which its last due event was withdrawn. `due_on` judges it as if
    it were due on that date instead. `told_on` is the day to which a suspension puts off what is late already: it is
    judged by its own date all the same, as it will be on that day. `planned_for` is the day for which a due event was
    planned that went out: only suspensions that had ended by then count.
    """
    due_at, due_on, is_full = _dates(step, occurrence, view, due_on)
    if not step.enabled:
        return Assessment("not_applicable", "disabled", due_on, due_at)
    if view.is_dead:
        return Assessment("not_applicable", "died", due_on, due_at)
    if view.leave is None:
        return Assessment("not_applicable", "case_withdrawn", due_on, due_at)
    if due_on is None or due_at is None:
        return Assessment("not_applicable", "nobody_asked")
    suspensions = [s for s in step.suspensions if planned_for is None or s.until < planned_for]
    falls_on = oslo_date(due_at)
    put_off_to = told_on or day_after_suspensions(falls_on, suspensions)
    is_put_off = put_off_to != falls_on
    question = Question(
        step,
        occurrence,
        view,
        view.leave,
        due_on,
        told_on=put_off_to,
        judged_on=max(due_on, put_off_to) if is_put_off and told_on is None else due_on,
        suspensions=suspensions,
        resumes=resumes,
        planned_for=planned_for,
    )
    if is_put_off:
        due_at = oslo_instant(put_off_to, view.rulebook.at)
    return _assess_dated(question, due_at, is_full=is_full, is_put_off=is_put_off)


def _assess_dated(
    question: Question, due_at: datetime, *, is_full: bool, is_put_off: bool
) -> Assessment:
    view, due_on = question.view, question.due_on
    closed, open_to, resumed = _closed_open_resumed(question)
    if resumed is not None:
        due_at = max(due_at, oslo_instant(resumed, view.rulebook.at))
        question = replace(question, judged_on=max(due_on, oslo_date(due_at)))
        closed, open_to, _ = _closed_open_resumed(question)
    outcome: Outcome
    reason: ShownReason
    if view.is_over and question.judged_on >= question.leave.over_on:
        outcome, reason = "not_applicable", "ended"
    else:
        if not question.recipients:
            closed = _closed_at_other_employers(question)
        if closed and not open_to:
            outcome, reason = "done", first_reason(closed.values())
        else:
            outcome, reason = _outcome(question, is_full=is_full)
    is_resumed = is_put_off or resumed is not None
    eve = oslo_date(due_at) - ONE_DAY
    is_suspended = is_resumed and any(s.holds_on(eve) for s in question.suspensions)
    return Assessment(
        outcome,
        reason,
        due_on,
        due_at,
        legal_on=_legal_on(question) if outcome == "open" else None,
        is_resumed=is_resumed,
        suspended_until=eve if is_suspended else None,
        catch_up_from=oslo_date(due_at) if is_resumed else due_on,
        open_to=open_to,
        closed=closed,
    )


def _legal_on(question: Question) -> date | None:
    """The last day by law, or by an office's demand, for what the step is about; None where there is none.

    The rulebook names it. A step that is told before its date is about that date.
    """
    step, occurrence = question.step, question.occurrence
    if step.legal is None:
        return question.due_on if step.tells_before else None
    named = question.view.rulebook.find(step.legal)
    if named is not None and named.on is None:
        legal_on, is_full = due_on_of(named, question.leave, question.view.rulebook, goes_on=True)
        return legal_on if is_full else None
    if occurrence is None:
        return None
    if named is None:
        return next((day for name, day in occurrence.dates.items() if name == step.legal), None)
    return _due_on_of_fact(named, occurrence)


def _due_on_of_fact(step: Step, occurrence: Occurrence) -> date | None:
    """The due date of a step anchored in a fact; None where the fact lacks the date that it counts from."""
    base = occurrence.dates.get(step.date) if step.date is not None else occurrence.happened_on
    if base is None:
        return None
    return working_days_after(base, step.working_days or 0) + timedelta(days=step.days or 0)


def _closed_open_resumed(
    question: Question,
) -> tuple[dict[Recipient, ShownReason], tuple[Recipient, ...], date | None]:
    """Who is not asked and why, who is, and when they are where an exemption had held it up."""
    recipients = question.recipients
    closed, resume_on = closed_and_resumed(question)
    open_to = tuple(r for r in recipients if r not in closed) if closed else recipients
    return closed, open_to, _resumed(open_to, resume_on) if resume_on else None


def _closed_at_other_employers(question: Question) -> dict[Recipient, ShownReason]:
    """Why every employer whom a condition leaves out has done its duty; empty where one has not.

    Nobody is asked because of a grade or a plan, and what is done is shown as done all the same (contract 4.1's order).
    """
    everybody = replace(question, asks_every_employer=True)
    closed, _ = closed_and_resumed(everybody)
    return closed if set(closed) == set(everybody.recipients) else {}


def _outcome(question: Question, *, is_full: bool) -> tuple[Outcome, ShownReason]:
    """What the notes say of a step that is not done, on the day on which it is judged."""
    leave = question.leave
    if question.step.requires("sick_listed") and question.judged_on > leave.end:
        if question.judged_on >= question.view.today:
            return "waiting", "notes_end_before_due"
        return "not_applicable", "not_sick_listed"
    failing = failing_condition(question, is_full=is_full)
    if failing is not None:
        return "not_applicable", failing
    if not question.recipients:
        has_employer = leave.employers(leave.within(question.due_on))
        return "not_applicable", "graded" if has_employer else "no_employer"
    return "open", "due"


def _resumed(open_to: Sequence[Recipient], resume_on: Mapping[Recipient, date]) -> date | None:
    """When the step is planned again, where an exemption had ended it for everybody who is asked now."""
    if not all(recipient in resume_on for recipient in open_to):
        return None
    return min((resume_on[recipient] for recipient in open_to), default=None)


def _dates(
    step: Step, occurrence: Occurrence | None, view: View, given: date | None
) -> tuple[datetime | None, date | None, bool]:
    """The due instant, the due date, and whether the days of full leave are there."""
    at = view.rulebook.at
    if step.on is not None:
        if occurrence is None:
            return None, None, True
        if step.is_at_once:
            return occurrence.happened_at, occurrence.happened_on, True
        due_on_of_fact = _due_on_of_fact(step, occurrence)
        if due_on_of_fact is None:
            return None, None, True
        return _due_at(step, due_on_of_fact, view), due_on_of_fact, True
    if view.leave is None:
        return None, None, True
    due_on, is_full = due_on_of(step, view.leave, view.rulebook)
    if given is not None:
        is_full = step.full_days is None or view.leave.first_full(given, step.full_days) == given
        due_on = given
    due_at = _due_at(step, due_on, view)
    if step.held_back_by_summons:
        for meeting in view.facts.meetings:
            holds = meeting.meeting == step.meeting and meeting.is_summoned
            if holds and meeting.takes_place_on and meeting.takes_place_on <= due_on:
                due_at = max(due_at, oslo_instant(meeting.takes_place_on + ONE_DAY, at))
    return due_at, due_on, is_full


def _due_at(step: Step, due_on: date, view: View) -> datetime:
    day = last_working_day(due_on) if step.tells_before else due_on
    return oslo_instant(day, view.rulebook.at)
