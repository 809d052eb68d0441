"""The two other shipped rulebooks, offices' overrides, and what an event carries (contract 4, 5)."""

from __future__ import annotations

from schemas.messages import ReassessmentRequested
from schemas.wire import Version
from services.scheduler.domain.facts.intake import OfficeChange
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import (
    ADVISER,
    ANNE,
    BYGG,
    KAFE,
    Life,
    asked,
    at,
    day,
    note,
    reasons,
    shipped,
)
from tests.support.paths import RULEBOOKS
from tests.unit.rulebook.test_plan_to_practitioner import shared
from tests.unit.scheduler.test_states import exempted, held, summoned

ASSESS = "dialogue_meeting_2_assessment.assess"


def nav() -> Life:
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 300, kind="graded", grade=50))
    return life


def test_nav_assesses_on_day_119_graded_or_not_and_shows_it_a_week_later() -> None:
    life = nav()
    life.turn(at(130))
    (event,) = life.due()
    assert (event.due_on, event.show_on) == (day(119), day(126))
    assert asked(event) == [("adviser", None)]


def test_in_navs_rulebook_only_a_held_meeting_and_an_exemption_end_the_assessment() -> None:
    life = nav()
    life.arrive(
        at(60),
        summoned(60, 170),
        ReassessmentRequested(
            person_id=ANNE, occurred_at=at(60), reassessment_id="r", adviser_id=ADVISER, on=day(150)
        ),
    )
    assert life.state(ASSESS, at(61)) == "armed: due"
    life.arrive(at(62), exempted(62, until=70))
    assert life.state(ASSESS, at(63)) == "armed: due"
    life.arrive(at(64), exempted(64, until=130))
    assert life.state(ASSESS, at(65)) == "done: exempted:medical"
    life = nav()
    life.arrive(at(60), held(2, 60))
    assert life.state(ASSESS, at(61)) == "done: held"


def employers() -> Life:
    life = Life(shipped("employer-example"))
    life.arrive(at(0), note(0, 300))
    return life


def test_an_employer_prepares_two_weeks_before_meeting_1_is_due() -> None:
    """The deadline is day 48; the preparation is day 34, a Sunday, so it is sent on the Friday before."""
    life = employers()
    life.turn(at(40))
    (event,) = life.due("meeting_1_preparation.prepare")
    assert (event.due_on, event.due_at) == (day(34), at(32, "09:00"))
    assert asked(event) == [("line_manager", KAFE)]


def test_the_employer_of_a_person_on_graded_leave_prepares_no_meeting_1() -> None:
    """contract 4.1: each employer's own notes decide, also for a step that counts from the deadline of meeting 1."""
    life = employers()
    life.arrive(at(1), note(0, 300, note_id="note-2", kind="graded", grade=40, employer=BYGG))
    life.turn(at(40))
    assert asked(life.due("meeting_1_preparation.prepare")[0]) == [("line_manager", KAFE)]


def test_an_employer_updates_the_plan_on_the_working_day_after_the_meeting() -> None:
    """Day 39 is Friday 13 February 2026."""
    life = employers()
    life.arrive(at(39), held(1, 39))
    life.turn(at(50))
    assert life.fired_on("meeting_1_follow_up.update_plan") == [day(42)]
    assert life.state("dialogue_meeting_1.deadline", at(50)) == "done: held"


def test_a_plan_that_the_practitioner_has_got_since_the_meeting_needs_no_update() -> None:
    """Shared on the day of the meeting is after it; what was shared before is the plan that is to be updated."""
    for shared_on, fired in ((38, 1), (39, 0), (40, 0)):
        life = employers()
        life.arrive(at(38), shared(38, with_="practitioner"))
        life.arrive(at(40), held(1, 39))
        if shared_on > 38:
            life.arrive(at(41), shared(shared_on, with_="practitioner"))
        life.turn(at(50))
        assert len(life.due("meeting_1_follow_up.update_plan")) == fired


def test_the_employer_that_held_the_meeting_updates_its_plan_and_the_other_does_not() -> None:
    life = employers()
    life.arrive(at(1), note(0, 300, note_id="note-2", employer=BYGG))
    life.arrive(at(39), held(1, 39, org=BYGG))
    life.turn(at(50))
    assert asked(life.due("meeting_1_follow_up.update_plan")[0]) == [("line_manager", BYGG)]


def test_of_graded_people_an_office_may_look_over_the_case_after_eight_weeks() -> None:
    """Both looks at week 8 are off unless an office turns them on."""
    text = (RULEBOOKS / "standard.toml").read_text("utf-8") + (
        """
        [office.0220]
        "dialogue_meeting_2_assessment.graded_overview.enabled" = true
        """
    )
    rulebook = parse(text)
    for office, grade, state in (
        (None, 50, "not_applicable: disabled"),
        ("0220", 50, "armed: due"),
        ("0220", None, "not_applicable: not_graded"),
    ):
        life = Life(rulebook.for_office(office))
        life.arrive(at(0), note(0, 300, kind="full" if grade is None else "graded", grade=grade))
        assert life.state("dialogue_meeting_2_assessment.graded_overview", at(1)) == state


def test_an_employer_finds_a_new_date_for_a_meeting_that_was_postponed() -> None:
    life = employers()
    life.arrive(at(30), exempted(30, checkpoint="dialogue_meeting_1", reason="too_ill_for_now"))
    life.arrive(at(31), exempted(31, checkpoint="dialogue_meeting_1", reason="cannot_return"))
    assert [event.subject for event in life.due("meeting_1_follow_up.new_date")] == [
        "too_ill_for_now"
    ]
    life.arrive(at(32), summoned(32, 60, meeting=1))
    assert reasons(life.withdrawals("meeting_1_follow_up.new_date")) == [("done", "summoned")]


def test_an_offices_override_moves_that_offices_people_alone() -> None:
    text = (RULEBOOKS / "standard.toml").read_text("utf-8") + (
        """
        [office.0220]
        "dialogue_meeting_2.deadline.day" = 132
        "dialogue_meeting_2_assessment.assess.day" = 91
        "meeting_need.question.day" = 84
        "meeting_need.reminder.day" = 88
        """
    )
    for office, deadline, last_day in (("0220", 132, 111), ("0219", 181, 160), (None, 181, 160)):
        life = Life(parse(text))
        life.arrive(at(0), note(0, 300), OfficeChange(ANNE, office, Version(1, 1)))
        steps = life.steps(at(1))
        assert steps["dialogue_meeting_2.deadline"].due_on == day(deadline)
        assert steps["dialogue_meeting_2_summons.last_day"].due_on == day(last_day)
        life.turn(at(200))
        stamp = life.due("dialogue_meeting_2.deadline")[0].rulebook
        assert stamp.office == (office if office == "0220" else None)


def test_a_person_who_moves_office_is_planned_by_the_new_offices_rules() -> None:
    text = (RULEBOOKS / "standard.toml").read_text("utf-8") + (
        '\n[office.0219]\n"dialogue_meeting_2_assessment.early.enabled" = true\n'
    )
    life = Life(parse(text))
    life.arrive(at(0), note(0, 300))
    life.arrive(at(1), OfficeChange(ANNE, "0219", Version(1, 1)))
    assert life.state("dialogue_meeting_2_assessment.early", at(1)) == "armed: due"
    life.arrive(at(56), OfficeChange(ANNE, "0301", Version(2, 1)))
    assert reasons(life.withdrawals("dialogue_meeting_2_assessment.early")) == [
        ("not_applicable", "disabled")
    ]


def test_an_event_carries_the_case_as_it_is_on_the_due_date() -> None:
    """contract 5: `week` is the week of `day`, and `form` is the form of the newest note that covers the due date."""
    life = Life()
    life.arrive(
        at(0),
        note(0, 59, form="paper", issued=0),
        note(60, 124, note_id="note-2", kind="graded", grade=60, issued=60),
    )
    life.turn(at(113))
    (event,) = life.due(ASSESS)
    case = event.case
    assert (case.start, case.end, case.sick_days) == (day(0), day(124), 125)
    assert (case.day, case.week, case.grade, case.form) == (113, 17, 60, "digital")
    assert [employer.org_number for employer in case.employers] == [KAFE]
    assert event.basis is not None
    assert event.basis.weeks_completed == 16
    assert [(span.from_, span.to, span.grade) for span in event.basis.grade.history] == [
        (day(0), day(59), 100),
    ]
    assert life.due("follow_up_plan.deadline")[0].case.form == "paper"
    assert life.due("follow_up_plan.deadline")[0].basis is None


def test_the_messages_of_a_step_expire_when_the_checkpoints_next_step_is_due() -> None:
    """contract 6.4: the event's `not_after`, past which the notifier does not send a message."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.turn(at(130))
    assert life.due("follow_up_plan.reminder")[0].not_after == at(25, "09:00")
    assert life.due("meeting_need.question")[0].not_after == at(109, "09:00")
    assert life.due("follow_up_plan.deadline")[0].not_after is None
