"""An exemption from meeting 2 without an end is looked at again 56 days after it was granted (contract 4)."""

from __future__ import annotations

import pytest

from schemas.messages import ExemptionRevoked, FollowUpFact
from tests.reference.life import ANNE, BYGG, Life, asked, at, day, note, reasons
from tests.unit.scheduler.test_second_part import away, held, reassessment, summoned
from tests.unit.scheduler.test_states import exempted

REVIEW = "exemption_review.review"


def revoked(number: int) -> ExemptionRevoked:
    return ExemptionRevoked(
        person_id=ANNE,
        occurred_at=at(number),
        checkpoint="dialogue_meeting_2",
        reason="medical",
        granted_by="adviser",
    )


def exempt(number: int, *acts: FollowUpFact, until: int | None = None) -> Life:
    life = away()
    life.arrive(at(number), exempted(number, until=until), *acts)
    return life


def test_the_adviser_is_asked_with_the_basis_and_the_last_day_of_the_law() -> None:
    life = exempt(100)
    life.turn(at(200))
    (due,) = life.due(REVIEW)
    assert (due.due_on, due.legal_on, due.subject) == (day(156), day(181), "medical")
    assert asked(due) == [("adviser", None)]
    assert due.basis is not None
    assert [exemption.reason for exemption in due.basis.exemptions] == ["medical"]


def test_one_with_an_end_is_not_looked_at_again() -> None:
    """Nor one that ends by its reason, as too ill for now does after four weeks."""
    assert f"{REVIEW}/medical" not in exempt(100, until=170).steps(at(100))
    life = away()
    life.arrive(at(100), exempted(100, reason="too_ill_for_now"))
    assert f"{REVIEW}/too_ill_for_now" not in life.steps(at(100))


def test_nor_one_from_another_checkpoint() -> None:
    life = away()
    life.arrive(at(30), exempted(30, checkpoint="dialogue_meeting_1"))
    assert f"{REVIEW}/medical" not in life.steps(at(30))


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (revoked(120), "revoked"),
        (reassessment(120, 170), "reassessment"),
        (summoned(120, 170), "summoned"),
        (held(120, 120), "held"),
    ],
    ids=["revoked", "reassessment", "summoned", "held"],
)
def test_what_ends_it_before_and_after_it_was_told(act: FollowUpFact, why: str) -> None:
    early = exempt(100)
    early.arrive(at(120), act)
    assert early.state(f"{REVIEW}/medical", at(160)) == f"done: {why}"
    assert not early.due(REVIEW)
    late = exempt(100)
    late.turn(at(157))
    assert late.due(REVIEW)
    late.arrive(at(158), act.model_copy(update={"occurred_at": at(158)}))
    assert reasons(late.withdrawals(REVIEW)) == [("done", why)]


def test_a_date_to_look_again_from_before_the_exemption_was_not_about_it() -> None:
    """The adviser looked again, and exempted: nobody would ever come back to it otherwise."""
    life = away()
    life.arrive(at(80), reassessment(80, 100))
    life.arrive(at(100), exempted(100))
    assert life.state(f"{REVIEW}/medical", at(100)) == "armed: due"
    life.arrive(at(100, "15:00"), reassessment(100, 140, name="s"))
    assert life.state(f"{REVIEW}/medical", at(101)) == "done: reassessment"


def test_granted_anew_it_counts_anew() -> None:
    life = exempt(100)
    life.arrive(at(130), revoked(130))
    life.arrive(at(140), exempted(140))
    life.turn(at(250))
    assert life.fired_on(REVIEW) == [day(196)]


def test_whoever_is_well_again_or_without_an_employer_is_not_asked_about() -> None:
    life = Life()
    life.arrive(at(0), note(0, 150))
    life.arrive(at(100), exempted(100))
    assert life.state(f"{REVIEW}/medical", at(120)) == "waiting: notes_end_before_due"
    assert life.state(f"{REVIEW}/medical", at(157)) == "not_applicable: not_sick_listed"
    alone = away(employer=None)
    alone.arrive(at(100), exempted(100))
    assert alone.state(f"{REVIEW}/medical", at(157)) == "not_applicable: no_employer"


def test_one_for_one_employer_is_looked_at_again_too() -> None:
    life = away()
    life.arrive(at(100), exempted(100, org=BYGG))
    life.turn(at(157))
    (due,) = life.due(REVIEW)
    assert asked(due) == [("adviser", None)]
