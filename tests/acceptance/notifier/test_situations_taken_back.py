"""After the send: which messages are cancelled, which are sent again, and how long a second message waits.

Facts and contacts arrive on Kafka, the expected messages are written by hand (contract 4.3, 6.8, 6.9). Where nothing
else is said the plan reminder of Sunday 22 February 2026 has left on Monday at nine.
"""

from __future__ import annotations

from typing import Any

import pytest

from schemas.messages import (
    ExemptionGranted,
    FactWithdrawn,
    FollowUpPlanRequested,
    MeetingRequestClosed,
    MeetingRequested,
    PersonDied,
    PersonRenumbered,
)
from tests.support.situations import (
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
LINE_MANAGERS = "teamsykmelding.syfo-narmesteleder-leesah"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


def reminded_on_monday(life: Life) -> None:
    """Reachable on both sides, with a reminder due on Sunday, which leaves on Monday."""
    life.contact()
    life.manager()
    life.sick("2026-02-01", "2026-02-22")


def reminded(at: str) -> Story:
    return [
        f"{at} sms.requested follow_up_plan.reminder to {PHONE}",
        f"{at} email.requested follow_up_plan.reminder to {MANAGER}",
    ]


def renumbered(life: Life, at: str) -> str:
    """The person has another number from then on, which is returned."""
    new = f"148386{life.number[-5:]}"
    change = PersonRenumbered(old_person_id=life.number, new_person_id=new, occurred_at=oslo(at))
    life.publish(at, change)
    return new


@SITUATIONS.add
def a_death_cancels_the_sms_and_closes_the_task(life: Life) -> Story:
    """contract 4.3, 6.8: a death withdraws the due event at once."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    life.fact("2026-02-23 12:00", PersonDied)
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"2026-02-23 09:00 adviser_task.opened {step} 0219 due 2026-02-26 normal: no_line_manager",
        f"2026-02-23 12:00 sms.cancelled {step}: died",
        f"2026-02-23 12:00 adviser_task.closed {step}: died",
        f"cancelled email {step}: died",
    ]


@SITUATIONS.add
def a_task_opened_under_an_old_number_is_updated_and_closed_under_the_new(life: Life) -> Story:
    """contract 2, 6.8: facts of the new number are about the same person, and the task keeps its id."""
    life.contact()
    life.sick("2026-02-02", "2026-02-15")
    life.fact("2026-02-10 10:00", MeetingRequested, meeting=2, party="practitioner")
    new = renumbered(life, "2026-02-10 12:00")
    life.fact("2026-02-11 10:00", MeetingRequested, meeting=2, party="employee", person_id=new)
    closing: dict[str, Any] = {"meeting": 2, "adviser_id": "Z990001", "person_id": new}
    life.fact("2026-02-12 10:00", MeetingRequestClosed, **closing)
    step = "requested_meeting.requested"
    return [
        f"2026-02-10 10:00 adviser_task.opened {step} 0219 due 2026-02-13 normal",
        f"2026-02-11 10:00 adviser_task.updated {step} revision 2",
        f"2026-02-12 10:00 adviser_task.closed {step}: done:closed",
    ]


@SITUATIONS.add
def a_new_number_does_not_shorten_the_interval(life: Life) -> Story:
    """contract 2, 6.9: reminded at nine, asked at noon under the new number: the second e-mail waits until next day."""
    reminded_on_monday(life)
    new = renumbered(life, "2026-02-23 10:00")
    request: dict[str, Any] = {"org_number": KAFE, "adviser_id": "Z990001", "person_id": new}
    life.fact("2026-02-23 12:00", FollowUpPlanRequested, **request)
    life.fact("2026-02-24 12:00", PersonDied, person_id=new)
    step = "plan_requested.requested"
    return [
        *reminded("2026-02-23 09:00"),
        f"2026-02-24 09:00 email.requested {step} to {MANAGER}",
        "2026-02-24 12:00 sms.cancelled follow_up_plan.reminder: died",
        "2026-02-24 12:00 email.cancelled follow_up_plan.reminder: died",
        f"2026-02-24 12:00 email.cancelled {step}: died",
    ]


@SITUATIONS.add
def the_notice_of_an_exemption_waits_for_a_day_after_the_question(life: Life) -> Story:
    """contract 6.9: the question is cancelled, but may have been read, so no second message leaves within 24 hours."""
    life.contact()
    life.manager()
    life.sick("2026-01-05", "2026-04-20")
    life.all_else_done("2026-01-08 10:00")
    exemption: dict[str, Any] = {"checkpoint": "dialogue_meeting_2", "reason": "medical"}
    life.fact("2026-04-20 12:00", ExemptionGranted, granted_by="adviser", **exemption)
    question, notice = "meeting_need.question", "exemption_notice.notice"
    return [
        f"2026-04-20 09:00 sms.requested {question} to {PHONE}",
        f"2026-04-20 09:00 email.requested {question} to {MANAGER}",
        f"2026-04-20 12:00 sms.cancelled {question}: exempted:medical",
        f"2026-04-20 12:00 email.cancelled {question}: exempted:medical",
        f"2026-04-21 09:00 sms.requested {notice} to {PHONE}",
        f"2026-04-21 09:00 email.requested {notice} to {MANAGER}",
    ]


@SITUATIONS.add
def of_two_late_steps_of_one_instant_the_older_leaves_first(life: Life) -> Story:
    """contract 4.2, 6.9: a note that arrives on day 44 makes two steps fire at once; the second's messages wait a day.

    It is too late for the plan's steps; meeting 1's reminder was due on 8 March, the activity requirement's notice on
    the 16th.
    """
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-03-18", at="2026-03-18 10:00")
    first, second = "dialogue_meeting_1.reminder", "activity_requirement.notice"
    return [
        f"2026-03-18 10:00 sms.requested {first} to {PHONE}",
        f"2026-03-18 10:00 email.requested {first} to {MANAGER}",
        f"2026-03-19 10:00 sms.requested {second} to {PHONE}",
        f"2026-03-19 10:00 email.requested {second} to {MANAGER}",
    ]


@SITUATIONS.add
def a_withdrawn_plan_sends_the_reminder_again(life: Life) -> Story:
    """contract 4.3: the plan's fact is withdrawn and the step fires again as the next generation, a day later (6.9)."""
    life.contact()
    life.manager()
    life.sick("2026-02-02", "2026-02-23")
    plan_id = life.plan_made("2026-02-23 10:00")
    life.fact("2026-02-23 11:00", FactWithdrawn, fact_id=plan_id)
    return [
        *reminded("2026-02-23 09:00"),
        "2026-02-23 10:00 sms.cancelled follow_up_plan.reminder: done:plan_made",
        "2026-02-23 10:00 email.cancelled follow_up_plan.reminder: done:plan_made",
        *reminded("2026-02-24 09:00"),
    ]


# --- line managers on NAV's own topic -----------------------------------------------------------------------


@SITUATIONS.add
def a_line_manager_on_navs_own_topic_gets_the_email(life: Life) -> Story:
    """contract 7: line managers are read from `syfo-narmesteleder-leesah` beside the contacts topic."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    return reminded("2026-02-23 09:00")


@SITUATIONS.add
def for_a_line_manager_whom_nav_has_deactivated_an_adviser_gets_a_task(life: Life) -> Story:
    """contract 7: the line manager is gone but the employer's duties are not, so an adviser gets a task."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    nav_manager(life, "2026-02-20 09:00", aktivTom="2026-02-20", status="DEAKTIVERT_LEDER")
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"2026-02-23 09:00 adviser_task.opened {step} 0219 due 2026-02-26 normal: no_line_manager",
        f"2026-03-11 00:00 adviser_task.closed {step}: ended",
        f"cancelled email {step}: ended",
    ]


@SITUATIONS.add
def an_employment_that_has_ended_ends_that_employers_duties(life: Life) -> Story:
    """contract 7: after DEAKTIVERT_ARBEIDSFORHOLD the employer gets no message, and no adviser a task instead.

    For the second person the record arrives on the day after the send, and the e-mail to that employer is cancelled.
    """
    ended = {"aktivTom": "2026-02-19", "status": "DEAKTIVERT_ARBEIDSFORHOLD"}
    later = life.another("later")
    for person, at in ((life, "2026-02-20 09:00"), (later, "2026-02-24 08:30")):
        person.contact()
        person.sick("2026-02-02", "2026-02-23")
        nav_manager(person, "2026-02-02 09:00")
        nav_manager(person, at, **ended)
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"cancelled email {step}: employment_ended",
        *(f"later: {line}" for line in reminded("2026-02-23 09:00")),
        f"later: 2026-02-24 08:30 email.cancelled {step}: employment_ended",
    ]


@SITUATIONS.add
def a_new_relation_after_an_ended_employment_restores_the_employers_duties(life: Life) -> Story:
    """contract 7: the newest record counts: the employment ended, and then a new relation began."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    ended = {"aktivTom": "2026-02-09", "status": "DEAKTIVERT_ARBEIDSFORHOLD"}
    nav_manager(life, "2026-02-10 09:00", **ended)
    nav_manager(life, "2026-02-20 09:00", narmesteLederId=f"second-{life.number[-5:]}")
    return reminded("2026-02-23 09:00")


def nav_manager(life: Life, at: str, **fields: Any) -> None:
    """A record of NAV's topic about the relation between this person and the line manager."""
    relation = {
        "narmesteLederId": f"relation-{life.number[-5:]}",
        "fnr": life.number,
        "orgnummer": KAFE,
        "narmesteLederFnr": "14838599999",
        "narmesteLederTelefonnummer": "90000009",
        "narmesteLederEpost": MANAGER,
        "aktivFom": "2026-02-02",
        "aktivTom": None,
        "timestamp": oslo(at).isoformat(),
        "status": "NY_LEDER",
    }
    value = relation | fields
    life.record(at, LINE_MANAGERS, str(value["narmesteLederId"]), value)
