"""An employer hears of what it still owes by law, and of nothing that it has settled: through both services.

Contract 4: the plan to the practitioner, meeting 1 in time, and the eight weeks of the activity requirement.

A plan that was made once silenced everything, though the law sends it to the practitioner within the four weeks:
nobody was asked to. A meeting 1 that stood in the calendar for the day before its last one was told to be held all the
same. And where the eight weeks ended on a Sunday the adviser's task opened on that Sunday, to be done after their end.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest

from schemas.messages import (
    DialogueMeetingCancelled,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    EmailRequested,
    FollowUpPlanShared,
)
from schemas.norway import OSLO
from tests.support.situations import (
    KAFE,
    MANAGER,
    PHONE,
    SKOLE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
)

SITUATIONS = Situations()
TO_PRACTITIONER = "follow_up_plan.to_practitioner"
DEADLINE = "dialogue_meeting_1.deadline"


def _reachable(life: Life) -> None:
    life.contact()
    life.manager()


@SITUATIONS.add
def a_plan_is_made_and_stays_in_the_drawer(life: Life) -> Story:
    """Ill from Thursday 8 January: the four weeks end on Wednesday 4 February."""
    _reachable(life)
    life.sick("2026-01-08", "2026-02-05")
    life.plan_made("2026-01-20 11:00")
    return [f"2026-02-04 09:00 email.requested {TO_PRACTITIONER} to {MANAGER}"]


@SITUATIONS.add
def a_plan_is_made_and_sent_on_the_next_day(life: Life) -> Story:
    _reachable(life)
    life.sick("2026-01-08", "2026-02-05")
    life.plan_made("2026-01-20 11:00")
    _sent_to_practitioner(life, "2026-01-21 11:00")
    life.sick("2026-02-06", "2026-02-11")
    return [
        f"2026-02-11 09:00 email.requested dialogue_meeting_1.reminder to {MANAGER}",
        f"2026-02-11 09:00 sms.requested dialogue_meeting_1.reminder to {PHONE}",
    ]


@SITUATIONS.add
def of_two_employers_one_has_made_its_plan(life: Life) -> Story:
    """Each hears its own: one of the plan to send, the other of the plan to make."""
    life.contact()
    life.manager(org=KAFE, email="leder.kafe@example.invalid")
    life.manager(org=SKOLE, email="leder.skole@example.invalid")
    for org in (KAFE, SKOLE):
        life.sick("2026-01-08", "2026-02-05", org=org)
    life.plan_made("2026-01-20 11:00", KAFE)
    return [
        f"2026-01-29 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-01-29 09:00 email.requested follow_up_plan.reminder to leder.skole@example.invalid",
        f"2026-02-04 09:00 sms.requested follow_up_plan.deadline to {PHONE}",
        "2026-02-04 09:00 email.requested follow_up_plan.deadline to leder.skole@example.invalid",
        f"2026-02-04 09:00 email.requested {TO_PRACTITIONER} to leder.kafe@example.invalid",
    ]


@SITUATIONS.add
def it_is_sent_on_the_day_of_the_message(life: Life) -> Story:
    _reachable(life)
    life.sick("2026-01-08", "2026-02-05")
    life.plan_made("2026-01-20 11:00")
    _sent_to_practitioner(life, "2026-02-04 12:00")
    return [
        f"2026-02-04 09:00 email.requested {TO_PRACTITIONER} to {MANAGER}",
        f"2026-02-04 12:00 email.cancelled {TO_PRACTITIONER}: done:plan_shared",
    ]


@SITUATIONS.add
def a_meeting_1_is_called_for_the_day_before_its_last(life: Life) -> Story:
    """The seven weeks end on Wednesday 25 February. On the day after the meeting only its outcome is asked for."""
    _waits_for_meeting_1(life)
    life.fact("2026-02-05 11:00", DialogueMeetingSummoned, **_meeting("2026-02-24"))
    return [f"2026-02-25 09:00 email.requested meeting_outcome.outcome to {MANAGER}"]


@SITUATIONS.add
def a_meeting_1_is_moved_past_its_last_day(life: Life) -> Story:
    _waits_for_meeting_1(life)
    life.fact("2026-02-05 11:00", DialogueMeetingSummoned, **_meeting("2026-02-24"))
    life.fact("2026-02-20 11:00", DialogueMeetingMoved, **_meeting("2026-02-26"))
    return [
        f"2026-02-25 09:00 email.requested {DEADLINE} to {MANAGER}",
        f"2026-02-25 09:00 sms.requested {DEADLINE} to {PHONE}",
        f"2026-02-27 09:00 email.requested meeting_outcome.outcome to {MANAGER}",
    ]


@SITUATIONS.add
def a_meeting_1_is_called_off_after_its_last_day(life: Life) -> Story:
    """It is owed again from that moment on; the words say that its date has passed."""
    _waits_for_meeting_1(life)
    life.fact("2026-02-05 11:00", DialogueMeetingSummoned, **_meeting("2026-02-25"))
    life.fact("2026-02-25 19:00", DialogueMeetingCancelled, **_meeting("2026-02-25"))
    return [
        f"2026-02-25 19:00 email.requested {DEADLINE} to {MANAGER}",
        f"2026-02-25 19:00 sms.requested {DEADLINE} to {PHONE}",
    ]


@SITUATIONS.add
def the_eight_weeks_end_on_a_sunday(life: Life) -> Story:
    """Ill from Monday 5 January until Sunday 1 March: the adviser has the Friday, and the task is due by then."""
    _reachable(life)
    life.plan_and_meeting_1_done("2026-01-08 10:00")
    life.sick("2026-01-05", "2026-03-01")
    assess = "activity_requirement.assess 0219 due 2026-02-27 normal"
    return [
        f"2026-02-16 09:00 sms.requested activity_requirement.notice to {PHONE}",
        f"2026-02-16 09:00 email.requested activity_requirement.notice to {MANAGER}",
        f"2026-02-27 09:00 adviser_task.opened {assess}",
        "2026-03-17 00:00 adviser_task.closed activity_requirement.assess: ended",
    ]


def _sent_to_practitioner(life: Life, at: str) -> None:
    day = datetime.fromisoformat(at).date()
    life.fact(
        at,
        FollowUpPlanShared,
        org_number=KAFE,
        made_on=day,
        shared_with="practitioner",
        shared_on=day,
    )


def _waits_for_meeting_1(life: Life) -> None:
    """Ill from 8 January to 26 February; the plan is made and sent, and the eight weeks are not over yet."""
    _reachable(life)
    life.sick("2026-01-08", "2026-02-26")
    life.plan_made("2026-01-20 11:00")
    _sent_to_practitioner(life, "2026-01-20 12:00")
    life.activity_assessed("2026-01-20 12:00")


def _meeting(day: str) -> dict[str, object]:
    return {
        "meeting": 1,
        "meeting_id": "m1",
        "org_number": KAFE,
        "takes_place_on": date.fromisoformat(day),
    }


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_only_what_is_owed_is_asked_for(situation: Situation, outcomes: Lived) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


async def test_the_manager_reads_by_when_the_practitioner_is_to_have_the_plan(
    outcomes: Lived,
) -> None:
    drawer = SITUATIONS[0]
    ((at, message),) = outcomes.messages(drawer.life)
    assert isinstance(message, EmailRequested)
    assert at.astimezone(OSLO).date() == date(2026, 2, 4)
    assert message.subject == "Send oppfølgingsplanen til behandleren"
    assert "Frist: 4. februar 2026." in message.text
