"""Sick notes become sick days, sick days become cases, and cases keep their ids (contract 3).

Source of the 16 days: ftrl § 8-19 (a new employer's period after 16 days) as the welfare office applies it to
a continuous leave. Pure: what comes in are notes that stand, what goes out are values.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from operator import itemgetter

from schemas.messages import (
    FULL_GRADE,
    Employer,
    Form,
    GradePeriod,
    Period,
    SickNoteRegistered,
    WorkResumed,
)
from schemas.norway import ONE_DAY, oslo_date
from services.scheduler.domain.facts.facts import StandingNote

GAP_DAYS_MAX = 15
OVER_AFTER = timedelta(days=GAP_DAYS_MAX + 1)


@dataclass(frozen=True, slots=True)
class NoteDay:
    """What one note says about one day: the grade (100 is full)."""

    note: StandingNote
    grade: int


@dataclass(frozen=True)
class Leave:
    """One continuous sick leave as the notes make it now; `days` are its sick days in order.

    `resumed_on` is the date of a return to work that leaves no sick day from it on.
    """

    days: tuple[date, ...]
    notes_by_day: dict[date, tuple[NoteDay, ...]] = field(repr=False, compare=False)
    resumed_on: date | None = None

    @property
    def start(self) -> date:
        return self.days[0]

    @property
    def end(self) -> date:
        return self.days[-1]

    @property
    def over_on(self) -> date:
        """The first date on which the case is over (contract 3.6); death is not a matter of days."""
        after_gap = self.end + OVER_AFTER
        return min(after_gap, self.resumed_on) if self.resumed_on is not None else after_gap

    def is_sick_listed(self, day: date) -> bool:
        """From start to end, gaps included (contract 3.3)."""
        return self.start <= day <= self.end

    def within(self, day: date) -> date:
        """The day, or the nearest one of the case: there its notes hold."""
        return min(max(day, self.start), self.end)

    def grade(self, day: date) -> int:
        """The person's grade: the highest of the day's notes."""
        return self._at(day).grade

    def employer_grade(self, org_number: str, day: date) -> int | None:
        """The grade with one employer, or None where no note of that employer holds on the day."""
        return self._at(day).grade_by_employer.get(org_number)

    def issued_on(self, org_number: str, day: date) -> date:
        """When the newest of an employer's notes that hold on the day was issued."""
        return max(
            note.issued_on
            for note in self._at(day).notes
            if note.employer is not None and note.employer.org_number == org_number
        )

    def employers(self, day: date) -> tuple[Employer, ...]:
        """The employers of the notes that hold on the day, by number; the newest note gives the name."""
        return self._at(day).employers

    def form(self, day: date) -> Form:
        """The form of the newest note that holds on the day."""
        return self._at(day).form

    def first_full(self, day_from: date, full_days: int, *, goes_on: bool = False) -> date | None:
        """The first date from `day_from` on by which the person has been full for `full_days` in a row.

        With `goes_on` as if the leave went on as its notes end.
        """
        for first, last in self._full_runs:
            candidate = max(day_from, first + timedelta(days=full_days - 1))
            if candidate <= last or (goes_on and last == self.end):
                return candidate
        return None

    def earlier_grades(self, day: date) -> tuple[GradePeriod, ...]:
        """The grades before that of `day`, oldest first, each to the last sick day that had it.

        Outside the case nothing is the grade of the day, and all of them are earlier ones.
        """
        return self._grade_periods[: bisect_left(self._runs, day, key=itemgetter(1))]

    @cached_property
    def _grade_periods(self) -> tuple[GradePeriod, ...]:
        """One for each run, made once: each due event of a case asks for nearly the same ones."""
        return tuple(
            GradePeriod(from_=first, to=self.days[bisect_right(self.days, last) - 1], grade=grade)
            for first, last, grade in self._runs
        )

    @cached_property
    def _days_known(self) -> dict[date, _DayNotes]:
        return {}

    @cached_property
    def _runs(self) -> tuple[tuple[date, date, int], ...]:
        """Runs of equal grade over all dates of the case, gaps filled from the day before."""
        runs: list[tuple[date, date, int]] = []
        for index, day in enumerate(self.days):
            following = self.days[index + 1] if index + 1 < len(self.days) else day + ONE_DAY
            notes = self.notes_by_day[day]
            grade = notes[0].grade if len(notes) == 1 else max(note_day.grade for note_day in notes)
            if runs and runs[-1][2] == grade:
                runs[-1] = (runs[-1][0], following - ONE_DAY, grade)
            else:
                runs.append((day, following - ONE_DAY, grade))
        return tuple(runs)

    @cached_property
    def _full_runs(self) -> tuple[tuple[date, date], ...]:
        return tuple((first, last) for first, last, grade in self._runs if grade >= FULL_GRADE)

    def _at(self, day: date) -> _DayNotes:
        """The notes of the day, in a gap those of the last sick day; outside the case those of its edge."""
        sick_day = self.days[max(bisect_right(self.days, day) - 1, 0)]
        known = self._days_known.get(sick_day)
        if known is None:
            known = self._days_known[sick_day] = _DayNotes(self.notes_by_day[sick_day])
        return known


class _DayNotes:
    """What the notes of one day say together: every step asks it of its day, so it is found once."""

    def __init__(self, note_days: tuple[NoteDay, ...]) -> None:
        self._note_days = note_days

    @cached_property
    def notes(self) -> tuple[SickNoteRegistered, ...]:
        """The notes, oldest first."""
        in_order = sorted(self._note_days, key=lambda note_day: note_day.note.recency)
        return tuple(note_day.note.note for note_day in in_order)

    @cached_property
    def grade(self) -> int:
        return max(note_day.grade for note_day in self._note_days)

    @cached_property
    def grade_by_employer(self) -> dict[str, int]:
        grades: dict[str, int] = {}
        for note_day in self._note_days:
            employer = note_day.note.note.employer
            if employer is not None:
                org = employer.org_number
                grades[org] = max(note_day.grade, grades.get(org, note_day.grade))
        return grades

    @cached_property
    def employers(self) -> tuple[Employer, ...]:
        employers = [note.employer for note in self.notes if note.employer is not None]
        by_number = {employer.org_number: employer for employer in employers}
        return tuple(by_number[org] for org in sorted(by_number))

    @cached_property
    def form(self) -> Form:
        return self.notes[-1].form


def leaves_of(notes: Sequence[StandingNote], resumed: Sequence[WorkResumed]) -> list[Leave]:
    """All leaves that the notes make, by start (contract 3.1, 3.2, 3.5)."""
    by_day: dict[date, list[NoteDay]] = {}
    cut_from: set[date] = set()
    for note in notes:
        back_on = _back_at_work_on(note, resumed)
        for note_day, days in _sick_days(note):
            for day in days:
                if back_on is not None and day >= back_on:
                    cut_from.add(back_on)
                    break
                by_day.setdefault(day, []).append(note_day)
    # A return that no note reached beyond still ends the case at once, where nothing is sick from it on.
    cut_from |= {work_resumed.from_ for work_resumed in resumed}
    ordered = sorted(by_day)
    return [
        Leave(
            days=tuple(days),
            notes_by_day={day: tuple(by_day[day]) for day in days},
            resumed_on=_resumed_on(days[-1], cut_from),
        )
        for days in _runs_of(ordered)
    ]


def _back_at_work_on(note: StandingNote, resumed: Iterable[WorkResumed]) -> date | None:
    """From when a return to work ends this note's days: only notes issued by the day it was reported."""
    employer = note.note.employer
    dates = [
        work_resumed.from_
        for work_resumed in resumed
        if note.note.issued_on <= oslo_date(work_resumed.occurred_at)
        and (
            work_resumed.org_number is None
            or (employer is not None and employer.org_number == work_resumed.org_number)
        )
    ]
    return min(dates, default=None)


def _sick_days(note: StandingNote) -> Iterator[tuple[NoteDay, list[date]]]:
    """What the note says, and the days of which it says so, in order."""
    if note.note.self_certified_days:
        yield NoteDay(note, FULL_GRADE), sorted(note.note.self_certified_days)
    for period in note.note.periods:
        grade = _grade(period)
        if grade is not None:
            first, last = period.from_.toordinal(), period.to.toordinal()
            yield NoteDay(note, grade), [date.fromordinal(day) for day in range(first, last + 1)]


def _grade(period: Period) -> int | None:
    if period.kind == "full":
        return FULL_GRADE
    return period.grade if period.kind == "graded" else None


def _runs_of(ordered: Sequence[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for day in ordered:
        if run and day - run[-1] > OVER_AFTER:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _resumed_on(end: date, cut_from: set[date]) -> date | None:
    """The return that ends the leave at once: after its last sick day and before the gap would end it."""
    return min((day for day in cut_from if end < day < end + OVER_AFTER), default=None)


# --- identity ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case that has an id: its running number, the span it had last, and whether notes still make it."""

    case_id: str
    number: int
    start: date
    end: date
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Identified:
    """Leaves with their ids: `cases` as they are stored from now on, `merged` old id → the id that took over."""

    leaves: dict[str, Leave]
    cases: tuple[StoredCase, ...]
    merged: dict[str, str]
    numbers_used: int


def identify(
    leaves: Sequence[Leave],
    stored: Sequence[StoredCase],
    numbers_used: int,
    new_id: Callable[[int], str],
) -> Identified:
    """Give each leave its id (contract 3.4).

    An id stays where a leave still touches the case that had it (no gap in between that would end one). Of two
    cases that are now one leave the earlier stays; of two leaves that were one case the earlier has its id.
    """
    free = sorted(stored, key=lambda case: (case.start, case.number))
    named: dict[str, Leave] = {}
    cases: list[StoredCase] = []
    for leave in leaves:
        match = next((case for case in free if _touches(leave, case)), None)
        if match is None:
            numbers_used += 1
            match = StoredCase(new_id(numbers_used), numbers_used, leave.start, leave.end)
        else:
            free.remove(match)
        named[match.case_id] = leave
        cases.append(replace(match, start=leave.start, end=leave.end, is_withdrawn=False))
    merged: dict[str, str] = {}
    for case in free:
        into = next((case_id for case_id, leave in named.items() if _touches(leave, case)), None)
        if into is not None:
            merged[case.case_id] = into
        else:
            cases.append(replace(case, is_withdrawn=True))
    ordered = tuple(sorted(cases, key=lambda case: (case.start, case.number)))
    return Identified(named, ordered, merged, numbers_used)


def _touches(leave: Leave, case: StoredCase) -> bool:
    return leave.start - case.end <= OVER_AFTER and case.start - leave.end <= OVER_AFTER
