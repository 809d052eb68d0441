"""An adviser is told once that an employer cannot be written to, and no longer than it matters.

Once each step for an employer without a line manager opened a task of its own, without saying for which employer, and
all stood open until the leave was over, though the manager had been known for weeks and was never told. Right is: one
task for a person and an employer, with the employer's number; when the manager becomes known it closes, and what is
not too late goes to the manager. About a person with a protected address: one task at the special office.
"""

from __future__ import annotations

from datetime import datetime

from schemas.messages import AdviserTaskClosed, AdviserTaskOpened, EmailRequested
from schemas.norway import OSLO
from tests.support.situations import KAFE, SKOLE, Life, Lived, Situations, Story

SITUATIONS = Situations()
BOSS = "leder@verk.example.invalid"


@SITUATIONS.add
def manager_later(life: Life) -> Story:
    """Ill from Wednesday 7 January; the manager is known on 3 February, the day of the plan's deadline, at noon."""
    life.contact()
    life.sick("2026-01-07", "2026-03-31", at="2026-01-07 10:00")
    life.manager("2026-02-03 12:00", email=BOSS)
    return ["one task, then e-mails"]


@SITUATIONS.add
def two_employers(life: Life) -> Story:
    life.contact()
    for org in (KAFE, SKOLE):
        life.sick("2026-01-08", "2026-02-06", at="2026-01-08 10:00", org=org)
    return ["a task for each employer"]


@SITUATIONS.add
def many_steps(life: Life) -> Story:
    """Nobody is ever known: plan, meeting 1 and activity requirement, five messages."""
    life.contact()
    life.sick("2026-01-07", "2026-03-10", at="2026-01-07 10:00")
    return ["one task for all of them"]


@SITUATIONS.add
def protected(life: Life) -> Story:
    life.contact(protected=True)
    life.manager(email=BOSS)
    life.manager(org=SKOLE, email="skole@example.invalid")
    for org in (KAFE, SKOLE):
        life.sick("2026-01-07", "2026-03-10", at="2026-01-07 10:00", org=org)
    return ["one task at the special office"]


def _life(name: str) -> Life:
    return next(situation.life for situation in SITUATIONS if situation.name == name)


def _opened(outcomes: Lived, name: str, why: str) -> list[tuple[datetime, AdviserTaskOpened]]:
    left = outcomes.messages(_life(name))
    return [(at, m) for at, m in left if isinstance(m, AdviserTaskOpened) and m.step == why]


def _closed(outcomes: Lived, name: str, task: AdviserTaskOpened) -> list[tuple[str, str]]:
    return [
        (f"{at.astimezone(OSLO):%m-%d %H:%M}", m.reason)
        for at, m in outcomes.messages(_life(name))
        if isinstance(m, AdviserTaskClosed) and m.task_id == task.task_id
    ]


def _emails(outcomes: Lived, name: str) -> list[tuple[str, str]]:
    return [
        (f"{at.astimezone(OSLO):%m-%d %H:%M}", m.subject)
        for at, m in outcomes.messages(_life(name))
        if isinstance(m, EmailRequested)
    ]


async def test_a_manager_who_becomes_known_hears_of_what_is_not_too_late(outcomes: Lived) -> None:
    """The plan's reminder was for the time until the deadline was told; the deadline itself still matters that day."""
    ((at, task),) = _opened(outcomes, "manager_later", "no_line_manager")
    assert f"{at.astimezone(OSLO):%m-%d %H:%M}" == "01-28 09:00"
    assert _closed(outcomes, "manager_later", task) == [("02-03 12:00", "line_manager_known")]
    assert _emails(outcomes, "manager_later")[:2] == [
        ("02-03 12:00", "Gjør oppfølgingsplanen ferdig"),
        ("02-10 09:00", "Innkall til dialogmøte"),
    ]


async def test_each_employer_has_one_task_with_its_number(outcomes: Lived) -> None:
    tasks = [task for _, task in _opened(outcomes, "two_employers", "no_line_manager")]
    assert sorted(task.org_number or "" for task in tasks) == [KAFE, SKOLE]


async def test_many_steps_are_one_task_that_closes_when_the_case_is_over(outcomes: Lived) -> None:
    ((_, task),) = _opened(outcomes, "many_steps", "no_line_manager")
    assert _closed(outcomes, "many_steps", task) == [("03-26 00:00", "ended")]
    assert _emails(outcomes, "many_steps") == []


async def test_a_protected_person_has_one_task_however_many_steps_and_employers(
    outcomes: Lived,
) -> None:
    ((_, task),) = _opened(outcomes, "protected", "protected")
    assert task.office == "2103"
    assert _closed(outcomes, "protected", task) == [("03-26 00:00", "ended")]
    assert _emails(outcomes, "protected") == []
