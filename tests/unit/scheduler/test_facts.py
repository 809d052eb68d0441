"""Which version of a record counts (contract 2): of a note, of a fact, and of a person's number."""

from __future__ import annotations

from datetime import date, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingHeld,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    FollowUpPlanMade,
    MeetingNeedAnswered,
    PersonRenumbered,
    ReassessmentClosed,
    ReassessmentRequested,
)
from schemas.wire import Version
from services.scheduler.domain.facts.facts import (
    Fact,
    NoteSlot,
    slot_after,
    standing,
    standing_note,
)
from tests.reference.life import (
    ADVISER,
    ANNE,
    BJORN,
    CECILIE,
    KAFE,
    Arrival,
    Life,
    at,
    day,
    fact,
    gone,
    note,
    withdrawn,
)


def v(timestamp: int, offset: int = 0) -> Version:
    return Version(timestamp, offset)


def spans(life: Life, person: str, when: datetime) -> list[tuple[date, date]]:
    outcome = life.simulation.plan(when).get(person)
    return (
        []
        if outcome is None
        else sorted((leave.start, leave.end) for leave in outcome.leaves.values())
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_record_with_the_highest_timestamp_then_offset_stands_whatever_arrives_when(
    order: tuple[int, ...],
) -> None:
    versions = [
        note(0, 10, version=v(1, 5)),
        note(0, 20, version=v(2, 3)),
        note(0, 30, version=v(2, 4)),
    ]
    life = Life()
    for index in order:
        life.arrive(at(0), versions[index])
    assert spans(life, ANNE, at(0)) == [(day(0), day(30))]


def test_a_null_removes_a_note_from_its_own_source_only() -> None:
    """A note that moves from one of NAV's topics to another is removed from the first and must still count."""
    life = Life()
    life.arrive(at(0), note(0, 30, source="sendt"), note(0, 30, source="bekreftet", employer=None))
    life.arrive(at(1), gone(source="sendt"))
    assert spans(life, ANNE, at(1)) == [(day(0), day(30))]
    life.arrive(at(2), gone(source="bekreftet"))
    assert spans(life, ANNE, at(2)) == []


def test_of_the_sources_that_hold_a_note_canonical_sendt_bekreftet_tsm_counts_in_that_order() -> (
    None
):
    slots = {
        "tsm": note(0, 1, source="tsm"),
        "status": NoteSlot("status", "note-1", v(1), None, status="sent"),
        "bekreftet": note(0, 2, source="bekreftet"),
        "sendt": note(0, 3, source="sendt"),
        "canonical": note(0, 4),
    }
    for source, last in zip(("", "canonical", "sendt", "bekreftet"), (4, 3, 2, 1), strict=True):
        slots.pop(source, None)
        note_and_version = standing_note(slots.values())
        assert note_and_version is not None and note_and_version[0].periods[0].to == day(last)
    slots.pop("status")
    assert standing_note(slots.values()) is None


def test_a_note_that_was_refused_does_not_count() -> None:
    assert standing([note(0, 30, counts=False)], ()).notes == ()


def test_a_note_corrected_to_another_person_no_longer_counts_for_the_first() -> None:
    life = Life()
    life.arrive(at(0), note(0, 30))
    life.arrive(at(1), note(0, 30, person=BJORN))
    assert spans(life, ANNE, at(1)) == []
    assert spans(life, BJORN, at(1)) == [(day(0), day(30))]


@given(order=st.permutations(range(4)))
def test_self_certified_days_are_kept_by_a_record_that_left_them_out(order: list[int]) -> None:
    """contract 7: NAV's record of a changed number leaves the self-certified days out; they still hold."""
    correction = note(5, 10, certified=(0, 1), version=v(2))
    records = [
        note(5, 10, certified=(3,), version=v(1)),
        correction,
        NoteSlot("canonical", "note-1", v(3), note(5, 10).note, keeps_self_certified_days=True),
        NoteSlot("canonical", "note-1", v(4), note(5, 12).note, keeps_self_certified_days=True),
    ]
    slot: NoteSlot | None = None
    for index in order:
        slot = slot_after(slot, records[index])
    assert slot is not None
    note_and_version = standing_note([slot])
    assert note_and_version is not None
    assert (note_and_version[0].self_certified_days, note_and_version[0].periods[0].to) == (
        (day(0), day(1)),
        day(12),
    )


def test_a_withdrawal_may_come_before_its_fact() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    life.arrive(at(1), withdrawn("plan-1", 1))
    plan = FollowUpPlanMade(person_id=ANNE, occurred_at=at(2), org_number=KAFE, made_on=day(2))
    life.arrive(at(2), fact(plan, fact_id="plan-1"))
    assert life.state("follow_up_plan.deadline", at(3)) == "armed: due"
    life.arrive(at(4), fact(plan, fact_id="plan-2"))
    assert life.state("follow_up_plan.deadline", at(5)) == "done: plan_made"
    life.arrive(at(6), withdrawn("plan-2", 6))
    assert life.state("follow_up_plan.deadline", at(7)) == "armed: due"


def test_a_withdrawal_that_is_withdrawn_itself_leaves_the_fact_standing() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    plan = FollowUpPlanMade(person_id=ANNE, occurred_at=at(2), org_number=KAFE, made_on=day(2))
    life.arrive(at(2), fact(plan, fact_id="plan-1"))
    never = withdrawn("plan-1", 3)
    life.arrive(at(3), Fact("tests", "mistake", never.version, never.message))
    assert life.state("follow_up_plan.deadline", at(3)) == "armed: due"
    life.arrive(at(4), withdrawn("mistake", 4))
    assert life.state("follow_up_plan.deadline", at(5)) == "done: plan_made"


def test_a_withdrawal_withdraws_only_its_own_sources_fact_where_two_sources_share_an_id() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    plan = FollowUpPlanMade(person_id=ANNE, occurred_at=at(2), org_number=KAFE, made_on=day(2))
    life.arrive(at(2), fact(plan, fact_id="1", source="one"), fact(plan, fact_id="1", source="two"))
    life.arrive(at(3), withdrawn("1", 3, source="one"))
    assert life.state("follow_up_plan.deadline", at(4)) == "done: plan_made"
    life.arrive(at(5), withdrawn("1", 5, source="two"))
    assert life.state("follow_up_plan.deadline", at(6)) == "armed: due"


def test_a_record_with_an_id_already_seen_changes_nothing() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    plan = FollowUpPlanMade(person_id=ANNE, occurred_at=at(2), org_number=KAFE, made_on=day(2))
    life.arrive(at(2), fact(plan, fact_id="plan-1"))
    life.arrive(at(3), withdrawn("plan-1", 3))
    life.arrive(at(4), fact(plan, fact_id="plan-1"))
    assert life.state("follow_up_plan.deadline", at(5)) == "armed: due"


def test_the_assessment_and_the_answer_that_happened_last_stand() -> None:
    """contract 2: by occurred_at, not by arrival."""

    def assessed(number: int, *, final: bool) -> ActivityRequirementAssessed:
        return ActivityRequirementAssessed(
            person_id=ANNE, occurred_at=at(number), outcome="met", final=final
        )

    life = Life()
    life.arrive(at(0), note(0, 100))
    life.arrive(at(10), assessed(10, final=True))
    life.arrive(at(11), assessed(9, final=False))
    assert life.state("activity_requirement.assess", at(12)) == "done: assessed"
    life.arrive(at(12), assessed(12, final=False))
    assert life.state("activity_requirement.assess", at(13)) == "armed: due"

    def answer(number: int, *, wants: bool) -> MeetingNeedAnswered:
        return MeetingNeedAnswered(
            person_id=ANNE,
            occurred_at=at(number),
            party="employee",
            wants_meeting=wants,
            justified=False,
        )

    life = Life()
    life.arrive(at(0), note(0, 200))
    life.arrive(at(110), answer(110, wants=True))
    life.arrive(at(111), answer(109, wants=False))
    life.turn(at(113))
    (event,) = life.due("dialogue_meeting_2_assessment.assess")
    assert event.basis is not None
    assert [answer.wants_meeting for answer in event.basis.answers] == [True]


def test_a_later_record_of_a_meetings_id_replaces_it_also_where_it_is_another_meeting() -> None:
    """contract 2: a meeting by its id."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    meeting: dict[str, Any] = {
        "person_id": ANNE,
        "meeting_id": "meeting-1",
        "takes_place_on": day(60),
    }
    life.arrive(at(30), DialogueMeetingSummoned(**meeting, occurred_at=at(30), meeting=2))
    life.arrive(at(31), DialogueMeetingSummoned(**meeting, occurred_at=at(31), meeting=3))
    assert life.state("dialogue_meeting_2_assessment.assess", at(32)) == "armed: due"


def test_a_meeting_moved_to_a_date_not_yet_known_has_none() -> None:
    """contract 4: a meeting without a date has no step that counts from its date."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    life.arrive(
        at(30),
        DialogueMeetingSummoned(
            person_id=ANNE, occurred_at=at(30), meeting=2, meeting_id="m", takes_place_on=day(60)
        ),
    )
    assert life.state("meeting_plan.first/m", at(31)) == "armed: due"
    life.arrive(
        at(32), DialogueMeetingMoved(person_id=ANNE, occurred_at=at(32), meeting=2, meeting_id="m")
    )
    assert life.state("meeting_plan.first/m", at(33)) == "not_applicable: nobody_asked"
    assert life.state("meeting_outcome.outcome/m", at(33)) == "not_applicable: nobody_asked"
    life.arrive(
        at(70), DialogueMeetingHeld(person_id=ANNE, occurred_at=at(70), meeting=2, meeting_id="m")
    )
    assert life.state("dialogue_meeting_2.deadline", at(71)) == "done: held"


def test_a_reassessment_asked_for_again_after_it_was_closed_is_open() -> None:
    """contract 2: of two records with one reassessment's id the later counts."""
    life = Life()
    life.arrive(at(0), note(0, 300))
    reassessment: dict[str, Any] = {
        "person_id": ANNE,
        "reassessment_id": "r",
        "adviser_id": ADVISER,
    }
    life.arrive(at(10), ReassessmentRequested(**reassessment, occurred_at=at(10), on=day(40)))
    life.arrive(at(11), ReassessmentClosed(**reassessment, occurred_at=at(11)))
    assert life.state("reassessment.look_again/r", at(12)) == "done: closed"
    assert life.state("dialogue_meeting_2_assessment.assess", at(12)) == "done: reassessment"
    life.arrive(at(13), ReassessmentRequested(**reassessment, occurred_at=at(13), on=day(50)))
    assert life.state("reassessment.look_again/r", at(14)) == "armed: due"


# --- numbers ------------------------------------------------------------------------------------------------


def renumbered(old: str, new: str, number: int = 1) -> PersonRenumbered:
    return PersonRenumbered(old_person_id=old, new_person_id=new, occurred_at=at(number))


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_all_facts_of_an_old_number_also_later_ones_belong_to_the_new_and_chains_are_followed(
    order: tuple[int, ...],
) -> None:
    plan = FollowUpPlanMade(person_id=BJORN, occurred_at=at(0), org_number=KAFE, made_on=day(0))
    arrivals: list[Arrival] = [
        note(0, 60),
        fact(renumbered(ANNE, BJORN), fact_id="change-1", version=v(1)),
        fact(renumbered(BJORN, CECILIE), fact_id="change-2", version=v(2)),
        fact(plan, fact_id="plan", version=v(3)),
    ]
    life = Life()
    for index in order:
        life.arrive(at(1), arrivals[index])
    assert spans(life, CECILIE, at(1)) == [(day(0), day(60))]
    assert spans(life, ANNE, at(1)) == spans(life, BJORN, at(1)) == []
    steps = life.steps(at(1), person=CECILIE)
    assert steps["follow_up_plan.deadline"].reason == "plan_made"


def test_a_timer_and_a_fired_event_pass_to_the_new_number() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    life.turn(at(22))
    life.arrive(at(22), renumbered(ANNE, BJORN))
    life.turn(at(28))
    assert [event.person_id for event in life.due()] == [ANNE, BJORN]
    assert len({event.case_id for event in life.due()}) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("named", [ANNE, BJORN])
def test_a_withdrawn_change_of_number_changes_nothing(order: tuple[int, ...], named: str) -> None:
    """Also where the withdrawal arrives before the change, and whichever of the two numbers it names."""
    arrivals: list[Arrival] = [
        note(0, 60),
        fact(renumbered(ANNE, BJORN), fact_id="change-1", version=v(1)),
        withdrawn("change-1", 1, person=named),
    ]
    life = Life()
    for index in order:
        life.arrive(at(1), arrivals[index])
    assert spans(life, ANNE, at(1)) == [(day(0), day(60))]
    assert spans(life, BJORN, at(1)) == []


def test_a_number_changed_and_changed_back_has_the_notes_of_both_numbers() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60), note(70, 80, note_id="note-2", person=BJORN))
    life.arrive(at(1), fact(renumbered(ANNE, BJORN), fact_id="change-1"))
    life.arrive(at(2), fact(renumbered(BJORN, ANNE), fact_id="change-2"))
    assert spans(life, ANNE, at(2)) == [(day(0), day(80))]
    assert spans(life, BJORN, at(2)) == []


def test_withdrawn_changes_of_number_give_each_note_back_to_the_number_before() -> None:
    life = Life()
    life.arrive(at(0), note(0, 60))
    life.arrive(at(1), fact(renumbered(ANNE, BJORN), fact_id="change-1"))
    life.arrive(at(2), fact(renumbered(BJORN, CECILIE), fact_id="change-2"))
    life.arrive(at(3), withdrawn("change-2", 3, person=CECILIE))
    assert spans(life, BJORN, at(3)) == [(day(0), day(60))]
    life.arrive(at(4), withdrawn("change-1", 4, person=BJORN))
    assert spans(life, ANNE, at(4)) == [(day(0), day(60))]
    assert spans(life, CECILIE, at(4)) == spans(life, BJORN, at(4)) == []
