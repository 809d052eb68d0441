"""The last day by law for what a step is about, as `legal` in the rulebook names it (contract 4, 5)."""

from __future__ import annotations

import pytest

from schemas.messages import FollowUpPlanRequested, MeetingRequested
from services.scheduler.domain.rulebook.model import RulebookError
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ADVISER, ANNE, KAFE, Life, at, day, note, shipped
from tests.unit.scheduler.test_states import summoned

OWN = """\
name = "own"
version = "1"

[[checkpoint]]
name = "talk"
source = "practice: our own"
to = ["line_manager"]
step = [
  { name = "invite", day = 3, legal = "hold" },
  { name = "hold", day = 10 },
  { name = "after", on = "plan_requested", legal = "reply_by" },
  { name = "held", on = "meeting_held" },
]
"""


def whole_year(rulebook: str = "standard") -> Life:
    life = Life(shipped(rulebook))
    life.arrive(at(0), note(0, 300))
    return life


def legal_days(life: Life, until: int) -> dict[str, int | None]:
    """Of each step that has fired its legal date, as a day of the case."""
    life.turn(at(until))
    return {
        f"{event.checkpoint}.{event.step}": (event.legal_on - day(0)).days
        if event.legal_on
        else None
        for event in life.due()
    }


def test_a_step_before_a_deadline_names_the_deadlines_date_and_a_deadline_its_own() -> None:
    """START is a Monday: each deadline is a Sunday and told on the Friday before, and its date stays the Sunday."""
    assert legal_days(whole_year(), 190) == {
        "follow_up_plan.reminder": 27,
        "follow_up_plan.deadline": 27,
        "dialogue_meeting_1.reminder": 48,
        "dialogue_meeting_1.deadline": 48,
        "activity_requirement.notice": 55,
        "activity_requirement.assess": 55,
        "meeting_need.question": None,
        "meeting_need.reminder": None,
        "dialogue_meeting_2_assessment.assess": 181,
        "dialogue_meeting_2_summons.last_day": 160,
        "dialogue_meeting_2.deadline": 181,
    }


def test_a_plan_is_due_a_week_before_its_meeting_and_a_meeting_2_by_week_26() -> None:
    life = whole_year()
    life.arrive(
        at(60),
        summoned(60, 100),
        MeetingRequested(person_id=ANNE, occurred_at=at(60), meeting=3, party="employee"),
    )
    life.turn(at(95))
    legal = {(e.checkpoint, e.step, e.subject): e.legal_on for e in life.due()}
    assert (
        legal["meeting_plan", "first", "meeting-2"]
        == legal["meeting_plan", "second", "meeting-2"]
        == day(93)
    )
    assert legal["requested_meeting", "requested", "3"] is None
    life = whole_year()
    life.arrive(
        at(60), MeetingRequested(person_id=ANNE, occurred_at=at(60), meeting=2, party="employee")
    )
    assert legal_days(life, 61)["requested_meeting.requested"] == 181


@pytest.mark.parametrize(("reply_by", "legal"), [(20, 20), (None, 24)])
def test_a_plan_that_an_office_asks_for_is_due_by_its_reply_date(
    reply_by: int | None, legal: int
) -> None:
    life = whole_year()
    life.arrive(
        at(10),
        FollowUpPlanRequested(
            person_id=ANNE,
            occurred_at=at(10),
            org_number=KAFE,
            adviser_id=ADVISER,
            reply_by=day(reply_by) if reply_by is not None else None,
        ),
    )
    days = legal_days(life, 30)
    assert days["plan_requested.requested"] == days["plan_requested.reminder"] == legal
    assert days["plan_requested.overdue"] is None


def test_a_date_that_waits_for_full_leave_is_reckoned_as_if_the_leave_went_on() -> None:
    """Graded until day 9 and full from then on: 35 days full on day 44, and 49 on day 58."""
    life = Life(shipped("standard"))
    life.arrive(at(0), note(0, 9, kind="graded", grade=50), note(10, 46, note_id="note-2"))
    assert legal_days(life, 45)["dialogue_meeting_1.reminder"] == 58


def test_where_the_notes_end_graded_the_law_sets_no_date_for_meeting_1() -> None:
    life = Life(shipped("standard"))
    life.arrive(at(0), note(0, 35), note(36, 60, note_id="note-2", kind="graded", grade=50))
    assert legal_days(life, 35)["dialogue_meeting_1.reminder"] is None


def test_an_office_that_holds_meeting_2_at_19_weeks_has_that_as_its_date() -> None:
    text = shipped("standard").text + '\n[office.0220]\n"dialogue_meeting_2.deadline.day" = 132\n'
    text += '"dialogue_meeting_2_assessment.assess.day" = 91\n"meeting_need.question.day" = 84\n'
    rulebook = parse(text + '"meeting_need.reminder.day" = 88\n').for_office("0220")
    life = Life(rulebook)
    life.arrive(at(0), note(0, 300))
    assert legal_days(life, 92)["dialogue_meeting_2_assessment.assess"] == 132


def test_the_other_shipped_rulebooks_name_legal_dates_too() -> None:
    assert legal_days(whole_year("nav-2026"), 130) == {
        "activity_requirement.assess": 55,
        "dialogue_meeting_2_assessment.assess": None,
    }
    days = legal_days(whole_year("employer-example"), 50)
    assert days["follow_up_plan.reminder"] == 27
    assert days["meeting_1_preparation.prepare"] == 48


@pytest.mark.parametrize(
    ("legal", "sentence"),
    [
        ('"holt"', "talk.invite names 'talk.holt', which is no step of this rulebook."),
        ('"cake.hold"', "talk.invite names 'cake.hold', which is no step of this rulebook."),
        (
            '"reply_by"',
            "talk.invite: 'legal' names 'reply_by', a date that only a step with 'on' has.",
        ),
        ('"held"', "talk.invite: 'legal' names 'talk.held', which hangs on another fact."),
    ],
)
def test_a_legal_date_that_nothing_gives_is_refused_with_its_line(
    legal: str, sentence: str
) -> None:
    parse(OWN)
    with pytest.raises(RulebookError) as refusal:
        parse(OWN.replace('"hold" }', f"{legal} }}"))
    assert (refusal.value.sentence, refusal.value.line) == (sentence, 9)
