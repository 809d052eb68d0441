"""What comes afterwards: receipts, withdrawals, second thoughts, changed bases and numbers.

Facts, contacts and receipts go in on Kafka, what must leave is written by hand. Most people fall
ill on Monday 2 February 2026: their plan reminder leaves on Monday the 23rd, the last day of their note, and on
11 March the case is over. Those with a note to the 15th have no reminder, and are over on 3 March.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from schemas.ids import withdrawal_id
from schemas.messages import (
    DeadlineWithdrawn,
    DialogueMeetingSummoned,
    MeetingNeedAnswered,
    MeetingRequestClosed,
    MeetingRequested,
    PersonRenumbered,
    Recipient,
)
from tests.support import notifier_desk
from tests.support.postgres_and_kafka import Parts
from tests.support.situations import (
    EMAIL,
    KAFE,
    MANAGER,
    PHONE,
    Life,
    Lived,
    Situation,
    Situations,
    Story,
    in_order,
    oslo,
)
from tests.support.situations import lived as living

SITUATIONS = Situations()
OTHER_PHONE = "+4790000002"
REMINDED = [
    f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
    f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
]


@pytest.fixture(scope="module")
async def lived(
    parts: Parts, template_database: str, topic_prefixes: list[str]
) -> AsyncIterator[Lived]:
    async with living(SITUATIONS, parts, template_database, topic_prefixes) as outcomes:
        yield outcomes


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, lived: Lived
) -> None:
    assert lived.story(situation) == in_order(situation.story)


def withdrawal_of_the_reminder(life: Life) -> DeadlineWithdrawn:
    """From the employee alone."""
    event_id = life.event("follow_up_plan", "reminder")
    return DeadlineWithdrawn(
        withdrawal_id=withdrawal_id(event_id, "employee", None),
        event_id=event_id,
        case_id=life.case,
        person_id=life.number,
        checkpoint="follow_up_plan",
        step="reminder",
        subject=None,
        generation=1,
        reason="done",
        detail="plan_made",
        recipients=(Recipient(role="employee"),),
        withdrawn_at=oslo("2026-02-20 10:00"),
    )


# --- receipts -----------------------------------------------------------------------------------------------


@SITUATIONS.add
def what_reaches_nobody_goes_the_whole_way_to_an_adviser(life: Life) -> Story:
    """contract 6.7: a permanent error ends at once: employee SMS, e-mail, letter, task; employer e-mail, its own, task.

    What did not arrive holds up nobody for a day (6.9).
    """
    life.contact()
    life.manager(org=KAFE)
    life.organisation(KAFE, "post@kafe.example.invalid")
    life.sick("2026-02-02", "2026-02-23")
    gone: dict[str, Any] = {"permanent": True, "reason": "unknown_address"}
    life.receipt("2026-02-23 09:05", "failed", "employee sms", **gone)
    life.receipt("2026-02-23 09:10", "failed", "employee email", **gone)
    life.receipt("2026-02-25 14:00", "failed", "employee letter", **gone)
    life.receipt("2026-02-23 09:15", "failed", "line_manager email", **gone)
    life.receipt("2026-02-23 09:20", "failed", "line_manager organisation_email", **gone)
    task = "adviser_task.opened follow_up_plan.reminder 0219 due"
    return [
        *REMINDED,
        "failed sms follow_up_plan.reminder: unknown_address",
        f"2026-02-23 09:05 email.requested follow_up_plan.reminder to {EMAIL}",
        "failed email follow_up_plan.reminder: unknown_address",
        "2026-02-23 09:10 letter.requested follow_up_plan.reminder",
        "failed letter follow_up_plan.reminder: unknown_address",
        f"2026-02-25 14:00 {task} 2026-03-02 normal: undelivered",
        "failed email follow_up_plan.reminder: unknown_address",
        "2026-02-23 09:15 email.requested follow_up_plan.reminder to post@kafe.example.invalid",
        "failed organisation_email follow_up_plan.reminder: unknown_address",
        f"2026-02-23 09:20 {task} 2026-02-26 normal: undelivered",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
    ]


async def test_every_failure_for_good_is_counted(lived: Lived) -> None:
    """contract 6.7: terminal failures are counted, also those that a receipt reports; here one SMS and two e-mails."""
    assert (lived.ends("failed", "sms"), lived.ends("failed", "email")) == (1, 2)
    assert (lived.counted["failed", "sms"], lived.counted["failed", "email"]) == (1, 2)


@SITUATIONS.add
def what_failed_for_now_is_sent_again_as_the_same_message(life: Life) -> Story:
    """contract 6.7: again after a minute, under the same id, which counts as one message to the person (6.9)."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.receipt("2026-02-23 09:05", "failed", "employee sms", permanent=False, reason="busy")
    life.receipt("2026-02-23 09:07", "delivered", "employee sms")
    return [
        *REMINDED,
        f"2026-02-23 09:06 sms.requested follow_up_plan.reminder to {PHONE}",
    ]


@SITUATIONS.add
def what_has_arrived_is_not_called_back(life: Life) -> Story:
    """contract 6.8: the SMS has been delivered, the e-mail nobody has confirmed: that one is taken back."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.receipt("2026-02-23 09:05", "delivered", "employee sms")
    life.plan_made("2026-02-23 14:00")
    return [
        *REMINDED,
        "2026-02-23 14:00 email.cancelled follow_up_plan.reminder: done:plan_made",
    ]


# --- withdrawals and changes --------------------------------------------------------------------------------


@SITUATIONS.add
def an_open_task_is_kept_up_to_date_and_closed_by_its_id(life: Life) -> Story:
    """contract 4.4, 6.8: a plan changes its basis, the adviser's closing ends it, a later plan is nothing to it."""
    life.contact()
    life.sick("2026-02-02", "2026-02-15")
    life.fact("2026-02-10 10:00", MeetingRequested, meeting=2, party="practitioner")
    life.plan_made("2026-02-11 12:00")
    life.fact("2026-02-12 09:30", MeetingRequestClosed, meeting=2, adviser_id="Z990001")
    life.plan_made("2026-02-13 12:00")
    return [
        "2026-02-10 10:00 adviser_task.opened requested_meeting.requested 0219 due 2026-02-13 normal",
        "2026-02-11 12:00 adviser_task.updated requested_meeting.requested revision 2",
        "2026-02-12 09:30 adviser_task.closed requested_meeting.requested: done:closed",
    ]


@SITUATIONS.add
def a_wish_for_a_meeting_makes_the_assessment_urgent_and_a_summons_closes_it(life: Life) -> Story:
    """contract 6: the matrix's ten working days (1 May is none), high where a party wants a meeting; 6.8: closed.

    Both parties answer the question while its messages are out, and each party's own is taken back.
    """
    life.contact()
    life.manager()
    life.sick("2026-01-05", "2026-04-27")
    life.all_else_done("2026-01-08 10:00")
    answer: dict[str, Any] = {"wants_meeting": True, "justified": True}
    life.fact("2026-04-20 12:00", MeetingNeedAnswered, party="employee", **answer)
    life.fact("2026-04-20 13:00", MeetingNeedAnswered, party="employer", org_number=KAFE, **answer)
    summons = {"meeting": 2, "meeting_id": "m2", "takes_place_on": date(2026, 5, 27)}
    life.fact("2026-04-29 10:00", DialogueMeetingSummoned, **summons)
    task = "dialogue_meeting_2_assessment.assess"
    return [
        f"2026-04-20 09:00 sms.requested meeting_need.question to {PHONE}",
        f"2026-04-20 09:00 email.requested meeting_need.question to {MANAGER}",
        "2026-04-20 12:00 sms.cancelled meeting_need.question: done:answered",
        "2026-04-20 13:00 email.cancelled meeting_need.question: done:answered",
        f"2026-04-27 09:00 adviser_task.opened {task} 0219 due 2026-05-12 high",
        f"2026-04-29 10:00 adviser_task.closed {task}: done:summoned",
    ]


@SITUATIONS.add
def a_withdrawal_that_comes_before_its_event_is_kept(life: Life) -> Story:
    """contract 6.1: the event then creates nothing for whom it names, and leaves the other party's alone."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.publish("2026-02-20 10:00", withdrawal_of_the_reminder(life))
    return REMINDED[1:]


@SITUATIONS.add
def an_event_that_is_repeated_after_its_withdrawal_brings_nothing_back(life: Life) -> Story:
    """contract 4.3: a repeat may come after its withdrawal, and is the same event."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.plan_made("2026-02-23 14:00")
    repeated = notifier_desk.due(
        "follow_up_plan",
        "reminder",
        at=oslo("2026-02-23 09:00"),
        recipients=(Recipient(role="line_manager", org_number=KAFE), Recipient(role="employee")),
        person_id=life.number,
        event_id=life.event("follow_up_plan", "reminder"),
        case_id=life.case,
    )
    life.publish("2026-02-23 16:00", repeated)
    return [
        *REMINDED,
        "2026-02-23 14:00 sms.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-23 14:00 email.cancelled follow_up_plan.reminder: done:plan_made",
    ]


@SITUATIONS.add
def what_waits_for_a_renumbered_person_goes_by_the_new_numbers_contacts(life: Life) -> Story:
    """contract 2: all of an old number belongs to the new; due on a Sunday, renumbered at noon.

    The second is reserved under the new number, which the letter names.
    """
    reserved = life.another("reserved")
    for person, may_be_notified in ((life, True), (reserved, False)):
        person.contact()
        person.manager()
        person.sick("2026-02-01", "2026-02-22")
        new = f"148386{person.number[-5:]}"
        ids = {"old_person_id": person.number, "new_person_id": new}
        noon = "2026-02-22 12:00"
        person.publish(noon, PersonRenumbered(**ids, occurred_at=oslo(noon)))
        person.contact(noon, person_id=new, phone=OTHER_PHONE, may_be_notified=may_be_notified)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {OTHER_PHONE}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
        "reserved: cancelled sms follow_up_plan.reminder: reserved",
        "reserved: 2026-02-23 09:00 letter.requested follow_up_plan.reminder under another number",
        f"reserved: 2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]
