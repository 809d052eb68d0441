"""The plan to the practitioner within the four weeks, each employer its own (aml § 4-6 (3); contract 4)."""

from __future__ import annotations

from typing import Any

from schemas.messages import FollowUpPlanMade, FollowUpPlanShared
from tests.reference.life import (
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

TO_PRACTITIONER, DEADLINE = "follow_up_plan.to_practitioner", "follow_up_plan.deadline"


def made(number: int, org: str = KAFE) -> FollowUpPlanMade:
    return FollowUpPlanMade(
        person_id=ANNE, occurred_at=at(number), org_number=org, made_on=day(number)
    )


def shared(
    number: int,
    org: str = KAFE,
    *,
    with_: Any = "practitioner",
    made_on: int | None = None,
) -> FollowUpPlanShared:
    return FollowUpPlanShared(
        person_id=ANNE,
        occurred_at=at(number),
        org_number=org,
        made_on=day(made_on) if made_on is not None else None,
        shared_with=with_,
        shared_on=day(number),
    )


def at_two_employers() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    return life


def at_one() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 300))
    return life


def test_a_plan_made_and_not_sent_is_asked_for_on_the_last_working_day_of_the_four_weeks() -> None:
    """Day 27 is a Sunday, day 25 the Friday before it. The employee has no share in it."""
    life = at_one()
    life.arrive(at(10), made(10))
    life.turn(at(40))
    (event,) = life.due(TO_PRACTITIONER)
    assert (event.due_on, event.legal_on, event.due_at) == (day(27), day(27), at(25, "09:00"))
    assert asked(event) == [("line_manager", KAFE)]
    assert life.due(DEADLINE) == []


def test_without_a_plan_there_is_none_to_send() -> None:
    life = at_one()
    assert life.state(TO_PRACTITIONER, at(1)) == "not_applicable: nobody_asked"
    life.turn(at(40))
    assert life.due(TO_PRACTITIONER) == []
    assert len(life.due(DEADLINE)) == 1


def test_a_plan_that_the_practitioner_has_is_done_and_one_that_the_office_has_is_not() -> None:
    """Of a plan whose sender does not say when it was made, nothing is known but that the office has it."""
    life = at_one()
    life.arrive(at(10), shared(10, with_="office"))
    assert life.state(TO_PRACTITIONER, at(11)) == "not_applicable: nobody_asked"
    life.arrive(at(10), shared(10, with_="office", made_on=9))
    assert life.state(TO_PRACTITIONER, at(11)) == "armed: due"
    life.arrive(at(12), shared(12))
    assert life.state(TO_PRACTITIONER, at(13)) == "done: plan_shared"


def test_each_employer_is_asked_for_what_it_has_left() -> None:
    """One has made its plan and shall send it; the other has made none and hears of the deadline instead."""
    life = at_two_employers()
    life.arrive(at(10), made(10))
    life.turn(at(40))
    assert asked(life.due(TO_PRACTITIONER)[0]) == [("line_manager", KAFE)]
    assert asked(life.due(DEADLINE)[0]) == [("line_manager", BYGG), ("employee", None)]


def test_of_two_employers_known_late_neither_loses_its_message_to_the_other() -> None:
    """contract 4.2: of one checkpoint the latest late step fires, and what goes to others alone is no later one."""
    life = Life()
    life.arrive(at(30), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG), made(10))
    life.turn(at(30))
    assert asked(life.due(TO_PRACTITIONER)[0]) == [("line_manager", KAFE)]
    assert asked(life.due(DEADLINE)[0]) == [("line_manager", BYGG), ("employee", None)]


def test_sending_it_takes_the_message_back_and_a_plan_that_was_none_too() -> None:
    life = at_one()
    life.arrive(at(10), fact(made(10), fact_id="plan"))
    life.turn(at(26))
    life.arrive(at(26), shared(26))
    assert reasons(life.withdrawals(TO_PRACTITIONER)) == [("done", "plan_shared")]
    life = at_one()
    life.arrive(at(10), fact(made(10), fact_id="plan"))
    life.turn(at(26))
    life.arrive(at(26), withdrawn("plan", 26))
    assert reasons(life.withdrawals(TO_PRACTITIONER)) == [("not_applicable", "nobody_asked")]


def test_a_plan_made_after_its_time_is_to_be_sent_at_once_and_weeks_later_no_more() -> None:
    life = at_one()
    life.arrive(at(30), made(30))
    life.turn(at(31))
    assert life.fired_on(TO_PRACTITIONER) == [day(30)]
    life = at_one()
    life.arrive(at(42), made(42))
    assert life.state(TO_PRACTITIONER, at(42)) == "missed: catch_up_passed"


def test_where_no_plan_is_needed_none_is_sent() -> None:
    life = at_one()
    life.arrive(at(5), exempted(5, checkpoint="follow_up_plan", reason="obviously_unnecessary"))
    expected = "done: exempted:obviously_unnecessary"
    assert life.state(TO_PRACTITIONER, at(6)) == expected
    life.arrive(at(10), made(10))
    assert life.state(TO_PRACTITIONER, at(11)) == expected
