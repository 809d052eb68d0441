"""Where the rulebook `nav-2026` differs from NAV's services on purpose; each test gives the reason.

Days are counted from Monday 5 January 2026, which is 0.
"""

from __future__ import annotations

import pytest

from schemas.messages import (
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    DialogueMeetingSummoned,
    PersonDied,
)
from schemas.wire import Version
from tests.acceptance.rulebooks.test_checkpoints import WEEK_8, WEEK_17, meeting
from tests.reference.life import ANNE, Arrival, Life, at, day, gone, note, reasons, shipped


def nav(*notes: Arrival) -> Life:
    life = Life(shipped("nav-2026"))
    if notes:
        life.arrive(at(0), *notes)
    return life


# --- nothing is due before its day, and nothing is lost after it ------------------------------------------


def test_week_8_is_due_on_its_day_and_not_when_the_note_arrives() -> None:
    """NAV creates the task at once, up to 55 days ahead, and does not check again on the day.

    Advisers then see tasks for leaves that end long before. Here the state on the day decides.
    """
    life = nav(note(0, 100))
    assert life.state(WEEK_8, at(1)) == "armed: due"
    life.turn(at(100))
    assert life.fired_on(WEEK_8) == [day(55)]


@pytest.mark.parametrize("late_by", [1, 2, 10, 60])
def test_an_outage_delays_and_loses_nothing(late_by: int) -> None:
    """NAV picks up what is planned for today or yesterday; anything older is never picked up."""
    life = nav(note(0, 250))

    events = life.known_people.fire_due(ANNE, at(119 + late_by, "09:00"))

    assert [event.step for event in events] == ["assess", "assess"]
    assert events[1].due_on == day(119)
    assert events[1].late_seconds == late_by * 24 * 60 * 60


def test_a_step_fires_at_nine() -> None:
    """NAV's job fires what is due every four hours, night and day."""
    life = nav(note(0, 200))
    life.turn(at(130))

    assert [event.fired_at.strftime("%H:%M %z") for event in life.due()] == [
        "09:00 +0100",
        "09:00 +0200",
    ]


def test_a_late_note_on_the_leaves_last_day_still_counts() -> None:
    """NAV compares `today < end`, and so writes a row with a past date, which nobody picks up.

    The last day of a leave is a sick day, so it must count.
    """
    life = nav()
    life.arrive(at(130), note(0, 130))
    assert life.fired_on(WEEK_17) == [day(130)]

    life = nav()
    life.arrive(at(131), note(0, 130))
    assert life.state(WEEK_17, at(131)) == "missed: recovered"


def test_the_legal_date_stays_where_a_step_fires_late() -> None:
    """NAV overwrites the date with today, and then nobody knows how late it is. Here both dates are sent."""
    life = nav()
    life.arrive(at(140), note(0, 200))
    (event,) = life.due(WEEK_17)

    assert (event.due_on, event.show_on) == (day(119), day(126))
    assert event.late_seconds == (21 * 24 + 3) * 60 * 60


def test_a_backdated_note_of_a_leave_that_is_over_makes_no_task() -> None:
    """NAV creates week 8's task for leaves that ended up to 30 days ago, when nothing is left to assess."""
    life = nav()
    life.arrive(at(90), note(0, 80))

    assert life.due() == []
    assert life.state(WEEK_8, at(90)) == "missed: recovered"


# --- one timer for each step, derived anew from all facts: none twice, none left over ---------------------


def test_ten_messages_make_one_timer() -> None:
    """NAV inserts a new row for every message and never updates, cancels or compares rows."""
    life = nav()
    for number in range(10):
        life.arrive(at(number), note(0, 100 + number))
    assert len(life.known_people.people[ANNE].timers) == 1
    life.turn(at(130))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_the_same_record_again_changes_nothing() -> None:
    """At NAV an episode of exactly 56 days once made a new task for every message."""
    same = note(0, 55, version=Version(1, 1))
    life = nav(same)
    for number in range(54, 60):
        life.arrive(at(number), same)

    assert life.fired_on(WEEK_8) == [day(55)]


def test_a_leave_that_shrinks_before_the_day_makes_nothing_due() -> None:
    """NAV keeps the row of week 8 open until an adviser or a nine-month job closes it."""
    life = nav(note(0, 200))
    life.arrive(at(50), note(0, 49))
    life.turn(at(130))

    assert life.due() == []


def test_a_leave_that_shrinks_after_the_day_withdraws_the_task() -> None:
    """NAV's task stays. The withdrawal waits a quarter of an hour, in case the note is moving to another topic."""
    life = nav(note(0, 200))
    life.arrive(at(56), note(0, 49))
    life.turn(at(56, "12:14"))
    assert life.withdrawals() == []
    life.turn(at(56, "12:15"))

    assert reasons(life.withdrawals(WEEK_8)) == [("not_applicable", "not_sick_listed")]


def test_a_leave_that_is_over_closes_what_it_opened() -> None:
    """NAV's clean-up closes what is left after nine months; here the 16th day after the leave does."""
    life = nav(note(0, 130))
    life.turn(at(146, "00:00"))

    assert reasons(life.withdrawals()) == [("ended", None)] * 2


def test_a_start_that_moves_later_does_not_fire_on_the_old_day() -> None:
    """NAV's old row stays, finds an episode on its date and fires, too early."""
    life = nav(note(0, 250))
    life.arrive(at(50), note(30, 250))
    life.turn(at(148))
    assert life.fired_on(WEEK_17) == []
    life.turn(at(149))

    assert life.fired_on(WEEK_17) == [day(149)]


def test_a_start_that_moves_far_after_the_day_withdraws_the_step_and_fires_it_again() -> None:
    """NAV closes the old task and creates a new one at once, though its new day is 60 days ahead."""
    life = nav(note(0, 250))
    life.arrive(at(57), note(60, 250))
    life.turn(at(57, "12:15"))
    assert reasons(life.withdrawals(WEEK_8)) == [("moved", None)]
    life.turn(at(116))

    assert life.fired_on(WEEK_8) == [day(55), day(115)]
    assert [event.generation for event in life.due(WEEK_8)] == [1, 2]


def test_a_withdrawn_note_ends_the_timer() -> None:
    """NAV publishes an empty list, which both services skip."""
    life = nav(note(0, 200))
    life.arrive(at(50), gone())
    life.turn(at(130))

    assert life.due() == []
    assert life.state(WEEK_8, at(130)) == "not_applicable: case_withdrawn"


def test_death_withdraws_what_was_due() -> None:
    """NAV looks for a death when it plans and when it fires; open tasks stay open."""
    life = nav(note(0, 200))
    life.arrive(at(121), PersonDied(person_id=ANNE, occurred_at=at(121), on=day(120)))

    assert reasons(life.withdrawals()) == [("died", None)] * 2


# --- which day and which fact decide ----------------------------------------------------------------------


def test_week_8_counts_calendar_days_like_week_17() -> None:
    """NAV counts sick days for week 8 and calendar days for week 17. Here both count calendar days.

    51 sick days in 61, and sick-listed on day 55.
    """
    life = nav(note(0, 30), note(41, 60, note_id="b"))
    life.turn(at(61))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_the_grade_of_the_due_date_decides_and_not_that_of_the_last_day() -> None:
    """NAV looks only at the episode's last day: full on day 55 and graded at the end counts as met."""
    life = nav(note(0, 60), note(61, 100, note_id="b", kind="graded", grade=50))
    life.turn(at(101))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_a_person_who_was_graded_and_becomes_full_is_assessed_from_that_day() -> None:
    """NAV adds a second task when a message comes whose last day is not graded, dated 55 days after the start.

    Here the first full day from day 55 on is the due date, once.
    """
    life = nav(note(0, 69, kind="graded", grade=50))
    life.arrive(at(65), note(70, 120, note_id="b"))
    life.turn(at(121))

    assert life.fired_on(WEEK_8) == [day(70)]
    assert life.due(WEEK_8)[0].due_on == day(70)


def test_the_employer_of_the_due_date_decides_and_not_that_of_the_last_day() -> None:
    """NAV looks for an employer on the episode's last day, and so leaves out people who had one on the due date."""
    life = nav(note(0, 130), note(131, 200, note_id="b", employer=None))
    life.turn(at(130))

    assert life.fired_on(WEEK_17) == [day(119)]


def test_a_meeting_closed_by_a_clean_up_was_not_held() -> None:
    """LUKKET closes the candidate at NAV, though nobody has met. Here such a meeting is cancelled."""
    life = nav(note(0, 250))
    life.arrive(at(60), meeting(DialogueMeetingSummoned, 60, 80))
    life.arrive(at(110), meeting(DialogueMeetingCancelled, 110))
    life.turn(at(120))

    assert life.fired_on(WEEK_17) == [day(119)]


def test_a_meeting_counts_in_its_own_case_alone() -> None:
    """NAV compares the date of the report with the start, so a meeting reported late counts in the next episode.

    Here the date on which it happened decides to which case it belongs.
    """
    life = nav(note(0, 60))
    life.arrive(at(90), note(90, 300, note_id="b"))
    life.arrive(at(95), meeting(DialogueMeetingHeld, 50, 50))
    life.turn(at(210))

    assert life.fired_on(WEEK_17) == [day(209)]


def test_what_was_withdrawn_by_mistake_is_due_again() -> None:
    """At NAV some 45 database migrations repair assessments by hand. Here one fact corrects a mistake."""
    life = nav(note(0, 200))
    life.arrive(at(125), meeting(DialogueMeetingHeld, 125, 124))
    assert reasons(life.withdrawals(WEEK_17)) == [("done", "held")]
    life.arrive(at(126), meeting(DialogueMeetingCancelled, 126))

    assert [event.generation for event in life.due(WEEK_17)] == [1, 2]
