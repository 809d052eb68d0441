"""Words of a rulebook that only go with a certain fact or value: `after`, `open_ended`, `assessment_not_near`."""

from __future__ import annotations

import pytest

from services.scheduler.domain.rulebook.model import RulebookError
from services.scheduler.domain.rulebook.reader import parse

OWN = """name = "own"
version = "1"
[[checkpoint]]
name = "talk"
source = "practice: ours"
to = ["adviser"]
step = [
  { name = "hold", day = 50 },
  { name = "look", on = "exemption_granted", open_ended = true, days = 9 },
  { name = "ask", on = "meeting_requested", when = ["assessment_not_near:14"] },
  { name = "beyond", meeting = 2, on = "meeting_summoned", after = "hold" },
]
"""


def test_they_are_read_and_a_step_may_name_a_meeting_of_its_own() -> None:
    steps = {step.name: step for step in parse(OWN).steps}
    assert steps["look"].is_open_ended
    assert not steps["beyond"].is_open_ended
    assert (steps["beyond"].after, steps["beyond"].meeting) == ("talk.hold", 2)
    assert steps["beyond"].meetings == (2,)
    assert [condition.days for condition in steps["ask"].when] == [14]
    assert (steps["hold"].meeting, steps["hold"].meetings) == (None, (1, 2, 3))


@pytest.mark.parametrize(
    ("before", "afterwards", "sentence", "line"),
    [
        ('"hold" }', '"holt" }', "talk.beyond names 'talk.holt', which is no step of this rulebook.", 11),
        (
            '"hold" }',
            '"look" }',
            "talk.beyond: 'after' names 'talk.look', which the start does not decide.",
            11,
        ),
        (
            '"meeting_summoned"',
            '"meeting_held"',
            "talk.beyond has 'after', which only goes with on = \"meeting_summoned\".",
            11,
        ),
        (
            '"exemption_granted"',
            '"plan_requested"',
            "talk.look has 'open_ended', which only goes with on = \"exemption_granted\".",
            9,
        ),
        (
            ":14",
            "",
            "talk.ask: 'assessment_not_near' needs a number of days, as in 'assessment_not_near:14'.",
            10,
        ),
    ],
)  # fmt: skip
def test_with_another_they_are_refused_with_their_line(
    before: str, afterwards: str, sentence: str, line: int
) -> None:
    with pytest.raises(RulebookError) as refusal:
        parse(OWN.replace(before, afterwards))
    assert (refusal.value.sentence, refusal.value.line) == (sentence, line)
