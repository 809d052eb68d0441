"""The plan of one case: for every step one state with a reason, and what follows from it (contract 4.1-4.3).

Pure and total: plan(view, history) is a function of the facts that stand, of what the steps have been through,
of the rulebook and of `now`. Timers are derived here and nowhere else; nobody adds, moves or cancels one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from schemas.norway import ONE_DAY, midnight, oslo_date
from services.scheduler.domain.plan.assess import due_on_of
from services.scheduler.domain.plan.candidates import review_step
from services.scheduler.domain.plan.fact_anchors import Occurrence, beyond_limit, occurrences
from services.scheduler.domain.plan.history import ArmedStep, Fired, StepKey, Withdrawn
from services.scheduler.domain.plan.lateness import arm_or_miss
from services.scheduler.domain.plan.planned_step import Candidate, PlannedStep
from services.scheduler.domain.plan.view import AskedAssessment, View
from services.scheduler.domain.plan.withdrawals import (
    NOTES_SETTLE_AFTER,
    Review,
    review_of_lost_step,
)
from services.scheduler.domain.rulebook.model import ASSESSMENT_OF_MEETING_2, Step


@dataclass(frozen=True, slots=True)
class CasePlan:
    """The plan of a case, the history as it is from now on, and when time alone will change the plan next."""

    steps: tuple[PlannedStep, ...]
    fired: tuple[Fired, ...]
    withdrawn: tuple[tuple[Fired, Withdrawn], ...]
    replan_at: datetime | None


def plan(view: View, fired: Sequence[Fired], timers: Mapping[StepKey, ArmedStep]) -> CasePlan:
    """Plan a case. `fired` and `timers` are its own history; the view says all else."""
    under_way = _UnderWay(timers)
    for event in sorted(fired, key=lambda fired: (fired.event.generation, fired.event.fired_at)):
        under_way.history.setdefault(event.key, []).append(event)
    steps = view.rulebook.steps
    later = [step for step in steps if _depends_on_assessment(step, view)]
    under_way.review(view, [step for step in steps if step not in later])
    if later:
        view = replace(view, assessments=under_way.assessments(view))
        under_way.review(view, later)
        place = {step.path: number for number, step in enumerate(steps)}
        under_way.candidates.sort(key=lambda candidate: place[candidate.step.path])
    reviews = under_way.reviews
    for lost in under_way.history.values():
        reviews += [review_of_lost_step(view, event) for event in lost]
    planned = arm_or_miss(view, under_way.candidates, timers)
    history = [review.fired for review in reviews]
    return CasePlan(
        steps=tuple(planned),
        fired=tuple(history),
        withdrawn=tuple((review.fired, part) for review in reviews for part in review.withdrawals),
        replan_at=_replan_at(view, history, planned),
    )


@dataclass(frozen=True)
class _UnderWay:
    """A plan that is being made: `history` has the due events of the steps that have not been reviewed yet."""

    timers: Mapping[StepKey, ArmedStep]
    history: dict[StepKey, list[Fired]] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    planned: set[StepKey] = field(default_factory=set)

    def review(self, view: View, steps: Iterable[Step]) -> None:
        for step in steps:
            for key, occurrence in _keys(step, view, self.history, self.planned):
                self.planned.add(key)
                events = self.history.pop(key, [])
                reviewed = review_step(
                    view, step, key, occurrence, events, timer=self.timers.get(key)
                )
                self.candidates.append(reviewed.candidate)
                self.reviews.extend(reviewed.reviews)

    def assessments(self, view: View) -> tuple[AskedAssessment, ...]:
        """The assessments of meeting 2 that an adviser was asked for or is going to be."""
        sent = [_asked_assessment(review.fired) for review in self.reviews]
        pending = [
            AskedAssessment(oslo_date(step.due_at))
            for step in arm_or_miss(view, self.candidates, self.timers)
            if step.state == "armed" and step.due_at is not None and _is_assessment(step.key)
        ]
        return (*(assessment for assessment in sent if assessment is not None), *pending)


def _depends_on_assessment(step: Step, view: View) -> bool:
    return step.requires("assessment_not_near") and bool(view.facts.answers_asking)


def _is_assessment(key: StepKey) -> bool:
    return f"{key.checkpoint}.{key.step}" == ASSESSMENT_OF_MEETING_2


def _asked_assessment(fired: Fired) -> AskedAssessment | None:
    """A due event as an assessment asked for; None where it is none, or was taken back because of notes."""
    if not _is_assessment(fired.key):
        return None
    on = oslo_date(fired.event.fired_at)
    if fired.remaining:
        return AskedAssessment(on)
    last = fired.withdrawn[-1]
    return AskedAssessment(on, last.at) if last.reason in ("done", "exempted") else None


def _keys(
    step: Step, view: View, by_key: Mapping[StepKey, object], planned: set[StepKey]
) -> Iterable[tuple[StepKey, Occurrence | None]]:
    """The timers of a step: one, or one for each fact that asks, also for one that asked when it fired."""
    if step.on is None:
        yield StepKey(step.checkpoint, step.name, ""), None
        return
    asked = {occurrence.subject: occurrence for occurrence in _occurrences(step, view)}
    for subject, occurrence in asked.items():
        yield StepKey(step.checkpoint, step.name, subject), occurrence
    for key in list(by_key):
        is_its = (key.checkpoint, key.step) == (step.checkpoint, step.name)
        if is_its and key.subject not in asked and _could_ask(step, view, key.subject):
            yield key, None
    empty = StepKey(step.checkpoint, step.name, "")
    if not asked and _has_one_timer(step) and empty not in by_key and empty not in planned:
        yield empty, None


def _occurrences(step: Step, view: View) -> list[Occurrence]:
    found = occurrences(step, view.facts, view.leave)
    if step.after is None:
        return found
    limit = _limit(step.after, view)
    beyond = [beyond_limit(one, limit) for one in found] if limit is not None else []
    return [occurrence for occurrence in beyond if occurrence is not None]


def _limit(path: str, view: View) -> date | None:
    """The due date of the step that the rulebook names as a limit, where the start gives one."""
    step = view.rulebook.find(path)
    if step is None or view.leave is None:
        return None
    due_on, is_met = due_on_of(step, view.leave, view.rulebook, goes_on=True)
    return due_on if is_met else None


def _has_one_timer(step: Step) -> bool:
    """A fact-anchored step without subject stands in every plan, if only as *nobody asked*."""
    return step.on == "activity_requirement_assessed" or (
        step.on == "meeting_requested" and step.meeting is not None
    )


def _could_ask(step: Step, view: View, subject: str) -> bool:
    """Whether a fired timer of that subject was this step's, where several share the name by meeting."""
    if step.on == "meeting_requested":
        return subject in ("", *map(str, step.meetings))
    known = [meeting.meeting for meeting in view.facts.meetings if meeting.meeting_id == subject]
    return not known or known[0] in step.meetings


def _replan_at(view: View, fired: Sequence[Fired], steps: Sequence[PlannedStep]) -> datetime | None:
    """The next instant at which time alone changes the plan: notes have settled, the case or an exemption ends."""
    due: list[datetime] = [
        event.doubted_since + NOTES_SETTLE_AFTER
        for event in fired
        if event.doubted_since is not None
    ]
    if view.leave is not None and not view.is_dead:
        has_open = any(event.remaining for event in fired) or any(
            step.state == "armed" for step in steps
        )
        if has_open:
            due.append(midnight(view.leave.over_on))
        due += [
            midnight(exemption.until + ONE_DAY)
            for exemption in view.facts.exemptions
            if exemption.until is not None
        ]
    return min((at for at in due if at > view.now), default=None)
