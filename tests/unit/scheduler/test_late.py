"""What happens to a step when its record arrives late or the scheduler was down (contract 4.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.messages import ExemptionGranted, FollowUpPlanMade, MeetingRequested, WorkResumed
from schemas.wire import Version
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ANNE, KAFE, NO_RECORD, Life, at, day, fact, gone, note, withdrawn

REMINDER, PLAN = "follow_up_plan.reminder", "follow_up_plan.deadline"
ASSESS = "dialogue_meeting_2_assessment.assess"


def outage(life: Life, until: int) -> list[tuple[str, int]]:
    """The scheduler is down until noon of that day, then replans once and fires what is due."""
    now = at(until)
    life.known_people.replan([ANNE], now)
    events = life.known_people.fire_due(ANNE, now)
    return [(f"{event.checkpoint}.{event.step}", event.late_seconds) for event in events]


def test_after_an_outage_everything_that_fell_due_in_it_fires_oldest_first_and_says_how_late() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 100))
    late = timedelta(hours=3).seconds
    assert outage(life, 43) == [
        (REMINDER, 22 * 86400 + late),
        (PLAN, 18 * 86400 + late),
        ("dialogue_meeting_1.reminder", 9 * 86400 + late),
        ("activity_requirement.notice", 1 * 86400 + late),
    ]


def test_after_an_outage_steps_fire_for_a_recovered_person_but_not_for_a_case_that_is_over() -> (
    None
):
    """contract 4.2: the timers were armed before the steps fell due, so the rules for late steps do not apply."""
    recovered, over = Life(), Life()
    recovered.arrive(at(0), note(0, 30))
    assert [path for path, _ in outage(recovered, 45)] == [REMINDER, PLAN]
    over.arrive(at(0), note(0, 30))
    outcome = over.known_people.replan([ANNE], at(46))[ANNE]
    (plan,) = outcome.plans.values()
    missed = [(step.key.step, step.reason) for step in plan.steps if step.state == "missed"]
    assert missed == [("reminder", "ended"), ("deadline", "ended")]
    assert over.known_people.fire_due(ANNE, at(46)) == []


def test_a_step_that_fell_due_in_an_outage_fires_though_a_correction_moved_its_date_meanwhile() -> (
    None
):
    """It was due before the correction came, so it is not a step that the correction moved into the past."""
    for first in (0, 1, -1):
        life = Life()
        life.arrive(at(0), note(0, 100))
        correction = note(first, 100, version=Version(10**15, 1))
        life.known_people.take([Observation(correction, None, NO_RECORD)])
        assert (REMINDER in [path for path, _ in outage(life, 30)]) is True


def test_nothing_fires_on_the_day_a_case_is_over_even_before_its_replan() -> None:
    life = Life()
    life.arrive(at(0), note(0, 30))
    assert life.known_people.fire_due(ANNE, at(46, "00:00")) == []


def test_the_reason_of_a_due_step_is_overdue_until_it_fires() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    outcome = life.known_people.replan([ANNE], at(21, "09:00", seconds=5))[ANNE]
    (plan,) = outcome.plans.values()
    step = next(step for step in plan.steps if step.key.step == "reminder")
    assert (step.state, step.reason) == ("armed", "overdue")


def test_a_note_that_arrives_late_fires_its_step_at_once_within_the_catch_up_days() -> None:
    life = Life()
    life.arrive(at(24), note(0, 100))
    (event,) = life.due()
    assert (event.step, event.due_at, event.fired_at) == ("reminder", at(21, "09:00"), at(24))
    assert event.late_seconds == (at(24) - at(21, "09:00")).total_seconds()
    assert life.state(REMINDER, at(24)) == f"fired: late:{event.late_seconds}"


@pytest.mark.parametrize(("learnt", "state"), [(41, "fired"), (42, "missed")])
def test_catch_up_days_count_in_dates_from_the_legal_date(learnt: int, state: str) -> None:
    """The deadline of day 27 (sent on day 25) may be caught up for 14 days."""
    life = Life()
    life.arrive(at(learnt, "23:59"), note(0, 100))
    step = life.steps(at(learnt, "23:59"))[PLAN]
    assert step.state == state
    assert step.reason == "catch_up_passed" or state == "fired"


def test_a_note_that_arrives_between_due_at_and_the_legal_date_fires_the_deadline_as_late() -> None:
    """contract 4.2: late counts from due_at, also where the legal date is still ahead."""
    life = Life()
    life.arrive(at(26), note(0, 100))
    (event,) = life.due(PLAN)
    assert event.due_on == day(27)
    assert event.late_seconds == (at(26) - at(25, "09:00")).total_seconds()
    assert life.state(REMINDER, at(26)) == f"missed: superseded:{PLAN}"


def test_a_note_that_arrives_after_the_person_recovered_fires_nothing() -> None:
    life = Life()
    life.arrive(at(40), note(0, 30))
    assert life.state(PLAN, at(40)) == "missed: recovered"
    assert life.due() == []


def test_a_missed_step_fires_when_a_second_late_note_shows_that_the_person_is_still_away() -> None:
    life = Life()
    life.arrive(at(40), note(0, 30))
    life.arrive(at(40, "12:05"), note(31, 60, note_id="note-2"))
    assert [event.step for event in life.due("follow_up_plan.deadline")] == ["deadline"]
    assert life.state(REMINDER, at(41)) == "missed: catch_up_passed"


def test_a_note_backdated_by_months_fires_at_most_one_step_of_a_checkpoint() -> None:
    """contract 4.2: of one checkpoint only the latest such step fires, and none that is superseded."""
    life = Life()
    life.arrive(at(120), note(0, 300))
    fired = [f"{event.checkpoint}.{event.step}" for event in life.due()]
    assert fired == ["activity_requirement.assess", "meeting_need.reminder", ASSESS]
    reasons = {path: step.reason for path, step in life.steps(at(120)).items()}
    assert reasons[REMINDER] == "catch_up_passed"
    assert reasons["dialogue_meeting_1.deadline"] == "catch_up_passed"
    assert reasons["meeting_need.question"] == "superseded:meeting_need.reminder"
    life.turn(at(157))
    assert len(life.due()) == 3


def test_late_steps_that_gave_way_to_another_stay_missed() -> None:
    life = Life()
    life.arrive(at(26), note(0, 100))
    life.arrive(at(26, "13:00"), note(0, 101))
    life.arrive(at(26, "14:00"), note(1, 101))
    life.turn(at(33))
    assert [event.step for event in life.due() if event.checkpoint == "follow_up_plan"] == [
        "deadline"
    ]


def test_a_step_superseded_by_another_checkpoint_is_missed() -> None:
    """As in the standard rulebook, where the plan's deadline gives way to the deadline of meeting 1."""
    life = Life(
        parse(
            """
            name = "own"
            version = "1"
            [[checkpoint]]
            name = "first"
            source = "practice: ours"
            to = ["employee"]
            catch_up_days = 100
            step = [{ name = "step", day = 5, superseded_by = ["second.step"] }]
            [[checkpoint]]
            name = "second"
            source = "practice: ours"
            to = ["employee"]
            catch_up_days = 0
            step = [{ name = "step", day = 10 }]
            """
        )
    )
    life.arrive(at(9), note(0, 100))
    assert [event.checkpoint for event in life.due()] == ["first"]
    later = Life(life.rulebook)
    later.arrive(at(12), note(0, 100))
    assert later.due() == []
    assert later.state("first.step", at(12)) == "missed: superseded:second.step"
    assert later.state("second.step", at(12)) == "missed: catch_up_passed"


def test_a_step_that_supersedes_counts_only_if_it_applies() -> None:
    """As in the standard rulebook: a graded person has no meeting 1, so the plan's deadline gives way to nothing."""
    rulebook = parse(
        """
        name = "own"
        version = "1"
        [[checkpoint]]
        name = "first"
        source = "practice: ours"
        to = ["employee"]
        step = [{ name = "step", day = 5, superseded_by = ["second.step"] }]
        [[checkpoint]]
        name = "second"
        source = "practice: ours"
        when = ["sick_listed", "full"]
        to = ["employee"]
        step = [{ name = "step", day = 10 }]
        """
    )
    life = Life(rulebook)
    life.arrive(at(12), note(0, 100, kind="graded", grade=50))
    assert [event.checkpoint for event in life.due()] == ["first"]


def test_a_step_due_when_its_fact_occurs_is_superseded_by_no_step_that_fell_due_before() -> None:
    """Meeting 1 is requested after the assessment of week 17 was due; the line manager is asked for it all the same."""
    life = Life()
    life.arrive(at(0), note(0, 300, kind="graded", grade=50))
    life.turn(at(113))
    request = {"person_id": ANNE, "meeting": 1, "party": "employee"}
    life.arrive(at(120), MeetingRequested.model_validate(request | {"occurred_at": at(120)}))
    assert len(life.due("dialogue_meeting_1.requested")) == 1
    before = Life()
    before.arrive(at(0), note(0, 300, kind="graded", grade=50))
    before.arrive(at(120), MeetingRequested.model_validate(request | {"occurred_at": at(111)}))
    assert before.state("dialogue_meeting_1.requested", at(120)) == f"missed: superseded:{ASSESS}"


def test_a_correction_that_moves_a_due_date_into_the_past_is_judged_as_late() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    life.arrive(at(15), note(-20, 100))
    assert life.state(REMINDER, at(15)) == "missed: catch_up_passed"
    (event,) = life.due(PLAN)
    assert event.due_on == day(7)
    assert event.fired_at == at(15)


def test_a_step_that_was_done_when_it_fell_due_counts_as_late_once_its_act_is_withdrawn() -> None:
    for undone, state in ((30, "fired"), (50, "missed")):
        life = Life()
        life.arrive(at(0), note(0, 100))
        plan = FollowUpPlanMade(
            person_id=ANNE, occurred_at=at(10), org_number=KAFE, made_on=day(10)
        )
        life.arrive(at(10), fact(plan, fact_id="plan"))
        life.arrive(at(undone), withdrawn("plan", undone))
        assert life.steps(at(undone))[PLAN].state == state


def test_a_step_that_waited_for_notes_when_it_fell_due_counts_as_late() -> None:
    """A paper note that continues the leave may arrive days after the leave's earlier note has ended."""
    life = Life()
    life.arrive(at(0), note(0, 20))
    life.arrive(at(30), note(21, 60, note_id="note-2"))
    (event,) = life.due()
    assert (event.step, event.fired_at) == ("deadline", at(30))
    assert life.state(REMINDER, at(30)) == "missed: catch_up_passed"


def test_a_late_step_does_not_fire_where_the_step_it_gives_way_to_fired_long_ago() -> None:
    life = Life()
    life.arrive(at(0), note(20, 120))
    life.arrive(at(70), note(0, 19, note_id="note-2"))
    late = [event for event in life.due() if event.fired_at >= at(70)]
    assert {event.checkpoint for event in late} <= {"dialogue_meeting_1", "activity_requirement"}
    assert len(life.due(REMINDER)) == len(life.due(PLAN)) == 1


def test_nothing_fires_from_the_date_on_which_work_is_resumed() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    life.arrive(at(20), WorkResumed(person_id=ANNE, occurred_at=at(20), from_=day(20)))
    life.turn(at(300))
    assert life.due() == []
    assert life.state(REMINDER, at(30)) == "not_applicable: ended"


def test_work_resumed_reported_late_ends_the_case_and_withdraws_at_once() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    life.arrive(at(24), WorkResumed(person_id=ANNE, occurred_at=at(24), from_=day(22)))
    assert [(withdrawal.reason, withdrawal.withdrawn_at) for withdrawal in life.withdrawals()] == [
        ("ended", at(24))
    ]


def test_a_step_due_while_its_note_moves_between_topics_fires_once_the_note_is_back() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100, source="sendt"))
    life.arrive(at(21, "08:55"), gone(source="sendt"))
    life.arrive(at(21, "09:05"), note(0, 100, source="bekreftet"))
    (event,) = life.due()
    assert (event.step, event.late_seconds) == ("reminder", 300)


def test_a_late_step_gives_way_to_a_later_one_that_an_exemption_puts_off_to_the_same_day() -> None:
    """The question was missed for its reminder when the note came late; after the exemption too that comes alone."""
    life = Life()
    life.arrive(at(122), note(0, 269))
    exemption = ExemptionGranted(
        person_id=ANNE,
        occurred_at=at(124),
        checkpoint="dialogue_meeting_2",
        reason="medical",
        granted_by="adviser",
        until=day(154),
    )
    life.arrive(at(124), exemption)
    life.turn(at(156))
    fired = [event.step for event in life.due() if event.checkpoint == "meeting_need"]
    assert fired == ["reminder", "reminder"]
    assert life.fired_on("meeting_need.reminder") == [day(122), day(155)]
    question = life.steps(at(156))["meeting_need.question"]
    assert question.reason == "superseded:meeting_need.reminder"
