"""An adviser hears of what a party or an office has done, when it is of use: through both services (contract 4).

An answer that wanted a meeting in week 10 was once silent until week 17. Nobody was told that a meeting 2 was put after
the 26 weeks, that minutes were owed, or that an exemption without an end had stood for months. One that concerned
a single employer told the employee that there was no meeting.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from schemas.messages import (
    AdviserTaskClosed,
    AdviserTaskOpened,
    DialogueMeetingHeld,
    DialogueMeetingMinutesSent,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    EmailRequested,
    ExemptionGranted,
    MeetingNeedAnswered,
    ReassessmentRequested,
    SmsRequested,
)
from schemas.norway import OSLO
from tests.support.situations import (
    KAFE,
    MANAGER,
    PHONE,
    SKOLE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
)

SITUATIONS = Situations()
ASSESS, SUMMON = "dialogue_meeting_2_assessment.assess", "dialogue_meeting_2_summons.last_day"
ASKED, REVIEW = "requested_meeting.requested", "exemption_review.review"
AFTER, MINUTES = "meeting_notice.after_limit", "meeting_minutes.minutes"
FROM = date(2026, 3, 1)
"""What leaves before it is about the plan, meeting 1 and the eight weeks."""
OTHER_MANAGER = "skole@example.invalid"
MEETING: dict[str, Any] = {"meeting": 2, "meeting_id": "m2", "org_number": KAFE}


def _ill_from_5_january(life: Life, last: str) -> None:
    """26 weeks end on Sunday 5 July. No step before week 16 is left to do."""
    life.contact()
    life.manager()
    life.sick("2026-01-05", last)
    life.all_else_done("2026-01-20 10:00")


def _answer(life: Life, at: str, *, party: str = "employee", wants: bool = True) -> None:
    org = {"org_number": KAFE} if party == "employer" else {}
    fields = {"party": party, "wants_meeting": wants, "justified": True} | org
    life.fact(at, MeetingNeedAnswered, **fields)


@SITUATIONS.add
def a_yes_in_week_10(life: Life) -> Story:
    """A task at once; in week 16 the employer alone is asked, who has not answered."""
    _ill_from_5_january(life, "2026-04-26")
    _answer(life, "2026-03-13 11:00")
    return [
        f"2026-03-13 opened {ASKED} law 2026-07-05",
        f"2026-04-20 e-mail to {MANAGER}: Trengs det dialogmøte med Nav?",
        f"2026-04-24 e-mail to {MANAGER}: Svar om dialogmøte med Nav",
        f"2026-05-12 closed {ASKED}: ended",
    ]


@SITUATIONS.add
def a_yes_that_is_taken_back(life: Life) -> Story:
    _ill_from_5_january(life, "2026-04-12")
    _answer(life, "2026-03-13 11:00", party="employer")
    _answer(life, "2026-03-16 11:00", party="employer", wants=False)
    return [
        f"2026-03-13 opened {ASKED} law 2026-07-05",
        f"2026-03-16 closed {ASKED}: not_applicable:nobody_asked",
    ]


@SITUATIONS.add
def a_yes_in_week_16(life: Life) -> Story:
    """The assessment of week 17 shows it; the adviser who sets a date of their own is not asked once more."""
    _ill_from_5_january(life, "2026-05-03")
    _answer(life, "2026-04-18 10:00")
    _answer(life, "2026-04-18 10:30", party="employer", wants=False)
    set_date = {"reassessment_id": "r1", "on": date(2026, 6, 1), "adviser_id": "Z990071"}
    life.fact("2026-05-04 10:00", ReassessmentRequested, **set_date)
    return [
        f"2026-04-27 opened {ASSESS} law 2026-07-05",
        f"2026-05-04 closed {ASSESS}: done:reassessment",
    ]


@SITUATIONS.add
def an_exemption_for_one_employer(life: Life) -> Story:
    """That one's manager alone is told. The employee and the other employer have been asked, and are on."""
    _ill_from_5_january(life, "2026-05-10")
    life.sick("2026-01-05", "2026-05-10", org=SKOLE)
    life.manager(org=SKOLE, email=OTHER_MANAGER)
    for at in ("2026-01-20 11:00", "2026-01-21 11:00"):
        life.plan_made(at, SKOLE)
    _answer(life, "2026-04-17 10:00", wants=False)
    life.fact(
        "2026-04-21 10:00",
        ExemptionGranted,
        checkpoint="dialogue_meeting_2",
        reason="ongoing_measure",
        granted_by="adviser",
        org_number=KAFE,
    )
    question = "Trengs det dialogmøte med Nav?"
    return [
        f"2026-04-20 e-mail to {MANAGER}: {question}",
        f"2026-04-20 e-mail to {OTHER_MANAGER}: {question}",
        f"2026-04-21 e-mail to {MANAGER}: Foreløpig ikke dialogmøte med Nav",
        f"2026-04-24 e-mail to {OTHER_MANAGER}: Svar om dialogmøte med Nav",
        f"2026-04-27 opened {ASSESS} law 2026-07-05",
        f"2026-05-26 closed {ASSESS}: ended",
    ]


@SITUATIONS.add
def an_exemption_for_everybody(life: Life) -> Story:
    """Employee and manager are told, nobody is asked; after 56 days an adviser looks at it again."""
    _ill_from_5_january(life, "2026-06-14")
    life.fact(
        "2026-04-14 10:00",
        ExemptionGranted,
        checkpoint="dialogue_meeting_2",
        reason="medical",
        granted_by="adviser",
    )
    return [
        f"2026-04-14 SMS to {PHONE}",
        f"2026-04-14 e-mail to {MANAGER}: Foreløpig ikke dialogmøte med Nav",
        f"2026-06-09 opened {REVIEW} law 2026-07-05",
        f"2026-06-30 closed {REVIEW}: ended",
    ]


@SITUATIONS.add
def a_meeting_after_the_26_weeks(life: Life) -> Story:
    """Summoned in time, moved too far, and moved back: the task closes by itself."""
    _ill_from_5_january(life, "2026-04-19")
    life.fact(
        "2026-03-23 10:00", DialogueMeetingSummoned, takes_place_on=date(2026, 6, 30), **MEETING
    )
    life.fact("2026-03-25 10:00", DialogueMeetingMoved, takes_place_on=date(2026, 7, 6), **MEETING)
    life.fact("2026-03-27 10:00", DialogueMeetingMoved, takes_place_on=date(2026, 7, 3), **MEETING)
    return [
        f"2026-03-25 opened {AFTER} law 2026-07-05",
        f"2026-03-27 closed {AFTER}: done:moved_in_time",
    ]


@SITUATIONS.add
def minutes_are_owed(life: Life) -> Story:
    """Held on Wednesday 4 March: five working days later a task, until they are sent."""
    _ill_from_5_january(life, "2026-03-29")
    life.fact("2026-03-04 14:00", DialogueMeetingHeld, takes_place_on=date(2026, 3, 4), **MEETING)
    life.fact("2026-03-13 09:00", DialogueMeetingMinutesSent, **MEETING)
    return [
        f"2026-03-11 opened {MINUTES} law none",
        f"2026-03-13 closed {MINUTES}: done:minutes_sent",
    ]


def _lines(life: Life, outcomes: Lived) -> Iterator[str]:
    steps: dict[str, str] = {}
    for at, message in outcomes.messages(life):
        day = at.astimezone(OSLO).date()
        if day < FROM:
            continue
        match message:
            case AdviserTaskOpened():
                steps[message.task_id] = f"{message.checkpoint}.{message.step}"
                law = message.legal_on or "none"
                yield f"{day} opened {steps[message.task_id]} law {law}"
            case AdviserTaskClosed():
                yield f"{day} closed {steps[message.task_id]}: {message.reason}"
            case EmailRequested():
                yield f"{day} e-mail to {message.to}: {message.subject}"
            case SmsRequested():
                yield f"{day} SMS to {message.to}"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_it_is_told_to_whom_it_concerns(situation: Situation, outcomes: Lived) -> None:
    assert in_order(_lines(situation.life, outcomes)) == in_order(situation.story)
