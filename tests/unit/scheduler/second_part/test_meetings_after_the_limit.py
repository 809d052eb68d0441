"""A meeting 2 that is summoned or moved to after the last day of the law: an adviser hears at once (contract 4).

The leaves begin on day 0, so that the last day of meeting 2 is day 181.
"""

from __future__ import annotations

import pytest

from schemas.messages import ExemptionRevoked, FollowUpFact
from tests.reference.life import ANNE, BYGG, KAFE, Life, asked, at, day, note, reasons
from tests.unit.scheduler.test_second_part import away, cancelled, held, moved, summoned
from tests.unit.scheduler.test_states import exempted

AFTER = "meeting_notice.after_limit"


def put(number: int, date_on: int | None) -> Life:
    life = away()
    life.arrive(at(number), summoned(number, date_on))
    return life


def test_the_adviser_is_told_at_once_with_the_last_day_of_the_law() -> None:
    (due,) = put(150, 182).due(AFTER)
    assert (due.due_on, due.legal_on, due.late_seconds) == (day(150), day(181), 0)
    assert (asked(due), due.subject) == ([("adviser", None)], "m")


@pytest.mark.parametrize("date_on", [181, 20, None])
def test_a_meeting_in_time_or_without_a_date_asks_for_nothing(date_on: int | None) -> None:
    life = put(10, date_on)
    assert f"{AFTER}/m" not in life.steps(at(10))
    assert not life.due(AFTER)


def test_it_counts_from_the_move_that_put_it_there_and_not_from_the_summons() -> None:
    life = put(120, 160)
    life.arrive(at(140), moved(140, 190))
    life.arrive(at(145), moved(145, 200))
    (due,) = life.due(AFTER)
    assert (due.due_on, due.late_seconds) == (day(140), 0)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (moved(160, 181), ("done", "moved_in_time")),
        (cancelled(160), ("done", "cancelled")),
        (held(160, 160), ("done", "held")),
        (moved(160, None), ("not_applicable", "nobody_asked")),
        (exempted(160), ("exempted", "medical")),
    ],
    ids=["moved in time", "cancelled", "held", "moved to no date", "exempted"],
)
def test_what_ends_it(act: FollowUpFact, why: tuple[str, str]) -> None:
    life = put(150, 190)
    life.arrive(at(160), act)
    life.turn(at(161))
    assert reasons(life.withdrawals(AFTER)) == [why]


def test_put_back_beyond_the_limit_it_is_told_again() -> None:
    for back in (moved(170, 190), summoned(170, 190)):
        life = put(150, 190)
        life.arrive(at(160), moved(160, 170) if back.kind.endswith("moved") else cancelled(160))
        life.arrive(at(170), back)
        assert [(due.generation, due.due_on) for due in life.due(AFTER)] == [
            (1, day(150)),
            (2, day(170)),
        ]


def test_nobody_is_told_while_an_exemption_stands() -> None:
    life = away()
    life.arrive(at(140), exempted(140))
    life.arrive(at(150), summoned(150, 190))
    assert life.state(f"{AFTER}/m", at(150)) == "done: exempted:medical"
    revoked = {"person_id": ANNE, "occurred_at": at(160), "checkpoint": "dialogue_meeting_2"}
    revoked |= {"reason": "medical", "granted_by": "adviser"}
    life.arrive(at(160), ExemptionRevoked.model_validate(revoked))
    assert life.fired_on(AFTER) == [day(160)]


def test_an_exemption_for_one_employer_ends_nothing_for_the_adviser() -> None:
    life = away()
    life.arrive(at(140), exempted(140, org=BYGG))
    life.arrive(at(150), summoned(150, 190))
    assert life.fired_on(AFTER) == [day(150)]


def test_a_start_that_moves_moves_the_limit_and_notes_may_settle_first() -> None:
    """The meeting on day 190 comes in time for a leave that began on day 20."""
    life = Life()
    life.arrive(at(0), note(0, 19, note_id="first"), note(20, 300, note_id="second", employer=KAFE))
    life.arrive(at(150), summoned(150, 190))
    later = note(20, 300, note_id="first")
    life.arrive(at(160), later)
    assert not life.withdrawals(AFTER)
    life.turn(at(160, "12:16"))
    assert reasons(life.withdrawals(AFTER)) == [("not_applicable", "nobody_asked")]
    life.arrive(at(161), note(0, 19, note_id="third"))
    assert [due.generation for due in life.due(AFTER)] == [1, 2]
