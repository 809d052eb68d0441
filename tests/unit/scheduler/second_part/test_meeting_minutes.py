"""The minutes of a meeting 2 or 3: owed five working days after it was held, until they are sent (contract 4)."""

from __future__ import annotations

import pytest

from schemas.messages import DialogueMeetingMinutesSent
from tests.reference.life import ANNE, Life, asked, at, day, fact, reasons, withdrawn
from tests.unit.scheduler.test_second_part import away, cancelled, held, moved, summoned

MINUTES = "meeting_minutes.minutes"
MONDAY = 84
"""Of Easter week: Maundy Thursday and Good Friday of 2026 are days 87 and 88, Easter Monday is day 91."""


def sent(number: int, *, meeting_id: str = "m", meeting: int = 2) -> DialogueMeetingMinutesSent:
    return DialogueMeetingMinutesSent.model_validate(
        {"person_id": ANNE, "occurred_at": at(number), "meeting": meeting, "meeting_id": meeting_id}
    )


def met(number: int, date_on: int | None = None, *, meeting: int = 2) -> Life:
    life = away()
    life.arrive(at(number), held(number, date_on, meeting=meeting))
    return life


@pytest.mark.parametrize("meeting", [2, 3])
def test_the_adviser_is_told_five_working_days_after_the_meeting(meeting: int) -> None:
    """policy; Easter is no working day: Monday, then Tuesday, Wednesday, Tuesday, Wednesday, Thursday."""
    life = met(MONDAY, MONDAY, meeting=meeting)
    life.turn(at(120))
    (due,) = life.due(MINUTES)
    assert (due.due_on, asked(due), due.subject) == (day(94), [("adviser", None)], "m")
    assert due.basis is not None


def test_they_count_from_the_day_of_the_meeting_and_not_of_its_report() -> None:
    """A report may come days later, and may name no day: then it is the day of the report."""
    assert met(20, 14).steps(at(20))[f"{MINUTES}/m"].due_on == day(21)
    assert met(20).steps(at(20))[f"{MINUTES}/m"].due_on == day(25)
    assert met(20, 40).steps(at(20))[f"{MINUTES}/m"].due_on == day(25)


def test_nobody_owes_minutes_of_a_meeting_that_is_the_employers_or_was_not_held() -> None:
    assert f"{MINUTES}/m" not in met(20, 20, meeting=1).steps(at(20))
    life = away()
    life.arrive(at(20), summoned(20, 60))
    assert f"{MINUTES}/m" not in life.steps(at(70))


def test_minutes_sent_end_it_before_and_after_it_was_told() -> None:
    early = met(20, 20)
    early.arrive(at(22), sent(22))
    assert early.state(f"{MINUTES}/m", at(40)) == "done: minutes_sent"
    late = met(20, 20)
    late.arrive(at(40), sent(40))
    assert reasons(late.withdrawals(MINUTES)) == [("done", "minutes_sent")]


def test_minutes_are_of_their_own_meeting_and_may_be_known_before_it_was_held() -> None:
    other = met(20, 20)
    other.arrive(at(21), sent(21, meeting_id="another"))
    assert other.state(f"{MINUTES}/m", at(21)) == "armed: due"
    first = away()
    first.arrive(at(20), sent(20))
    first.arrive(at(21), held(20, 20))
    assert first.state(f"{MINUTES}/m", at(40)) == "done: minutes_sent"


def test_minutes_say_nothing_of_the_meetings_state() -> None:
    """They are a fact of their own: the meeting stays held, and one that is only summoned stays summoned."""
    life = away()
    life.arrive(at(20), summoned(20, 60))
    life.arrive(at(61), sent(61))
    assert life.state("meeting_outcome.outcome/m", at(61)) == "armed: due"
    life.arrive(at(62), held(60, 60))
    assert life.state("meeting_outcome.outcome/m", at(62)) == "done: held"


def test_minutes_withdrawn_are_owed_again() -> None:
    life = met(20, 20)
    life.arrive(at(22), fact(sent(22), fact_id="minutes"))
    life.arrive(at(23), withdrawn("minutes", 23))
    assert life.state(f"{MINUTES}/m", at(23)) == "armed: due"


def test_a_meeting_that_was_not_held_after_all_owes_none() -> None:
    for correction in (cancelled(40), moved(40, 80)):
        life = met(20, 20)
        life.arrive(at(40), correction)
        assert reasons(life.withdrawals(MINUTES)) == [("not_applicable", "nobody_asked")]


def test_once_the_case_is_over_nobody_is_asked_for_minutes() -> None:
    life = away(22)
    life.arrive(at(34), held(34, 34))
    life.turn(at(45))
    assert not life.due(MINUTES)
    assert life.state(f"{MINUTES}/m", at(45)) == "not_applicable: ended"
