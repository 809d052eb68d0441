"""An answer that wants a meeting is a request for meeting 2 too, unless the assessment shows it (contract 2, 4).

The leaves begin on day 0: the assessment is due on day 112, and answers on day 98 and later are near it.
"""

from __future__ import annotations

import pytest

from schemas.messages import AnswerParty, MeetingNeedAnswered
from tests.reference.life import ANNE, KAFE, Life, asked, at, day, fact, reasons, withdrawn
from tests.unit.scheduler.test_second_part import (
    away,
    cancelled,
    closed,
    held,
    reassessment,
    requested,
    summoned,
)
from tests.unit.scheduler.test_states import exempted

ASKED, ASSESS = "requested_meeting.requested", "dialogue_meeting_2_assessment.assess"
NEAR = "not_applicable: assessment_near"


def answer(
    number: int, *, party: AnswerParty = "employee", wants: bool = True, org: str | None = None
) -> MeetingNeedAnswered:
    return MeetingNeedAnswered(
        person_id=ANNE,
        occurred_at=at(number),
        party=party,
        org_number=org,
        wants_meeting=wants,
        justified=False,
    )


def answered(number: int) -> Life:
    life = away()
    life.arrive(at(number), answer(number))
    return life


@pytest.mark.parametrize("party", ["employee", "employer"])
def test_an_early_yes_is_a_task_at_once(party: AnswerParty) -> None:
    life = away()
    life.arrive(at(67), answer(67, party=party, org=KAFE if party == "employer" else None))
    (due,) = life.due(ASKED)
    assert (due.due_on, due.late_seconds, due.subject) == (day(67), 0, "2")
    assert (due.legal_on, asked(due)) == (day(181), [("adviser", None)])


def test_the_basis_shows_it_as_an_answer_and_not_as_a_request_too() -> None:
    (due,) = answered(67).due(ASKED)
    assert due.basis is not None
    assert [shown.wants_meeting for shown in due.basis.answers] == [True]
    assert due.basis.requests == ()


def test_a_no_asks_for_nothing_and_takes_an_earlier_yes_back() -> None:
    life = away()
    life.arrive(at(60), answer(60, wants=False))
    assert not life.due(ASKED)
    life.arrive(at(67), answer(67))
    life.arrive(at(70), answer(70, wants=False))
    assert reasons(life.withdrawals(ASKED)) == [("not_applicable", "nobody_asked")]
    life.arrive(at(71), answer(65))
    assert [due.generation for due in life.due(ASKED)] == [1], "an older answer stood for a newer"


def test_another_partys_no_takes_nothing_back() -> None:
    life = answered(67)
    life.arrive(at(70), answer(70, party="employer", wants=False))
    assert not life.withdrawals(ASKED)


@pytest.mark.parametrize(("number", "is_near"), [(97, False), (98, True), (111, True)])
def test_near_the_assessment_the_answer_waits_for_it(number: int, is_near: bool) -> None:
    life = answered(number)
    assert (life.state(f"{ASKED}/2", at(number, "13:00")) == NEAR) is is_near
    life.turn(at(120))
    assert life.fired_on(ASKED) == ([] if is_near else [day(number)])
    assert life.fired_on(ASSESS) == [day(112)]
    assert not life.withdrawals(ASKED), "what was told once stands when the assessment comes"


def test_while_the_assessment_stands_it_shows_every_answer() -> None:
    life = away()
    life.turn(at(113))
    life.arrive(at(150), answer(150))
    assert life.state(f"{ASKED}/2", at(150)) == NEAR
    (shown,) = (one for one in life.updates() if one.event_id == life.due(ASSESS)[0].event_id)
    assert [answer.wants_meeting for answer in shown.basis.answers] == [True]


def test_what_an_adviser_has_decided_with_the_answer_in_view_is_not_asked_again() -> None:
    for act in (exempted(120), reassessment(120, 160)):
        life = away()
        life.arrive(at(110), answer(110))
        life.turn(at(113))
        life.arrive(at(120), act)
        assert life.withdrawals(ASSESS)
        assert life.state(f"{ASKED}/2", at(121)) == NEAR


def test_who_wants_a_meeting_after_that_decision_is_heard_at_once() -> None:
    """The employer's answer of day 125 was in no adviser's view."""
    life = away()
    life.arrive(at(110), answer(110))
    life.turn(at(113))
    life.arrive(at(120), reassessment(120, 160))
    life.arrive(at(125), answer(125, party="employer", org=KAFE))
    assert life.fired_on(ASKED) == [day(125)]


def test_without_an_assessment_to_come_the_answer_is_heard_at_once() -> None:
    """An adviser had set a date before anybody answered, so that no assessment is due."""
    life = away()
    life.arrive(at(80), reassessment(80, 150))
    life.arrive(at(105), answer(105))
    assert life.fired_on(ASKED) == [day(105)]


def test_a_request_in_so_many_words_never_waits_for_the_assessment() -> None:
    life = answered(100)
    life.arrive(at(105), requested(105))
    (due,) = life.due(ASKED)
    assert (due.due_on, due.late_seconds) == (day(105), 0)
    life.arrive(at(106), fact(requested(106, party="employer"), fact_id="theirs"))
    life.arrive(at(107), withdrawn("theirs", 107))
    assert not life.withdrawals(ASKED)


def test_what_ends_a_request_ends_an_answer_that_asks() -> None:
    for act, why in (
        (closed(70), ("done", "closed")),
        (summoned(70, 120), ("done", "summoned")),
        (held(70, 70), ("done", "held")),
    ):
        life = answered(67)
        life.arrive(at(70), act)
        assert reasons(life.withdrawals(ASKED)) == [why]


def test_answered_anew_after_it_was_closed_it_asks_anew() -> None:
    life = answered(60)
    life.arrive(at(64), closed(64))
    life.arrive(at(70), answer(70))
    assert [(due.generation, due.due_on) for due in life.due(ASKED)] == [(1, day(60)), (2, day(70))]


def test_with_the_summons_cancelled_the_answer_asks_again_unless_the_assessment_is_near() -> None:
    for number, state in ((90, "fired"), (105, "not_applicable")):
        life = answered(67)
        life.arrive(at(70), summoned(70, 120))
        life.arrive(at(number), cancelled(number))
        assert life.steps(at(number))[f"{ASKED}/2"].state == state


def test_an_answer_is_no_request_for_another_meeting() -> None:
    steps = answered(67).steps(at(67))
    assert f"{ASKED}/3" not in steps
    assert steps["dialogue_meeting_1.requested"].reason == "nobody_asked"
