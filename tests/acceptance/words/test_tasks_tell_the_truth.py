"""A task tells its legal date and the case as it is, and is due by that date: through both services (contract 6).

Tasks were once due so many working days after they opened, whatever the law said: the one of week 23 five days after
the last day to summon, the one of week 26 a day after the deadline. No task told a legal date, or how far the
leave had come. A meeting that was refused for the second time was as little urgent as for the first, and of several
advisers who could hold somebody the one with the lowest id got everything.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.messages import (
    AdviserTaskOpened,
    DialogueMeetingAnswered,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    FollowUpPlanRequested,
    MeetingNeedAnswered,
    MeetingRequested,
)
from schemas.norway import OSLO
from services.workdays import is_working_day
from tests.support.situations import (
    KAFE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
)

SITUATIONS = Situations()
ASSESS, SUMMON = "dialogue_meeting_2_assessment.assess", "dialogue_meeting_2_summons.last_day"


def _all_else_done(life: Life) -> None:
    """No step before week 16 is left to do, and everybody can be reached."""
    life.contact()
    life.manager()
    life.all_else_done("2026-01-20 10:00")


@SITUATIONS.add
def nothing_is_done_along_half_a_year(life: Life) -> Story:
    """Ill from Thursday 8 January: eight weeks are over on 4 March, 26 weeks on 8 July."""
    life.contact()
    life.manager()
    life.sick("2026-01-08", "2026-07-26")
    case = "of 2026-01-08 to 2026-07-26"
    return [
        f"2026-03-04 activity_requirement.assess due 2026-03-04, law 2026-03-04, normal, d56 w8 {case}",
        f"2026-04-30 {ASSESS} due 2026-05-18, law 2026-07-08, normal, d113 w17 {case}",
        f"2026-06-17 {SUMMON} due 2026-06-17, law 2026-06-17, high, d161 w23 {case}",
        f"2026-07-08 dialogue_meeting_2.deadline due 2026-07-08, law 2026-07-08, high, d182 w26 {case}",
    ]


@SITUATIONS.add
def the_legal_date_is_a_sunday(life: Life) -> Story:
    """Ill from Monday 5 January: the last working day counts, and the law's own day is told."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-07-19")
    case = "of 2026-01-05 to 2026-07-19"
    return [
        f"2026-04-27 {ASSESS} due 2026-05-12, law 2026-07-05, normal, d113 w17 {case}",
        f"2026-06-12 {SUMMON} due 2026-06-12, law 2026-06-14, high, d159 w23 {case}",
        f"2026-07-03 dialogue_meeting_2.deadline due 2026-07-03, law 2026-07-05, high, d180 w26 {case}",
    ]


@SITUATIONS.add
def a_meeting_is_asked_for_shortly_before_the_26_weeks_end(life: Life) -> Story:
    """Three working days would end on Monday 6 July, a day after the law's."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-07-01", at="2026-01-05 08:00")
    life.fact("2026-07-01 10:00", MeetingRequested, meeting=2, party="practitioner")
    case = "of 2026-01-05 to 2026-07-01"
    return [
        f"2026-04-27 {ASSESS} due 2026-05-12, law 2026-07-05, normal, d113 w17 {case}",
        f"2026-06-12 {SUMMON} due 2026-06-12, law 2026-06-14, high, d159 w23 {case}",
        f"2026-07-01 requested_meeting.requested due 2026-07-03, law 2026-07-05, normal, d178 w26 {case}",
    ]


@SITUATIONS.add
def notes_come_along_the_way(life: Life) -> Story:
    """Each task has the end that the notes have when it opens."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-04-27")
    life.sick("2026-04-28", "2026-06-15")
    case = "of 2026-01-05 to"
    return [
        f"2026-04-27 {ASSESS} due 2026-05-12, law 2026-07-05, normal, d113 w17 {case} 2026-04-27",
        f"2026-06-12 {SUMMON} due 2026-06-12, law 2026-06-14, high, d159 w23 {case} 2026-06-15",
    ]


@SITUATIONS.add
def a_party_wants_a_meeting(life: Life) -> Story:
    """Answered in week 16, when the question had come: urgent in week 17."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-05-10")
    life.fact(
        "2026-04-22 10:00",
        MeetingNeedAnswered,
        party="employee",
        wants_meeting=True,
        justified=True,
    )
    case = "of 2026-01-05 to 2026-05-10"
    return [
        f"2026-04-27 {ASSESS} due 2026-05-12, law 2026-07-05, high, d113 w17 {case}",
    ]


@SITUATIONS.add
def a_meeting_is_refused_twice(life: Life) -> Story:
    """The first refusal is answered with another date; the second time it presses."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-04-26")
    meeting = {"meeting": 2, "meeting_id": "m2"}
    refused = {"party": "employee"} | meeting
    life.fact(
        "2026-03-02 10:00", DialogueMeetingSummoned, takes_place_on=date(2026, 3, 30), **meeting
    )
    life.fact("2026-03-04 10:00", DialogueMeetingAnswered, answer="other_time", **refused)
    life.fact("2026-03-05 10:00", DialogueMeetingMoved, takes_place_on=date(2026, 4, 8), **meeting)
    life.fact("2026-03-09 10:00", DialogueMeetingAnswered, answer="not_coming", **refused)
    case = "of 2026-01-05 to 2026-04-26"
    return [
        f"2026-03-04 meeting_answer.answer due 2026-03-09, law none, normal, d59 w9 {case}",
        f"2026-03-09 meeting_answer.answer due 2026-03-12, law none, high, d64 w10 {case}",
        f"2026-04-09 meeting_outcome.outcome due 2026-04-14, law none, normal, d95 w14 {case}",
    ]


@SITUATIONS.add
def an_employer_does_not_send_the_plan(life: Life) -> Story:
    """A task about one employer alone names it."""
    _all_else_done(life)
    life.sick("2026-01-05", "2026-03-15")
    life.fact(
        "2026-02-16 10:00",
        FollowUpPlanRequested,
        org_number=KAFE,
        adviser_id="Z990070",
        reply_by=date(2026, 2, 27),
    )
    case = "of 2026-01-05 to 2026-03-15"
    return [
        f"2026-02-28 plan_requested.overdue due 2026-03-04, law none, normal, d55 w8 {case}, employer {KAFE}",
    ]


@SITUATIONS.add
def a_letter_is_returned_in_the_last_week(life: Life) -> Story:
    """A task that stands in for somebody tells the date of what was to be told: the plan's, Sunday 1 March."""
    life.contact(may_be_notified=False)
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.receipt("2026-02-26 08:00", "failed", "employee letter", reason="returned")
    case = "of 2026-02-02 to 2026-02-23"
    return [
        f"2026-02-26 follow_up_plan.undelivered due 2026-02-27, law 2026-03-01, normal, d25 w4 {case}",
    ]


def _line(at: str, task: AdviserTaskOpened) -> str:
    case = task.case
    assert case is not None
    employer = f", employer {task.org_number}" if task.org_number else ""
    return (
        f"{at} {task.checkpoint}.{task.step} due {task.due_on}, law {task.legal_on or 'none'}, {task.priority}, "
        f"d{case.day} w{case.week} of {case.start} to {case.end}{employer}"
    )


def _tasks(life: Life, outcomes: Lived) -> list[tuple[date, AdviserTaskOpened]]:
    return [
        (at.astimezone(OSLO).date(), message)
        for at, message in outcomes.messages(life)
        if isinstance(message, AdviserTaskOpened)
    ]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_an_adviser_reads_when_and_why(situation: Situation, outcomes: Lived) -> None:
    lines = [_line(str(day), task) for day, task in _tasks(situation.life, outcomes)]
    assert in_order(lines) == in_order(situation.story)


async def test_no_task_is_due_after_its_legal_date_or_before_it_opens(outcomes: Lived) -> None:
    tasks = [one for situation in SITUATIONS for one in _tasks(situation.life, outcomes)]
    assert len(tasks) > 15
    for day, task in tasks:
        assert day <= task.due_on
        assert is_working_day(task.due_on)
        assert task.legal_on is None or task.due_on <= task.legal_on
