"""An employer's own routine around meeting 1, by the rulebook `employer-example`: through both services (contract 4).

The manager was asked to update the plan although the practitioner had got the updated one on the day of the meeting:
only a plan for the office counted.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.messages import DialogueMeetingHeld, ExemptionGranted, FollowUpPlanShared
from services.scheduler.rulebook_file import read_rulebook
from tests.support.situations import (
    KAFE,
    MANAGER,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
)

SITUATIONS = Situations()
RULEBOOK = read_rulebook("employer-example")
PREPARE, UPDATE = "meeting_1_preparation.prepare", "meeting_1_follow_up.update_plan"


def _ill(life: Life) -> None:
    """Ill from Wednesday 7 January: meeting 1 is due by 24 February, and prepared for by the 10th."""
    life.contact()
    life.manager()
    life.sick("2026-01-07", "2026-03-31")
    life.plan_made("2026-01-15 11:00")


def _met(life: Life) -> None:
    day = date(2026, 2, 10)
    life.fact(
        "2026-02-10 11:00",
        DialogueMeetingHeld,
        meeting=1,
        meeting_id="m1",
        org_number=KAFE,
        takes_place_on=day,
    )


def _shared(life: Life, at: str, shared_with: str) -> None:
    day = date.fromisoformat(at[:10])
    life.fact(
        at, FollowUpPlanShared, org_number=KAFE, shared_with=shared_with, made_on=day, shared_on=day
    )


@SITUATIONS.add
def the_practitioner_gets_the_updated_plan_on_the_day_of_the_meeting(life: Life) -> Story:
    _ill(life)
    _met(life)
    _shared(life, "2026-02-10 14:00", "practitioner")
    return [
        f"2026-02-10 09:00 email.requested {PREPARE} to {MANAGER}",
        f"2026-02-10 11:00 email.cancelled {PREPARE}: done:held",
    ]


@SITUATIONS.add
def only_the_office_gets_the_updated_plan(life: Life) -> Story:
    _ill(life)
    _shared(life, "2026-01-20 14:00", "practitioner")
    _met(life)
    _shared(life, "2026-02-10 14:00", "office")
    return [
        f"2026-02-10 09:00 email.requested {PREPARE} to {MANAGER}",
        f"2026-02-10 11:00 email.cancelled {PREPARE}: done:held",
        f"2026-02-11 09:00 email.requested {UPDATE} to {MANAGER}",
    ]


@SITUATIONS.add
def the_meeting_is_put_off(life: Life) -> Story:
    """Too ill for now: a new date is asked for at once; after four weeks the meeting is prepared for and due."""
    _ill(life)
    life.fact(
        "2026-02-09 11:00",
        ExemptionGranted,
        checkpoint="dialogue_meeting_1",
        reason="too_ill_for_now",
        granted_by="employer",
        org_number=KAFE,
    )
    return [
        f"2026-02-09 11:00 email.requested meeting_1_follow_up.new_date to {MANAGER}",
        f"2026-03-10 09:00 email.requested {PREPARE} to {MANAGER}",
        f"2026-03-11 09:00 email.requested dialogue_meeting_1.deadline to {MANAGER}",
    ]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_the_manager_follows_the_routine(situation: Situation, outcomes: Lived) -> None:
    assert outcomes.story(situation) == in_order(situation.story)
