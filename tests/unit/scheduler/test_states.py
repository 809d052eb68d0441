"""What state and reason a step has (contract 4.1), in the order of the contract's table."""

from __future__ import annotations

import pytest

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionGranted,
    FollowUpPlanMade,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    MeetingRequested,
    PersonDied,
    ReassessmentRequested,
)
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ADVISER, ANNE, BYGG, KAFE, Life, asked, at, day, note

PLAN, MEETING = "follow_up_plan.deadline", "dialogue_meeting_1.deadline"
ASSESS, SUMMONS = "dialogue_meeting_2_assessment.assess", "dialogue_meeting_2_summons.last_day"
QUESTION, DEADLINE = "meeting_need.question", "dialogue_meeting_2.deadline"


def held(meeting: int, number: int, *, org: str | None = None) -> DialogueMeetingHeld:
    return DialogueMeetingHeld.model_validate(
        {
            "person_id": ANNE,
            "occurred_at": at(number),
            "meeting": meeting,
            "meeting_id": f"meeting-{meeting}-{org}",
            "org_number": org,
            "takes_place_on": day(number),
        }
    )


def summoned(
    number: int, takes_place: int | None = None, *, meeting: int = 2
) -> DialogueMeetingSummoned:
    return DialogueMeetingSummoned.model_validate(
        {
            "person_id": ANNE,
            "occurred_at": at(number),
            "meeting": meeting,
            "meeting_id": f"meeting-{meeting}",
            "takes_place_on": None if takes_place is None else day(takes_place),
        }
    )


def exempted(
    number: int,
    *,
    checkpoint: str = "dialogue_meeting_2",
    reason: str = "medical",
    org: str | None = None,
    until: int | None = None,
) -> ExemptionGranted:
    return ExemptionGranted(
        person_id=ANNE,
        occurred_at=at(number),
        checkpoint=checkpoint,
        reason=reason,
        granted_by="adviser",
        org_number=org,
        until=None if until is None else day(until),
    )


def test_a_step_is_armed_before_its_date_and_fired_on_time_after_it() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    assert life.state(PLAN, at(1)) == "armed: due"
    assert life.state(PLAN, at(26)) == "fired: on_time"


def test_a_step_dated_after_the_notes_waits_and_is_armed_when_a_note_reaches_its_date() -> None:
    life = Life()
    life.arrive(at(0), note(0, 20))
    assert life.state(PLAN, at(1)) == "waiting: notes_end_before_due"
    life.arrive(at(2), note(21, 40, note_id="note-2"))
    assert life.state(PLAN, at(3)) == "armed: due"


def test_a_step_whose_date_no_note_reaches_is_not_applicable_and_later_steps_end_with_the_case() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 20))
    assert life.state("follow_up_plan.reminder", at(21)) == "waiting: notes_end_before_due"
    assert life.state("follow_up_plan.reminder", at(22)) == "not_applicable: not_sick_listed"
    assert life.state(MEETING, at(35)) == "waiting: notes_end_before_due"
    assert life.state(MEETING, at(36)) == "not_applicable: ended"
    assert life.state("follow_up_plan.reminder", at(36)) == "not_applicable: not_sick_listed"


def test_death_comes_before_done_and_done_before_waiting() -> None:
    life = Life()
    life.arrive(at(0), note(0, 20))
    plan = FollowUpPlanMade(person_id=ANNE, occurred_at=at(1), org_number=KAFE, made_on=day(1))
    life.arrive(at(1), plan)
    assert life.state(PLAN, at(2)) == "done: plan_made"
    life.arrive(at(3), PersonDied(person_id=ANNE, occurred_at=at(3)))
    assert life.state(PLAN, at(3)) == "not_applicable: died"


def test_a_case_that_was_over_before_the_step_was_due_comes_before_done() -> None:
    life = Life()
    life.arrive(at(0), note(0, 20))
    life.arrive(at(1), held(1, 1))
    assert life.state(MEETING, at(2)) == "done: held"
    assert life.state(MEETING, at(37)) == "not_applicable: ended"


def test_a_disabled_step_is_always_disabled() -> None:
    life = Life()
    life.arrive(at(0), note(0, 20))
    path = "dialogue_meeting_2_assessment.early"
    for number in (1, 30, 60):
        assert life.state(path, at(number)) == "not_applicable: disabled"
    life.arrive(at(61), PersonDied(person_id=ANNE, occurred_at=at(61)))
    assert life.state(path, at(62)) == "not_applicable: disabled"


def test_somebody_without_an_employer_is_not_asked_for_an_employers_duties() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300, employer=None))
    for path in (PLAN, MEETING, QUESTION, ASSESS, SUMMONS, DEADLINE):
        assert life.state(path, at(1)) == "not_applicable: no_employer", path
    assert life.state("activity_requirement.assess", at(1)) == "armed: due"


def test_graded_leave_has_all_checkpoints_but_meeting_1_and_the_activity_requirement() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300, kind="graded", grade=60))
    assert life.state(MEETING, at(1)) == "not_applicable: graded"
    assert life.state("activity_requirement.assess", at(1)) == "not_applicable: graded"
    for path in (PLAN, QUESTION, ASSESS, SUMMONS, DEADLINE):
        assert life.state(path, at(1)) == "armed: due", path


def test_a_meeting_1_that_was_held_with_a_graded_person_is_done_and_not_graded() -> None:
    """contract 4.1: done comes before a condition that fails."""
    life = Life()
    life.arrive(at(0), note(0, 300, kind="graded", grade=60))
    life.arrive(at(20), held(1, 20))
    assert life.state(MEETING, at(21)) == "done: held"


def test_meeting_1_is_requested_for_graded_people_alone() -> None:
    """contract 4: a person on graded leave has meeting 1 only if somebody requests it."""
    request = MeetingRequested(person_id=ANNE, occurred_at=at(20), meeting=1, party="employee")
    graded, full = Life(), Life()
    graded.arrive(at(0), note(0, 300, kind="graded", grade=60))
    full.arrive(at(0), note(0, 300))
    path = "dialogue_meeting_1.requested"
    assert graded.state(path, at(1)) == "not_applicable: nobody_asked"
    for life in (graded, full):
        life.arrive(at(20), request)
    assert graded.state(path, at(20)) == "fired: on_time"
    assert asked(graded.due(path)[0]) == [("line_manager", KAFE)]
    assert full.state(path, at(20)) == "not_applicable: not_graded"


def test_the_question_of_meeting_need_does_not_apply_while_the_meeting_is_summoned_or_held() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(60), summoned(60, 170))
    assert life.state(QUESTION, at(61)) == "not_applicable: summoned"
    assert life.state(ASSESS, at(61)) == "done: summoned"
    assert life.state(SUMMONS, at(61)) == "done: summoned"
    life.arrive(
        at(62),
        DialogueMeetingCancelled(
            person_id=ANNE, occurred_at=at(62), meeting=2, meeting_id="meeting-2"
        ),
    )
    assert life.state(QUESTION, at(63)) == "armed: due"
    assert life.state(ASSESS, at(63)) == "armed: due"
    life.arrive(at(64), held(2, 64))
    assert life.state(QUESTION, at(65)) == "not_applicable: summoned"
    assert life.state(DEADLINE, at(65)) == "done: held"


def test_a_meeting_of_another_number_ends_nothing() -> None:
    """contract 4: `held`, `summoned` and `requested` mean the checkpoint's own meeting."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(20), held(2, 20), held(3, 20))
    assert life.state(MEETING, at(21)) == "armed: due"
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(20), held(1, 20), held(3, 20))
    assert life.state(DEADLINE, at(21)) == "armed: due"


@pytest.mark.parametrize(
    ("takes_place", "deadline"),
    [(40, "done: summoned"), (48, "done: summoned"), (49, "armed: due"), (None, "armed: due")],
)
def test_a_summons_ends_the_reminder_of_meeting_1_and_its_deadline_where_it_is_in_time(
    takes_place: int | None, deadline: str
) -> None:
    """Day 48 is the last one within seven weeks."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(20), summoned(20, takes_place, meeting=1))
    assert life.state("dialogue_meeting_1.reminder", at(21)) == "done: summoned"
    assert life.state(MEETING, at(21)) == deadline


def test_only_a_final_assessment_ends_the_activity_requirement() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    for number, final in ((10, False), (20, True)):
        life.arrive(
            at(number),
            ActivityRequirementAssessed(
                person_id=ANNE, occurred_at=at(number), outcome="waiting", final=final
            ),
        )
        expected = "done: assessed" if final else "armed: due"
        assert life.state("activity_requirement.notice", at(number)) == expected
        assert life.state("activity_requirement.assess", at(number)) == expected


def test_a_reassessment_asked_for_ends_the_assessment() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(
        at(30),
        ReassessmentRequested(
            person_id=ANNE, occurred_at=at(30), reassessment_id="r", adviser_id=ADVISER, on=day(150)
        ),
    )
    assert life.state(ASSESS, at(31)) == "done: reassessment"
    assert life.state(SUMMONS, at(31)) == "armed: due"


@pytest.mark.parametrize("reason", ["medical", "hospitalised", "ongoing_measure", "a_new_reason"])
def test_an_exemption_from_meeting_2_covers_its_four_checkpoints(reason: str) -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(60), exempted(60, reason=reason))
    for path in (QUESTION, "meeting_need.reminder", ASSESS, SUMMONS, DEADLINE):
        assert life.state(path, at(61)) == f"done: exempted:{reason}", path
    assert life.state(MEETING, at(61)) == "fired: on_time"
    assert life.state("activity_requirement.assess", at(61)) == "fired: on_time"


def test_the_step_lapsed_applies_only_after_an_exemption_for_an_expected_recovery() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    path = "dialogue_meeting_2.lapsed"
    assert life.state(path, at(1)) == "not_applicable: not_exempted"
    life.arrive(at(60), exempted(60, reason="recovery_expected_within_28_weeks"))
    assert life.state(DEADLINE, at(61)) == "done: exempted:recovery_expected_within_28_weeks"
    assert life.state(path, at(61)) == "armed: due"
    life.arrive(at(62), exempted(62, reason="medical"))
    assert life.state(path, at(63)) == "done: exempted:medical"


def test_an_expected_recovery_that_names_an_employer_arms_no_step_for_the_adviser() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(60), exempted(60, reason="recovery_expected_within_28_weeks", org=KAFE))
    assert life.state(DEADLINE, at(61)) == "armed: due"
    assert life.state("dialogue_meeting_2.lapsed", at(61)) == "not_applicable: not_exempted"


def test_the_answer_of_a_party_ends_the_question_for_that_party() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.turn(at(104))

    def answer(org: str | None) -> MeetingNeedAnswered:
        return MeetingNeedAnswered.model_validate(
            {
                "person_id": ANNE,
                "occurred_at": at(100),
                "party": "employer" if org else "employee",
                "org_number": org,
                "wants_meeting": False,
                "justified": True,
            }
        )

    life.arrive(at(104), answer(KAFE))
    assert asked_of(life) == [("employee", None), ("line_manager", BYGG)]
    life.arrive(at(104, "13:00"), answer(None))
    assert asked_of(life) == [("line_manager", BYGG)]
    life.arrive(at(104, "14:00"), answer(BYGG))
    assert life.state(QUESTION, at(104, "15:00")) == "done: answered"


def asked_of(life: Life) -> list[tuple[str, str | None]]:
    step = life.steps(
        max(instant for instant, _ in [*life.simulation.sent, (at(104, "14:30"), None)])
    )
    return [(recipient.role, recipient.org_number) for recipient in step[QUESTION].recipients]


@pytest.mark.parametrize("party", ["unknown", "practitioner"])
def test_a_request_by_neither_party_closes_neither_question(party: str) -> None:
    """contract 7."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    request = MeetingRequested.model_validate(
        {"person_id": ANNE, "occurred_at": at(50), "meeting": 2, "party": party}
    )
    life.arrive(at(50), request)
    step = life.steps(at(51))[QUESTION]
    assert (step.state, len(step.recipients)) == ("armed", 2)


def test_a_request_for_meeting_2_ends_the_question_for_the_party_that_requested_it() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(
        at(50), MeetingRequested(person_id=ANNE, occurred_at=at(50), meeting=2, party="employee")
    )
    life.arrive(
        at(51), MeetingRequested(person_id=ANNE, occurred_at=at(51), meeting=1, party="employer")
    )
    life.turn(at(106))
    (event,) = life.due(QUESTION)
    assert asked(event) == [("line_manager", KAFE)]


def test_a_summons_for_a_date_in_time_holds_the_deadline_back_until_the_day_after() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(150), summoned(150, 181))
    life.turn(at(181, "23:59"))
    assert life.due(DEADLINE) == []
    life.turn(at(182, "09:00"))
    (event,) = life.due(DEADLINE)
    assert (event.due_on, event.due_at, event.late_seconds) == (day(181), at(182, "09:00"), 0)


def test_a_deadline_held_back_by_a_summons_fires_at_once_when_the_meeting_is_moved_past_it() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(150), summoned(150, 181))
    too_far = summoned(180, 200).model_dump()
    life.arrive(at(180), DialogueMeetingMoved.model_validate(too_far))
    (event,) = life.due(DEADLINE)
    assert (event.due_at, event.fired_at) == (at(179, "09:00"), at(180))


def test_a_summons_for_too_late_a_date_does_not_hold_the_deadline_back() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(150), summoned(150, 182))
    life.turn(at(182))
    (event,) = life.due(DEADLINE)
    assert event.due_at == at(179, "09:00")


# --- several employers --------------------------------------------------------------------------------------


def two_employers() -> Life:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    return life


def test_a_plan_ends_its_own_employers_part_and_the_employees_once_every_employer_has_one() -> None:
    life = two_employers()
    life.arrive(
        at(10),
        FollowUpPlanMade(person_id=ANNE, occurred_at=at(10), org_number=KAFE, made_on=day(10)),
    )
    life.turn(at(26))
    (event,) = life.due(PLAN)
    assert asked(event) == [("line_manager", BYGG), ("employee", None)]
    life = two_employers()
    life.arrive(
        at(10),
        FollowUpPlanMade(person_id=ANNE, occurred_at=at(10), org_number=KAFE, made_on=day(10)),
        FollowUpPlanShared(
            person_id=ANNE,
            occurred_at=at(10),
            org_number=BYGG,
            shared_with="practitioner",
            shared_on=day(10),
        ),
    )
    assert life.state(PLAN, at(11)) == "done: plan_made"


def test_an_exemption_of_one_employer_ends_that_employers_part_alone() -> None:
    life = two_employers()
    life.arrive(at(10), exempted(10, checkpoint="dialogue_meeting_1", reason="too_ill", org=KAFE))
    life.turn(at(47))
    (event,) = life.due(MEETING)
    assert asked(event) == [("line_manager", BYGG), ("employee", None)]


def test_the_employees_part_ends_when_every_employer_has_met_or_is_exempted() -> None:
    life = two_employers()
    life.arrive(at(10), exempted(10, checkpoint="dialogue_meeting_1", reason="too_ill", org=KAFE))
    life.arrive(at(11), held(1, 11, org=BYGG))
    assert life.state(MEETING, at(12)) == "done: held"


def test_an_exemption_that_names_an_employer_ends_nothing_for_the_adviser() -> None:
    life = two_employers()
    life.arrive(at(10), exempted(10, org=KAFE), exempted(10, org=BYGG, reason="other"))
    assert life.state(DEADLINE, at(11)) == "armed: due"
    (step,) = [life.steps(at(11))[QUESTION]]
    assert [recipient.role for recipient in step.recipients] == ["employee"]


def test_an_employer_whose_own_notes_are_graded_is_not_asked_for_meeting_1() -> None:
    life = Life()
    life.arrive(
        at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG, kind="graded", grade=40)
    )
    life.turn(at(47))
    (event,) = life.due(MEETING)
    assert asked(event) == [("line_manager", KAFE), ("employee", None)]
    (plan,) = life.due(PLAN)
    assert asked(plan) == [("line_manager", KAFE), ("line_manager", BYGG), ("employee", None)]


def test_an_employer_that_joins_after_a_due_date_is_not_asked() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(22), note(22, 300, note_id="note-2", employer=BYGG))
    life.turn(at(50))
    assert asked(life.due("follow_up_plan.reminder")[0]) == [
        ("line_manager", KAFE),
        ("employee", None),
    ]
    assert ("line_manager", BYGG) in asked(life.due(PLAN)[0])


# --- a user's own rulebook ----------------------------------------------------------------------------------


def test_a_checkpoint_that_only_a_users_rulebook_names_works() -> None:
    life = Life(
        parse(
            """
            name = "own"
            version = "1"
            time = "07:30"
            [[checkpoint]]
            name = "coffee_with_the_boss"
            source = "practice: ours"
            when = ["sick_listed", "employee", "full"]
            to = ["line_manager"]
            step = [
              { name = "invite", day = 9 },
              { name = "drink", from = "coffee_with_the_boss.invite", days = 5, tell = "before" },
            ]
            """
        )
    )
    life.arrive(at(0), note(0, 100))
    life.turn(at(100))
    assert [(event.step, event.due_at) for event in life.due()] == [
        ("invite", at(9, "07:30")),
        ("drink", at(14, "07:30")),
    ]
