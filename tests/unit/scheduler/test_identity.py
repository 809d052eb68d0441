"""A case's id survives a moved start, a merge, a split and a withdrawal (contract 3.4)."""

from __future__ import annotations

from datetime import datetime

from schemas.ids import person_hash
from schemas.messages import DialogueMeetingSummoned, MeetingRequested
from tests.reference.life import ANNE, Life, at, day, gone, note, reasons


def cases(life: Life, when: datetime) -> list[tuple[int, int, str, bool]]:
    outcome = life.simulation.plan(when)[ANNE]
    return [
        ((case.start - day(0)).days, (case.end - day(0)).days, case.case_id, case.is_withdrawn)
        for case in outcome.person.cases
    ]


def test_a_moved_start_keeps_the_id() -> None:
    life = Life()
    life.arrive(at(0), note(10, 40))
    ((*_, first, _),) = cases(life, at(0))
    life.arrive(at(1), note(2, 40))
    assert cases(life, at(1)) == [(2, 40, first, False)]


def test_a_case_that_lies_within_fifteen_days_of_the_stored_one_is_the_same() -> None:
    life = Life()
    life.arrive(at(0), note(0, 9))
    ((*_, first, _),) = cases(life, at(0))
    life.arrive(at(1), note(25, 30))
    assert cases(life, at(1)) == [(25, 30, first, False)]


def test_a_case_sixteen_days_away_from_the_stored_one_is_another() -> None:
    life = Life()
    life.arrive(at(0), note(0, 9))
    ((*_, first, _),) = cases(life, at(0))
    life.arrive(at(1), note(26, 30))
    old, new = cases(life, at(1))
    assert old == (0, 9, first, True)
    assert new[:2] == (26, 30) and new[2] != first


def test_when_two_cases_become_one_the_earlier_stays_and_takes_over_the_others_history() -> None:
    life = Life()
    life.arrive(at(0), note(0, 9), note(40, 80, note_id="note-2"))
    (*_, first, _), (*_, second, _) = cases(life, at(0))
    life.arrive(at(62), note(10, 39, note_id="note-3"))
    assert cases(life, at(62)) == [(0, 80, first, False)]
    reminder = life.due("follow_up_plan.reminder")
    assert [(event.case_id, event.fired_at.astimezone().date()) for event in reminder] == [
        (second, day(61))
    ]
    assert life.state("follow_up_plan.reminder", at(63)) == "fired: on_time"


def test_a_later_start_stored_first_does_not_win_a_merge() -> None:
    life = Life()
    life.arrive(at(0), note(40, 80))
    ((*_, later, _),) = cases(life, at(0))
    life.arrive(at(1), note(0, 9, note_id="note-2"))
    earlier = next(case[2] for case in cases(life, at(1)) if case[2] != later)
    life.arrive(at(2), note(10, 39, note_id="note-3"))
    assert cases(life, at(2)) == [(0, 80, earlier, False)]


def test_when_one_case_becomes_two_the_earlier_keeps_the_id_and_what_has_fired() -> None:
    life = Life()
    life.arrive(at(0), note(0, 30), note(31, 40, note_id="note-2"), note(41, 100, note_id="note-3"))
    life.turn(at(22))
    ((*_, first, _),) = cases(life, at(22))
    life.arrive(at(22, "13:00"), gone("note-2"), note(0, 24))
    earlier, later = cases(life, at(22, "13:00"))
    assert earlier == (0, 24, first, False)
    assert later[:2] == (41, 100) and later[2] != first
    assert life.steps(at(23), case=0)["follow_up_plan.reminder"].state == "fired"
    assert life.steps(at(23), case=1)["follow_up_plan.reminder"].state == "armed"


def test_a_withdrawn_case_gets_its_id_back_when_notes_return() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    ((*_, first, _),) = cases(life, at(0))
    life.arrive(at(1), gone())
    assert cases(life, at(1)) == [(0, 60, first, True)]
    assert life.state("follow_up_plan.deadline", at(1)) == "not_applicable: case_withdrawn"
    life.arrive(at(2), note(1, 60, note_id="note-2"))
    assert cases(life, at(2)) == [(1, 60, first, False)]
    assert life.state("follow_up_plan.deadline", at(2)) == "armed: due"


def test_the_id_says_nothing_about_the_person_and_no_number_is_used_twice() -> None:
    life = Life()
    life.arrive(at(0), note(0, 9))
    life.arrive(at(1), note(100, 110))
    life.arrive(at(2), note(200, 210))
    ids = [case[2] for case in cases(life, at(2))]
    assert len(set(ids)) == 3
    assert all(
        ANNE not in case_id and person_hash(b"tests", ANNE).hex() not in case_id for case_id in ids
    )


def test_a_fact_belongs_to_the_last_case_begun_on_or_before_its_date() -> None:
    """contract 2: so a meeting of an earlier case ends no step of today's."""
    life = Life()
    life.arrive(at(0), note(0, 30), note(100, 300, note_id="note-2"))
    life.arrive(
        at(99),
        DialogueMeetingSummoned(
            person_id=ANNE, occurred_at=at(99), meeting=2, meeting_id="meeting-1"
        ),
    )
    path = "dialogue_meeting_2_assessment.assess"
    assert life.state(path, at(101)) == "armed: due"
    life.arrive(
        at(101),
        DialogueMeetingSummoned(
            person_id=ANNE, occurred_at=at(100, "00:01"), meeting=2, meeting_id="meeting-2"
        ),
    )
    assert life.state(path, at(102)) == "done: summoned"


def test_a_fact_older_than_every_case_waits_for_a_backdated_note() -> None:
    life = Life()
    life.arrive(
        at(5), MeetingRequested(person_id=ANNE, occurred_at=at(5), meeting=2, party="employee")
    )
    life.arrive(at(6), note(10, 200))
    assert "requested_meeting.requested/2" not in life.steps(at(6))
    life.arrive(at(7), note(0, 9, note_id="note-2"))
    assert life.state("requested_meeting.requested/2", at(8)) == f"fired: late:{2 * 86400}"


def test_a_fact_does_not_belong_to_a_case_that_was_withdrawn() -> None:
    """contract 3.4: apart from ids, a plan depends on the notes that count and not on those before them."""
    told_once, on_the_way = Life(), Life()
    request = MeetingRequested(person_id=ANNE, occurred_at=at(50), meeting=2, party="employee")
    on_the_way.arrive(at(0), note(0, 40), note(60, 70, note_id="note-2"))
    on_the_way.arrive(at(1), note(0, 40), note(58, 70, note_id="note-2"))
    on_the_way.arrive(at(2), gone("note-2"))
    told_once.arrive(at(2), note(0, 40))
    late = MeetingRequested(person_id=ANNE, occurred_at=at(62), meeting=2, party="employee")
    for life in (told_once, on_the_way):
        life.arrive(at(50), request)
        life.arrive(at(62), late)
    first = told_once.plans(at(63))[0]
    second = on_the_way.plans(at(63))[0]
    assert [(step.key, step.state, step.reason, step.due_at) for step in first] == [
        (step.key, step.state, step.reason, step.due_at) for step in second
    ]


def test_two_cases_that_both_fired_a_step_keep_one_of_the_events_when_they_become_one() -> None:
    life = Life()
    life.arrive(at(0), note(0, 21), note(45, 100, note_id="note-2"))
    life.turn(at(67))
    assert len(life.due("follow_up_plan.reminder")) == 2
    assert reasons(life.withdrawals("follow_up_plan.reminder")) == [("ended", None)]
    life.arrive(at(67), note(22, 44, note_id="note-3"))
    life.turn(at(90))
    assert len(life.due("follow_up_plan.reminder")) == 2
    assert life.state("follow_up_plan.reminder", at(90)) == "fired: on_time"
