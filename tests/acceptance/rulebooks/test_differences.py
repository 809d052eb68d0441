"""Where `nav-2026` differs from NAV's services on purpose: each test says why.

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
from tests.reference.life import ANNE, Life, What, at, day, gone, note, reasons, shipped


def nav(*notes: What) -> Life:
    life = Life(shipped("nav-2026"))
    if notes:
        life.tell(at(0), *notes)
    return life


# --- nothing is said before its day, and nothing is lost after it ------------------------------------------


def test_week_8_is_told_on_its_day_and_not_when_the_note_arrives() -> None:
    """NAV creates the task at once, up to 55 days ahead, and asks nothing again on the day (2.2).

    Advisers then see tasks of leaves that end long before. Here the day decides.
    """
    life = nav(note(0, 100))
    assert life.state(WEEK_8, at(1)) == "armed: due"
    life.turn(at(100))
    assert life.fired_on(WEEK_8) == [day(55)]


@pytest.mark.parametrize("late_by", [1, 2, 10, 60])
def test_an_outage_delays_and_loses_nothing(late_by: int) -> None:
    """NAV picks up what is planned for today or yesterday; anything older is lost for ever (3.2)."""
    life = nav(note(0, 250))

    events = life.known_people.fire_due(ANNE, at(119 + late_by, "09:00"))

    assert [each.step for each in events] == ["assess", "assess"]
    assert events[1].due_on == day(119)
    assert events[1].late_seconds == late_by * 24 * 60 * 60


def test_it_goes_out_at_nine_and_not_when_a_job_passes_by() -> None:
    """NAV's job runs every four hours, night and day (3.2)."""
    life = nav(note(0, 200))
    life.turn(at(130))

    assert [each.fired_at.strftime("%H:%M %z") for each in life.due()] == [
        "09:00 +0100",
        "09:00 +0200",
    ]


def test_a_late_note_on_the_leaves_last_day_still_counts() -> None:
    """`today < end` makes NAV write a row with a past date, which nobody picks up (3.1).

    The strict comparison is a trap: the last day of a leave is a sick day.
    """
    life = nav()
    life.tell(at(130), note(0, 130))
    assert life.fired_on(WEEK_17) == [day(130)]

    life = nav()
    life.tell(at(131), note(0, 130))
    assert life.state(WEEK_17, at(131)) == "missed: recovered"


def test_the_legal_date_stays_where_the_telling_is_late() -> None:
    """NAV overwrites the date with today (3.1), and with it how late it is. Here both are sent."""
    life = nav()
    life.tell(at(140), note(0, 200))
    (event,) = life.due(WEEK_17)

    assert (event.due_on, event.show_on) == (day(119), day(126))
    assert event.late_seconds == (21 * 24 + 3) * 60 * 60


def test_a_backdated_note_is_one_task_a_checkpoint_and_none_for_who_is_well() -> None:
    """NAV creates week 8's task for leaves that ended up to 30 days ago (2.1): nothing is left to assess."""
    life = nav()
    life.tell(at(90), note(0, 80))

    assert life.due() == []
    assert life.state(WEEK_8, at(90)) == "missed: recovered"


# --- one timer, derived anew: no duplicates, no leftovers --------------------------------------------------


def test_ten_messages_make_one_timer() -> None:
    """NAV inserts a new row for every message and never updates, cancels or compares one (3.1)."""
    life = nav()
    for number in range(10):
        life.tell(at(number), note(0, 100 + number))
    assert len(life.known_people.people[ANNE].timers) == 1
    life.turn(at(130))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_the_same_record_again_changes_nothing() -> None:
    """An exactly 56 days long episode once made a new task for every message (2.2)."""
    same = note(0, 55, version=Version(1, 1))
    life = nav(same)
    for number in range(54, 60):
        life.tell(at(number), same)

    assert life.fired_on(WEEK_8) == [day(55)]


def test_a_leave_that_shrinks_before_the_day_is_not_told() -> None:
    """NAV keeps the row of week 8 open until an adviser or a nine-month job closes it (2.2)."""
    life = nav(note(0, 200))
    life.tell(at(50), note(0, 49))
    life.turn(at(130))

    assert life.due() == []


def test_a_leave_that_shrinks_after_the_day_takes_the_task_back() -> None:
    """NAV's task stays (2.2). A quarter of an hour is waited, for the note may be on its way to another topic."""
    life = nav(note(0, 200))
    life.tell(at(56), note(0, 49))
    life.turn(at(56, "12:14"))
    assert life.withdrawals() == []
    life.turn(at(56, "12:15"))

    assert reasons(life.withdrawals(WEEK_8)) == [("not_applicable", "not_sick_listed")]


def test_a_leave_that_is_over_closes_what_it_opened() -> None:
    """NAV's cleaning job closes leftovers after nine months (2.2, 3.3); here the 16th day after does."""
    life = nav(note(0, 130))
    life.turn(at(146, "00:00"))

    assert reasons(life.withdrawals()) == [("ended", None)] * 2


def test_a_start_that_moves_later_does_not_fire_on_the_old_day() -> None:
    """NAV's old row stays, finds an episode on its date, and fires early (3.2)."""
    life = nav(note(0, 250))
    life.tell(at(50), note(30, 250))
    life.turn(at(148))
    assert life.fired_on(WEEK_17) == []
    life.turn(at(149))

    assert life.fired_on(WEEK_17) == [day(149)]


def test_a_start_that_moves_far_after_the_day_is_said_once_more_and_the_first_taken_back() -> None:
    """NAV fulfils the old task by itself and creates a new one on the spot (2.2); the new day is 60 days off."""
    life = nav(note(0, 250))
    life.tell(at(57), note(60, 250))
    life.turn(at(57, "12:15"))
    assert reasons(life.withdrawals(WEEK_8)) == [("moved", None)]
    life.turn(at(116))

    assert life.fired_on(WEEK_8) == [day(55), day(115)]
    assert [each.generation for each in life.due(WEEK_8)] == [1, 2]


def test_a_withdrawn_note_ends_the_timer() -> None:
    """NAV publishes an empty list, which both services skip (1.5)."""
    life = nav(note(0, 200))
    life.tell(at(50), gone())
    life.turn(at(130))

    assert life.due() == []
    assert life.state(WEEK_8, at(130)) == "not_applicable: case_withdrawn"


def test_death_takes_back_what_was_said() -> None:
    """NAV checks death when it plans and fires; what is open stays open (2.1, 3.2)."""
    life = nav(note(0, 200))
    life.tell(at(121), PersonDied(person_id=ANNE, occurred_at=at(121), on=day(120)))

    assert reasons(life.withdrawals()) == [("died", None)] * 2


# --- what is looked at -------------------------------------------------------------------------------------


def test_week_8_counts_calendar_days_like_week_17() -> None:
    """NAV compares sick days for week 8 and calendar days for week 17 (0): one convention holds for both.

    51 sick days in 61, sick-listed on day 55.
    """
    life = nav(note(0, 30), note(41, 60, note_id="b"))
    life.turn(at(61))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_the_grade_of_the_due_date_decides_and_not_that_of_the_last_day() -> None:
    """NAV looks at the episode's last day alone (1.3, 2.1): full on day 55 and graded at the end is fulfilled there."""
    life = nav(note(0, 60), note(61, 100, note_id="b", kind="graded", grade=50))
    life.turn(at(101))

    assert life.fired_on(WEEK_8) == [day(55)]


def test_who_was_graded_and_becomes_full_is_assessed_from_that_day() -> None:
    """NAV adds a second task when a message comes whose last day is not graded (2.1), dated 55 days after the start.

    Here the first full day from day 55 on is the due date, once.
    """
    life = nav(note(0, 69, kind="graded", grade=50))
    life.tell(at(65), note(70, 120, note_id="b"))
    life.turn(at(121))

    assert life.fired_on(WEEK_8) == [day(70)]
    assert life.due(WEEK_8)[0].due_on == day(70)


def test_the_employer_of_the_due_date_decides_and_not_that_of_the_last_day() -> None:
    """NAV asks whether the episode's last day has an employer (1.3): an employee on the day would be passed over."""
    life = nav(note(0, 130), note(131, 200, note_id="b", employer=None))
    life.turn(at(130))

    assert life.fired_on(WEEK_17) == [day(119)]


def test_a_meeting_closed_by_a_cleaning_job_was_not_held() -> None:
    """DIALOGMOTE_LUKKET closes the candidate in NAV (3.3), though nobody has met: such a meeting is cancelled here."""
    life = nav(note(0, 250))
    life.tell(at(60), meeting(DialogueMeetingSummoned, 60, 80))
    life.tell(at(110), meeting(DialogueMeetingCancelled, 110))
    life.turn(at(120))

    assert life.fired_on(WEEK_17) == [day(119)]


def test_a_meeting_counts_in_its_own_case_alone() -> None:
    """NAV compares a status date with the start (3.2), so one reported late counts in the next episode.

    The meeting of an earlier leave is dated by when it happened, whenever it is told.
    """
    life = nav(note(0, 60))
    life.tell(at(90), note(90, 300, note_id="b"))
    life.tell(at(95), meeting(DialogueMeetingHeld, 50, 50))
    life.turn(at(210))

    assert life.fired_on(WEEK_17) == [day(209)]


def test_what_was_taken_back_wrongly_comes_back() -> None:
    """Some 45 migrations repair NAV's assessments by hand (2.2). A meeting that was not held after all is one fact."""
    life = nav(note(0, 200))
    life.tell(at(125), meeting(DialogueMeetingHeld, 125, 124))
    assert reasons(life.withdrawals(WEEK_17)) == [("done", "held")]
    life.tell(at(126), meeting(DialogueMeetingCancelled, 126))

    assert [each.generation for each in life.due(WEEK_17)] == [1, 2]
