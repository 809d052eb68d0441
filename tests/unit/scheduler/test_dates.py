"""Every step for every start date of 2020-2040, compared with dates from tests/reference/calendar.py (contract 4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from schemas.messages import Employer, Period, SickNoteRegistered
from schemas.norway import midnight, oslo_date
from schemas.wire import Version
from services.scheduler.domain.facts.case_facts import CaseFacts
from services.scheduler.domain.facts.cases import Leave, NoteDay
from services.scheduler.domain.facts.facts import StandingNote
from services.scheduler.domain.plan.plan import plan
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.plan.view import View
from services.workdays import is_working_day, last_working_day, working_days_after
from tests.reference import calendar as other
from tests.reference.life import ANNE, KAFE, OSLO, Life, at, day, note, shipped

FIRST, LAST = date(2020, 1, 1), date(2040, 12, 31)
EVERY_DAY = [FIRST + timedelta(days=offset) for offset in range((LAST - FIRST).days + 1)]
LEAVE_DAYS = 215

# For each step that counts from the start: its offset in days, and whether it is sent on the last working day on or
# before its date. From contract 4's table. The leave is full from its first day, so that `full n` moves no date: the
# steps of meeting 1 are due on day 34 (five weeks less a day) and day 48 (seven weeks less a day).
STANDARD = {
    "follow_up_plan.reminder": (21, False),
    "follow_up_plan.deadline": (27, True),
    "follow_up_plan.to_practitioner": (27, True),
    "dialogue_meeting_1.reminder": (34, False),
    "dialogue_meeting_1.deadline": (48, True),
    "activity_requirement.notice": (42, False),
    "activity_requirement.assess": (55, True),
    "meeting_need.question": (105, False),
    "meeting_need.reminder": (109, False),
    "dialogue_meeting_2_assessment.early": (55, False),
    "dialogue_meeting_2_assessment.graded_overview": (55, False),
    "dialogue_meeting_2_assessment.assess": (112, False),
    "dialogue_meeting_2_summons.last_day": (160, True),
    "dialogue_meeting_2.deadline": (181, True),
    "dialogue_meeting_2.lapsed": (195, False),
}
NAV_2026 = {
    "activity_requirement.assess": (55, False),
    "dialogue_meeting_2_assessment.assess": (119, False),
}
EMPLOYER_EXAMPLE = {
    "follow_up_plan.reminder": (14, False),
    "follow_up_plan.deadline": (27, True),
    "dialogue_meeting_1.deadline": (48, True),
    "meeting_1_preparation.prepare": (34, True),
}
TABLES = {"standard": STANDARD, "nav-2026": NAV_2026, "employer-example": EMPLOYER_EXAMPLE}


def ymd(of: date) -> other.Ymd:
    return other.Ymd(of.year, of.month, of.day)


def as_date(number: int) -> date:
    return date(*other.ymd(number))


def full_leave(start: date) -> Leave:
    """A full leave from that date, one note, long enough for every step."""
    registered = SickNoteRegistered(
        note_id="note",
        person_id=ANNE,
        employer=Employer(org_number=KAFE),
        form="digital",
        issued_on=start,
        periods=(Period(from_=start, to=start, kind="full"),),
    )
    holds = (NoteDay(StandingNote(registered, Version(0, 0)), 100),)
    days = tuple(start + timedelta(days=offset) for offset in range(LEAVE_DAYS))
    return Leave(days, dict.fromkeys(days, holds))


@cache
def plans_by_start(rulebook: str) -> tuple[tuple[date, tuple[PlannedStep, ...]], ...]:
    """The plan on the first morning of a case, for every start."""

    def plans() -> Iterator[tuple[date, tuple[PlannedStep, ...]]]:
        for start in EVERY_DAY:
            now = midnight(start)
            view = View(
                full_leave(start), CaseFacts(), shipped(rulebook), now, start, is_dead=False
            )
            yield start, plan(view, (), {}).steps

    return tuple(plans())


def test_the_reference_calendar_has_the_known_easters_and_every_day_once() -> None:
    """Held against published dates and Python's calendar, so that the tests below may rely on it."""
    assert [other.easter(year) for year in (2024, 2025, 2026, 2038)] == [
        other.Ymd(2024, 3, 31),
        other.Ymd(2025, 4, 20),
        other.Ymd(2026, 4, 5),
        other.Ymd(2038, 4, 25),
    ]
    assert other.weekday(other.number_of(other.Ymd(2026, 1, 5))) == 0
    numbers = [other.number_of(ymd(calendar_day)) for calendar_day in EVERY_DAY]
    assert numbers == list(range(numbers[0], numbers[0] + len(EVERY_DAY)))
    assert [as_date(number) for number in numbers] == EVERY_DAY


@pytest.mark.parametrize("rulebook", TABLES)
def test_every_step_of_every_start_has_the_due_date_and_instant_of_the_table(
    rulebook: str,
) -> None:
    table = TABLES[rulebook]
    for start, steps in plans_by_start(rulebook):
        first = other.number_of(ymd(start))
        step_by_path = {f"{step.key.checkpoint}.{step.key.step}": step for step in steps}
        for path, (offset, is_sent_before) in table.items():
            step = step_by_path.pop(path)
            sent_on = other.last_working_day(first + offset) if is_sent_before else first + offset
            assert step.due_on == as_date(first + offset), (start, path)
            assert step.due_at is not None
            assert step.due_at.timestamp() == other.nine_in_oslo(sent_on), (start, path)
        assert all(step.due_on is None for step in step_by_path.values()), (start, step_by_path)


def test_every_step_is_due_at_nine_in_oslo_in_winter_and_in_summer_time() -> None:
    offsets = set()
    for _, steps in plans_by_start("standard"):
        for step in steps:
            if step.due_at is not None:
                local = step.due_at.astimezone(OSLO)
                assert (local.hour, local.minute, local.second) == (9, 0, 0)
                offsets.add(local.utcoffset())
    assert offsets == {timedelta(hours=1), timedelta(hours=2)}


def test_a_step_is_due_at_nine_in_oslo_before_and_after_both_changes_of_the_hour() -> None:
    """Summer time began on 29 March and ends on 25 October 2026: 09:00 is 08:00 UTC before, 07:00 after."""
    changes = {
        date(2026, 3, 28): 8,
        date(2026, 3, 29): 7,
        date(2026, 10, 24): 7,
        date(2026, 10, 25): 8,
    }
    seen = {}
    for start, steps in plans_by_start("standard"):
        due = next(step for step in steps if step.key.step == "question")
        if due.due_on in changes and due.due_at is not None:
            seen[due.due_on] = due.due_at.astimezone(UTC).hour
            assert due.due_on == start + timedelta(days=105)
    assert seen == changes


def test_working_days_are_those_of_the_reference_calendar_on_every_day() -> None:
    for calendar_day in EVERY_DAY:
        number = other.number_of(ymd(calendar_day))
        assert is_working_day(calendar_day) == other.is_working_day(number), calendar_day
        assert last_working_day(calendar_day) == as_date(other.last_working_day(number)), (
            calendar_day
        )
        assert working_days_after(calendar_day, 1) == as_date(other.next_working_day(number)), (
            calendar_day
        )


def test_the_oslo_date_of_an_instant_changes_at_oslos_midnight() -> None:
    for calendar_day in EVERY_DAY:
        begins = midnight(calendar_day)
        assert oslo_date(begins) == calendar_day
        assert oslo_date(begins - timedelta(seconds=1)) == calendar_day - timedelta(days=1)
        nine = datetime.fromtimestamp(other.nine_in_oslo(other.number_of(ymd(calendar_day))), UTC)
        assert timedelta(hours=8) <= nine - begins <= timedelta(hours=10)


def test_the_deadlines_of_a_leave_that_starts_on_a_monday_are_sent_on_the_friday_before() -> None:
    """contract 4: the four deadlines fall on Sundays, when nothing may be sent."""
    life = Life()
    life.arrive(at(0), note(0, 200))
    life.turn(at(200))
    fridays = {
        "follow_up_plan.deadline": 25,
        "dialogue_meeting_1.deadline": 46,
        "dialogue_meeting_2_summons.last_day": 158,
        "dialogue_meeting_2.deadline": 179,
    }
    for path, friday in fridays.items():
        (event,) = life.due(path)
        assert event.due_on == day(friday + 2)
        assert event.due_on.weekday() == 6
        assert event.fired_at.astimezone(OSLO).isoformat()[:16] == f"{day(friday)}T09:00"
        assert event.late_seconds == 0


@pytest.mark.parametrize("length", [20, 35, 41, 42, 43, 49, 60])
def test_a_step_that_needs_full_days_is_due_on_the_first_date_with_that_many_in_a_row(
    length: int,
) -> None:
    """contract 4: graded for a while, then full; the test finds the date by walking over every day."""
    life = Life()
    life.arrive(
        at(0),
        note(0, 0, periods=[(0, length - 1, "graded", 50), (length, 150, "full", None)]),
    )
    grades = [50] * length + [100] * (151 - length)
    for path, plain, row in (
        ("dialogue_meeting_1.reminder", 34, 35),
        ("dialogue_meeting_1.deadline", 48, 49),
        ("activity_requirement.notice", 42, 1),
        ("activity_requirement.assess", 55, 1),
    ):
        first = next(
            number
            for number in range(plain, 151)
            if all(grade == 100 for grade in grades[number - row + 1 : number + 1])
        )
        assert life.steps(at(0))[path].due_on == day(first), path


def test_a_step_whose_full_days_no_date_satisfies_shows_its_plain_day() -> None:
    """contract 4.1: not applicable (graded) where the notes reach that day, else waiting."""
    life = Life()
    life.arrive(at(0), note(0, 40, kind="graded", grade=50))
    step = life.steps(at(1))["dialogue_meeting_1.reminder"]
    assert (step.due_on, step.state, step.reason) == (day(34), "not_applicable", "graded")
    step = life.steps(at(1))["dialogue_meeting_1.deadline"]
    assert (step.due_on, step.state, step.reason) == (day(48), "waiting", "notes_end_before_due")
