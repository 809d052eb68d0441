"""The follow-up facts of one case, and which of them stand (contract 2: what a fact replaces).

Each fact is put to one case: of those that had begun on its date, the latest. Within a case a later
version replaces an earlier one of the same slot.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingAnswered,
    DialogueMeetingCancelled,
    DialogueMeetingFact,
    DialogueMeetingHeld,
    DialogueMeetingMinutesSent,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionFact,
    ExemptionGranted,
    FollowUpFact,
    FollowUpPlanMade,
    FollowUpPlanRequested,
    FollowUpPlanShared,
    Meeting,
    MeetingNeedAnswered,
    MeetingRequestClosed,
    MeetingRequested,
    ReassessmentClosed,
    ReassessmentFact,
    ReassessmentRequested,
)
from schemas.norway import ONE_DAY, midnight, oslo_date
from services.scheduler.domain.facts.facts import Fact
from services.scheduler.domain.facts.slots import slot_of

# A person too ill for meeting 1 is asked about again after four weeks, where no date was given (policy).
TOO_ILL_FOR_NOW = "too_ill_for_now"
TOO_ILL_FOR_NOW_DAYS = 28

M = TypeVar("M")
F = TypeVar("F", bound=FollowUpFact)


@dataclass(frozen=True, slots=True)
class MeetingState:
    """One meeting as it stands: its versions in order, the last of which is its state."""

    meeting: Meeting
    meeting_id: str
    versions: tuple[DialogueMeetingFact, ...]
    has_minutes_sent: bool = False

    @property
    def last(self) -> DialogueMeetingFact:
        return self.versions[-1]

    @property
    def is_summoned(self) -> bool:
        """Summoned or moved, and neither held nor cancelled since."""
        return isinstance(self.last, DialogueMeetingSummoned | DialogueMeetingMoved)

    @property
    def is_held(self) -> bool:
        return isinstance(self.last, DialogueMeetingHeld)

    @property
    def held_on(self) -> date | None:
        """The date on which it was held; None where it was not.

        It is the date that the report names, which may come days later; no meeting was held after it was reported.
        """
        if not self.is_held:
            return None
        reported_on = oslo_date(self.last.occurred_at)
        return min(self.last.takes_place_on or reported_on, reported_on)

    @property
    def held_at(self) -> datetime | None:
        """When it was held: when that was reported, or the end of its date where the report came later; else None."""
        held_on = self.held_on
        if held_on is None:
            return None
        last_instant = midnight(held_on + ONE_DAY) - timedelta(microseconds=1)
        return min(self.last.occurred_at, last_instant)

    @property
    def is_cancelled(self) -> bool:
        return isinstance(self.last, DialogueMeetingCancelled)

    @property
    def takes_place_on(self) -> date | None:
        """The meeting's date, of the last version that has one; moved to no date it has none."""
        for version in reversed(self.versions):
            if version.takes_place_on is not None or isinstance(version, DialogueMeetingMoved):
                return version.takes_place_on
        return None

    @property
    def moved_at(self) -> datetime | None:
        """When it was last moved, or None."""
        moves = [
            version.occurred_at
            for version in self.versions
            if isinstance(version, DialogueMeetingMoved)
        ]
        return max(moves, default=None)

    @property
    def org_number(self) -> str | None:
        return self.last.org_number


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption as it was granted."""

    fact: ExemptionGranted

    @property
    def granted_on(self) -> date:
        return oslo_date(self.fact.occurred_at)

    @property
    def until(self) -> date | None:
        """The last day on which it stands, or None where it stands until it is revoked."""
        if self.fact.until is None and self.fact.reason == TOO_ILL_FOR_NOW:
            return self.granted_on + timedelta(days=TOO_ILL_FOR_NOW_DAYS)
        return self.fact.until

    def stands_on(self, day: date) -> bool:
        return self.until is None or day <= self.until


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What stands of the facts of one case; lists are in order of version.

    `exemptions_revoked` are the grants that a revocation has ended. `refusals` are the answers by which a party would
    not come on a date of a meeting, or asked for another: of each party and each date the last answer counts.
    """

    plans: tuple[FollowUpPlanMade | FollowUpPlanShared, ...] = ()
    plan_requests: tuple[FollowUpPlanRequested, ...] = ()
    meetings: tuple[MeetingState, ...] = ()
    meeting_answers: tuple[DialogueMeetingAnswered, ...] = ()
    refusals: tuple[DialogueMeetingAnswered, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    exemptions_revoked: tuple[Exemption, ...] = ()
    assessments: tuple[ActivityRequirementAssessed, ...] = ()
    answers: tuple[MeetingNeedAnswered, ...] = ()
    requests: tuple[MeetingRequested, ...] = ()
    request_closings: tuple[MeetingRequestClosed, ...] = ()
    reassessments: tuple[ReassessmentRequested, ...] = ()
    reassessments_closed: frozenset[str] = frozenset()

    @property
    def assessment(self) -> ActivityRequirementAssessed | None:
        """The assessment that stands: the one with the latest `occurred_at`."""
        return self.assessments[-1] if self.assessments else None

    @property
    def answers_asking(self) -> tuple[MeetingRequested, ...]:
        """The answers that want a meeting, as the requests for meeting 2 that they are too (contract 2).

        They are read from the answers and stored nowhere: a later *no* takes the request back.
        """
        return tuple(
            MeetingRequested(
                person_id=answer.person_id,
                occurred_at=answer.occurred_at,
                meeting=2,
                party=answer.party,
                org_number=answer.org_number,
            )
            for answer in self.answers
            if answer.wants_meeting
        )

    def closed_at(self, meeting: Meeting) -> datetime | None:
        """When an adviser last closed the requests for that meeting."""
        closings = [
            closing.occurred_at for closing in self.request_closings if closing.meeting == meeting
        ]
        return max(closings, default=None)


def facts_by_case(
    facts: Iterable[Fact], starts: Sequence[tuple[date, str]]
) -> dict[str, list[Fact]]:
    """Facts by the case that they belong to; `starts` are (start, case id), sorted.

    A fact older than every case is left out: it waits for a backdated note.
    """
    dates = [start for start, _ in starts]
    by_case: dict[str, list[Fact]] = {}
    for fact in facts:
        index = bisect_right(dates, fact.on) - 1
        if index >= 0:
            by_case.setdefault(starts[index][1], []).append(fact)
    return by_case


def case_facts(facts: Iterable[Fact]) -> CaseFacts:
    """Fold the facts of one case into what stands of them."""
    ordered = [
        fact.message
        for fact in sorted(facts, key=lambda fact: (fact.version, fact.source, fact.id))
    ]
    grants = _last_of(_of(ordered, ExemptionGranted))
    last = {slot_of(fact): fact for fact in _of(ordered, ExemptionFact)}
    stands = [fact for fact in grants if last[slot_of(fact)] is fact]
    reassessments = _last_of(_of(ordered, ReassessmentFact))
    meetings = _meetings(_of(ordered, DialogueMeetingFact))
    meeting_answers = _of(ordered, DialogueMeetingAnswered)
    return CaseFacts(
        plans=_last_of(_plans(ordered)),
        plan_requests=_last_of(_of(ordered, FollowUpPlanRequested)),
        meetings=meetings,
        meeting_answers=_latest_of(meeting_answers),
        refusals=_refusals(meeting_answers, meetings),
        exemptions=tuple(Exemption(fact) for fact in stands),
        exemptions_revoked=tuple(
            Exemption(fact) for fact in grants if last[slot_of(fact)] is not fact
        ),
        assessments=tuple(
            sorted(
                _of(ordered, ActivityRequirementAssessed),
                key=lambda assessment: assessment.occurred_at,
            )
        ),
        answers=_latest_of(_of(ordered, MeetingNeedAnswered)),
        requests=_last_of(_of(ordered, MeetingRequested)),
        request_closings=tuple(_of(ordered, MeetingRequestClosed)),
        reassessments=_last_of(_of(ordered, ReassessmentRequested)),
        reassessments_closed=frozenset(
            fact.reassessment_id for fact in _of(reassessments, ReassessmentClosed)
        ),
    )


def _of(facts: Iterable[object], kind: type[M]) -> list[M]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _plans(ordered: Iterable[object]) -> list[FollowUpPlanMade | FollowUpPlanShared]:
    return [m for m in ordered if isinstance(m, FollowUpPlanMade | FollowUpPlanShared)]


def _last_of(facts: Iterable[F]) -> tuple[F, ...]:
    """The last fact of each slot in the order given, which is that of the versions."""
    return tuple({slot_of(fact): fact for fact in facts}.values())


def _latest_of(facts: Iterable[F]) -> tuple[F, ...]:
    """The fact of each slot that happened last; of two at one instant the later version."""
    return _last_of(sorted(facts, key=lambda fact: fact.occurred_at))


def _refusals(
    answers: Iterable[DialogueMeetingAnswered], meetings: Iterable[MeetingState]
) -> tuple[DialogueMeetingAnswered, ...]:
    """An answer is to the date that the meeting had then: each move asks the parties anew."""
    moves = {
        meeting.meeting_id: [
            version.occurred_at
            for version in meeting.versions
            if isinstance(version, DialogueMeetingMoved)
        ]
        for meeting in meetings
    }
    last: dict[Hashable, DialogueMeetingAnswered] = {}
    for answer in sorted(answers, key=lambda answer: answer.occurred_at):
        moved_before = [at for at in moves.get(answer.meeting_id, ()) if at < answer.occurred_at]
        last[slot_of(answer), len(moved_before)] = answer
    return tuple(answer for answer in last.values() if answer.answer != "coming")


def _meetings(ordered: Sequence[DialogueMeetingFact]) -> tuple[MeetingState, ...]:
    by_id: dict[str, list[DialogueMeetingFact]] = {}
    minutes_sent = {fact.meeting_id for fact in _of(ordered, DialogueMeetingMinutesSent)}
    for fact in ordered:
        if not isinstance(fact, DialogueMeetingAnswered | DialogueMeetingMinutesSent):
            by_id.setdefault(fact.meeting_id, []).append(fact)
    return tuple(
        MeetingState(versions[-1].meeting, meeting_id, tuple(versions), meeting_id in minutes_sent)
        for meeting_id, versions in by_id.items()
    )
