"""After the send: what is taken back, what comes again, and what a second message has to wait for.

Facts and contacts go in on Kafka, what must leave is written by hand (contract 4.3, 6.8, 6.9). Where nothing else is
said the plan reminder of Sunday 22 February 2026 has left on Monday at nine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
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
from tests.support.postgres_and_kafka import Parts
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
from tests.support.situations import lived as living

SITUATIONS = Situations()
LINE_MANAGERS = "teamsykmelding.syfo-narmesteleder-leesah"


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
def a_death_takes_back_what_has_left(life: Life) -> Story:
    """contract 4.3, 6.8: a death withdraws at once; the task is closed, the SMS called back."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    life.fact("2026-02-23 12:00", PersonDied)
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"2026-02-23 09:00 adviser_task.opened {step} 0219 due 2026-02-26 normal: no_line_manager",
        f"2026-02-23 12:00 sms.cancelled {step}: died",
        f"2026-02-23 12:00 adviser_task.closed {step}: died",
    ]


@SITUATIONS.add
def a_task_opened_under_an_old_number_is_kept_and_closed(life: Life) -> Story:
    """contract 2, 6.8: facts of the new number are of the same person, and the task's id is the same."""
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
    """contract 2, 6.9: the line manager reminded at nine is asked under the new number at noon: next day at nine."""
    reminded_on_monday(life)
    new = renumbered(life, "2026-02-23 10:00")
    asked: dict[str, Any] = {"org_number": KAFE, "adviser_id": "Z990001", "person_id": new}
    life.fact("2026-02-23 12:00", FollowUpPlanRequested, **asked)
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
def the_news_that_there_is_no_meeting_waits_for_a_day_after_the_question(life: Life) -> Story:
    """contract 6.9: the question is taken back, but whoever has it reads no second message within 24 hours."""
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
    """contract 4.2, 6.9: a note that comes on day 44 makes two steps fire at once: the second waits for a day.

    The plan's steps are too late to be sent; meeting 1's reminder was due on 8 March, the activity requirement's
    notice on the 16th.
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
def a_plan_that_never_was_brings_the_reminder_back(life: Life) -> Story:
    """contract 4.3: the plan's fact is withdrawn, the step comes again as the next generation and waits a day (6.9)."""
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


# --- line managers in the welfare office's own format ------------------------------------------


@SITUATIONS.add
def a_line_manager_of_navs_own_topic_is_written_to(life: Life) -> Story:
    """contract 7: line managers are read from `syfo-narmesteleder-leesah` beside the contacts topic."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    return reminded("2026-02-23 09:00")


@SITUATIONS.add
def a_line_manager_whom_nav_has_deactivated_is_gone(life: Life) -> Story:
    """contract 7: gone, but the employer's duties are not: an adviser is told."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    nav_manager(life, "2026-02-20 09:00", aktivTom="2026-02-20", status="DEAKTIVERT_LEDER")
    step = "follow_up_plan.reminder"
    return [
        f"2026-02-23 09:00 sms.requested {step} to {PHONE}",
        f"2026-02-23 09:00 adviser_task.opened {step} 0219 due 2026-02-26 normal: no_line_manager",
        f"2026-03-11 00:00 adviser_task.closed {step}: ended",
    ]


@SITUATIONS.add
def an_employment_that_has_ended_ends_that_employers_duties(life: Life) -> Story:
    """contract 7: DEAKTIVERT_ARBEIDSFORHOLD ends them: nobody there is told, and no adviser that nobody is there.

    For the second it becomes known on the day after the send: what has left for that employer is taken back.
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
def an_employer_that_has_somebody_again_has_its_duties_again(life: Life) -> Story:
    """contract 7: the newest word counts: the employment has ended, and a new relation has begun."""
    life.contact()
    life.sick("2026-02-02", "2026-02-23")
    nav_manager(life, "2026-02-02 09:00")
    ended = {"aktivTom": "2026-02-09", "status": "DEAKTIVERT_ARBEIDSFORHOLD"}
    nav_manager(life, "2026-02-10 09:00", **ended)
    nav_manager(life, "2026-02-20 09:00", narmesteLederId=f"second-{life.number[-5:]}")
    return reminded("2026-02-23 09:00")


def nav_manager(life: Life, at: str, **fields: Any) -> None:
    """The relation to the line manager in that topic's format."""
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
