"""A manager hears of a deadline on the day that it names, also where the office has asked for something that evening.

Once the office's request of half past eight in the evening, which has two weeks, left at nine the next morning; the
deadline of that day waited behind it for 24 hours and was told the day after, as a date to come. Right is: the nearest
date leaves first, and nothing is held past the last open hour of the date that it names.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.messages import EmailRequested, FollowUpPlanRequested
from schemas.norway import OSLO
from tests.support.situations import KAFE, Life, Lived, Situations, Story

SITUATIONS = Situations()
ASKED = {"org_number": KAFE, "adviser_id": "A1", "reply_by": date(2026, 2, 17)}


@SITUATIONS.add
def asked_the_evening_before(life: Life) -> Story:
    """Ill from Thursday 8 January: the plan's deadline is Wednesday 4 February."""
    life.contact()
    life.manager()
    life.sick("2026-01-08", "2026-03-04", at="2026-01-08 10:00")
    life.fact("2026-02-03 20:30", FollowUpPlanRequested, **ASKED)
    return ["the deadline on its day, the request on the next"]


@SITUATIONS.add
def asked_that_evening(life: Life) -> Story:
    """The request has left already when the deadline is due: that waits its day, for the day's last open hour."""
    life.contact()
    life.manager()
    life.sick("2026-01-08", "2026-03-04", at="2026-01-08 10:00")
    life.fact("2026-02-03 19:30", FollowUpPlanRequested, **ASKED)
    return ["the request in the evening, the deadline a day later, on its day"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "asked_the_evening_before",
            [
                ("02-04 09:00", "Gjør oppfølgingsplanen ferdig"),
                ("02-05 09:00", "Nav ber om oppfølgingsplanen"),
            ],
        ),
        (
            "asked_that_evening",
            [
                ("02-03 19:30", "Nav ber om oppfølgingsplanen"),
                ("02-04 19:30", "Gjør oppfølgingsplanen ferdig"),
            ],
        ),
    ],
)
async def test_the_deadline_is_told_on_its_day(
    name: str, expected: list[tuple[str, str]], outcomes: Lived
) -> None:
    life = next(situation.life for situation in SITUATIONS if situation.name == name)
    emails = [
        (f"{at.astimezone(OSLO):%m-%d %H:%M}", message.subject)
        for at, message in outcomes.messages(life)
        if isinstance(message, EmailRequested)
    ]
    assert emails[1:3] == expected
