"""What an adviser is shown: who has the plan, legal dates, the end of the notes, refusals (contract 4.4)."""

from __future__ import annotations

from schemas.messages import Basis, DeadlineDue, DeadlineUpdated, FollowUpPlanMade, MeetingBasis
from schemas.stored import read_stored
from schemas.wire import Version
from services.scheduler.domain.facts.intake import OfficeChange
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ANNE, KAFE, Life, at, day, note, shipped
from tests.support.paths import RULEBOOKS
from tests.unit.scheduler.test_second_part import answered, cancelled, moved, shared, summoned

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
