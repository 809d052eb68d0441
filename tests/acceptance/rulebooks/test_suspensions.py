"""A rulebook that suspends steps for a span of days, such as a national stop of meetings (contract 4).

Anne is sick-listed from Monday 5 January 2026, day 0. From day 105 until day 146, a Sunday, nothing of meeting 2 and
of meeting need is told; day 147 is a Monday.
"""

from __future__ import annotations

import pytest

from schemas.messages import MeetingNeedAnswered, MeetingRequested
from schemas.wire import Version
from services.scheduler.domain.facts.facts import Fact
from services.scheduler.domain.facts.intake import OfficeChange
from services.scheduler.domain.plan.history import StepKey
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from tests.reference.life import ANNE, Life, asked, at, day, fact, note, reasons, shipped, withdrawn
from tests.support.paths import RULEBOOKS
from tests.unit.scheduler.test_states import exempted, held

QUESTION, REMINDER = "meeting_need.question", "meeting_need.reminder"
ASSESS = "dialogue_meeting_2_assessment.assess"
LAST_DAY = "dialogue_meeting_2_summons.last_day"
DEADLINE = "dialogue_meeting_2.deadline"
REQUESTED = "requested_meeting.requested"
MEETINGS = '"dialogue_meeting_2*.*", "meeting_need.*", "requested_meeting.*"'
STOP = (105, 146)
AFTER = 147


def suspending(
    *spans: tuple[int, int], steps: str = MEETINGS, office: str = "", name: str = "standard"
) -> Rulebook:
    """A shipped rulebook in which these steps are suspended from one day until another."""
    whose = f'office = "{office}"\n' if office else ""
    return parse(
        (RULEBOOKS / f"{name}.toml").read_text("utf-8")
        + "".join(
            f"[[suspend]]\nsteps = [{steps}]\nfrom = {day(first)}\nuntil = {day(last)}\n"
            f'source = "practice: a national stop"\n{whose}'
            for first, last in spans
        )
    )


def sick(rulebook: Rulebook, *, until: int = 300, known: int = 0) -> Life:
    life = Life(rulebook)
    life.arrive(at(known), note(0, until))
    return life


def fired(life: Life, path: str) -> list[int]:
    return [(on - day(0)).days for on in life.fired_on(path)]


def put_in_force(life: Life, rulebook: Rulebook, when: int) -> None:
    """What `replan` does: another rulebook, and everybody planned by it."""
    life.turn(at(when))
    life.known_people.rulebook = rulebook
    life.simulation._replan({ANNE}, at(when))
    life.turn(at(when))


def test_what_falls_due_in_it_is_planned_for_nine_on_the_day_after_and_keeps_its_date() -> None:
    life = sick(suspending(STOP))
    step = life.steps(at(110))[ASSESS]
    assert (step.state, step.reason) == ("armed", "suspended:2026-05-31")
    assert (step.due_on, step.due_at) == (day(112), at(AFTER, "09:00"))
    life.turn(at(AFTER, "08:59"))
    assert [event.checkpoint for event in life.due() if event.fired_at >= at(105, "00:00")] == []
    life.turn(at(AFTER))
    (event,) = life.due(ASSESS)
    assert (event.due_on, event.due_at, event.fired_at, event.late_seconds) == (
        *(day(112), at(AFTER, "09:00"), at(AFTER, "09:00")),
        0,
    )
    assert life.state(ASSESS, at(AFTER)) == "fired: on_time"


def test_of_one_checkpoint_only_the_latest_step_that_waited_is_told() -> None:
    life = sick(suspending(STOP))
    assert life.state(QUESTION, at(110)) == f"missed: superseded:{REMINDER}"
    life.turn(at(150))
    assert (fired(life, QUESTION), fired(life, REMINDER)) == ([], [AFTER])
    assert life.state(QUESTION, at(150)) == f"missed: superseded:{REMINDER}"


def test_what_falls_due_before_or_after_it_or_is_not_named_is_told_as_ever() -> None:
    life = sick(suspending(STOP, steps='"meeting_need.*"'))
    life.turn(at(200))
    assert (fired(life, ASSESS), fired(life, LAST_DAY), fired(life, DEADLINE)) == (
        *([112], [158]),
        [179],
    )
    life = sick(suspending((110, 146), steps='"meeting_need.*"'))
    life.turn(at(200))
    assert (fired(life, QUESTION), fired(life, REMINDER)) == ([105], [109])
    assert not life.withdrawals("meeting_need.question")


@pytest.mark.parametrize(
    ("span", "told_on"),
    [((150, 157), 158), ((150, 158), 159), ((158, 158), 159), ((159, 170), 158)],
)
def test_of_a_step_told_before_its_date_the_day_of_telling_counts(
    span: tuple[int, int], told_on: int
) -> None:
    """Day 160 is a Sunday: the last day to summon is told on Friday, day 158."""
    life = sick(suspending(span))
    life.turn(at(170))
    assert fired(life, LAST_DAY) == [told_on]
    assert life.due(LAST_DAY)[0].due_on == day(160)


def test_several_that_touch_or_overlap_are_waited_out_together() -> None:
    life = sick(suspending((120, 146), (105, 119), (140, 149), (151, 155)))
    assert life.state(ASSESS, at(106)) == "armed: suspended:2026-06-03"
    life.turn(at(156))
    assert fired(life, ASSESS) == [150]


def test_an_offices_suspension_holds_its_own_people_alone() -> None:
    rulebook = suspending(STOP, office="0219")
    for office, told_on in (("0219", AFTER), ("0301", 112), (None, 112)):
        life = Life(rulebook)
        life.arrive(at(0), note(0, 300), OfficeChange(ANNE, office, Version(1, 1)))
        life.turn(at(160))
        assert fired(life, ASSESS) == [told_on]
        stamp = life.due(ASSESS)[0].rulebook
        assert stamp.office == (office if office == "0219" else None)


def test_who_moves_to_an_office_that_has_none_is_told_what_has_waited_there() -> None:
    life = Life(suspending(STOP, office="0219"))
    life.arrive(at(0), note(0, 300), OfficeChange(ANNE, "0219", Version(1, 1)))
    life.arrive(at(120), OfficeChange(ANNE, "0301", Version(2, 1)))
    assert fired(life, ASSESS) == [120]


def test_a_backdated_note_after_it_counts_from_the_day_after() -> None:
    """The reminder of meeting need may be caught up for 14 days: here from day 131 on, and not from day 109."""
    rulebook = suspending((105, 130))
    life = sick(rulebook, known=145)
    assert fired(life, REMINDER) == [145]
    assert life.due(REMINDER)[0].late_seconds == 14 * 86_400 + 3 * 3_600
    life = sick(rulebook, known=146)
    assert life.state(REMINDER, at(146)) == "missed: catch_up_passed"


def test_what_is_late_already_when_it_becomes_known_waits_as_well() -> None:
    """The note that reaches week 16 comes in the stop: nothing is told in it."""
    rulebook = suspending((113, 146))
    life = sick(rulebook, until=100)
    life.arrive(at(120), note(101, 300, note_id="b"))
    step = life.steps(at(120))[ASSESS]
    assert (step.state, step.reason) == ("armed", "suspended:2026-05-31")
    assert (step.due_on, step.due_at) == (day(112), at(AFTER, "09:00"))
    assert life.state(REMINDER, at(120)) == "missed: catch_up_passed"  # 14 days from day 109.
    life.arrive(at(AFTER, "08:00"), held(1, AFTER))
    assert fired(life, ASSESS) == []
    life.turn(at(AFTER))
    assert fired(life, ASSESS) == [AFTER]
    assert fired(life, QUESTION) == [AFTER]  # 56 days from day 105: day 161.
    assert life.due(QUESTION)[0].due_on == day(105)


def test_what_waits_is_judged_on_the_day_for_which_it_is_planned() -> None:
    life = sick(suspending(STOP), until=140)
    assert life.state(ASSESS, at(106)) == "waiting: notes_end_before_due"
    life.arrive(at(139), note(141, 200, note_id="b"))
    assert life.state(ASSESS, at(139)) == "armed: suspended:2026-05-31"
    life.arrive(at(145), held(2, 145))
    assert life.state(ASSESS, at(145)) == "done: held"
    life.turn(at(160))
    assert fired(life, ASSESS) == []


def test_an_answer_given_meanwhile_ends_what_waits() -> None:
    life = sick(suspending(STOP))
    answer = MeetingNeedAnswered(
        person_id=ANNE, occurred_at=at(120), party="employee", wants_meeting=False, justified=False
    )
    life.arrive(at(120), answer)
    life.turn(at(160))
    assert [role for role, _ in asked(life.due(REMINDER)[0])] == ["line_manager"]


def test_what_happens_at_once_waits_too() -> None:
    life = sick(suspending(STOP))
    request = MeetingRequested(person_id=ANNE, occurred_at=at(120), meeting=2, party="employee")
    life.arrive(at(120), request)
    assert life.state(f"{REQUESTED}/2", at(121)) == "armed: suspended:2026-05-31"
    life.turn(at(160))
    assert fired(life, REQUESTED) == [AFTER]
    assert life.due(REQUESTED)[0].due_on == day(120)


def test_an_exemption_that_ends_in_it_is_followed_by_the_suspension() -> None:
    life = sick(suspending(STOP))
    life.arrive(at(100), exempted(100, until=130))
    assert life.state(ASSESS, at(106)) == "armed: suspended:2026-05-31"
    life.turn(at(160))
    assert fired(life, ASSESS) == [AFTER]


def test_an_exemption_that_outlasts_it_ends_what_waits_until_it_ends_itself() -> None:
    life = sick(suspending(STOP))
    life.arrive(at(140), exempted(140, until=155))
    assert life.state(ASSESS, at(150)) == "done: exempted:medical"
    life.turn(at(170))
    assert fired(life, ASSESS) == [156]


def test_what_was_withdrawn_for_an_exemption_that_ends_in_it_is_planned_after_it() -> None:
    life = sick(suspending((115, 146)))
    life.arrive(at(114), exempted(114, until=130))
    assert reasons(life.withdrawals(ASSESS)) == [("exempted", "medical")]
    assert life.state(ASSESS, at(131)) == "armed: suspended:2026-05-31"
    life.turn(at(160))
    assert fired(life, ASSESS) == [112, AFTER]
    assert life.due(ASSESS)[1].generation == 2


def test_a_suspension_put_in_force_later_withdraws_nothing_that_was_told() -> None:
    """Put in force in its second week: what it would have held back has been told, and stays so."""
    life = sick(shipped("standard"), until=130)
    put_in_force(life, suspending(STOP), 115)
    assert not life.withdrawals()
    assert life.state(ASSESS, at(115)) == "fired: on_time"
    assert life.state(QUESTION, at(115)) == "fired: on_time"
    life.turn(at(129))
    assert not life.withdrawals()
    assert (fired(life, QUESTION), fired(life, ASSESS)) == ([105], [112])


def test_a_question_is_not_asked_after_its_reminder_was_told_in_a_suspension_put_in_force_late() -> (
    None
):
    life = sick(shipped("standard"), known=110)
    assert (fired(life, QUESTION), fired(life, REMINDER)) == ([], [110])
    put_in_force(life, suspending(STOP), 115)
    life.turn(at(160))
    assert (fired(life, QUESTION), fired(life, REMINDER)) == ([], [110])


def test_taken_out_of_the_rulebook_it_leaves_what_waits_to_be_judged_as_late() -> None:
    """The reminder of meeting need may be caught up for 14 days, the question for 56."""
    life = sick(suspending(STOP))
    put_in_force(life, shipped("standard"), 130)
    assert fired(life, ASSESS) == [130]
    assert fired(life, QUESTION) == [130]
    assert life.state(REMINDER, at(130)) == "missed: catch_up_passed"


def test_shortened_it_leaves_nothing_behind() -> None:
    life = sick(suspending(STOP))
    put_in_force(life, suspending((105, 129)), 130)
    assert (fired(life, QUESTION), fired(life, REMINDER), fired(life, ASSESS)) == ([], [130], [130])


def test_made_longer_it_holds_what_has_not_been_told() -> None:
    life = sick(suspending(STOP))
    put_in_force(life, suspending((105, 160)), 140)
    life.turn(at(170))
    assert (fired(life, ASSESS), fired(life, LAST_DAY), fired(life, DEADLINE)) == (
        *([161], [161]),
        [],
    )


def test_a_withdrawn_fact_brings_back_what_it_ended_on_the_day_after() -> None:
    life = sick(suspending((113, 146)))
    meeting: Fact = fact(held(2, 111), fact_id="held")
    life.arrive(at(111), meeting)
    life.arrive(at(120), withdrawn("held", 120))
    assert life.state(ASSESS, at(120)) == "armed: suspended:2026-05-31"
    life.turn(at(160))
    assert fired(life, ASSESS) == [AFTER]


@pytest.mark.parametrize("is_replanned", [False, True])
def test_what_an_outage_has_held_up_since_before_it_fires_in_it(is_replanned: bool) -> None:
    """contract 4.2: whichever comes first once the service is back."""
    life = sick(suspending((113, 146)))
    life.turn(at(111))
    people = life.known_people
    if is_replanned:
        people.replan([ANNE], at(115))
    events = people.fire_due(ANNE, at(115))
    assert [f"{event.checkpoint}.{event.step}" for event in events] == [ASSESS]


def test_nothing_is_lost_in_an_outage_over_the_day_after() -> None:
    life = sick(suspending((113, 146)), until=100)
    life.arrive(at(120), note(101, 300, note_id="b"))
    life.turn(at(146))
    people = life.known_people
    people.replan([ANNE], at(AFTER + 1))  # Nothing has fired for a day and a half.
    events = people.fire_due(ANNE, at(AFTER + 1))
    assert StepKey("dialogue_meeting_2_assessment", "assess", "") in {
        StepKey(event.checkpoint, event.step, event.subject or "") for event in events
    }


def test_a_step_that_waits_gives_way_to_a_later_one_that_is_told_meanwhile() -> None:
    """Nobody is reminded of a meeting 1 whose deadline was told while the reminder waited."""
    life = sick(suspending((30, 60), steps='"dialogue_meeting_1.reminder"'))
    life.turn(at(70))
    assert fired(life, "dialogue_meeting_1.deadline") == [46]
    assert fired(life, "dialogue_meeting_1.reminder") == []
    assert (
        life.state("dialogue_meeting_1.reminder", at(70))
        == "missed: superseded:dialogue_meeting_1.deadline"
    )


def test_an_answer_that_asks_is_judged_by_the_day_for_which_its_request_waits() -> None:
    """On day 106 the assessment is far off; on the day after the stop both would come together."""
    life = sick(suspending((100, 146), steps='"*.*"'))
    answer = MeetingNeedAnswered(
        person_id=ANNE, occurred_at=at(106), party="employee", wants_meeting=True, justified=True
    )
    life.arrive(at(106), answer)
    life.turn(at(150))
    assert (fired(life, REQUESTED), fired(life, ASSESS)) == ([], [AFTER])
    assert life.state(f"{REQUESTED}/2", at(150)) == "not_applicable: assessment_near"
