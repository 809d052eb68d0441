"""Cases compared with the episodes of NAV's own service: a table of situations.

Days are counted from Monday 5 January 2026, which is 0. The table has the situations in which a case is the same as
NAV's episode. The tests after it have those in which Stoppunkt differs on purpose, each with its reason.
"""

from __future__ import annotations

import json

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import Employer, PersonDied
from schemas.wire import IgnoredRecord, Record, Version
from services.scheduler.domain.facts.facts import NoteSlot
from tests.reference.life import ANNE, BYGG, KAFE, START, Life, at, day, gone, note, shipped

Case = tuple[int, int, int]
ASSESS = "dialogue_meeting_2_assessment.assess"


def cases(life: Life, when: int = 1) -> list[Case]:
    """(first day, last day, sick days) of each case."""
    plan = life.simulation.plan(at(when))[ANNE]
    return [
        (
            (case.start - START).days,
            (case.end - START).days,
            len(plan.leaves[case.case_id].days),
        )
        for case in plan.person.cases
        if case.case_id in plan.leaves
    ]


def cases_of(*notes: NoteSlot, when: int = 1) -> list[Case]:
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), *notes)
    return cases(life, when)


SITUATIONS: dict[str, tuple[list[NoteSlot], list[Case]]] = {
    "one note is one episode, its first and last day counted": ([note(0, 9)], [(0, 9, 10)]),
    "the end may lie in the future": ([note(0, 99)], [(0, 99, 100)]),
    "a graded day is a whole sick day": ([note(0, 9, kind="graded", grade=20)], [(0, 9, 10)]),
    "Monday to Friday twice: a free weekend is a gap of two, and gap days are no sick days": (
        [note(0, 4), note(7, 11, note_id="b")],
        [(0, 11, 10)],
    ),
    "15 days between merge": ([note(0, 4), note(20, 24, note_id="b")], [(0, 24, 10)]),
    "16 days between end it": (
        [note(0, 4), note(21, 25, note_id="b")],
        [(0, 4, 5), (21, 25, 5)],
    ),
    "public holidays are days like others: Easter does not shorten the 16": (
        [note(73, 80), note(97, 100, note_id="b")],
        [(73, 80, 8), (97, 100, 4)],
    ),
    "AVVENTENDE is ignored": ([note(0, 9, kind="waiting")], []),
    "BEHANDLINGSDAGER are work days": ([note(0, 9, kind="treatment_days")], []),
    "REISETILSKUDD alone is work": ([note(0, 9, kind="travel_allowance")], []),
    "work days before the first sick day start nothing": (
        [note(0, 9, kind="treatment_days"), note(10, 14, note_id="b")],
        [(10, 14, 5)],
    ),
    "work days that are in a note count towards the 16 like days without a note": (
        [note(0, 4), note(5, 20, kind="treatment_days", note_id="b"), note(21, 25, note_id="c")],
        [(0, 4, 5), (21, 25, 5)],
    ),
    "self-certified days extend the episode backwards": (
        [note(4, 9, certified=[0, 1])],
        [(0, 9, 8)],
    ),
    "at work with one employer and sick with another is sick": (
        [note(0, 9, kind="treatment_days"), note(0, 9, employer=BYGG, note_id="b")],
        [(0, 9, 10)],
    ),
    "two employers' notes on the same days count each day once": (
        [note(0, 9), note(5, 14, employer=BYGG, note_id="b")],
        [(0, 14, 15)],
    ),
    "a correction replaces the note": ([note(0, 30), note(0, 9)], [(0, 9, 10)]),
    "a correction may split one episode into two": (
        [
            note(0, 40),
            note(0, 40, periods=[(0, 4, "full", None), (36, 40, "full", None)]),
        ],
        [(0, 4, 5), (36, 40, 5)],
    ),
    "a bridging note merges two": (
        [note(0, 4), note(30, 34, note_id="b"), note(5, 29, note_id="c")],
        [(0, 34, 35)],
    ),
    "a note without an employer is sick leave too": ([note(0, 9, employer=None)], [(0, 9, 10)]),
    "withdrawn notes leave nothing": ([note(0, 9), gone()], []),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_episode_is_the_same_case(situation: str) -> None:
    """16 calendar days in a row without sickness end a case; a graded day is a whole sick day."""
    notes, expected = SITUATIONS[situation]

    assert cases_of(*notes) == expected


def test_death_ends_no_days() -> None:
    """A date of death is a field beside the episodes, which stay as they are."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 99))
    life.arrive(at(50), PersonDied(person_id=ANNE, occurred_at=at(50), on=day(49)))

    assert cases(life, 51) == [(0, 99, 100)]


# --- different on purpose ---------------------------------------------------------------------------------


def test_a_late_note_is_not_lost_because_another_one_is_newer() -> None:
    """NAV's read API shows the state after the newest record; one that comes late with an older time is not seen.

    Here a case is made of all notes that stand, so both orders give the same.
    """
    newer, older = note(20, 40, note_id="b"), note(0, 19)
    orders = []
    for first, then in ((newer, older), (older, newer)):
        life = Life(shipped("nav-2026"))
        life.arrive(at(20), first)
        life.arrive(at(21), then)
        orders.append(cases(life, 22))

    assert orders == [[(0, 40, 41)]] * 2


def test_healthy_days_to_come_do_not_shorten_what_has_passed() -> None:
    """NAV subtracts all healthy days of the episode, also those still to come, from the weeks that have passed.

    On day 119, 120 days have passed. Ten healthy days later in the episode would give 15 weeks instead of 17.
    """
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 125), note(136, 200, note_id="b"))
    life.turn(at(130))
    (event,) = life.due(ASSESS)
    assert event.basis is not None

    assert (event.case.day, event.case.week, event.basis.weeks_completed) == (120, 18, 17)


def test_a_case_has_an_id_of_its_own_that_outlives_a_moved_start() -> None:
    """NAV identifies an episode by person and start. When the start moves, each service has to match dates again."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(10), note(10, 60))
    before = life.simulation.plan(at(11))[ANNE].person.cases
    life.arrive(at(12), note(0, 9, note_id="b"))
    after = life.simulation.plan(at(13))[ANNE].person.cases

    assert [(case.case_id, case.start) for case in before] == [(before[0].case_id, day(10))]
    assert [(case.case_id, case.start) for case in after] == [(before[0].case_id, day(0))]


def test_a_note_that_nobody_has_sent_yet_does_not_count() -> None:
    """NAV counts notes that are only issued and guesses the employer. A guess could notify an employer who has not
    received the note.
    """
    tsm = note(0, 40, source="tsm", employer=None)
    sent = NoteSlot(
        "status",
        "note-1",
        Version(1, 1),
        None,
        status="sent",
        employer=Employer(org_number=KAFE),
    )
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), tsm)
    assert cases(life, 1) == []
    life.arrive(at(2), sent)
    assert cases(life, 3) == [(0, 40, 41)]


def test_the_topic_of_sickness_benefit_applications_is_not_read() -> None:
    """NAV's episodes also use holidays and returns to work from applications for sickness benefit, months late.

    Here checkpoints follow the notes, and a return to work comes as `work.resumed`. So that topic is not read.
    """
    bit = {
        "id": "b",
        "fnr": ANNE,
        "tags": ["SYKEPENGESOKNAD", "FERIE"],
        "fom": "2026-01-05",
        "tom": "2026-01-09",
    }
    record = Record("flex.syketilfellebiter", b"b", json.dumps(bit).encode())

    assert isinstance(decode_inbound(record), IgnoredRecord)


def test_the_withdrawal_of_all_notes_withdraws_what_was_due() -> None:
    """NAV publishes an empty list, which its services for weeks 8 and 17 log and skip, so nothing is cancelled."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 200))
    life.turn(at(121))
    assert len(life.due()) == 2
    life.arrive(at(122), gone())
    life.turn(at(122, "12:20"))

    assert [withdrawal.reason for withdrawal in life.withdrawals()] == ["case_withdrawn"] * 2
    assert cases(life, 123) == []


def test_a_day_is_oslos_day_at_every_hour() -> None:
    """Some of NAV's services use the date in UTC and others that in Oslo, which differ around midnight.

    The note of a leave whose last day is day 130 comes on that day at 23:30 in Oslo, or an hour later, which in UTC
    is still the same day.
    """
    states = {}
    for when in (at(130, "23:30"), at(131, "00:30")):
        life = Life(shipped("nav-2026"))
        life.arrive(when, note(0, 130))
        states[when.hour] = life.state(ASSESS, when)

    # 09:00 on day 119 until 23:30 on day 130: 11 days and 14.5 hours.
    assert states == {21: "fired: late:1002600", 22: "missed: recovered"}
