"""Which adviser a task goes to: portfolios by employer and by birth day, absence, the queue, the special office.

Facts and contacts arrive on Kafka, the expected messages are written by hand. Everybody is born on a 14th, every case
is over on 3 March, the 16th day after the note, and each situation has an office of its own.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.messages import MeetingRequestClosed, MeetingRequested, ReassessmentRequested
from tests.support.situations import (
    BYGG,
    KAFE,
    SKOLE,
    SPECIAL_OFFICE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
)

SITUATIONS = Situations()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


def asked_for_a_meeting(life: Life, office: str, *, org: str = KAFE, **contact: Any) -> None:
    """A task for the person's adviser, on Tuesday 10 February at ten, due in three working days."""
    life.contact(office=office, **contact)
    life.sick("2026-02-02", "2026-02-15", org=org)
    life.fact("2026-02-10 10:00", MeetingRequested, meeting=2, party="practitioner")


def opened_for(desk: str) -> Story:
    step = "requested_meeting.requested"
    return [
        f"2026-02-10 10:00 adviser_task.opened {step} {desk} due 2026-02-13 normal",
        f"2026-03-03 00:00 adviser_task.closed {step}: ended",
    ]


@SITUATIONS.add
def the_adviser_of_the_persons_birth_day_gets_the_task(life: Life) -> Story:
    """contract 6.2: by birth day within the office; everybody here is born on a 14th."""
    life.adviser("Z990011", "0311", birth_days=tuple(range(16, 32)))
    life.adviser("Z990012", "0311", birth_days=tuple(range(1, 16)))
    asked_for_a_meeting(life, "0311")
    return opened_for("0311/Z990012")


@SITUATIONS.add
def the_adviser_of_the_employer_comes_before_the_birth_day(life: Life) -> Story:
    """contract 6.2: an adviser with `org_numbers` takes these employers' people."""
    life.adviser("Z990021", "0312", birth_days=tuple(range(1, 32)))
    life.adviser("Z990022", "0312", org_numbers=(SKOLE,))
    asked_for_a_meeting(life, "0312", org=SKOLE)
    return opened_for("0312/Z990022")


@SITUATIONS.add
def while_the_employers_adviser_is_absent_the_adviser_of_the_birth_day_gets_the_task(
    life: Life,
) -> Story:
    """contract 6.2: absent advisers are passed over."""
    life.adviser("Z990031", "0313", birth_days=tuple(range(1, 32)))
    life.adviser("Z990032", "0313", org_numbers=(BYGG,), absent=True)
    asked_for_a_meeting(life, "0313", org=BYGG)
    return opened_for("0313/Z990031")


@SITUATIONS.add
def while_the_only_adviser_is_absent_the_task_goes_to_the_offices_queue(life: Life) -> Story:
    """contract 6.2: the next task looks for an adviser anew, and she is back."""
    life.adviser("Z990041", "0314", birth_days=(14,))
    life.adviser("Z990041", "0314", "2026-02-09 08:00", birth_days=(14,), absent=True)
    asked_for_a_meeting(life, "0314")
    life.adviser("Z990041", "0314", "2026-02-11 08:00", birth_days=(14,))
    life.fact("2026-02-12 10:00", MeetingRequested, meeting=3, party="employee")
    step = "requested_meeting.requested"
    return [
        *opened_for("0314"),
        f"2026-02-12 10:00 adviser_task.opened {step} 0314/Z990041 due 2026-02-17 normal",
        # The second request is part of what the first task's adviser is shown.
        f"2026-02-12 10:00 adviser_task.updated {step} revision 2",
        f"2026-03-03 00:00 adviser_task.closed {step}: ended",
    ]


@SITUATIONS.add
def the_adviser_who_asked_for_a_reassessment_gets_its_task(life: Life) -> Story:
    """contract 6.2: the adviser named in the request comes first; where she is absent, the adviser of the birth day."""
    absent = life.another("absent")
    life.adviser("Z990051", "0315", birth_days=(14,))
    life.adviser("Z990052", "0315")
    life.adviser("Z990053", "0315", absent=True)
    for person, named in ((life, "Z990052"), (absent, "Z990053")):
        person.contact(office="0315")
        person.sick("2026-02-02", "2026-02-15")
        request = {"reassessment_id": "r1", "on": date(2026, 2, 10), "adviser_id": named}
        person.fact("2026-02-03 10:00", ReassessmentRequested, **request)
    step = "reassessment.look_again"
    return [
        f"2026-02-10 09:00 adviser_task.opened {step} 0315/Z990052 due 2026-02-13 normal",
        f"2026-03-03 00:00 adviser_task.closed {step}: ended",
        f"absent: 2026-02-10 09:00 adviser_task.opened {step} 0315/Z990051 due 2026-02-13 normal",
        f"absent: 2026-03-03 00:00 adviser_task.closed {step}: ended",
    ]


@SITUATIONS.add
def a_protected_person_belongs_to_the_special_office(life: Life) -> Story:
    """contract 6.3: the adviser of that birth day in the office of residence gets no task."""
    life.adviser("Z990061", "0316", birth_days=(14,))
    life.adviser("Z990062", SPECIAL_OFFICE, birth_days=(14,))
    asked_for_a_meeting(life, "0316", protected=True)
    return opened_for(f"{SPECIAL_OFFICE}/Z990062")


@SITUATIONS.add
def a_task_about_a_person_without_a_known_office_is_opened_without_one(life: Life) -> Story:
    """contract 6.2: the task is not dropped; somebody has to assign it to an office."""
    life.sick("2026-02-02", "2026-02-15")
    life.fact("2026-02-10 10:00", MeetingRequested, meeting=2, party="practitioner")
    return opened_for("no office")


@SITUATIONS.add
def two_advisers_who_share_the_birth_days_share_the_tasks(life: Life) -> Story:
    """contract 6.2: the one with the fewest open tasks; a person's tasks stay together while one of them is open."""
    second, third = life.another("second"), life.another("third")
    life.adviser("Z990071", "0317", birth_days=(14,))
    life.adviser("Z990072", "0317", birth_days=(13, 14))
    for person, at in ((life, "10:00"), (second, "11:00"), (third, "12:00")):
        person.contact(office="0317")
        person.sick("2026-02-02", "2026-02-15")
        person.fact(f"2026-02-10 {at}", MeetingRequested, meeting=2, party="practitioner")
    second.fact("2026-02-10 13:00", MeetingRequested, meeting=3, party="practitioner")
    step = "requested_meeting.requested"
    opened, closed = (
        f"adviser_task.opened {step} 0317",
        f"2026-03-03 00:00 adviser_task.closed {step}: ended",
    )
    return [
        f"2026-02-10 10:00 {opened}/Z990071 due 2026-02-13 normal",
        closed,
        f"second: 2026-02-10 11:00 {opened}/Z990072 due 2026-02-13 normal",
        f"second: 2026-02-10 13:00 {opened}/Z990072 due 2026-02-13 normal",
        f"second: 2026-02-10 13:00 adviser_task.updated {step} revision 2",
        *(f"second: {closed}" for _ in range(2)),
        f"third: 2026-02-10 12:00 {opened}/Z990071 due 2026-02-13 normal",
        f"third: {closed}",
    ]


@SITUATIONS.add
def a_task_that_is_closed_makes_room(life: Life) -> Story:
    """contract 6.2: only what is open counts."""
    second = life.another("second")
    life.adviser("Z990081", "0318", birth_days=(14,))
    life.adviser("Z990082", "0318", birth_days=(14,))
    asked_for_a_meeting(life, "0318")
    life.fact("2026-02-11 10:00", MeetingRequestClosed, meeting=2, adviser_id="Z990081")
    second.contact(office="0318")
    second.sick("2026-02-02", "2026-02-15")
    second.fact("2026-02-12 10:00", MeetingRequested, meeting=2, party="practitioner")
    step = "requested_meeting.requested"
    return [
        opened_for("0318/Z990081")[0],
        f"2026-02-11 10:00 adviser_task.closed {step}: done:closed",
        f"second: 2026-02-12 10:00 adviser_task.opened {step} 0318/Z990081 due 2026-02-17 normal",
        f"second: 2026-03-03 00:00 adviser_task.closed {step}: ended",
    ]
