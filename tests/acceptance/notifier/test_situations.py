"""Who is notified, and by which channel: facts and contacts arrive on Kafka, the expected messages are written by hand.

Most people here fall ill on Monday 2 February 2026, so their plan reminder is due on Monday the 23rd, the last day of
their note; on 11 March, the 16th day after, the case is over and the tasks that are open then are closed.
"""

from __future__ import annotations

import pytest

from schemas.messages import DeathAnnulled, PersonDied
from tests.support.situations import (
    BYGG,
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


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


# --- the employee -------------------------------------------------------------------------------------------


@SITUATIONS.add
def an_employee_and_a_line_manager_who_can_be_reached(life: Life) -> Story:
    """contract 6.3: an SMS to the employee, an e-mail to the line manager, at nine on the due date."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def a_reserved_person_gets_a_letter(life: Life) -> Story:
    """contract 6.3: a person who may not be notified gets a letter; the line manager gets the e-mail all the same."""
    life.contact(may_be_notified=False)
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    return [
        "2026-02-23 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def a_reservation_made_while_the_sms_waits_is_honoured(life: Life) -> Story:
    """contract 6.3: the reservation is looked up at each attempt; due on a Sunday, reserved the same afternoon."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22")
    life.contact("2026-02-22 15:00", may_be_notified=False)
    return [
        "cancelled sms follow_up_plan.reminder: reserved",
        "2026-02-23 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def an_employee_without_a_phone_gets_an_email(life: Life) -> Story:
    """contract 6.7: SMS, then e-mail."""
    life.contact(phone=None)
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    return [
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {EMAIL}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def an_employee_without_phone_and_email_gets_a_letter(life: Life) -> Story:
    """contract 6.7: SMS, e-mail, then a letter."""
    life.contact(phone=None, email=None)
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    return [
        "2026-02-23 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def the_employee_of_a_paper_note_gets_a_letter(life: Life) -> Story:
    """contract 6.3: a paper note gets a letter, the employee's side only."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23", form="paper")
    return [
        "2026-02-23 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def the_employee_of_a_foreign_note_gets_a_letter(life: Life) -> Story:
    """contract 6.3: a foreign note gets a letter, the employee's side only."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23", form="foreign")
    return [
        "2026-02-23 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def a_person_without_a_contact_record_gets_a_letter_a_day_later(life: Life) -> Story:
    """contract 6.3: the contact record is waited for during 24 hours; the employer's side does not wait for it."""
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    return [
        "cancelled sms follow_up_plan.reminder: no_record",
        "2026-02-24 09:00 letter.requested follow_up_plan.reminder",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


@SITUATIONS.add
def a_contact_record_that_arrives_late_lets_the_messages_leave_at_once(life: Life) -> Story:
    """contract 6.3: contact records may arrive after the due event."""
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    life.contact("2026-02-23 10:30")
    return [
        f"2026-02-23 10:30 sms.requested follow_up_plan.reminder to {PHONE}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]


# --- the employer's side ------------------------------------------------------------------------------------


@SITUATIONS.add
def without_a_line_manager_the_organisation_gets_the_email(life: Life) -> Story:
    """contract 6.2: no line manager known: the employer organisation."""
    life.contact()
    life.organisation(BYGG, "post@bygg.example.invalid")
    life.sick("2026-02-02", "2026-02-23", org=BYGG)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 email.requested follow_up_plan.reminder to post@bygg.example.invalid",
    ]


@SITUATIONS.add
def for_a_line_manager_without_an_email_the_organisation_gets_it(life: Life) -> Story:
    """contract 6.2: no e-mail: the employer organisation."""
    life.contact()
    life.organisation(BYGG, "post@bygg.example.invalid")
    life.manager(org=BYGG, email=None)
    life.sick("2026-02-02", "2026-02-23", org=BYGG)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 email.requested follow_up_plan.reminder to post@bygg.example.invalid",
    ]


@SITUATIONS.add
def without_anybody_to_reach_at_the_employer_an_adviser_gets_a_task(life: Life) -> Story:
    """contract 6.2: neither line manager nor organisation: a task "no line manager", due in three working days (6).

    Nobody becomes known, so it stays until the case is over, on the 16th day after the last sick day.
    """
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 adviser_task.opened follow_up_plan.reminder 0219 due 2026-02-26 normal: no_line_manager",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "cancelled email follow_up_plan.reminder: ended",
    ]


@SITUATIONS.add
def a_line_manager_who_leaves_before_the_send_gets_nothing(life: Life) -> Story:
    """contract 6.3: the line manager is looked up at each attempt; due on a Sunday, gone that afternoon."""
    life.contact()
    life.manager()
    life.manager("2026-02-22 15:00", active=False)
    life.sick("2026-02-01", "2026-02-22")
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 adviser_task.opened follow_up_plan.reminder 0219 due 2026-02-26 normal: no_line_manager",
        "2026-03-10 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "cancelled email follow_up_plan.reminder: ended",
    ]


@SITUATIONS.add
def a_line_manager_who_changes_after_the_send(life: Life) -> Story:
    """contract 6.8: the e-mail to the first is cancelled by its id; the next step's e-mail goes to the second.

    The plan was made and has not been sent to the practitioner: the second is asked to, on the Friday before 1 March.
    Meeting 1's reminder is due on Sunday 8 March, day 34, and leaves on the Monday.
    """
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-03-08")
    life.manager("2026-02-23 12:00", email="ny.leder@example.invalid")
    life.plan_made("2026-02-23 14:00")
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
        "2026-02-23 14:00 sms.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-23 14:00 email.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-27 09:00 email.requested follow_up_plan.to_practitioner to ny.leder@example.invalid",
        f"2026-03-09 09:00 sms.requested dialogue_meeting_1.reminder to {PHONE}",
        "2026-03-09 09:00 email.requested dialogue_meeting_1.reminder to ny.leder@example.invalid",
    ]


@SITUATIONS.add
def of_two_employers_the_one_with_a_plan_is_not_reminded(life: Life) -> Story:
    """contract 4.1: each employer's duty ends with its own plan, the employee's part when every employer has one."""
    life.contact()
    life.manager(org=KAFE, email="leder.kafe@example.invalid")
    life.manager(org=SKOLE, email="leder.skole@example.invalid")
    life.sick("2026-02-02", "2026-02-23", org=KAFE)
    life.sick("2026-02-02", "2026-02-23", org=SKOLE)
    life.plan_made("2026-02-10 10:00", KAFE)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-02-23 09:00 email.requested follow_up_plan.reminder to leder.skole@example.invalid",
    ]


@SITUATIONS.add
def a_protected_address_never_reaches_the_employers_side(life: Life) -> Story:
    """contract 6.3: both employers' e-mails are cancelled, and one task at the special office stands for both."""
    life.contact(protected=True)
    life.manager(org=KAFE)
    life.manager(org=SKOLE)
    life.sick("2026-02-02", "2026-02-23", org=KAFE)
    life.sick("2026-02-02", "2026-02-23", org=SKOLE)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "cancelled email follow_up_plan.reminder: protected",
        "cancelled email follow_up_plan.reminder: protected",
        "2026-02-23 09:00 adviser_task.opened follow_up_plan.reminder 2103 due 2026-02-26 normal: protected",
        "2026-03-11 00:00 adviser_task.closed follow_up_plan.reminder: ended",
    ]


@SITUATIONS.add
def an_address_protected_while_the_email_waits_is_kept_from_the_employer(life: Life) -> Story:
    """contract 6.3, 6.6: protection is looked up right before the send; due on a Sunday, protected that afternoon."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22")
    life.contact("2026-02-22 15:00", protected=True)
    return [
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "cancelled email follow_up_plan.reminder: protected",
        "2026-02-23 09:00 adviser_task.opened follow_up_plan.reminder 2103 due 2026-02-26 normal: protected",
        "2026-03-10 00:00 adviser_task.closed follow_up_plan.reminder: ended",
    ]


# --- deaths -------------------------------------------------------------------------------------------------


@SITUATIONS.add
def a_death_before_the_send_cancels_both_messages(life: Life) -> Story:
    """contract 6.3: due on a Sunday, dead at noon: nothing leaves on the Monday, for either side."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22")
    life.fact("2026-02-22 12:00", PersonDied)
    return [
        "cancelled sms follow_up_plan.reminder: died",
        "cancelled email follow_up_plan.reminder: died",
    ]


@SITUATIONS.add
def an_annulled_death_restores_the_reminder(life: Life) -> Story:
    """contract 4.3: an annulled death plans the step anew, as the next generation, which leaves once."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22")
    life.fact("2026-02-22 12:00", PersonDied)
    life.fact("2026-02-22 15:00", DeathAnnulled)
    return [
        "cancelled sms follow_up_plan.reminder: died",
        "cancelled email follow_up_plan.reminder: died",
        f"2026-02-23 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        f"2026-02-23 09:00 email.requested follow_up_plan.reminder to {MANAGER}",
    ]
