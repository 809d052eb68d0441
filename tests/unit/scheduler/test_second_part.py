"""Steps whose date comes from a fact, such as a summons or a request, and not from the start (contract 4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingAnswered,
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionRevoked,
    FollowUpPlanRequested,
    FollowUpPlanShared,
    MeetingRequestClosed,
    MeetingRequested,
    PersonDied,
    ReassessmentClosed,
    ReassessmentRequested,
)
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import (
    ADVISER,
    ANNE,
    BYGG,
    KAFE,
    Life,
    asked,
    at,
    day,
    fact,
    note,
    reasons,
    withdrawn,
)
from tests.unit.scheduler.test_states import exempted

OUTCOME, ANSWER, NOTICE = (
    "meeting_outcome.outcome",
    "meeting_answer.answer",
    "meeting_notice.notice",
)
FIRST, SECOND = "meeting_plan.first", "meeting_plan.second"
REQUESTED, LOOK, REPLY = (
    "requested_meeting.requested",
    "reassessment.look_again",
    "activity_requirement.reply",
)


def away(last: int = 300, **fields: Any) -> Life:
    life = Life()
    life.arrive(at(0), note(0, last, **fields))
    return life


def _meeting(
    number: int, date_on: int | None, meeting: int, meeting_id: str, org: str | None
) -> dict[str, Any]:
    return {
        "person_id": ANNE,
        "occurred_at": at(number),
        "meeting": meeting,
        "meeting_id": meeting_id,
        "takes_place_on": None if date_on is None else day(date_on),
        "org_number": org,
    }


def summoned(
    number: int,
    date_on: int | None,
    *,
    meeting: int = 2,
    meeting_id: str = "m",
    org: str | None = None,
) -> DialogueMeetingSummoned:
    return DialogueMeetingSummoned(**_meeting(number, date_on, meeting, meeting_id, org))


def moved(number: int, date_on: int | None, *, meeting: int = 2) -> DialogueMeetingMoved:
    return DialogueMeetingMoved(**_meeting(number, date_on, meeting, "m", None))


def held(number: int, date_on: int | None = None, *, meeting: int = 2) -> DialogueMeetingHeld:
    return DialogueMeetingHeld(**_meeting(number, date_on, meeting, "m", None))


def cancelled(number: int, *, meeting: int = 2) -> DialogueMeetingCancelled:
    return DialogueMeetingCancelled(**_meeting(number, None, meeting, "m", None))


def answered(number: int, answer: str, *, party: str = "employee") -> DialogueMeetingAnswered:
    return DialogueMeetingAnswered.model_validate(
        _meeting(number, None, 2, "m", None) | {"party": party, "answer": answer}
    )


def requested(
    number: int, *, meeting: int = 2, party: str = "employee", org: str | None = None
) -> MeetingRequested:
    return MeetingRequested.model_validate(
        {
            "person_id": ANNE,
            "occurred_at": at(number),
            "meeting": meeting,
            "party": party,
            "org_number": org,
        }
    )


def closed(number: int, *, meeting: int = 2) -> MeetingRequestClosed:
    return MeetingRequestClosed.model_validate(
        {"person_id": ANNE, "occurred_at": at(number), "meeting": meeting, "adviser_id": ADVISER}
    )


def shared(number: int, *, org: str = KAFE, with_: str = "office") -> FollowUpPlanShared:
    return FollowUpPlanShared.model_validate(
        {
            "person_id": ANNE,
            "occurred_at": at(number),
            "org_number": org,
            "shared_with": with_,
            "shared_on": day(number),
        }
    )


def plan_asked(
    number: int, *, org: str = KAFE, reply_by: int | None = None
) -> FollowUpPlanRequested:
    return FollowUpPlanRequested(
        person_id=ANNE,
        occurred_at=at(number),
        org_number=org,
        adviser_id=ADVISER,
        reply_by=None if reply_by is None else day(reply_by),
    )


def assessed(
    number: int, *, final: bool = False, reply_by: int | None = None
) -> ActivityRequirementAssessed:
    return ActivityRequirementAssessed(
        person_id=ANNE,
        occurred_at=at(number),
        outcome="met" if final else "warned",
        final=final,
        reply_by=None if reply_by is None else day(reply_by),
    )


def reassessment(number: int, on: int | None, *, name: str = "r") -> ReassessmentRequested:
    return ReassessmentRequested(
        person_id=ANNE,
        occurred_at=at(number),
        reassessment_id=name,
        adviser_id=ADVISER,
        on=None if on is None else day(on),
    )


def fired(life: Life, path: str) -> list[date]:
    return life.fired_on(path)


# --- until the case is over ---------------------------------------------------------------------------------


def test_a_step_dated_by_a_fact_is_armed_also_where_its_date_lies_after_the_notes() -> None:
    life = away(30)
    life.arrive(at(20), reassessment(20, 40))
    assert life.state(f"{LOOK}/r", at(21)) == "armed: due"
    life.turn(at(60))
    assert fired(life, LOOK) == [day(40)]


def test_a_step_dated_by_a_fact_does_not_fire_once_the_case_is_over() -> None:
    life = away(30)
    life.arrive(at(20), reassessment(20, 46), reassessment(20, 45, name="before"))
    life.turn(at(80))
    assert [event.subject for event in life.due(LOOK)] == ["before"]
    assert life.state(f"{LOOK}/r", at(80)) == "not_applicable: ended"


# --- reassessment -------------------------------------------------------------------------------------------


def test_a_reassessment_looks_again_on_the_asked_date_and_goes_to_the_adviser_who_asked() -> None:
    life = away()
    life.arrive(at(20), reassessment(20, 40), reassessment(20, 50, name="other"))
    life.turn(at(60))
    first, second = life.due(LOOK)
    assert (first.subject, first.due_at) == ("r", at(40, "09:00"))
    assert (second.subject, second.due_at) == ("other", at(50, "09:00"))
    assert [(recipient.role, recipient.adviser_id) for recipient in first.recipients] == [
        ("adviser", ADVISER)
    ]
    assert first.basis is not None


def test_a_closed_reassessment_does_not_fire_and_a_moved_one_fires_on_its_new_date() -> None:
    life = away()
    life.arrive(at(20), reassessment(20, 40), reassessment(20, 50, name="other"))
    life.arrive(
        at(30),
        ReassessmentClosed(
            person_id=ANNE, occurred_at=at(30), reassessment_id="r", adviser_id=ADVISER
        ),
        reassessment(30, 60, name="other"),
    )
    life.turn(at(80))
    assert [(event.subject, event.due_on) for event in life.due(LOOK)] == [("other", day(60))]


def test_a_reassessment_moved_after_it_fired_withdraws_at_once_and_fires_again() -> None:
    """An adviser moved the date; only a date that a note moves waits a quarter of an hour before the withdrawal."""
    life = away()
    life.arrive(at(20), reassessment(20, 40))
    life.arrive(at(41), reassessment(41, 60))
    assert reasons(life.withdrawals(LOOK)) == [("moved", None)]
    assert life.withdrawals(LOOK)[0].withdrawn_at == at(41)
    life.turn(at(80))
    assert [event.generation for event in life.due(LOOK)] == [1, 2]


def test_a_reassessment_without_a_date_has_no_timer() -> None:
    life = away()
    life.arrive(at(20), reassessment(20, None))
    assert life.state(f"{LOOK}/r", at(21)) == "not_applicable: nobody_asked"


# --- requests -----------------------------------------------------------------------------------------------


def test_a_request_goes_to_the_adviser_at_once_for_each_of_meetings_2_and_3() -> None:
    life = away()
    life.arrive(at(20), requested(20), requested(20, meeting=3), requested(20, meeting=1))
    assert [(event.subject, event.late_seconds) for event in life.due(REQUESTED)] == [
        ("2", 0),
        ("3", 0),
    ]
    assert asked(life.due(REQUESTED)[0]) == [("adviser", None)]


def test_a_second_partys_request_for_the_same_meeting_fires_nothing_more() -> None:
    life = away()
    life.arrive(at(20), requested(20))
    life.arrive(at(25), requested(25, party="employer", org=KAFE))
    assert len(life.due(REQUESTED)) == 1


def test_a_summons_or_a_closing_ends_a_request() -> None:
    life = away()
    life.arrive(at(20), requested(20), requested(20, meeting=3))
    life.arrive(at(25), closed(25), summoned(25, 60, meeting=3))
    assert {
        (withdrawal.subject, withdrawal.detail) for withdrawal in life.withdrawals(REQUESTED)
    } == {
        ("2", "closed"),
        ("3", "summoned"),
    }


def test_a_request_newer_than_its_closing_opens_it_again() -> None:
    life = away()
    life.arrive(at(20), requested(20))
    life.arrive(at(25), closed(25))
    life.arrive(at(30), requested(30, party="employer"))
    assert [event.generation for event in life.due(REQUESTED)] == [1, 2]


def test_a_request_opened_again_fires_again_also_where_closing_and_request_come_together() -> None:
    """contract 4.1: records that arrive together give the same as records that arrive one by one."""
    life = away()
    life.arrive(at(20), requested(20))
    life.arrive(at(31), closed(25), requested(30, party="employer"))
    assert reasons(life.withdrawals(REQUESTED)) == [("done", "closed")]
    assert [event.generation for event in life.due(REQUESTED)] == [1, 2]


def test_a_request_older_than_its_closing_that_comes_late_opens_nothing() -> None:
    life = away()
    life.arrive(at(25), closed(25))
    life.arrive(at(26), requested(20))
    assert life.due(REQUESTED) == []
    assert life.state(f"{REQUESTED}/2", at(26)) == "done: closed"


def test_a_meeting_held_before_a_request_does_not_answer_it() -> None:
    life = away()
    life.arrive(at(20), held(20, 20))
    life.arrive(at(30), requested(30))
    assert len(life.due(REQUESTED)) == 1
    life.arrive(at(40), held(40, 40))
    assert reasons(life.withdrawals(REQUESTED)) == [("done", "held")]


def test_meeting_1_requested_by_an_employer_and_the_employee_goes_to_every_employer() -> None:
    life = Life()
    life.arrive(
        at(0),
        note(0, 300, kind="graded", grade=50),
        note(0, 300, note_id="note-2", kind="graded", grade=50, employer=BYGG),
    )
    life.arrive(
        at(20),
        requested(20, meeting=1, party="employer", org=KAFE),
        requested(20, meeting=1, party="employee"),
    )
    assert asked(life.due("dialogue_meeting_1.requested")[0]) == [
        ("line_manager", KAFE),
        ("line_manager", BYGG),
    ]


# --- the plan before a meeting ------------------------------------------------------------------------------


def test_the_plan_is_asked_for_fourteen_and_seven_days_before_a_meeting() -> None:
    """Day 116 is 1 May, on which nothing may be sent: it is told on the working day before."""
    life = away()
    life.arrive(at(100), summoned(100, 130))
    life.turn(at(140))
    assert (fired(life, FIRST), fired(life, SECOND)) == ([day(115)], [day(123)])
    assert [life.due(step)[0].due_on for step in (FIRST, SECOND)] == [day(116), day(123)]
    assert asked(life.due(FIRST)[0]) == [("line_manager", KAFE)]


def test_only_a_plan_shared_with_the_office_since_the_summons_ends_the_steps() -> None:
    life = away()
    life.arrive(at(90), shared(90))
    life.arrive(at(100), summoned(100, 130))
    life.arrive(at(101), shared(101, with_="practitioner"))
    assert life.state(f"{FIRST}/m", at(102)) == "armed: due"
    life.arrive(at(103), shared(103))
    assert life.state(f"{FIRST}/m", at(104)) == "done: plan_shared"
    assert life.state(f"{SECOND}/m", at(104)) == "done: plan_shared"


def test_a_meeting_summoned_at_short_notice_asks_for_the_plan_once() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 105))
    life.turn(at(110))
    assert fired(life, FIRST) == []
    assert fired(life, SECOND) == [day(100)]


def test_a_cancelled_meeting_ends_every_step_about_it() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 130))
    life.arrive(at(101), answered(101, "not_coming"), cancelled(101))
    for path in (FIRST, SECOND, OUTCOME, ANSWER):
        assert life.state(f"{path}/m", at(102)) == "done: cancelled", path
    life.turn(at(200))
    assert [life.due(path) for path in (FIRST, SECOND, OUTCOME, ANSWER)] == [[], [], [], []]


def test_a_cancelled_meeting_ends_the_steps_that_a_users_own_rulebook_has_about_it() -> None:
    life = Life(
        parse(
            """
            name = "own"
            version = "1"
            [[checkpoint]]
            name = "room"
            meeting = 2
            source = "practice: ours"
            when = ["case_not_over"]
            to = ["adviser"]
            step = [{ name = "book", on = "meeting_summoned", date = "takes_place_on", days = -3 }]
            """
        )
    )
    life.arrive(at(0), note(0, 300))
    life.arrive(at(100), summoned(100, 130))
    assert life.state("room.book/m", at(101)) == "armed: due"
    life.arrive(at(102), cancelled(102))
    assert life.state("room.book/m", at(103)) == "done: cancelled"


def test_a_meeting_without_a_date_fires_no_step_that_counts_from_its_date() -> None:
    life = away()
    life.arrive(at(100), summoned(100, None))
    life.turn(at(250))
    assert [life.due(path) for path in (FIRST, SECOND, NOTICE, OUTCOME)] == [[], [], [], []]


# --- notice, outcome, answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "count"), [(20, 1), (21, 0)])
def test_a_meeting_first_summoned_less_than_21_days_ahead_fires_the_notice_step(
    ahead: int, count: int
) -> None:
    life = away()
    life.arrive(at(100), summoned(100, 100 + ahead))
    life.arrive(at(101), moved(101, 150))
    assert len(life.due(NOTICE)) == count


def test_the_outcome_is_asked_for_one_working_day_after_the_meeting() -> None:
    """Day 130 is Friday 15 May 2026, day 132 Sunday 17 May; the next working day is Monday 18 May."""
    life = away()
    life.arrive(at(100), summoned(100, 130))
    life.turn(at(140))
    assert fired(life, OUTCOME) == [day(133)]
    assert asked(life.due(OUTCOME)[0]) == [("adviser", None)]


def test_the_outcome_of_meeting_1_is_asked_of_the_line_manager() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.arrive(at(20), summoned(20, 30, meeting=1, org=BYGG))
    life.turn(at(40))
    assert [asked(event) for event in life.due(OUTCOME)] == [[("line_manager", BYGG)]]


def test_a_moved_meeting_has_its_outcome_after_its_new_date() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 120))
    life.arrive(at(110), moved(110, 140))
    life.turn(at(150))
    assert fired(life, OUTCOME) == [day(141)]
    life = away()
    life.arrive(at(100), summoned(100, 120))
    life.arrive(at(124), moved(124, 127))
    assert reasons(life.withdrawals(OUTCOME)) == [("done", "moved")]
    life.turn(at(150))
    assert [event.generation for event in life.due(OUTCOME)] == [1, 2]
    assert fired(life, OUTCOME) == [day(121), day(128)]


def test_a_meeting_held_needs_no_outcome() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 120))
    life.arrive(at(120), held(120))
    life.turn(at(150))
    assert fired(life, OUTCOME) == []


@pytest.mark.parametrize(("answer", "count"), [("coming", 0), ("other_time", 1), ("not_coming", 1)])
def test_a_refusal_or_a_wish_for_another_time_goes_to_the_adviser_at_once(
    answer: str, count: int
) -> None:
    life = away()
    life.arrive(at(100), summoned(100, 130))
    life.arrive(at(105), answered(105, answer))
    assert len(life.due(ANSWER)) == count


def test_a_move_answers_a_refusal_and_a_refusal_of_the_new_date_asks_again() -> None:
    for together in (False, True):
        life = away()
        life.arrive(at(100), summoned(100, 130))
        life.arrive(at(105), answered(105, "other_time"))
        if together:
            life.arrive(at(108), moved(106, 140), answered(107, "not_coming"))
        else:
            life.arrive(at(106), moved(106, 140))
            life.arrive(at(107), answered(107, "not_coming"))
        assert reasons(life.withdrawals(ANSWER)) == [("done", "moved")], together
        assert [event.generation for event in life.due(ANSWER)] == [1, 2], together


def test_a_later_answer_that_they_are_coming_withdraws_the_refusal() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 130))
    life.arrive(at(105), answered(105, "not_coming"))
    life.arrive(at(106), answered(106, "coming"))
    assert reasons(life.withdrawals(ANSWER)) == [("not_applicable", "nobody_asked")]


# --- a plan that an adviser asks for ------------------------------------------------------------------------


def test_a_plan_that_an_adviser_asks_for_is_requested_reminded_of_and_overdue() -> None:
    life = away()
    life.arrive(at(100), plan_asked(100))
    life.turn(at(120))
    firings = {
        event.step: (event.fired_at, asked(event)[0], event.subject)
        for event in life.due()
        if event.checkpoint == "plan_requested"
    }
    assert firings == {
        "requested": (at(100), ("line_manager", KAFE), KAFE),
        "reminder": (at(111, "09:00"), ("line_manager", KAFE), KAFE),
        "overdue": (at(115, "09:00"), ("adviser", None), KAFE),
    }
    (overdue,) = life.due("plan_requested.overdue")
    assert overdue.recipients[0].adviser_id == ADVISER


def test_a_plan_requested_at_short_notice_has_no_reminder_beside_the_request() -> None:
    """contract 4.2: the reminder would be sent together with the request, so only the request is."""
    life = away()
    life.arrive(at(100), plan_asked(100, reply_by=102))
    life.turn(at(101))
    assert [event.step for event in life.due() if event.checkpoint == "plan_requested"] == [
        "requested"
    ]
    assert life.state(f"plan_requested.reminder/{KAFE}", at(101)) == (
        "missed: superseded:plan_requested.requested"
    )


def test_a_plan_shared_with_the_office_since_it_was_asked_for_ends_it_for_that_employer() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.arrive(at(90), shared(90))
    life.arrive(at(100), plan_asked(100, reply_by=110))
    life.arrive(at(102), shared(102, org=BYGG))
    assert life.state(f"plan_requested.reminder/{KAFE}", at(103)) == "armed: due"
    assert life.state(f"plan_requested.overdue/{KAFE}", at(103)) == "armed: due"
    life.arrive(at(104), shared(104))
    assert life.state(f"plan_requested.reminder/{KAFE}", at(105)) == "done: plan_shared"
    assert life.state(f"plan_requested.overdue/{KAFE}", at(105)) == "done: plan_shared"
    assert reasons(life.withdrawals("plan_requested.requested")) == [("done", "plan_shared")]


# --- exemptions and assessments -----------------------------------------------------------------------------


def test_an_exemption_from_meeting_2_fires_its_notice_at_once_and_its_revocation_withdraws_it() -> (
    None
):
    life = away()
    life.arrive(
        at(60), exempted(60), exempted(60, checkpoint="dialogue_meeting_1", reason="too_ill")
    )
    (event,) = life.due("exemption_notice.notice")
    assert (event.subject, asked(event)) == (
        "medical",
        [("employee", None), ("line_manager", KAFE)],
    )
    assert event.basis is None
    life.arrive(
        at(70),
        ExemptionRevoked(
            person_id=ANNE,
            occurred_at=at(70),
            checkpoint="dialogue_meeting_2",
            reason="medical",
            granted_by="adviser",
        ),
    )
    assert reasons(life.withdrawals("exemption_notice.notice")) == [("done", "revoked")]


def test_a_reply_is_due_the_day_after_its_date_and_any_later_assessment_ends_it() -> None:
    life = away()
    assert life.state(REPLY, at(1)) == "not_applicable: nobody_asked"
    life.arrive(at(60), assessed(60, reply_by=70))
    life.turn(at(72))
    (event,) = life.due(REPLY)
    assert (event.due_at, event.subject) == (at(71, "09:00"), None)
    life.arrive(at(73), assessed(73, final=True))
    assert reasons(life.withdrawals(REPLY)) == [("done", "assessed")]


@pytest.mark.parametrize("reply_by", [75, 100])
def test_a_second_wait_for_a_reply_is_due_on_its_own_date(reply_by: int) -> None:
    life = away()
    life.arrive(at(60), assessed(60, reply_by=70))
    life.arrive(at(72), assessed(72, reply_by=reply_by))
    assert reasons(life.withdrawals(REPLY)) == [("done", "assessed")]
    life.turn(at(120))
    assert fired(life, REPLY) == [day(71), day(reply_by + 1)]


# --- facts that are withdrawn, late or about the dead -------------------------------------------------------


def test_a_withdrawn_fact_withdraws_the_step_that_it_fired() -> None:
    life = away()
    life.arrive(at(100), fact(summoned(100, 110), fact_id="summons"))
    assert len(life.due(NOTICE)) == 1
    life.arrive(at(101), withdrawn("summons", 101))
    assert reasons(life.withdrawals(NOTICE)) == [("not_applicable", "nobody_asked")]
    assert life.withdrawals(NOTICE)[0].withdrawn_at == at(101)
    life.turn(at(200))
    assert fired(life, OUTCOME) == []


def test_a_step_due_at_once_is_missed_only_when_the_case_is_over_or_the_catch_up_days_have_passed() -> (
    None
):
    """contract 4: at once means due at the fact's occurred_at."""
    life = away()
    life.arrive(at(150), requested(20))
    (event,) = life.due(REQUESTED)
    assert event.due_at == at(20)
    life.arrive(at(203), requested(20, meeting=3))
    assert life.state(f"{REQUESTED}/3", at(203)) == "missed: catch_up_passed"
    over = away(30)
    over.arrive(at(46), requested(40))
    assert over.state(f"{REQUESTED}/2", at(46)) == "missed: ended"
    in_time = away(30)
    in_time.arrive(at(45), requested(40))
    assert len(in_time.due(REQUESTED)) == 1


def test_no_step_dated_by_a_fact_fires_after_a_death() -> None:
    life = away()
    life.arrive(at(100), summoned(100, 130), plan_asked(100))
    life.arrive(at(101), PersonDied(person_id=ANNE, occurred_at=at(101)))
    before = len(life.due())
    life.turn(at(200))
    assert len(life.due()) == before
    assert life.state(f"{OUTCOME}/m", at(200)) == "not_applicable: died"
