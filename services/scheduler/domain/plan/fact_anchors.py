"""What a step that is anchored in a fact hangs on: one occurrence for each fact that asks for it (contract 4).

An anchor is a name in `rulebook.model.FactAnchor` and a row of `ANCHORS` at the end; a test refuses a name without
a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from schemas.messages import (
    DialogueMeetingCancelled,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    Meeting,
    MeetingRequested,
)
from schemas.norway import oslo_date
from services.scheduler.domain.facts.case_facts import CaseFacts, MeetingState
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.plan.reasons import Reason
from services.scheduler.domain.rulebook.model import (
    REPLY_DAYS_DEFAULT,
    FactAnchor,
    FactDate,
    Step,
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One timer that a fact asks for.

    `happened_at` is the fact's instant, `dates` has the fact's dates by name (None: it lacks that one, and what counts
    from it has no timer), `done` a reason that has ended it, `org_numbers` the employers meant (None: all),
    `requests` those that each employer answers with a meeting of its own, `answered_at` the instants of the answers
    that are the request where nothing else is, `renewed_at` an act after which an earlier due event no longer holds,
    and `renewed_by` what it was.
    """

    subject: str
    happened_at: datetime
    dates: Mapping[FactDate, date | None] = field(default_factory=dict)
    org_numbers: frozenset[str] | None = None
    adviser_id: str | None = None
    done: Reason | None = None
    meeting: MeetingState | None = None
    requests: tuple[MeetingRequested, ...] = ()
    answered_at: tuple[datetime, ...] = ()
    renewed_at: datetime | None = None
    renewed_by: Reason = "moved"

    @property
    def happened_on(self) -> date:
        return oslo_date(self.happened_at)


def _reply_by_default(asked_at: datetime) -> date:
    return oslo_date(asked_at) + timedelta(days=REPLY_DAYS_DEFAULT)


def _meetings(step: Step, facts: CaseFacts) -> list[MeetingState]:
    return [meeting for meeting in facts.meetings if meeting.meeting in step.meetings]


def _held_meetings(step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    for meeting in _meetings(step, facts):
        if meeting.held_at is not None:
            yield Occurrence(
                meeting.meeting_id,
                meeting.held_at,
                {"takes_place_on": meeting.takes_place_on},
                org_numbers=_employers_meant(meeting),
                meeting=meeting,
            )


def _reassessments(_step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    for request in facts.reassessments:
        is_closed = request.reassessment_id in facts.reassessments_closed
        yield Occurrence(
            request.reassessment_id,
            request.occurred_at,
            {"on": request.on},
            adviser_id=request.adviser_id,
            done="closed" if is_closed else None,
        )


def _plan_requests(_step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    for request in facts.plan_requests:
        reply_by = request.reply_by or _reply_by_default(request.occurred_at)
        yield Occurrence(
            request.org_number,
            request.occurred_at,
            {"reply_by": reply_by},
            org_numbers=frozenset({request.org_number}),
            adviser_id=request.adviser_id,
        )


def _requested_meetings(step: Step, facts: CaseFacts, leave: Leave | None) -> Iterator[Occurrence]:
    """One standing request for each meeting: one that is newer than its closing opens it again."""
    for number in step.meetings:
        asking = [*facts.requests, *facts.answers_asking]
        requests = [request for request in asking if request.meeting == number]
        if requests:
            yield _requested_meeting(step, facts, leave, number, requests)


def _requested_meeting(
    step: Step,
    facts: CaseFacts,
    leave: Leave | None,
    number: Meeting,
    requests: Sequence[MeetingRequested],
) -> Occurrence:
    meetings = [meeting for meeting in facts.meetings if meeting.meeting == number]
    closed_at = facts.closed_at(number) if "closed" in step.done_by else None
    unclosed = [r for r in requests if closed_at is None or r.occurred_at > closed_at]
    unanswered = [r for r in unclosed if not _is_answered(r, meetings, leave)]
    done: Reason | None = None if unanswered else ("held" if unclosed else "closed")
    if unanswered and "summoned" in step.done_by and any(m.is_summoned for m in meetings):
        done = "summoned"
    # Of closed ones only the last is still of interest.
    last = max(requests, key=lambda request: request.occurred_at)
    in_question = _in_question(unanswered or unclosed or [last], facts)
    renewed_at, renewed_by = _last_end(meetings, closed_at)
    return Occurrence(
        "" if step.meeting is not None else str(number),
        in_question[0].occurred_at,
        org_numbers=_named_employers(request.org_number for request in in_question),
        done=done,
        requests=tuple(unclosed) if number == 1 else (),
        answered_at=_answered_at(in_question, facts),
        renewed_at=renewed_at,
        renewed_by=renewed_by,
    )


def _in_question(requests: Sequence[MeetingRequested], facts: CaseFacts) -> list[MeetingRequested]:
    """Those that count, the first first: it says since when. Answers only where nobody has asked in so many words."""
    explicit = [request for request in requests if request in facts.requests]
    return sorted(explicit or requests, key=lambda request: request.occurred_at)


def _answered_at(in_question: Iterable[MeetingRequested], facts: CaseFacts) -> tuple[datetime, ...]:
    return tuple(request.occurred_at for request in in_question if request not in facts.requests)


def _last_end(
    meetings: Iterable[MeetingState], closed_at: datetime | None
) -> tuple[datetime | None, Reason]:
    """When requests were last answered by a meeting or closed: an event sent before then no longer holds."""
    ended: list[tuple[datetime, Reason]] = [(m.held_at, "held") for m in meetings if m.held_at]
    if closed_at is not None:
        ended.append((closed_at, "closed"))
    return max(ended) if ended else (None, "closed")


def _is_answered(
    request: MeetingRequested, meetings: Sequence[MeetingState], leave: Leave | None
) -> bool:
    """Whether a meeting was held after the request; meeting 1 with every employer whom the request concerns."""
    if request.meeting != 1:
        return any(_is_held_since(meeting, request) for meeting in meetings)
    concerned: list[str | None] = [request.org_number]
    if request.org_number is None and leave is not None:
        day = leave.within(oslo_date(request.occurred_at))
        concerned = [employer.org_number for employer in leave.employers(day)] or [None]
    return all(has_met_since(request, meetings, org) for org in concerned)


def has_met_since(
    request: MeetingRequested, meetings: Iterable[MeetingState], org_number: str | None
) -> bool:
    """Whether the employer has held a meeting 1 after the request; one that names nobody is every employer's."""
    return any(
        meeting.org_number in (None, org_number) and _is_held_since(meeting, request)
        for meeting in meetings
        if meeting.meeting == request.meeting
    )


def _is_held_since(meeting: MeetingState, request: MeetingRequested) -> bool:
    return meeting.held_at is not None and meeting.held_at >= request.occurred_at


def _named_employers(org_numbers: Iterable[str | None]) -> frozenset[str] | None:
    """The employers that facts name; None, for all of them, where one names none."""
    named = set(org_numbers)
    return None if None in named else frozenset(org for org in named if org)


def _summoned_meetings(step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    for meeting in _meetings(step, facts):
        summonses = [v for v in meeting.versions if isinstance(v, DialogueMeetingSummoned)]
        # A meeting that is known only as moved was summoned all the same.
        moves = [v for v in meeting.versions if isinstance(v, DialogueMeetingMoved)]
        first = next(iter([*summonses, *moves]), None)
        if first is None:
            continue
        if step.notice_days is not None:
            notice = first.takes_place_on and first.takes_place_on - oslo_date(first.occurred_at)
            if not isinstance(notice, timedelta) or notice.days >= step.notice_days:
                continue
        yield Occurrence(
            meeting.meeting_id,
            first.occurred_at,
            {"takes_place_on": meeting.takes_place_on},
            org_numbers=_employers_meant(meeting),
            done=_ended(meeting),
            meeting=meeting,
            renewed_at=meeting.moved_at if "moved" in step.done_by else None,
        )


def beyond_limit(occurrence: Occurrence, limit: date) -> Occurrence | None:
    """The occurrence of a meeting that was put after the limit, at the instant of that; None where it never was.

    Put back in time it is done. Without a date it asks for nothing.
    """
    meeting = occurrence.meeting
    since: datetime | None = None
    was_beyond = False
    for version in meeting.versions if meeting is not None else ():
        if isinstance(version, DialogueMeetingSummoned | DialogueMeetingMoved):
            is_beyond = version.takes_place_on is not None and version.takes_place_on > limit
            since = (since or version.occurred_at) if is_beyond else None
            was_beyond = was_beyond or is_beyond
        elif isinstance(version, DialogueMeetingCancelled):
            since = None
    if since is not None:
        return replace(occurrence, happened_at=since)
    has_date = meeting is not None and meeting.takes_place_on is not None
    if not was_beyond or not has_date:
        return None
    return replace(occurrence, done=occurrence.done or "moved_in_time")


def _employers_meant(meeting: MeetingState) -> frozenset[str] | None:
    return frozenset({meeting.org_number}) if meeting.org_number is not None else None


def _ended(meeting: MeetingState) -> Reason | None:
    """A cancelled meeting ends all steps that hang on it, whatever `done_by` says."""
    return "cancelled" if meeting.is_cancelled else None


def _refused_meetings(step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    """A refusal asks for itself, also where nothing else is known of its meeting."""
    known = {meeting.meeting_id: meeting for meeting in facts.meetings}
    numbers = {answer.meeting_id: answer.meeting for answer in facts.meeting_answers}
    for meeting_id, number in numbers.items():
        meeting = known.get(meeting_id)
        refusals = sorted(
            (
                answer
                for answer in facts.meeting_answers
                if answer.meeting_id == meeting_id and answer.answer != "coming"
            ),
            key=lambda answer: answer.occurred_at,
        )
        if not refusals or (meeting.meeting if meeting else number) not in step.meetings:
            continue
        moved_at = meeting.moved_at if meeting is not None else None
        standing = [r for r in refusals if moved_at is None or r.occurred_at > moved_at]
        yield Occurrence(
            meeting_id,
            standing[0].occurred_at if standing else refusals[-1].occurred_at,
            done=(_ended(meeting) if meeting else None) or (None if standing else "moved"),
            meeting=meeting,
            renewed_at=moved_at,
        )


def _exemptions(step: Step, facts: CaseFacts, _: Leave | None) -> Iterator[Occurrence]:
    """One occurrence a reason, from the first exemption that gives it; revoked ones are done."""
    by_reason: dict[str, list[tuple[datetime, str | None, bool]]] = {}
    standing = ((exemption, True) for exemption in facts.exemptions)
    revoked = ((exemption, False) for exemption in facts.exemptions_revoked)
    for exemption, stands in (*standing, *revoked):
        fact = exemption.fact
        wanted = step.reasons is None or fact.reason in step.reasons
        wanted = wanted and (exemption.until is None or not step.is_open_ended)
        if wanted and covers(fact.checkpoint, step):
            entry = (fact.occurred_at, fact.org_number, stands)
            by_reason.setdefault(fact.reason, []).append(entry)
    for reason, entries in by_reason.items():
        granted = [entry for entry in entries if entry[2]]
        yield Occurrence(
            reason,
            min(at for at, _, _ in granted or entries),
            org_numbers=_named_employers(org for _, org, _ in granted or entries),
            done=None if granted else "revoked",
        )


def covers(exempted_checkpoint: str, step: Step) -> bool:
    """Whether an exemption from that checkpoint reaches the step.

    An exemption from a meeting covers every checkpoint that names the meeting (contract 4: 16, 17, 23 and 26).
    """
    return exempted_checkpoint == step.checkpoint or (
        step.meeting is not None and exempted_checkpoint == f"dialogue_meeting_{step.meeting}"
    )


def _assessments(_step: Step, facts: CaseFacts, _: Leave | None) -> Iterable[Occurrence]:
    """The assessment that stands, where it asks for a reply; an earlier one that did has been answered."""
    asking = [
        assessment
        for assessment in facts.assessments
        if assessment.reply_by is not None and not assessment.final
    ]
    if not asking:
        return []
    last = asking[-1]
    return [
        Occurrence(
            "",
            last.occurred_at,
            {"reply_by": last.reply_by},
            done=None if last is facts.assessment else "assessed",
            renewed_at=last.occurred_at if len(asking) > 1 else None,
            renewed_by="assessed",
        )
    ]


ANCHORS: Mapping[FactAnchor, Callable[[Step, CaseFacts, Leave | None], Iterable[Occurrence]]] = {
    "meeting_requested": _requested_meetings,
    "meeting_summoned": _summoned_meetings,
    "meeting_answered": _refused_meetings,
    "meeting_held": _held_meetings,
    "reassessment_requested": _reassessments,
    "plan_requested": _plan_requests,
    "exemption_granted": _exemptions,
    "activity_requirement_assessed": _assessments,
}


def occurrences(step: Step, facts: CaseFacts, leave: Leave | None) -> list[Occurrence]:
    """The occurrences of a fact-anchored step, one a subject; none where nobody asks."""
    return list(ANCHORS[step.on](step, facts, leave)) if step.on is not None else []
