"""The rulebook `nav-2026` at weeks 8 and 17, as NAV's services do it today: a table of situations for each.

Days are counted from Monday 5 January 2026, which is 0: NAV's `start + 55` is day 55 and `start + 119` day 119.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingAnswered,
    DialogueMeetingCancelled,
    DialogueMeetingFact,
    DialogueMeetingHeld,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionGranted,
    FollowUpFact,
    MeetingNeedAnswered,
    Outcome,
    PersonDied,
    ReassessmentRequested,
)
from services.scheduler.domain.facts.facts import NoteSlot
from tests.reference.life import (
    ADVISER,
    ANNE,
    START,
    Life,
    asked,
    at,
    day,
    note,
    reasons,
    shipped,
)

WEEK_8 = "activity_requirement.assess"
WEEK_17 = "dialogue_meeting_2_assessment.assess"
MEETING = "meeting-2"


@dataclass(frozen=True)
class Row:
    """What arrives at noon of which day, the days on which the step fires, and its last state with the reason."""

    arrivals: Sequence[tuple[int, NoteSlot | FollowUpFact]]
    fired_on: Sequence[int]
    state: str


def life_of(row: Row, path: str, until: int) -> Life:
    life = Life(shipped("nav-2026"))
    for when, arrival in row.arrivals:
        life.arrive(at(when), arrival)
    life.turn(at(until))
    assert [(fired - START).days for fired in life.fired_on(path)] == list(row.fired_on)
    assert life.state(path, at(until)) == row.state
    return life


def meeting(
    kind: Callable[..., DialogueMeetingFact], when: int, takes_place: int | None = None
) -> DialogueMeetingFact:
    return kind(
        person_id=ANNE,
        occurred_at=at(when),
        meeting=2,
        meeting_id=MEETING,
        takes_place_on=None if takes_place is None else day(takes_place),
    )


def exemption(when: int, reason: str = "medical") -> ExemptionGranted:
    return ExemptionGranted(
        person_id=ANNE,
        occurred_at=at(when),
        checkpoint="dialogue_meeting_2",
        reason=reason,
        granted_by="adviser",
    )


def assessment(when: int, outcome: Outcome, *, final: bool) -> ActivityRequirementAssessed:
    return ActivityRequirementAssessed(
        person_id=ANNE, occurred_at=at(when), outcome=outcome, final=final
    )


def death(when: int) -> PersonDied:
    return PersonDied(person_id=ANNE, occurred_at=at(when), on=day(when))


WEEK_8_ROWS: dict[str, Row] = {
    "the last day of eight weeks": Row([(0, note(0, 200))], [55], "fired: on_time"),
    "an episode of exactly 56 days overlaps its own checkpoint": Row(
        [(0, note(0, 55))], [55], "fired: on_time"
    ),
    "55 days are too few": Row([(0, note(0, 54))], [], "not_applicable: not_sick_listed"),
    "extended in time": Row(
        [(0, note(0, 27)), (28, note(28, 70, note_id="b"))], [55], "fired: on_time"
    ),
    "a person without an employer is assessed too": Row(
        [(0, note(0, 200, employer=None))], [55], "fired: on_time"
    ),
    "graded throughout meets the requirement: nobody is asked": Row(
        [(0, note(0, 100, kind="graded", grade=50))], [], "not_applicable: graded"
    ),
    "treatment days and travel allowance alone make no episode": Row(
        [(0, note(0, 200, kind="treatment_days")), (1, note(0, 54, note_id="b"))],
        [],
        "not_applicable: not_sick_listed",
    ),
    "a backdated note moves the date, there is still one task": Row(
        [(0, note(10, 100)), (20, note(0, 9, note_id="b"))], [55], "fired: on_time"
    ),
    "a start that moves by days after the task was made makes no second": Row(
        [(0, note(0, 150)), (60, note(3, 150))], [55], "fired: on_time"
    ),
    "graded later leaves the task as it is": Row(
        [
            (0, note(0, 100)),
            (60, note(60, 100, note_id="b", kind="graded", grade=50)),
            (60, note(0, 59)),
        ],
        [55],
        "fired: on_time",
    ),
    "met before the date": Row(
        [(0, note(0, 100)), (40, assessment(40, "met", final=True))], [], "done: assessed"
    ),
    "exempted and not relevant are final too": Row(
        [(0, note(0, 100)), (40, assessment(40, "not_relevant", final=True))], [], "done: assessed"
    ),
    "AVVENT is not final": Row(
        [(0, note(0, 100)), (40, assessment(40, "waiting", final=False))], [55], "fired: on_time"
    ),
    "FORHANDSVARSEL is not final": Row(
        [(0, note(0, 100)), (40, assessment(40, "warned", final=False))], [55], "fired: on_time"
    ),
    "dead": Row([(0, note(0, 100)), (40, death(40))], [], "not_applicable: died"),
    "a new episode is assessed anew": Row(
        [(0, note(0, 60)), (90, note(90, 200, note_id="b"))], [55, 145], "fired: on_time"
    ),
}


@pytest.mark.parametrize("situation", WEEK_8_ROWS)
def test_week_8_is_assessed_as_by_navs_service_today(situation: str) -> None:
    """After eight weeks less a day, one task for each episode, ended by a final assessment."""
    row = WEEK_8_ROWS[situation]
    # Day 150, so that the state is that of the new episode in the last row.
    life = life_of(row, WEEK_8, 150)

    assert {tuple(asked(event)) for event in life.due(WEEK_8)} <= {(("adviser", None),)}


WEEK_17_ROWS: dict[str, Row] = {
    "119 days after the start": Row([(0, note(0, 200))], [119], "fired: on_time"),
    "the episode may end on that very day": Row([(0, note(0, 119))], [119], "fired: on_time"),
    "a day shorter is too short": Row([(0, note(0, 118))], [], "not_applicable: not_sick_listed"),
    "graded or not": Row([(0, note(0, 200, kind="graded", grade=30))], [119], "fired: on_time"),
    "calendar days: a gap of 14 does not delay it": Row(
        [(0, note(0, 50)), (65, note(65, 200, note_id="b"))], [119], "fired: on_time"
    ),
    "in a gap the episode goes on": Row(
        [(0, note(0, 115)), (125, note(125, 200, note_id="b"))], [125], "fired: late:529200"
    ),
    "extended in time, note by note": Row(
        [(0, note(0, 60)), (60, note(61, 110, note_id="b")), (110, note(111, 160, note_id="c"))],
        [119],
        "fired: on_time",
    ),
    "no employer, no meeting": Row(
        [(0, note(0, 200, employer=None))], [], "not_applicable: no_employer"
    ),
    "a note that comes after the date, still sick: at once": Row(
        [(140, note(0, 200))], [140], "fired: late:1825200"
    ),
    "a meeting held since the start": Row(
        [(0, note(0, 200)), (60, meeting(DialogueMeetingHeld, 60, 60))], [], "done: held"
    ),
    "a summons closes nothing": Row(
        [(0, note(0, 200)), (100, meeting(DialogueMeetingSummoned, 100, 140))],
        [119],
        "fired: on_time",
    ),
    "AVLYST and NYTT_TID_STED close nothing": Row(
        [
            (0, note(0, 200)),
            (60, meeting(DialogueMeetingSummoned, 60, 90)),
            (70, meeting(DialogueMeetingMoved, 70, 100)),
            (80, meeting(DialogueMeetingCancelled, 80)),
        ],
        [119],
        "fired: on_time",
    ),
    "a reassessment (huskelapp) closes nothing": Row(
        [
            (0, note(0, 200)),
            (
                100,
                ReassessmentRequested(
                    person_id=ANNE,
                    occurred_at=at(100),
                    reassessment_id="r",
                    adviser_id=ADVISER,
                    on=day(130),
                ),
            ),
        ],
        [119],
        "fired: on_time",
    ),
    "an answer to the question of meeting need closes nothing": Row(
        [
            (0, note(0, 200)),
            (
                110,
                MeetingNeedAnswered(
                    person_id=ANNE,
                    occurred_at=at(110),
                    party="employee",
                    wants_meeting=False,
                    justified=True,
                ),
            ),
        ],
        [119],
        "fired: on_time",
    ),
    "an exemption": Row([(0, note(0, 200)), (100, exemption(100))], [], "done: exempted:medical"),
    "an exemption of any kind": Row(
        [(0, note(0, 200)), (100, exemption(100, "recovery_expected_within_28_weeks"))],
        [],
        "done: exempted:recovery_expected_within_28_weeks",
    ),
    "dead": Row([(0, note(0, 200)), (100, death(100))], [], "not_applicable: died"),
    "a meeting of an earlier episode counts for nothing": Row(
        [
            (0, note(0, 60)),
            (40, meeting(DialogueMeetingHeld, 40, 40)),
            (90, note(90, 300, note_id="b")),
        ],
        [209],
        "fired: on_time",
    ),
    "once for an episode, also where a backdated note moves its start afterwards": Row(
        [(5, note(5, 200)), (126, note(0, 4, note_id="b"))], [124], "fired: on_time"
    ),
    "a backdated note before the date moves the date": Row(
        [(5, note(5, 200)), (60, note(0, 4, note_id="b"))], [119], "fired: on_time"
    ),
}


@pytest.mark.parametrize("situation", WEEK_17_ROWS)
def test_week_17_finds_the_candidates_that_navs_service_finds_today(situation: str) -> None:
    """Calendar days, only people with an employer, graded or not, once for each episode."""
    life = life_of(WEEK_17_ROWS[situation], WEEK_17, 220)

    assert {tuple(asked(event)) for event in life.due(WEEK_17)} <= {(("adviser", None),)}


def test_advisers_see_the_candidate_seven_days_later() -> None:
    """Both parties have a week to answer first; the day is sent as `show_on`."""
    life = life_of(WEEK_17_ROWS["119 days after the start"], WEEK_17, 130)
    (event,) = life.due(WEEK_17)

    assert (event.due_on, event.show_on) == (day(119), day(126))


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (meeting(DialogueMeetingHeld, 130, 129), ("done", "held")),
        (exemption(130), ("exempted", "medical")),
    ],
)
def test_what_closes_a_candidate_withdraws_the_task(
    act: FollowUpFact, reason: tuple[str, str]
) -> None:
    """DIALOGMOTE_FERDIGSTILT and UNNTAK close what the checkpoint opened."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 200))
    life.arrive(at(130), act)

    assert reasons(life.withdrawals(WEEK_17)) == [reason]


def test_what_closes_no_candidate_leaves_the_task() -> None:
    """INNKALT, AVLYST and an answer change only the basis."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 200))
    life.arrive(at(125), meeting(DialogueMeetingSummoned, 125, 150))
    life.arrive(
        at(126),
        DialogueMeetingAnswered(
            person_id=ANNE,
            occurred_at=at(126),
            meeting=2,
            meeting_id=MEETING,
            party="employee",
            answer="not_coming",
        ),
    )
    life.arrive(at(130), meeting(DialogueMeetingCancelled, 130))

    assert life.withdrawals(WEEK_17) == []
    assert [
        update.revision
        for update in life.updates()
        if update.event_id == life.due(WEEK_17)[0].event_id
    ]


def test_only_weeks_8_and_17_have_timers() -> None:
    """There are none for weeks 4, 7 and 26."""
    life = Life(shipped("nav-2026"))
    life.arrive(at(0), note(0, 300))
    life.turn(at(300))

    assert [f"{event.checkpoint}.{event.step}" for event in life.due()] == [WEEK_8, WEEK_17]
