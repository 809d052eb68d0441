"""Which days belong to one case, and when the case is over (contract 3.1-3.3, 3.5, 3.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.messages import DeathAnnulled, PeriodKind, PersonDied, WorkResumed
from services.scheduler.domain.facts.cases import Leave, leaves_of
from services.scheduler.domain.facts.facts import NoteSlot, standing
from tests.reference.life import ANNE, BYGG, KAFE, Life, at, day, note


def leaves(*slots: NoteSlot, resumed: tuple[WorkResumed, ...] = ()) -> list[Leave]:
    return leaves_of(standing(slots, ()).notes, resumed)


def spans(cases: list[Leave]) -> list[tuple[int, int, int]]:
    return [
        ((leave.start - day(0)).days, (leave.end - day(0)).days, len(leave.days)) for leave in cases
    ]


def test_fifteen_days_between_two_notes_are_one_case() -> None:
    """contract 3.2: and the days between the notes are not counted as sick days."""
    assert spans(leaves(note(0, 9), note(25, 30, note_id="note-2"))) == [(0, 30, 16)]


def test_sixteen_days_between_two_notes_are_two_cases() -> None:
    assert spans(leaves(note(0, 9), note(26, 30, note_id="note-2"))) == [(0, 9, 10), (26, 30, 5)]


@pytest.mark.parametrize("kind", ["waiting", "treatment_days", "travel_allowance"])
def test_kinds_that_are_no_sick_days_make_no_case(kind: PeriodKind) -> None:
    assert leaves(note(0, 30, kind=kind)) == []


def test_a_waiting_period_between_two_full_ones_does_not_bridge_them() -> None:
    periods: list[tuple[int, int, PeriodKind, int | None]] = [
        (0, 9, "full", None),
        (10, 25, "waiting", None),
        (26, 30, "full", None),
    ]
    assert spans(leaves(note(0, 0, periods=periods))) == [(0, 9, 10), (26, 30, 5)]


def test_self_certified_days_are_full_sick_days_and_move_the_start() -> None:
    cases = leaves(note(10, 20, kind="graded", grade=40, certified=(2, 3)))
    assert spans(cases) == [(2, 20, 13)]
    assert [cases[0].grade(day(number)) for number in (2, 3, 9, 10)] == [100, 100, 100, 40]


def test_a_day_is_sick_if_any_employers_note_makes_it_one_and_has_its_highest_grade() -> None:
    """contract 3.1: per employer and for the person."""
    (leave,) = leaves(
        note(0, 20, kind="graded", grade=50),
        note(10, 30, note_id="note-2", employer=BYGG),
        note(12, 14, note_id="note-3", kind="graded", grade=80),
    )
    assert (leave.start, leave.end) == (day(0), day(30))
    assert [leave.grade(day(number)) for number in (5, 12, 25)] == [50, 100, 100]
    assert [leave.employer_grade(KAFE, day(number)) for number in (5, 12, 25)] == [50, 80, None]
    assert [leave.employer_grade(BYGG, day(number)) for number in (5, 12, 25)] == [None, 100, 100]


def test_in_a_gap_the_last_sick_days_notes_and_grade_hold() -> None:
    (leave,) = leaves(
        note(0, 9, kind="graded", grade=60), note(20, 30, note_id="note-2", employer=BYGG)
    )
    assert leave.is_sick_listed(day(15))
    assert leave.grade(day(15)) == 60
    assert [employer.org_number for employer in leave.employers(day(15))] == [KAFE]


def test_days_in_a_row_of_full_leave_count_through_a_gap() -> None:
    """contract 3.3 with 4: the gap has the grade of the last sick day."""
    (leave,) = leaves(note(0, 9), note(20, 40, note_id="note-2"))
    assert leave.first_full(day(0), 35) == day(34)
    (leave,) = leaves(note(0, 9, kind="graded", grade=50), note(20, 60, note_id="note-2"))
    assert leave.first_full(day(0), 35) == day(54)
    assert leave.first_full(day(0), 42) is None


def resumed(from_: int, reported: int, *, employer: str | None = None) -> WorkResumed:
    return WorkResumed(
        person_id=ANNE, occurred_at=at(reported), org_number=employer, from_=day(from_)
    )


def test_work_resumed_ends_the_days_of_notes_issued_by_the_day_it_was_reported() -> None:
    back = resumed(10, 12)
    assert spans(leaves(note(0, 30, issued=12), resumed=(back,))) == [(0, 9, 10)]
    assert spans(leaves(note(0, 30, issued=13), resumed=(back,))) == [(0, 30, 31)]


def test_work_resumed_with_one_employer_ends_that_employers_days_only() -> None:
    cases = leaves(
        note(0, 30),
        note(0, 20, note_id="note-2", employer=BYGG),
        note(0, 40, note_id="note-3", employer=None),
        resumed=(resumed(10, 10, employer=KAFE),),
    )
    assert spans(cases) == [(0, 40, 41)]
    assert [employer.org_number for employer in cases[0].employers(day(12))] == [BYGG]


def test_two_reports_of_work_resumed_both_end_the_days_of_the_notes_before_them() -> None:
    back = (resumed(10, 5), resumed(20, 15))
    cases = leaves(note(0, 30), note(12, 30, note_id="note-2", issued=12), resumed=back)
    assert spans(cases) == [(0, 19, 18)]


def test_a_case_is_over_on_the_sixteenth_day_after_its_last_sick_day() -> None:
    """contract 3.6."""
    (leave,) = leaves(note(0, 9))
    assert leave.over_on == day(25)


def test_work_resumed_that_leaves_no_sick_day_ends_the_case_at_once() -> None:
    (leave,) = leaves(note(0, 30), resumed=(resumed(10, 9),))
    assert leave.over_on == day(10)
    (after_its_end,) = leaves(note(0, 9), resumed=(resumed(15, 15),))
    assert after_its_end.over_on == day(15)


def test_work_resumed_before_a_new_note_of_the_same_case_does_not_end_it() -> None:
    (leave,) = leaves(
        note(0, 30), note(15, 40, note_id="note-2", issued=15), resumed=(resumed(10, 9),)
    )
    assert (leave.start, leave.end, leave.over_on) == (day(0), day(40), day(56))


def test_death_ends_the_timers_and_its_annulment_restores_them() -> None:
    """contract 3.5."""
    life = Life()
    life.arrive(at(0), note(0, 60))
    life.arrive(at(5), PersonDied(person_id=ANNE, occurred_at=at(4)))
    assert life.state("follow_up_plan.deadline", at(6)) == "not_applicable: died"
    life.arrive(at(10), DeathAnnulled(person_id=ANNE, occurred_at=at(10)))
    assert life.state("follow_up_plan.deadline", at(11)) == "armed: due"
    life.turn(at(70))
    assert life.fired_on("follow_up_plan.reminder") == [day(21)]


def test_a_due_date_on_the_cases_last_day_counts() -> None:
    """contract 3.3."""
    life = Life()
    life.arrive(at(0), note(0, 21))
    life.turn(at(40))
    assert life.fired_on("follow_up_plan.reminder") == [day(21)]
    short = Life()
    short.arrive(at(0), note(0, 20))
    short.turn(at(40))
    assert short.fired_on("follow_up_plan.reminder") == []


def test_the_days_of_a_case_may_lie_in_the_future() -> None:
    (leave,) = leaves(note(100, 120, issued=0))
    assert leave.start == day(100)
    assert leave.over_on == leave.end + timedelta(days=16)
