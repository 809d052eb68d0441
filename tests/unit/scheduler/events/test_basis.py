"""What an adviser is shown: who has the plan, legal dates, the end of the notes, refusals (contract 4.4)."""

from __future__ import annotations

import json

from schemas.messages import (
    Basis,
    DeadlineDue,
    DeadlineUpdated,
    FollowUpPlanMade,
    MeetingBasis,
    MeetingNeedAnswered,
)
from schemas.stored import read_stored
from schemas.wire import Version
from services.scheduler.domain.events.due_event import fire_due
from services.scheduler.domain.facts.intake import OfficeChange
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ANNE, BJORN, BYGG, KAFE, Life, at, day, note, shipped
from tests.support.paths import RULEBOOKS
from tests.unit.scheduler.test_second_part import (
    answered,
    assessed,
    cancelled,
    moved,
    reassessment,
    requested,
    shared,
    summoned,
)
from tests.unit.scheduler.test_states import exempted, held

REQUESTED = "requested_meeting.requested"
ASSESS = "dialogue_meeting_2_assessment.assess"


def away(last: int = 124, *, rulebook: Rulebook | None = None) -> Life:
    life = Life(rulebook or shipped("standard"))
    life.arrive(at(0), note(0, last))
    return life


def basis_of(life: Life, path: str = ASSESS) -> Basis:
    """The basis as it was last sent for the last due event of a step."""
    event = life.due(path)[-1]
    assert event.basis is not None
    updates = [update.basis for update in life.updates() if update.event_id == event.event_id]
    return (updates or [event.basis])[-1]


def need(number: int, party: str, *, justified: bool) -> MeetingNeedAnswered:
    return MeetingNeedAnswered.model_validate(
        {
            "person_id": ANNE,
            "occurred_at": at(number),
            "party": party,
            "org_number": KAFE if party == "employer" else None,
            "wants_meeting": False,
            "justified": justified,
        }
    )


# --- plans --------------------------------------------------------------------------------------------------


def test_who_has_the_plan_is_told_apart() -> None:
    life = away()
    made = FollowUpPlanMade(person_id=ANNE, occurred_at=at(20), org_number=KAFE, made_on=day(20))
    life.arrive(at(20), made)
    life.arrive(at(25), shared(25, with_="practitioner"))
    life.turn(at(113))
    (plan,) = basis_of(life).follow_up_plans
    assert (plan.made_on, plan.shared_with_practitioner_on, plan.shared_with_office_on) == (
        day(20),
        day(25),
        None,
    )
    life.arrive(at(114), shared(114))
    (plan,) = basis_of(life).follow_up_plans
    assert (plan.shared_with_practitioner_on, plan.shared_with_office_on) == (day(25), day(114))
    assert plan.shared_on == day(114)


def test_an_exemption_for_one_employer_names_it_and_one_for_all_names_none() -> None:
    life = away()
    life.arrive(
        at(20),
        exempted(20, checkpoint="follow_up_plan", reason="obviously_unnecessary", org=KAFE),
        exempted(20, checkpoint="dialogue_meeting_1", reason="cannot_return"),
    )
    life.turn(at(113))
    shown = [json.loads(one.model_dump_json()) for one in basis_of(life).exemptions]
    assert [(one["checkpoint"], one.get("org_number", "no field")) for one in shown] == [
        ("follow_up_plan", KAFE),
        ("dialogue_meeting_1", "no field"),
    ]


# --- dates --------------------------------------------------------------------------------------------------


def test_the_basis_says_until_when_the_notes_last_and_by_when_to_summon_and_to_meet() -> None:
    """The legal dates, days 161 and 182: not the Fridays on which advisers are told."""
    life = away()
    life.turn(at(113))
    basis = basis_of(life)
    assert (basis.notes_until, basis.summon_by, basis.meet_by) == (day(124), day(160), day(181))


def test_a_note_that_prolongs_the_leave_goes_out_as_the_new_end_of_the_notes() -> None:
    life = away()
    life.turn(at(113))
    life.arrive(at(120), note(125, 160, note_id="note-2"))
    (update,) = [u for u in life.updates() if u.event_id == life.due(ASSESS)[0].event_id]
    assert (update.revision, update.basis.notes_until) == (2, day(160))


def test_an_office_with_dates_of_its_own_has_them_in_the_basis() -> None:
    trial = """
        [office.0220]
        "dialogue_meeting_2.deadline.day" = 132
        "dialogue_meeting_2_assessment.assess.day" = 91
        "meeting_need.question.day" = 84
        "meeting_need.reminder.day" = 88
    """
    life = away(rulebook=parse((RULEBOOKS / "standard.toml").read_text("utf-8") + trial))
    life.arrive(at(1), OfficeChange(ANNE, "0220", Version(1, 1)))
    life.turn(at(92))
    assert (basis_of(life).summon_by, basis_of(life).meet_by) == (day(111), day(132))


def test_a_move_to_an_office_with_other_dates_goes_out_with_them() -> None:
    trial = """
        [office.0220]
        "dialogue_meeting_2.deadline.day" = 167
    """
    life = away(rulebook=parse((RULEBOOKS / "standard.toml").read_text("utf-8") + trial))
    life.turn(at(113))
    life.arrive(at(114), OfficeChange(ANNE, "0220", Version(1, 1)))
    basis = basis_of(life)
    assert (basis.revision, basis.summon_by, basis.meet_by) == (2, day(146), day(167))


def test_a_rulebook_that_knows_no_meeting_2_gives_no_dates_for_it() -> None:
    own = """
        name = "own"
        version = "1"
        [[checkpoint]]
        name = "look"
        source = "practice: ours"
        when = ["sick_listed"]
        to = ["adviser"]
        step = [{ name = "in", day = 20 }]
    """
    life = away(rulebook=parse(own))
    life.turn(at(21))
    basis = basis_of(life, "look.in")
    assert (basis.summon_by, basis.meet_by, basis.notes_until) == (None, None, day(124))


def test_a_rulebook_that_guards_no_date_of_meeting_2_gives_none() -> None:
    """What the welfare office runs today asks for an assessment, and guards neither the summons nor the 26 weeks."""
    life = away(rulebook=shipped("nav-2026"))
    life.turn(at(120))
    assert (basis_of(life).summon_by, basis_of(life).meet_by) == (None, None)


# --- refusals -----------------------------------------------------------------------------------------------


def test_refusals_of_a_meeting_are_counted_over_its_dates_and_parties() -> None:
    life = away(300)
    life.arrive(at(90), summoned(90, 150), answered(90, "not_coming"))
    life.arrive(at(91), answered(91, "other_time"))  # The same party about the same date.
    life.arrive(at(92), answered(92, "other_time", party="employer"))
    life.arrive(at(95), moved(95, 155), answered(96, "other_time"))
    life.turn(at(170))
    refused = {meeting.meeting_id: meeting.refusals for meeting in meetings_of(life)}
    assert refused == {"m": 3}


def test_a_refusal_goes_out_to_whoever_reads_of_the_meeting_already() -> None:
    life = away(300)
    life.arrive(at(90), summoned(90, 150), requested(91, meeting=3))
    life.turn(at(92))
    life.arrive(at(95), answered(95, "other_time"))
    basis = basis_of(life, REQUESTED)
    assert (basis.revision, [meeting.refusals for meeting in basis.meetings]) == (2, [1])


def test_a_party_that_is_coming_after_all_has_not_refused_that_date() -> None:
    life = away(300)
    life.arrive(at(90), summoned(90, 150), answered(90, "not_coming"))
    assert [meeting.refusals for meeting in meetings_of(life)] == [1]
    life.arrive(at(92), answered(92, "coming"), cancelled(93))
    life.turn(at(170))
    assert [meeting.refusals for meeting in meetings_of(life)] == [0]


def meetings_of(life: Life) -> tuple[MeetingBasis, ...]:
    """The meetings in the basis that was sent last."""
    bases = [
        message.basis
        for _, message in life.simulation.sent
        if isinstance(message, DeadlineDue | DeadlineUpdated) and message.basis is not None
    ]
    return bases[-1].meetings


# --- what is missing ----------------------------------------------------------------------------------------


def looked_at(life: Life, number: int) -> set[str]:
    """What is missing on that day: an adviser's own date to look again has the whole basis beside it."""
    life.arrive(at(number, "06:00"), reassessment(number - 3, number, name=f"look-{number}"))
    life.turn(at(number))
    return set(basis_of(life, "reassessment.look_again").missing) - {"history_unknown"}


def test_the_plan_is_missing_from_day_28_until_the_office_has_it() -> None:
    assert looked_at(away(), 26) == set()
    assert looked_at(away(), 27) == {f"plan_not_shared:{KAFE}"}
    life = away()
    life.arrive(at(20), shared(20, with_="practitioner"))
    assert looked_at(life, 27) == {f"plan_not_shared:{KAFE}"}
    life.arrive(at(28), shared(28))
    assert looked_at(life, 29) == set()


def test_no_plan_is_missing_that_obviously_nobody_needs_nor_of_an_employer_that_joined_later() -> (
    None
):
    life = away()
    life.arrive(at(20), exempted(20, checkpoint="follow_up_plan", reason="obviously_unnecessary"))
    assert looked_at(life, 30) == set()
    life = away(120)
    life.arrive(at(20), exempted(20, checkpoint="follow_up_plan", reason="x", org=BYGG, until=35))
    life.arrive(at(20), note(0, 120, note_id="note-2", employer=BYGG))
    assert looked_at(life, 30) == {f"plan_not_shared:{KAFE}"}
    assert looked_at(life, 36) == {f"plan_not_shared:{KAFE}", f"plan_not_shared:{BYGG}"}
    life = away(120)
    life.arrive(at(32), note(32, 120, note_id="note-2", employer=BYGG))
    assert looked_at(life, 40) == {f"plan_not_shared:{KAFE}"}


def test_meeting_1_is_missing_from_day_50_where_full_leave_required_it() -> None:
    assert "meeting_1_unknown" not in looked_at(away(), 48)
    assert "meeting_1_unknown" in looked_at(away(), 49)
    for fact in (
        held(1, 30),
        exempted(30, checkpoint="dialogue_meeting_1", reason="returning_soon"),
    ):
        life = away()
        life.arrive(at(30), fact)
        assert "meeting_1_unknown" not in looked_at(life, 60)
    graded = Life()
    graded.arrive(at(0), note(0, 40), note(41, 120, note_id="note-2", kind="graded", grade=50))
    assert "meeting_1_unknown" not in looked_at(graded, 110)


def test_meeting_1_is_missing_while_one_of_two_employers_has_not_met() -> None:
    life = away()
    life.arrive(at(1), note(0, 124, note_id="note-2", employer=BYGG), held(1, 1, org=KAFE))
    assert "meeting_1_unknown" in looked_at(life, 60)
    life.arrive(at(61), held(1, 61, org=BYGG))
    assert "meeting_1_unknown" not in looked_at(life, 62)


def test_an_employer_with_whom_the_person_works_in_part_owes_no_meeting_1() -> None:
    life = away()
    graded = note(0, 124, note_id="note-2", employer=BYGG, kind="graded", grade=50)
    life.arrive(at(1), graded)
    assert "meeting_1_unknown" in looked_at(life, 60)
    life.arrive(at(61), held(1, 61, org=KAFE))
    assert "meeting_1_unknown" not in looked_at(life, 62)


def test_the_activity_requirement_is_missing_from_day_57_where_graded_work_does_not_meet_it() -> (
    None
):
    name = "activity_requirement_not_assessed"
    assert name not in looked_at(away(), 55)
    assert name in looked_at(away(), 56)
    for fact in (
        assessed(50, reply_by=70),
        exempted(50, checkpoint="activity_requirement", reason="adjustment_impossible"),
    ):
        life = away()
        life.arrive(at(50), fact)
        assert name not in looked_at(life, 60)
    life = Life()
    life.arrive(
        at(0),
        note(0, 79, kind="graded", grade=60),
        note(80, 100, note_id="note-2"),
        note(101, 120, note_id="note-3", kind="graded", grade=60),
    )
    assert [name in looked_at(life, number) for number in (60, 80, 81, 101)] == [
        False,
        False,
        True,
        False,
    ]


def test_an_answer_is_missing_once_its_party_was_asked_and_the_question_stands() -> None:
    employee, employer = "answer_employee", f"answer_employer:{KAFE}"
    life = away()
    assert looked_at(life, 104).isdisjoint({employee, employer})
    assert looked_at(life, 105) >= {employee, employer}
    life.arrive(at(106), requested(106, party="employer", org=KAFE))
    missing = looked_at(life, 108)
    assert employee in missing
    assert employer not in missing
    life.arrive(at(109), exempted(109))
    assert looked_at(life, 110).isdisjoint({employee, employer})


def test_a_question_that_is_late_is_asked_when_it_goes_out() -> None:
    """Due from day 105 of a leave that is known on day 122, and exempted from at first: it goes out on day 155."""
    life = Life()
    life.arrive(at(122), note(0, 269))
    life.arrive(at(124), exempted(124, until=154))
    life.arrive(at(134), requested(134, meeting=3))
    life.turn(at(156))
    assert life.fired_on("meeting_need.reminder") == [day(122), day(155)]
    life.known_people.replan([ANNE], at(157))
    assert {update.basis.as_of for update in life.updates()} <= {day(124), day(134)}
    life.arrive(at(158), requested(158, meeting=3, party="employer"))
    assert "answer_employee" in basis_of(life, REQUESTED).missing


def test_an_answer_without_a_reason_lacks_it_whether_it_was_asked_for_or_not() -> None:
    life = away()
    life.arrive(at(60), need(60, "employee", justified=False), need(60, "employer", justified=True))
    assert {name for name in looked_at(life, 110) if "employe" in name} == {"reason_employee"}


def test_time_alone_changes_no_basis_and_the_next_fact_brings_what_time_has_added() -> None:
    """The eight weeks pass while a request stands; what is then missing comes with the note that prolongs the leave."""
    life = away(70)
    life.arrive(at(50), requested(50))
    assert "activity_requirement_not_assessed" not in basis_of(life, REQUESTED).missing
    life.turn(at(60))
    life.known_people.replan([ANNE], at(60))
    assert life.updates() == []
    life.arrive(at(65), note(71, 124, note_id="note-2"))
    basis = basis_of(life, REQUESTED)
    assert (basis.revision, basis.as_of) == (2, day(65))
    assert "activity_requirement_not_assessed" in basis.missing


# --- since when anything is known ---------------------------------------------------------------------------


def years_ago(years: int) -> Version:
    return Version(int(at(-365 * years).timestamp() * 1000), 1)


def test_history_is_known_since_the_first_note_of_anybody() -> None:
    life = away()
    old = note(-400, -390, note_id="note-of-bjorn", person=BJORN, version=years_ago(1))
    life.arrive(at(1), old)
    life.turn(at(113))
    basis = basis_of(life)
    assert (basis.history_since, basis.earlier_cases) == (day(-365), ())
    assert "history_unknown" in basis.missing


def test_that_no_earlier_case_is_known_says_something_once_the_system_is_three_years_old() -> None:
    life = away()
    life.arrive(
        at(1), note(-1500, -1490, note_id="note-of-bjorn", person=BJORN, version=years_ago(4))
    )
    life.turn(at(113))
    basis = basis_of(life)
    assert basis.history_since == day(-365 * 4)
    assert "history_unknown" not in basis.missing


def test_an_earlier_case_is_history_however_young_the_system_is() -> None:
    life = away()
    life.arrive(at(1), note(-200, -150, note_id="note-2"))
    life.turn(at(113))
    basis = basis_of(life)
    assert basis.history_since == day(0)
    assert basis.earlier_cases[0].start == day(-200)
    assert "history_unknown" not in basis.missing


def test_a_clock_that_is_wrong_makes_no_system_old() -> None:
    life = away()
    life.arrive(at(1), note(1, 9, note_id="note-2", person=BJORN, version=Version(0, 1)))
    life.turn(at(113))
    assert basis_of(life).history_since == day(0)
    life.arrive(at(114), note(114, 119, note_id="note-3", version=Version(10**17, 1)))
    assert basis_of(life).history_since == day(0)


def test_an_older_note_of_somebody_else_changes_no_basis_that_was_sent() -> None:
    life = away()
    life.turn(at(113))
    life.arrive(
        at(114), note(-1500, -1490, note_id="note-of-bjorn", person=BJORN, version=years_ago(4))
    )
    life.known_people.replan([ANNE], at(115))
    assert life.updates() == []
    life.arrive(at(116), shared(116))
    basis = basis_of(life)
    assert (basis.revision, basis.history_since) == (2, day(-365 * 4))
    assert "history_unknown" not in basis.missing


def test_after_an_outage_the_basis_is_as_of_the_day_for_which_it_was_found() -> None:
    life = away()
    person = life.known_people.people[ANNE]
    late = fire_due(person.timers, at(118))
    bases = {(fired.key.checkpoint, fired.key.step): fired.event.basis for fired in late}
    basis = bases["dialogue_meeting_2_assessment", "assess"]
    assert basis is not None
    assert (basis.as_of, basis.weeks_completed) == (day(112), 16)


# --- what was stored earlier --------------------------------------------------------------------------------


def test_a_basis_of_the_first_version_still_loads_and_says_nothing_of_the_new_fields() -> None:
    stored = """{"as_of": "2026-04-27", "revision": 1, "weeks_completed": 16, "grade": {"now": 60, "history": []},
        "earlier_cases": [], "employers": [], "follow_up_plans": [
            {"org_number": "310200107", "made_on": null, "shared_on": "2026-01-29"}],
        "answers": [], "requests": [], "meetings": [{"meeting": 2, "meeting_id": "m", "state": "held",
            "takes_place_on": null, "org_number": null}],
        "exemptions": [], "activity_requirement": null, "missing": []}"""
    basis = read_stored(Basis, stored)
    (plan,) = basis.follow_up_plans
    assert (plan.shared_on, plan.shared_with_office_on) == (day(24), None)
    assert (basis.notes_until, basis.history_since, basis.meetings[0].refusals) == (None, None, 0)
