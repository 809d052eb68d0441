"""What changes between the due instant and the send, or between two attempts to send.

Facts, contacts and receipts arrive on Kafka, the expected messages are written by hand (contract 4.3, 6). Most people
here fall ill on Sunday 1 February 2026, so that their plan reminder of Sunday the 22nd waits for Monday at nine.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.messages import WorkResumed
from tests.support.situations import (
    EMAIL,
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
SUNDAY = "2026-02-22 12:00"
NOTE = "the-note"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


def waits_for_monday(life: Life) -> None:
    """Reachable on both sides, with a reminder due on Sunday."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22", name=f"{NOTE}-{life.number}")


def reminded(at: str) -> Story:
    return [
        f"{at} sms.requested follow_up_plan.reminder to {PHONE}",
        f"{at} email.requested follow_up_plan.reminder to {MANAGER}",
    ]


def cancelled(reason: str) -> Story:
    return [
        f"cancelled sms follow_up_plan.reminder: {reason}",
        f"cancelled email follow_up_plan.reminder: {reason}",
    ]


# --- before the send ----------------------------------------------------------------------------------------


@SITUATIONS.add
def the_note_is_withdrawn_while_the_messages_wait(life: Life) -> Story:
    """contract 4.3: a withdrawal because of notes waits for a quarter of an hour, and so comes before Monday."""
    waits_for_monday(life)
    life.note_gone(SUNDAY, f"{NOTE}-{life.number}")
    return cancelled("case_withdrawn")


@SITUATIONS.add
def a_note_that_is_soon_back_cancels_nothing(life: Life) -> Story:
    """contract 4.3: a note that moves to another topic is gone for less than a quarter of an hour."""
    waits_for_monday(life)
    life.note_gone(SUNDAY, f"{NOTE}-{life.number}")
    life.sick("2026-02-01", "2026-02-22", at="2026-02-22 12:10")
    return reminded("2026-02-23 09:00")


@SITUATIONS.add
def work_is_resumed_while_the_messages_wait(life: Life) -> Story:
    """contract 3.6: work resumed that leaves no sick day from its date on ends the case at once."""
    waits_for_monday(life)
    life.fact(SUNDAY, WorkResumed, from_=date(2026, 2, 22))
    return cancelled("ended")


@SITUATIONS.add
def a_new_line_manager_gets_the_email_that_waited_for_the_old_one(life: Life) -> Story:
    """contract 6.3: the line manager is looked up at each attempt."""
    waits_for_monday(life)
    life.manager(SUNDAY, email="ny.leder@example.invalid")
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 email.requested follow_up_plan.reminder to ny.leder@example.invalid",
    ]


@SITUATIONS.add
def an_invalid_phone_number_counts_as_no_phone(life: Life) -> Story:
    """contract 6.7: the phone is changed to a number that cannot exist, so the employee gets an e-mail."""
    waits_for_monday(life)
    life.contact(SUNDAY, phone="123")
    return [
        "cancelled sms follow_up_plan.reminder: no_phone",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {EMAIL}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def only_when_both_employers_have_a_plan_is_the_employees_part_done(life: Life) -> Story:
    """contract 4: here the second employer's plan comes after the send."""
    life.contact()
    life.manager(org=KAFE, email="leder.kafe@example.invalid")
    life.manager(org=SKOLE, email="leder.skole@example.invalid")
    life.sick("2026-02-01", "2026-02-22", org=KAFE)
    life.sick("2026-02-01", "2026-02-22", org=SKOLE)
    life.plan_made(SUNDAY, KAFE)
    life.plan_made("2026-02-23 14:00", SKOLE)
    return [
        "cancelled email follow_up_plan.reminder: done:plan_made",
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 email.requested follow_up_plan.reminder to leder.skole@example.invalid",
        "2026-02-23 14:00 sms.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-23 14:00 email.cancelled follow_up_plan.reminder: done:plan_made",
    ]


@SITUATIONS.add
def the_task_about_a_protected_address_stays_until_the_last_employer_is_done(life: Life) -> Story:
    """contract 6.3, 6.8: one task for both employers, opened on the Sunday; closed with the second plan."""
    life.contact(protected=True)
    life.sick("2026-02-01", "2026-02-22", org=KAFE)
    life.sick("2026-02-01", "2026-02-22", org=SKOLE)
    life.plan_made("2026-02-23 12:00", KAFE)
    life.plan_made("2026-02-23 14:00", SKOLE)
    step = "follow_up_plan.reminder"
    return [
        f"cancelled email {step}: protected",
        f"cancelled email {step}: protected",
        f"2026-02-22 09:00 adviser_task.opened {step} 2103 due 2026-02-25 normal: protected",
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"2026-02-23 14:00 sms.cancelled {step}: done:plan_made",
        f"2026-02-23 14:00 adviser_task.closed {step}: done:plan_made",
    ]


# --- between two attempts -----------------------------------------------------------------------------------


@SITUATIONS.add
def an_sms_that_failed_in_the_evening_is_not_tried_again_at_night(life: Life) -> Story:
    """contract 6.4: the hours of sending hold for every attempt: failed on Saturday evening, sent on Monday at nine."""
    life.contact()
    life.manager()
    life.sick("2026-01-31", "2026-02-21")
    life.receipt("2026-02-21 19:59:30", "failed", "employee sms", permanent=False)
    return [*reminded("2026-02-21 09:00"), reminded("2026-02-23 09:00")[0]]


@SITUATIONS.add
def the_next_channel_keeps_the_hours_of_sending_too(life: Life) -> Story:
    """contract 6.4, 6.7: the SMS failed permanently on Saturday night: the e-mail leaves on Monday at nine."""
    life.contact()
    life.manager()
    life.sick("2026-01-31", "2026-02-21")
    life.receipt("2026-02-21 22:00", "failed", "employee sms", permanent=True, reason="barred")
    return [
        *reminded("2026-02-21 09:00"),
        "failed sms follow_up_plan.reminder: barred",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {EMAIL}",
    ]


@SITUATIONS.add
def a_reservation_between_two_attempts_makes_it_a_letter(life: Life) -> Story:
    """contract 6.3: looked up at each attempt; the SMS did not arrive, so the letter need not wait for a day (6.9)."""
    waits_for_monday(life)
    life.receipt("2026-02-23 09:05", "failed", "employee sms", permanent=False)
    life.contact("2026-02-23 09:05:30", may_be_notified=False)
    return [
        *reminded("2026-02-23 09:00"),
        "cancelled sms follow_up_plan.reminder: reserved",
        "2026-02-23 09:06 letter.requested follow_up_plan.reminder",
    ]


@SITUATIONS.add
def a_cancelled_sms_that_fails_is_not_followed_by_the_next_channel(life: Life) -> Story:
    """contract 6.7, 6.8: a plan is made at ten, and at eleven a receipt says that the SMS never arrived."""
    waits_for_monday(life)
    life.plan_made("2026-02-23 10:00")
    life.receipt("2026-02-23 11:00", "failed", "employee sms", permanent=True)
    return [
        *reminded("2026-02-23 09:00"),
        "2026-02-23 10:00 sms.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-23 10:00 email.cancelled follow_up_plan.reminder: done:plan_made",
    ]


@SITUATIONS.add
def a_letter_that_is_returned_becomes_a_task(life: Life) -> Story:
    """contract 6.7: the person is reserved and the letter could not be delivered, so an adviser gets a task."""
    life.contact(may_be_notified=False)
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.receipt("2026-03-02 08:00", "failed", "employee letter", reason="returned")
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 letter.requested {step}",
        f"2026-02-23 09:00 email.requested {step} to {MANAGER}",
        f"failed letter {step}: returned",
        f"2026-03-02 08:00 adviser_task.opened {step} 0219 due 2026-03-02 normal: undelivered",
        f"2026-03-11 00:00 adviser_task.closed {step}: ended",
    ]
