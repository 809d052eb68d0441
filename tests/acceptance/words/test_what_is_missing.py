"""What advisers read as missing was owed by then: through both services, as the tasks tell it (contract 4.4).

A plan that only the practitioner had was once taken for one that the office has. Answers were named as missing before
anybody was asked, meeting 1 and the activity requirement of people at graded work, whom the law asks for neither, and
earlier leaves as unknown of people of whom one was known. A list that is never empty is not read.

Everybody falls ill on Monday 5 January 2026.
"""

from __future__ import annotations

from datetime import date

from schemas.messages import (
    ActivityRequirementAssessed,
    AdviserTaskOpened,
    AdviserTaskUpdated,
    Basis,
    DialogueMeetingAnswered,
    DialogueMeetingHeld,
    DialogueMeetingSummoned,
    Employer,
    FollowUpPlanShared,
    MeetingNeedAnswered,
    MeetingRequested,
    Period,
    SickNoteRegistered,
)
from tests.support.situations import KAFE, Life, Lived, Situations, Story, oslo

SITUATIONS = Situations()
ASSESS, ANSWER = "dialogue_meeting_2_assessment.assess", "meeting_answer.answer"
ACTIVITY, REQUESTED = "activity_requirement.assess", "requested_meeting.requested"
NO_PLAN, NO_REASON = f"plan_not_shared:{KAFE}", f"reason_employer:{KAFE}"
NO_ANSWERS = ("answer_employee", f"answer_employer:{KAFE}")


def _fell_ill(life: Life) -> None:
    life.contact()
    life.manager()


def _graded(life: Life, first: str, last: str, grade: int) -> None:
    period = Period(
        from_=date.fromisoformat(first), to=date.fromisoformat(last), kind="graded", grade=grade
    )
    at = f"{first} 08:00"
    note = SickNoteRegistered(
        note_id=f"note-{life.number[-5:]}-{first}",
        person_id=life.number,
        employer=Employer(org_number=KAFE),
        form="digital",
        issued_on=oslo(at).date(),
        periods=(period,),
    )
    life.publish(at, note)


def _plan_shared(life: Life, at: str, shared_with: str) -> None:
    life.fact(
        at,
        FollowUpPlanShared,
        org_number=KAFE,
        made_on=date(2026, 1, 20),
        shared_with=shared_with,
        shared_on=oslo(at).date(),
    )


def _answered(
    life: Life, at: str, party: str, *, wants: bool = False, justified: bool = True
) -> None:
    org = KAFE if party == "employer" else None
    life.fact(
        at,
        MeetingNeedAnswered,
        party=party,
        org_number=org,
        wants_meeting=wants,
        justified=justified,
    )


@SITUATIONS.add
def plan_with_the_practitioner_and_not_with_the_office(life: Life) -> Story:
    _fell_ill(life)
    life.sick("2026-01-05", "2026-03-29")
    life.plan_made("2026-01-20 11:00")
    _plan_shared(life, "2026-01-21 11:00", "practitioner")
    life.fact(
        "2026-02-10 13:00",
        DialogueMeetingHeld,
        meeting=1,
        meeting_id="m1",
        org_number=KAFE,
        takes_place_on=date(2026, 2, 10),
    )
    life.fact("2026-02-25 13:00", ActivityRequirementAssessed, outcome="met", final=True)
    life.sick("2026-03-30", "2026-05-24")
    _answered(life, "2026-04-21 14:00", "employee", wants=True)
    _answered(life, "2026-04-21 15:00", "employer", justified=False)
    meeting = {"meeting": 2, "meeting_id": f"m2-{life.number[-5:]}"}
    life.fact(
        "2026-05-11 12:00", DialogueMeetingSummoned, takes_place_on=date(2026, 6, 10), **meeting
    )
    life.fact(
        "2026-05-13 12:00",
        DialogueMeetingAnswered,
        party="practitioner",
        answer="not_coming",
        **meeting,
    )
    life.sick("2026-05-25", "2026-06-21")
    _plan_shared(life, "2026-05-29 12:00", "office")
    return ["tasks"]


@SITUATIONS.add
def at_half_work_all_the_time_and_the_employer_asks_for_a_meeting(life: Life) -> Story:
    _fell_ill(life)
    _graded(life, "2026-01-05", "2026-03-29", 50)
    life.fact("2026-02-10 11:00", MeetingRequested, meeting=1, party="practitioner")
    life.fact("2026-03-10 11:00", MeetingRequested, meeting=2, party="employer", org_number=KAFE)
    _graded(life, "2026-03-30", "2026-05-24", 50)
    return ["tasks"]


@SITUATIONS.add
def at_half_work_after_six_weeks_and_both_have_answered(life: Life) -> Story:
    _fell_ill(life)
    life.sick("2024-03-04", "2024-07-21")
    life.sick("2026-01-05", "2026-02-15")
    _graded(life, "2026-02-16", "2026-05-10", 50)
    _answered(life, "2026-04-21 12:00", "employee")
    _answered(life, "2026-04-22 12:00", "employer")
    return ["tasks"]


@SITUATIONS.add
def away_altogether_only_after_twelve_weeks(life: Life) -> Story:
    _fell_ill(life)
    life.sick("2024-09-02", "2024-10-31")
    _graded(life, "2026-01-05", "2026-02-15", 50)
    _graded(life, "2026-02-16", "2026-03-29", 80)
    life.sick("2026-03-30", "2026-05-10")
    return ["tasks"]


def bases_of(outcomes: Lived, name: str, step: str) -> list[Basis]:
    """The bases of this year's task of a step, as it was opened and as it was updated since."""
    (life,) = [situation.life for situation in SITUATIONS if situation.name == name]
    messages = [message for _, message in outcomes.messages(life)]
    (task,) = [
        message
        for message in messages
        if isinstance(message, AdviserTaskOpened)
        and f"{message.checkpoint}.{message.step}" == step
        and message.due_on.year == 2026
    ]
    updates = [m for m in messages if isinstance(m, AdviserTaskUpdated)]
    bases = [task.basis, *(m.basis for m in updates if m.task_id == task.task_id)]
    return [basis for basis in bases if basis is not None]


def test_a_plan_is_missing_until_the_office_has_it(outcomes: Lived) -> None:
    name = "plan_with_the_practitioner_and_not_with_the_office"
    basis = bases_of(outcomes, name, ASSESS)[0]
    (plan,) = basis.follow_up_plans
    assert (plan.made_on, plan.shared_with_practitioner_on, plan.shared_with_office_on) == (
        date(2026, 1, 20),
        date(2026, 1, 21),
        None,
    )
    assert basis.missing == (NO_PLAN, NO_REASON, "history_unknown")

    opened, prolonged, shared = bases_of(outcomes, name, ANSWER)
    assert opened.missing == prolonged.missing == (NO_PLAN, NO_REASON, "history_unknown")
    assert [meeting.refusals for meeting in opened.meetings] == [0, 1]
    assert (opened.notes_until, prolonged.notes_until) == (date(2026, 5, 24), date(2026, 6, 21))
    assert shared.missing == (NO_REASON, "history_unknown")
    assert shared.follow_up_plans[0].shared_with_office_on == date(2026, 5, 29)


def test_nobody_at_half_work_lacks_a_meeting_1_or_an_assessment_and_answers_are_missing_once_asked(
    outcomes: Lived,
) -> None:
    """The employer has asked for a meeting itself, so it was never asked whether it wants one."""
    name = "at_half_work_all_the_time_and_the_employer_asks_for_a_meeting"
    assert bases_of(outcomes, name, REQUESTED)[0].missing == (NO_PLAN, "history_unknown")
    basis = bases_of(outcomes, name, ASSESS)[0]
    assert basis.missing == (NO_PLAN, "answer_employee", "history_unknown")
    assert (basis.summon_by, basis.meet_by) == (date(2026, 6, 14), date(2026, 7, 5))


def test_who_has_answered_and_works_half_lacks_nothing_but_the_plan(outcomes: Lived) -> None:
    """A leave of 2024 is known, so the history is not unknown."""
    name = "at_half_work_after_six_weeks_and_both_have_answered"
    basis = bases_of(outcomes, name, ASSESS)[0]
    assert basis.missing == (NO_PLAN,)
    assert [case.start for case in basis.earlier_cases] == [date(2024, 3, 4)]
    assert basis.history_since == date(2024, 3, 4)


def test_who_is_away_altogether_late_lacks_an_assessment_from_the_next_day_on(
    outcomes: Lived,
) -> None:
    name = "away_altogether_only_after_twelve_weeks"
    assert bases_of(outcomes, name, ACTIVITY)[0].missing == (NO_PLAN,)
    basis = bases_of(outcomes, name, ASSESS)[0]
    assert basis.missing == (NO_PLAN, *NO_ANSWERS, "activity_requirement_not_assessed")
