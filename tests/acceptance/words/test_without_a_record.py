"""Of somebody of whom there is no record the manager hears at once; the employee gets a letter after a day.

Once the manager's e-mail waited a day for the employee's record, and named the day before as a date to come. Right is:
the employer's side waits for nothing that concerns the employee's record.
"""

from __future__ import annotations

import pytest

from schemas.messages import EmailRequested, LetterRequested
from tests.support.situations import MANAGER, Life, Lived, Situation, Situations, Story, oslo

SITUATIONS = Situations()


@SITUATIONS.add
def nobody_knows_the_employee(life: Life) -> Story:
    life.manager()
    life.sick("2026-01-07", "2026-02-04")
    return ["a manager, and no record of the employee"]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_the_manager_hears_of_each_step_at_once(
    situation: Situation, outcomes: Lived
) -> None:
    emails = [
        (at, m.to) for at, m in outcomes.messages(situation.life) if isinstance(m, EmailRequested)
    ]
    # Plan reminder, and plan deadline on the last day of the four weeks, which it names.
    assert emails == [(oslo("2026-01-28 09:00"), MANAGER), (oslo("2026-02-03 09:00"), MANAGER)]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
async def test_the_employee_gets_a_letter_once_a_day_has_been_waited(
    situation: Situation, outcomes: Lived
) -> None:
    letters = [at for at, m in outcomes.messages(situation.life) if isinstance(m, LetterRequested)]
    assert letters == [oslo("2026-01-29 09:00"), oslo("2026-02-04 09:00")]
