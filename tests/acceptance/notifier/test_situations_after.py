"""What happens to a message after it has left: receipts, withdrawals, a changed basis, a changed number.

Facts, contacts and receipts arrive on Kafka, the expected messages are written by hand. Most people fall
ill on Monday 2 February 2026: their plan reminder leaves on Monday the 23rd, the last day of their note, and on
11 March the case is over. Those with a note to the 15th have no reminder, and are over on 3 March.
"""

from __future__ import annotations

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

SITUATIONS = Situations()
OTHER_PHONE = "+4790000002"
REMINDED = [
    f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
    f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


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
def when_every_channel_fails_an_adviser_gets_a_task(life: Life) -> Story:
    """contract 6.7: after a permanent error the next channel follows at once.

    For the employee: SMS, e-mail, letter, task. For the employer: the line manager's e-mail, the organisation's, task.
    A message that did not arrive does not count as one to the person, so the next need not wait for a day (6.9).
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
        f"2026-02-25 14:00 {task} 2026-02-27 normal: undelivered",
        "failed email follow_up_plan.reminder: unknown_address",
        "2026-02-23 09:15 email.requested follow_up_plan.reminder to post@kafe.example.invalid",
        "failed organisation_email follow_up_plan.reminder: unknown_address",
        f"2026-02-23 09:20 {task} 2026-02-26 normal: undelivered",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
    ]


async def test_every_permanent_failure_is_counted(outcomes: Lived) -> None:
    """contract 6.7: permanent failures are counted, also those that a receipt reports; here one SMS and two e-mails."""
    assert (outcomes.ends("failed", "sms"), outcomes.ends("failed", "email")) == (1, 2)
    assert (outcomes.counted["failed", "sms"], outcomes.counted["failed", "email"]) == (1, 2)


@SITUATIONS.add
def a_message_that_failed_temporarily_is_sent_again_under_the_same_id(life: Life) -> Story:
    """contract 6.7: after a minute; both sends count as one message to the person (6.9)."""
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
def a_delivered_message_is_not_cancelled(life: Life) -> Story:
    """contract 6.8: the SMS was delivered; no receipt says so of the e-mail, so only the e-mail is cancelled."""
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
def an_open_task_is_updated_and_closed_under_its_id(life: Life) -> Story:
    """contract 4.4, 6.8: a plan changes the basis, the adviser closes the request, and a later plan changes nothing."""
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
    """contract 6: due in ten working days (1 May is none), priority high where a party wants a meeting; 6.8: closed.

    Both parties answer after the question has left, and the message to each is cancelled when that party answers.
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
def a_withdrawal_that_arrives_before_its_event_holds_for_it(life: Life) -> Story:
    """contract 6.1: the event then creates no message for the recipients withdrawn, and the other party's as usual."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.publish("2026-02-20 10:00", withdrawal_of_the_reminder(life))
    return REMINDED[1:]


@SITUATIONS.add
def an_event_repeated_after_its_withdrawal_sends_nothing(life: Life) -> Story:
    """contract 4.3: the event may arrive again after its withdrawal; it is the same event and stays withdrawn."""
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
def a_message_that_waits_uses_the_contact_record_of_a_new_number(life: Life) -> Story:
    """contract 2: everything of an old number belongs to the new; due on a Sunday, renumbered at noon.

    The second person is reserved under the new number, and that number stands in the letter.
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
