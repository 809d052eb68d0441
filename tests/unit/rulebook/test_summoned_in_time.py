"""A meeting 1 that is summoned for a date in time ends its deadline, until it is moved past it (contract 4, 4.3)."""

from __future__ import annotations

from schemas.messages import DialogueMeetingCancelled, DialogueMeetingMoved, DialogueMeetingSummoned
from tests.reference.life import ANNE, BYGG, KAFE, Life, asked, at, day, note, reasons

DEADLINE = "dialogue_meeting_1.deadline"
LAST_DAY, FRIDAY = 48, 46


def at_two_employers() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    return life


def at_one() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 300))
    return life


def summoned(number: int, takes_place: int, org: str | None = KAFE) -> DialogueMeetingSummoned:
    return DialogueMeetingSummoned(
        person_id=ANNE,
        occurred_at=at(number),
        meeting=1,
        meeting_id=f"meeting-{org}",
        org_number=org,
        takes_place_on=day(takes_place),
    )


def moved(number: int, takes_place: int | None, org: str | None = KAFE) -> DialogueMeetingMoved:
    return DialogueMeetingMoved(
        person_id=ANNE,
        occurred_at=at(number),
        meeting=1,
        meeting_id=f"meeting-{org}",
        org_number=org,
        takes_place_on=day(takes_place) if takes_place is not None else None,
    )


def cancelled(number: int, org: str | None = KAFE) -> DialogueMeetingCancelled:
    return DialogueMeetingCancelled(
        person_id=ANNE,
        occurred_at=at(number),
        meeting=1,
        meeting_id=f"meeting-{org}",
        org_number=org,
    )


def test_nobody_is_told_to_hold_a_meeting_that_stands_in_the_calendar_for_the_last_day() -> None:
    life = at_one()
    life.arrive(at(38), summoned(38, LAST_DAY))
    life.turn(at(60))
    assert life.due(DEADLINE) == []
    assert life.state(DEADLINE, at(60)) == "done: summoned"


def test_moved_past_the_last_day_or_to_no_day_or_cancelled_it_is_owed_again() -> None:
    for change in (moved(40, LAST_DAY + 1), moved(40, None), cancelled(40)):
        life = at_one()
        life.arrive(at(38), summoned(38, LAST_DAY))
        life.arrive(at(40), change)
        life.turn(at(60))
        assert life.fired_on(DEADLINE) == [day(FRIDAY)]


def test_what_was_told_is_taken_back_by_a_summons_in_time_and_told_anew_once_that_is_cancelled() -> (
    None
):
    """It is then the next generation, late, since its date has passed."""
    life = at_one()
    life.turn(at(FRIDAY))
    life.arrive(at(FRIDAY), summoned(FRIDAY, LAST_DAY))
    assert reasons(life.withdrawals(DEADLINE)) == [("done", "summoned")]
    life.arrive(at(50), cancelled(50))
    life.turn(at(50))
    assert [(event.generation, event.due_on) for event in life.due(DEADLINE)] == [
        (1, day(LAST_DAY)),
        (2, day(LAST_DAY)),
    ]


def test_each_employer_summons_for_itself_and_the_employee_waits_for_the_last() -> None:
    life = at_two_employers()
    life.arrive(at(38), summoned(38, 45))
    life.turn(at(47))
    assert asked(life.due(DEADLINE)[0]) == [("line_manager", BYGG), ("employee", None)]
    life = at_two_employers()
    life.arrive(at(38), summoned(38, 45), summoned(38, 47, BYGG))
    life.turn(at(60))
    assert life.due(DEADLINE) == []


def test_a_summons_that_is_too_late_for_the_last_day_ends_the_reminder_alone() -> None:
    life = at_one()
    life.arrive(at(30), summoned(30, LAST_DAY + 1))
    life.turn(at(60))
    assert life.due("dialogue_meeting_1.reminder") == []
    assert life.fired_on(DEADLINE) == [day(FRIDAY)]
