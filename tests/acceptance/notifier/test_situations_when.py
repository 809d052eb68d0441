"""When messages leave: Sundays, holidays, both changes of the hour, answers before the send, expiry, the interval.

Facts and contacts arrive on Kafka, the expected messages are written by hand. Instants are on the wall clock in Oslo.
Notes end on the day that a step is due, so that no other step falls due.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.messages import (
    FollowUpPlanRequested,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    MeetingRequested,
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
)

SITUATIONS = Situations()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_what_leaves_is_what_the_situation_asks_for(
    situation: Situation, outcomes: Lived
) -> None:
    assert outcomes.story(situation) == in_order(situation.story)


def reachable(life: Life) -> None:
    life.contact()
    life.manager()


def reminded(at: str) -> Story:
    """Both sides of the plan reminder, at an instant."""
    return [
        f"{at} sms.requested follow_up_plan.reminder to {PHONE}",
        f"{at} email.requested follow_up_plan.reminder to {MANAGER}",
    ]


def shared(life: Life, at: str) -> None:
    """The plan is made and shared with the office."""
    on = date.fromisoformat(at[:10])
    life.fact(
        at, FollowUpPlanShared, org_number=KAFE, made_on=on, shared_with="office", shared_on=on
    )


# --- closed days --------------------------------------------------------------------------------------------


@SITUATIONS.add
def an_employee_who_answers_on_the_sunday_is_not_asked_on_the_monday(life: Life) -> Story:
    """contract 6.4, 6.8: the question of day 105 waits for Monday 20 April, and then leaves for the other party."""
    reachable(life)
    life.sick("2026-01-04", "2026-04-19")
    life.all_else_done("2026-01-08 10:00")
    life.fact(
        "2026-04-19 12:00",
        MeetingNeedAnswered,
        party="employee",
        wants_meeting=False,
        justified=False,
    )
    return [
        "cancelled sms meeting_need.question: done:answered",
        f"2026-04-20 09:00 email.requested meeting_need.question to {MANAGER}",
    ]


@SITUATIONS.add
def an_employer_who_answers_on_the_sunday_is_not_asked_on_the_monday(life: Life) -> Story:
    """contract 6.4, 6.8: the question of day 105 waits for Monday 20 April, and then leaves for the employee."""
    reachable(life)
    life.sick("2026-01-04", "2026-04-19")
    life.all_else_done("2026-01-08 10:00")
    life.fact(
        "2026-04-19 12:00",
        MeetingNeedAnswered,
        party="employer",
        org_number=KAFE,
        wants_meeting=False,
        justified=False,
    )
    return [
        f"2026-04-20 09:00 sms.requested meeting_need.question to {PHONE}",
        "cancelled email meeting_need.question: done:answered",
    ]


@SITUATIONS.add
def nothing_leaves_on_whit_monday(life: Life) -> Story:
    """contract 6.4: due on Monday 25 May 2026, a public holiday: on Tuesday."""
    reachable(life)
    life.sick("2026-05-04", "2026-05-25")
    return reminded("2026-05-26 09:00")


@SITUATIONS.add
def nothing_leaves_on_easter_monday(life: Life) -> Story:
    """contract 6.4: due on Monday 6 April 2026: on Tuesday."""
    reachable(life)
    life.sick("2026-03-16", "2026-04-06")
    return reminded("2026-04-07 09:00")


@SITUATIONS.add
def messages_leave_on_easter_eve_between_good_friday_and_easter_day(life: Life) -> Story:
    """contract 6.4: due on Maundy Thursday, 2 April 2026: on Saturday, which is no public holiday."""
    reachable(life)
    life.sick("2026-03-12", "2026-04-02")
    return reminded("2026-04-04 09:00")


@SITUATIONS.add
def nothing_leaves_on_the_seventeenth_of_may(life: Life) -> Story:
    """contract 6.4: due on a Wednesday, 17 May 2028: on Thursday."""
    reachable(life)
    life.sick("2028-04-26", "2028-05-17")
    return reminded("2028-05-18 09:00")


@SITUATIONS.add
def nothing_leaves_on_christmas_eve(life: Life) -> Story:
    """contract 6.4: due on Thursday 24 December 2026; 25 and 26 are holidays, the 27th a Sunday: on Monday."""
    reachable(life)
    life.sick("2026-12-03", "2026-12-24")
    return reminded("2026-12-28 09:00")


@SITUATIONS.add
def a_message_that_cannot_leave_before_the_next_step_expires(life: Life) -> Story:
    """contract 6.4: the question of 24 December cannot leave before its reminder is due: only the reminder leaves."""
    reachable(life)
    life.sick("2026-09-10", "2026-12-28")
    life.all_else_done("2026-09-14 10:00")
    return [
        "expired sms meeting_need.question: not_after",
        "expired email meeting_need.question: not_after",
        f"2026-12-28 09:00 sms.requested meeting_need.reminder to {PHONE}",
        f"2026-12-28 09:00 email.requested meeting_need.reminder to {MANAGER}",
    ]


async def test_expired_deliveries_are_counted(outcomes: Lived) -> None:
    """contract 6.4: a delivery expires past `not_after`; of everybody in this file only two deliveries do."""
    assert outcomes.ends("expired", "sms") == outcomes.ends("expired", "email") == 1
    assert outcomes.counted["expired", "sms"] == outcomes.counted["expired", "email"] == 1


# --- the hour -----------------------------------------------------------------------------------------------


@SITUATIONS.add
def the_night_that_summer_time_begins(life: Life) -> Story:
    """contract 4, 6.4: due on Sunday 29 March 2026 at nine, a task then, the SMS on Monday at nine, by the new time.

    Three working days from the Sunday: Wednesday 1 April, the eve of Maundy Thursday. The case is over on 14 April.
    """
    life.contact()
    life.sick("2026-03-08", "2026-03-29")
    task = "adviser_task.opened follow_up_plan.reminder 0219 due 2026-04-01 normal: no_line_manager"
    return [
        f"2026-03-29 09:00 {task}",
        f"2026-03-30 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-04-14 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "cancelled email follow_up_plan.reminder: ended",
    ]


@SITUATIONS.add
def the_night_that_summer_time_ends(life: Life) -> Story:
    """contract 4, 6.4: due on Sunday 25 October 2026 at nine, a task then, the SMS on Monday at nine."""
    life.contact()
    life.sick("2026-10-04", "2026-10-25")
    task = "adviser_task.opened follow_up_plan.reminder 0219 due 2026-10-28 normal: no_line_manager"
    return [
        f"2026-10-25 09:00 {task}",
        f"2026-10-26 09:00 sms.requested follow_up_plan.reminder to {PHONE}",
        "2026-11-10 00:00 adviser_task.closed follow_up_plan.reminder: ended",
        "cancelled email follow_up_plan.reminder: ended",
    ]


async def test_nine_in_oslo_is_another_instant_by_summer_time(outcomes: Lived) -> None:
    """contract 4: `ce_time` of the tasks opened at nine in Oslo is 07:00 UTC in summer time and 08:00 UTC after it."""
    times = {
        dict(departure.record.headers)["ce_time"].decode()
        for _, departure in outcomes.left
        if departure.record.topic == "stoppunkt.adviser-tasks.v1"
        and dict(departure.record.headers)["ce_type"].endswith(b"opened.v1")
    }
    assert {"2026-03-29T07:00:00Z", "2026-10-25T08:00:00Z"} <= times


@SITUATIONS.add
def nothing_leaves_from_eight_in_the_evening(life: Life) -> Story:
    """contract 6.4: on Saturday 7 February a request of 19:59 leaves at once, one of 20:00 on Monday at nine."""
    late = life.another("late")
    for person, at in ((life, "2026-02-07 19:59"), (late, "2026-02-07 20:00")):
        reachable(person)
        person.sick("2026-02-02", "2026-02-15")
        person.fact(at, FollowUpPlanRequested, org_number=KAFE, adviser_id="Z990001")
        shared(person, "2026-02-10 10:00")
    return [
        f"2026-02-07 19:59 email.requested plan_requested.requested to {MANAGER}",
        "2026-02-10 10:00 email.cancelled plan_requested.requested: done:plan_shared",
        f"late: 2026-02-09 09:00 email.requested plan_requested.requested to {MANAGER}",
        "late: 2026-02-10 10:00 email.cancelled plan_requested.requested: done:plan_shared",
    ]


@SITUATIONS.add
def advisers_get_their_tasks_at_any_time(life: Life) -> Story:
    """contract 6.4: a request on Sunday night opens a task at once, due three working days after that day."""
    life.contact()
    life.sick("2026-02-02", "2026-02-15")
    life.fact("2026-02-08 23:30", MeetingRequested, meeting=2, party="practitioner")
    return [
        "2026-02-08 23:30 adviser_task.opened requested_meeting.requested 0219 due 2026-02-11 normal",
        "2026-03-03 00:00 adviser_task.closed requested_meeting.requested: ended",
    ]


# --- the interval -------------------------------------------------------------------------------------------


@SITUATIONS.add
def a_second_message_about_the_same_person_waits_a_day(life: Life) -> Story:
    """contract 6.9: reminded at nine, the line manager is asked for the plan at noon: that waits until nine next day.

    About another of the manager's employees nothing has been sent yet, so that request leaves at noon.
    """
    other = life.another("other")
    for person, first in ((life, "2026-02-02"), (other, "2026-02-09")):
        reachable(person)
        person.sick(first, "2026-02-23")
        person.fact(
            "2026-02-23 12:00", FollowUpPlanRequested, org_number=KAFE, adviser_id="Z990001"
        )
        shared(person, "2026-02-24 10:00")
    return [
        *reminded("2026-02-23 09:00"),
        f"2026-02-24 09:00 email.requested plan_requested.requested to {MANAGER}",
        "2026-02-24 10:00 sms.cancelled follow_up_plan.reminder: done:plan_shared",
        "2026-02-24 10:00 email.cancelled follow_up_plan.reminder: done:plan_shared",
        "2026-02-24 10:00 email.cancelled plan_requested.requested: done:plan_shared",
        f"other: 2026-02-23 12:00 email.requested plan_requested.requested to {MANAGER}",
        "other: 2026-02-24 10:00 email.cancelled plan_requested.requested: done:plan_shared",
    ]
