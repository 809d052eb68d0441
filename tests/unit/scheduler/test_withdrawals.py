"""A step fires once; when its ground goes away it is withdrawn, and it fires again when the ground returns.

contract 4.3: what is withdrawn, for which recipients, when, and what fires again as the next generation.
"""

from __future__ import annotations

from datetime import timedelta

from schemas.messages import (
    DeathAnnulled,
    DialogueMeetingCancelled,
    DialogueMeetingHeld,
    ExemptionRevoked,
    FollowUpPlanMade,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    PersonDied,
    ReassessmentRequested,
    WorkResumed,
)
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
    gone,
    note,
    reasons,
    withdrawn,
)
from tests.unit.scheduler.test_states import exempted, summoned

REMINDER, PLAN = "follow_up_plan.reminder", "follow_up_plan.deadline"
QUESTION, ASSESS = "meeting_need.question", "dialogue_meeting_2_assessment.assess"
DEADLINE = "dialogue_meeting_2.deadline"
QUARTER = timedelta(minutes=15)


def plan_made(number: int, org: str = KAFE) -> FollowUpPlanMade:
    return FollowUpPlanMade(
        person_id=ANNE, occurred_at=at(number), org_number=org, made_on=day(number)
    )


# --- dates and notes that change ----------------------------------------------------------------------------


def test_a_start_that_moves_ahead_by_at_most_eight_days_or_back_withdraws_nothing() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.turn(at(22))
    for first in (3, 8, 1, -30, 0):
        life.arrive(at(22, seconds=first + 60), note(first, 300))
    life.turn(at(24))
    assert life.withdrawals() == []
    assert len(life.due(REMINDER)) == 1


def test_a_due_date_moved_more_than_seven_days_after_today_withdraws_after_a_quarter_and_fires_again() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(22), note(9, 300))
    assert life.withdrawals() == []
    assert life.state(REMINDER, at(22, "12:14")) == "fired: on_time"
    life.turn(at(22, "12:15"))
    (withdrawal,) = life.withdrawals()
    assert (withdrawal.reason, withdrawal.recipients) == ("moved", None)
    assert withdrawal.withdrawn_at == at(22) + QUARTER
    assert life.state(REMINDER, at(23)) == "armed: again:2"
    life.turn(at(40))
    assert [(event.generation, event.due_on) for event in life.due(REMINDER)] == [
        (1, day(21)),
        (2, day(30)),
    ]


def test_a_due_date_moved_to_seven_days_after_today_withdraws_nothing() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(22), note(8, 300))
    life.turn(at(50))
    assert life.withdrawals() == []
    assert len(life.due(REMINDER)) == 1


def test_a_note_that_is_gone_for_less_than_a_quarter_of_an_hour_withdraws_nothing() -> None:
    """A note that moves to another topic is removed from the first a moment before it arrives on the second."""
    life = Life()
    life.arrive(at(0), note(0, 300, source="sendt"))
    life.arrive(at(22), gone(source="sendt"))
    life.arrive(at(22, "12:10"), note(0, 300, source="bekreftet"))
    life.arrive(at(23), gone(source="bekreftet"))
    life.turn(at(23, "12:14"))
    assert life.withdrawals() == []
    life.turn(at(23, "12:15"))
    assert reasons(life.withdrawals()) == [("case_withdrawn", None)]


def test_the_last_note_of_a_long_leave_that_changes_topic_withdraws_nothing() -> None:
    """Without the last note, the case would for a moment be one that was over long ago."""
    life = Life()
    life.arrive(at(0), note(0, 30), note(31, 300, note_id="note-2", source="sendt"))
    life.arrive(at(60), gone("note-2", source="sendt"))
    life.arrive(at(60, "12:05"), note(31, 300, note_id="note-2", source="bekreftet"))
    life.turn(at(62))
    assert life.withdrawals() == []
    assert life.state(DEADLINE, at(62)) == "armed: due"


def test_a_leave_corrected_to_have_ended_long_ago_is_withdrawn_after_a_quarter() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(60), note(0, 40))
    life.turn(at(60, "12:15"))
    assert {withdrawal.reason for withdrawal in life.withdrawals()} == {"ended"}
    assert {withdrawal.withdrawn_at for withdrawal in life.withdrawals()} == {at(60) + QUARTER}


def test_notes_that_return_bring_a_withdrawn_step_back_as_the_next_generation() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(22), gone())
    life.turn(at(23))
    assert life.state(REMINDER, at(23)) == "not_applicable: case_withdrawn"
    life.arrive(at(24), note(0, 300))
    assert [event.generation for event in life.due(REMINDER)] == [1, 2]
    assert len({event.event_id for event in life.due(REMINDER)}) == 2
    assert len({event.case_id for event in life.due(REMINDER)}) == 1


# --- acts and deaths ----------------------------------------------------------------------------------------


def test_an_act_withdraws_at_once_and_its_withdrawal_brings_the_step_back() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(22), fact(plan_made(22), fact_id="plan"))
    (withdrawal,) = life.withdrawals(REMINDER)
    assert (withdrawal.reason, withdrawal.detail) == ("done", "plan_made")
    assert withdrawal.withdrawn_at == at(22)
    assert withdrawal.event_id == life.due(REMINDER)[0].event_id
    assert life.state(REMINDER, at(22)) == "done: plan_made"
    life.arrive(at(23), withdrawn("plan", 23))
    assert [event.generation for event in life.due(REMINDER)] == [1, 2]


def test_a_death_withdraws_at_once_and_its_annulment_fires_again_within_the_catch_up_days() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(26), PersonDied(person_id=ANNE, occurred_at=at(26)))
    assert [(withdrawal.step, withdrawal.reason) for withdrawal in life.withdrawals()] == [
        ("reminder", "died"),
        ("deadline", "died"),
    ]
    life.arrive(at(29), DeathAnnulled(person_id=ANNE, occurred_at=at(29)))
    assert [event.generation for event in life.due(PLAN)] == [1, 2]
    assert [event.generation for event in life.due(REMINDER)] == [1]
    assert life.state(REMINDER, at(29)) == "missed: catch_up_passed"


def test_an_exemption_withdraws_a_step_and_its_revocation_fires_it_again() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(114), exempted(114))
    (withdrawal,) = life.withdrawals(ASSESS)
    assert (withdrawal.reason, withdrawal.detail) == ("exempted", "medical")
    life.arrive(
        at(120),
        ExemptionRevoked(
            person_id=ANNE,
            occurred_at=at(120),
            checkpoint="dialogue_meeting_2",
            reason="medical",
            granted_by="adviser",
        ),
    )
    assert [event.generation for event in life.due(ASSESS)] == [1, 2]


def test_a_step_that_fell_due_under_an_exemption_is_due_the_morning_after_it_ends() -> None:
    """contract 4: `until` is the last day that it stands."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(100), exempted(100, until=130))
    assert life.state(ASSESS, at(112)) == "done: exempted:medical"
    assert life.state(ASSESS, at(130)) == "done: exempted:medical"
    assert life.state(DEADLINE, at(112)) == "armed: due"
    life.turn(at(140))
    (event,) = life.due(ASSESS)
    assert (event.due_on, event.due_at, event.late_seconds) == (day(112), at(131, "09:00"), 0)


def test_a_step_withdrawn_because_of_an_exemption_is_due_again_the_morning_after_it_ends() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(114), exempted(114, until=130))
    assert reasons(life.withdrawals(ASSESS)) == [("exempted", "medical")]
    life.turn(at(140))
    again = life.due(ASSESS)[1]
    assert (again.generation, again.due_on, again.due_at) == (2, day(112), at(131, "09:00"))


def test_catch_up_days_count_from_the_morning_after_an_exemption() -> None:
    """The question's reminder may be caught up for 14 days, and the exemption stood for 21."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(108), exempted(108, until=130))
    life.turn(at(140))
    (event,) = life.due("meeting_need.reminder")
    assert event.due_at == at(131, "09:00")


def test_a_second_exemption_that_overlaps_the_first_ones_end_delays_the_step_again() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(100), exempted(100, until=120))
    life.arrive(at(118), exempted(118, reason="hospitalised", until=140))
    life.turn(at(150))
    (event,) = life.due(ASSESS)
    assert event.due_at == at(141, "09:00")


def test_too_ill_for_now_without_a_date_stands_for_four_weeks() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(40), exempted(40, checkpoint="dialogue_meeting_1", reason="too_ill_for_now"))
    life.turn(at(100))
    (event,) = life.due("dialogue_meeting_1.deadline")
    assert event.due_at == at(69, "09:00")


def test_an_exemption_that_ends_before_the_due_date_changes_nothing() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(100), exempted(100, until=111))
    life.turn(at(113))
    assert [event.due_at for event in life.due(ASSESS)] == [at(112, "09:00")]


def test_a_cancelled_meeting_fires_again_the_step_that_its_summons_withdrew() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(at(113), summoned(113, 160))
    assert reasons(life.withdrawals(ASSESS)) == [("done", "summoned")]
    assert reasons(life.withdrawals(QUESTION)) == [("not_applicable", "summoned")]
    assert life.withdrawals(QUESTION)[0].withdrawn_at == at(113)
    life.arrive(
        at(115),
        DialogueMeetingCancelled(
            person_id=ANNE, occurred_at=at(115), meeting=2, meeting_id="meeting-2"
        ),
    )
    assert [event.generation for event in life.due(ASSESS)] == [1, 2]


# --- withdrawals for some of the recipients -----------------------------------------------------------------


def test_a_withdrawal_names_the_recipients_that_it_is_for() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.arrive(at(22), plan_made(22))
    (first,) = life.withdrawals()
    assert first.recipients is not None
    assert [(recipient.role, recipient.org_number) for recipient in first.recipients] == [
        ("line_manager", KAFE)
    ]
    assert life.state(REMINDER, at(22)) == "fired: on_time"
    life.arrive(at(23), plan_made(23, BYGG))
    rest = life.withdrawals()[1:]
    assert reasons(rest) == [("done", "plan_made")]
    assert rest[0].recipients is None
    assert life.state(REMINDER, at(23)) == "done: plan_made"


def test_recipients_that_fall_away_for_different_reasons_have_a_withdrawal_each() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.turn(at(36))
    life.arrive(
        at(36),
        exempted(36, checkpoint="dialogue_meeting_1", reason="cannot_return", org=KAFE),
        summoned(36, 40, meeting=1),
    )
    withdrawals = life.withdrawals("dialogue_meeting_1.reminder")
    assert reasons(withdrawals) == [("done", "summoned")]
    life = Life()
    life.arrive(at(0), note(0, 300), note(0, 300, note_id="note-2", employer=BYGG))
    life.turn(at(36))
    life.arrive(
        at(36),
        exempted(36, checkpoint="dialogue_meeting_1", reason="cannot_return", org=KAFE),
        DialogueMeetingHeld(
            person_id=ANNE, occurred_at=at(36), meeting=1, meeting_id="m", org_number=BYGG
        ),
    )
    withdrawals = life.withdrawals("dialogue_meeting_1.reminder")
    reason_by_recipient = {
        (withdrawal.recipients[0].role, withdrawal.recipients[0].org_number): (
            withdrawal.reason,
            withdrawal.detail,
        )
        for withdrawal in withdrawals
        if withdrawal.recipients is not None
    }
    assert reason_by_recipient == {
        ("line_manager", KAFE): ("exempted", "cannot_return"),
        ("line_manager", BYGG): ("done", "held"),
        ("employee", None): ("done", "held"),
    }
    assert len({withdrawal.withdrawal_id for withdrawal in withdrawals}) == 3


def test_an_answer_withdraws_the_question_from_the_party_that_answered() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(
        at(106),
        MeetingNeedAnswered(
            person_id=ANNE,
            occurred_at=at(106),
            party="employee",
            wants_meeting=True,
            justified=True,
        ),
    )
    (withdrawal,) = life.withdrawals(QUESTION)
    assert withdrawal.recipients is not None
    assert [recipient.role for recipient in withdrawal.recipients] == ["employee"]
    life.turn(at(110))
    assert asked(life.due("meeting_need.reminder")[0]) == [("line_manager", KAFE)]


# --- the end of the case ------------------------------------------------------------------------------------


def test_the_end_of_a_case_withdraws_at_its_midnight_and_the_step_stays_fired() -> None:
    life = Life()
    life.arrive(at(0), note(0, 30))
    life.turn(at(46))
    assert {(withdrawal.reason, withdrawal.withdrawn_at) for withdrawal in life.withdrawals()} == {
        ("ended", at(46, "00:00"))
    }
    assert life.state(REMINDER, at(47)) == "fired: on_time"


def test_a_case_continued_after_its_end_fires_again_within_the_catch_up_days_and_no_other_step() -> (
    None
):
    life = Life()
    life.arrive(at(0), note(0, 60))
    life.turn(at(80))
    ended = {f"{withdrawal.checkpoint}.{withdrawal.step}" for withdrawal in life.withdrawals()}
    assert {PLAN, "dialogue_meeting_1.deadline", "activity_requirement.assess"} <= ended
    life.arrive(at(80), note(61, 200, note_id="note-2"))
    assert life.state(PLAN, at(80)) == "fired: on_time"
    again = [
        (f"{event.checkpoint}.{event.step}", event.generation)
        for event in life.due()
        if event.fired_at >= at(80)
    ]
    assert again == [("activity_requirement.assess", 2)]


def test_work_resumed_withdrawn_brings_the_case_back() -> None:
    life = Life()
    life.arrive(at(0), note(0, 100))
    back = WorkResumed(person_id=ANNE, occurred_at=at(23), from_=day(23))
    life.arrive(at(23), fact(back, fact_id="back"))
    assert reasons(life.withdrawals()) == [("ended", None)]
    life.arrive(at(24), withdrawn("back", 24))
    assert [event.generation for event in life.due(REMINDER)] == [1, 2]


def test_a_fired_step_never_fires_again_for_the_same_generation() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    for number in range(22, 60):
        life.arrive(at(number), note(-(number % 7), 300))
        life.arrive(at(number, "13:00"), note(number % 5, 300))
    life.turn(at(400))
    ids = [event.event_id for event in life.due()]
    assert len(ids) == len(set(ids))
    fired = [(event.case_id, event.checkpoint, event.step, event.subject) for event in life.due()]
    assert len(fired) == len(set(fired))


# --- the basis ----------------------------------------------------------------------------------------------


def test_a_fact_that_changes_the_basis_goes_out_with_the_next_revision() -> None:
    """contract 4.4."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.turn(at(113))
    (event,) = life.due(ASSESS)
    assert event.basis is not None
    assert event.basis.revision == 1
    life.arrive(
        at(114),
        FollowUpPlanShared(
            person_id=ANNE,
            occurred_at=at(114),
            org_number=KAFE,
            shared_with="office",
            shared_on=day(114),
        ),
    )
    updates = [update for update in life.updates() if update.event_id == event.event_id]
    assert [(update.revision, update.basis.revision) for update in updates] == [(2, 2)]
    assert f"plan_not_shared:{KAFE}" not in updates[0].basis.missing
    life.arrive(at(115), note(0, 300))
    life.turn(at(117))
    assert [update for update in life.updates() if update.event_id == event.event_id] == updates


def test_a_withdrawn_event_is_not_updated() -> None:
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(
        at(113),
        ReassessmentRequested(
            person_id=ANNE,
            occurred_at=at(113),
            reassessment_id="r",
            adviser_id=ADVISER,
            on=day(140),
        ),
    )
    life.arrive(at(114), plan_made(114))
    (event,) = life.due(ASSESS)
    assert [update for update in life.updates() if update.event_id == event.event_id] == []
