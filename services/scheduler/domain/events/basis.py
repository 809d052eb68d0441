"""The basis of a due event for an adviser: what is known and what is missing (contract 4.4). Facts, never advice.

What is missing is listed by name, because the advisers in the study of 2021 said that it often is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal, TypeVar

from schemas.messages import (
    ActivityRequirementBasis,
    AnswerBasis,
    Basis,
    EarlierCase,
    ExemptionBasis,
    FollowUpFact,
    FollowUpPlanShared,
    GradeBasis,
    MeetingBasis,
    MeetingNeedAnswered,
    MeetingRequested,
    PlanBasis,
    RequestBasis,
)
from schemas.norway import oslo_date
from services.scheduler.domain.events.missing import NeedQuestion, missing
from services.scheduler.domain.facts.case_facts import CaseFacts, Exemption, MeetingState
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.assess import due_on_of
from services.scheduler.domain.rulebook.model import Rulebook

EARLIER_MONTHS = 36
# So that no event outgrows its topic (policy): more than anybody reads, and far more than any real person has.
ENTRIES_MAX = 50
SUMMON_BY = "dialogue_meeting_2_summons.last_day"
MEET_BY = "dialogue_meeting_2.deadline"
HISTORY_UNKNOWN = "history_unknown"

T = TypeVar("T")


class CaseBasis:
    """What is known of one case for its due events.

    `earlier` are the person's earlier cases, oldest first; `rulebook` is that of the person's office; `questions` are
    those that the parties have been asked, or will be.
    """

    def __init__(
        self,
        leave: Leave,
        facts: CaseFacts,
        earlier: Sequence[tuple[Leave, CaseFacts]],
        rulebook: Rulebook,
        questions: Sequence[NeedQuestion],
    ) -> None:
        self._leave = leave
        self._facts = facts
        self._earlier = earlier
        self._rulebook = rulebook
        self._questions = questions

    def as_of(self, as_of: date, revision: int = 1) -> Basis:
        """The basis as of an Oslo date."""
        leave, facts, same = self._leave, self._facts, self._same_on_every_date
        day = min(max(as_of, leave.start), leave.end)
        employers = leave.employers(day)
        recent = [past for past, _ in self._earlier if past.end >= _months_before(as_of)]
        owed = missing(leave, facts, self._questions, as_of)
        owed += () if recent else (HISTORY_UNKNOWN,)
        lists = _Lists(dict(same.omitted))
        return Basis(
            as_of=as_of,
            revision=revision,
            weeks_completed=max((as_of - leave.start).days, 0) // 7,
            notes_until=leave.end,
            summon_by=same.summon_by,
            meet_by=same.meet_by,
            grade=GradeBasis(
                now=leave.grade(day) if leave.is_sick_listed(as_of) else None,
                history=lists.newest(
                    "grade.history", leave.earlier_grades(as_of), lambda period: period.from_
                ),
            ),
            earlier_cases=tuple(
                EarlierCase(start=past.start, end=past.end, sick_days=len(past.days))
                for past in lists.newest("earlier_cases", recent, lambda past: past.start)
            ),
            employers=lists.newest(
                "employers", employers, lambda employer: leave.issued_on(employer.org_number, day)
            ),
            follow_up_plans=same.plans,
            answers=same.answers,
            requests=same.requests,
            meetings=same.meetings,
            exemptions=same.exemptions,
            activity_requirement=_activity_requirement(facts),
            # What is missing has no date: what concerns one employer alone is left out first.
            missing=lists.newest("missing", owed, lambda name: ":" not in name),
            omitted=lists.omitted,
        )

    @cached_property
    def _same_on_every_date(self) -> _SameOnEveryDate:
        facts, lists = self._facts, _Lists()
        meetings = [
            (meeting, known)
            for known in (*(case_facts for _, case_facts in self._earlier), facts)
            for meeting in known.meetings
        ]
        return _SameOnEveryDate(
            summon_by=_legal_date(SUMMON_BY, self._leave, self._rulebook),
            meet_by=_legal_date(MEET_BY, self._leave, self._rulebook),
            plans=lists.newest("follow_up_plans", _plans(facts), _newest_date_of_plan),
            answers=tuple(
                _answer(answer) for answer in lists.newest("answers", facts.answers, _occurred_at)
            ),
            requests=tuple(
                _request(request)
                for request in lists.newest("requests", facts.requests, _occurred_at)
            ),
            meetings=tuple(
                _meeting(meeting, known)
                for meeting, known in lists.newest(
                    "meetings", meetings, lambda entry: _date_of_meeting(entry[0])
                )
            ),
            exemptions=tuple(
                _exemption(exemption)
                for exemption in lists.newest(
                    "exemptions", facts.exemptions, lambda exemption: exemption.granted_on
                )
            ),
            omitted=lists.omitted,
        )


@dataclass(frozen=True, slots=True)
class _SameOnEveryDate:
    """What does not depend on the date of the basis: written once for all due events of a case."""

    summon_by: date | None
    meet_by: date | None
    plans: tuple[PlanBasis, ...]
    answers: tuple[AnswerBasis, ...]
    requests: tuple[RequestBasis, ...]
    meetings: tuple[MeetingBasis, ...]
    exemptions: tuple[ExemptionBasis, ...]
    omitted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Lists:
    """Lists of one basis, each cut to its newest entries; `omitted` counts what was left out, by the list's name."""

    omitted: dict[str, int] = field(default_factory=dict)

    def newest(
        self, name: str, entries: Sequence[T], age_of: Callable[[T], date | bool]
    ) -> tuple[T, ...]:
        """The entries with the greatest dates, in the list's own order; of equal dates the later entries."""
        if len(entries) <= ENTRIES_MAX:
            return tuple(entries)
        self.omitted[name] = len(entries) - ENTRIES_MAX
        places = sorted(range(len(entries)), key=lambda place: age_of(entries[place]))
        return tuple(entries[place] for place in sorted(places[-ENTRIES_MAX:]))


def with_history(basis: Basis, since: date | None) -> Basis:
    """The basis as a system says it that has known sick notes since that Oslo date (None: it has known none).

    Where it has known them for as long as earlier cases count, that none is known means that there was none.
    """
    names = basis.missing
    if since is not None and since <= _months_before(basis.as_of):
        names = tuple(name for name in names if name != HISTORY_UNKNOWN)
    return basis.model_copy(update={"history_since": since, "missing": names})


def same_facts(one: Basis, other: Basis) -> bool:
    """Whether two bases as of one date say the same."""
    return one.model_dump_json(exclude={"revision"}) == other.model_dump_json(exclude={"revision"})


def _months_before(day: date) -> date:
    years = EARLIER_MONTHS // 12
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - years, day=28 if leap_day else day.day)


def _newest_date_of_plan(plan: PlanBasis) -> date:
    return max((day for day in (plan.made_on, plan.shared_on) if day), default=date.min)


def _legal_date(path: str, leave: Leave, rulebook: Rulebook) -> date | None:
    """The legal date of a step that is anchored in the case's start; None where the rulebook has no such step."""
    step = rulebook.find(path)
    if step is None or rulebook.offset_days(step) is None:
        return None
    due_on, is_met = due_on_of(step, leave, rulebook)
    return due_on if is_met else None


def _occurred_at(fact: FollowUpFact) -> datetime:
    return fact.occurred_at


def _date_of_meeting(meeting: MeetingState) -> date:
    return meeting.takes_place_on or oslo_date(meeting.last.occurred_at)


def _plans(facts: CaseFacts) -> tuple[PlanBasis, ...]:
    orgs = sorted({plan.org_number for plan in facts.plans})
    plan_bases = []
    for org in orgs:
        plans = [plan for plan in facts.plans if plan.org_number == org]
        dates_made = [plan.made_on for plan in plans if plan.made_on is not None]
        shared_on = {
            plan.shared_with: plan.shared_on
            for plan in plans
            if isinstance(plan, FollowUpPlanShared)
        }
        plan_bases.append(
            PlanBasis(
                org_number=org,
                made_on=max(dates_made, default=None),
                shared_with_practitioner_on=shared_on.get("practitioner"),
                shared_with_office_on=shared_on.get("office"),
                shared_on=max(shared_on.values(), default=None),
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
        org_number=exemption.fact.org_number,
    )


def _meeting(meeting: MeetingState, known: CaseFacts) -> MeetingBasis:
    return MeetingBasis(
        meeting=meeting.meeting,
        meeting_id=meeting.meeting_id,
        state=_meeting_state(meeting),
        takes_place_on=meeting.takes_place_on,
        org_number=meeting.org_number,
        refusals=sum(refusal.meeting_id == meeting.meeting_id for refusal in known.refusals),
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
