"""Lives through the scheduler's domain and through the reference model, until the two disagree.

    nice -n 15 .venv/bin/python -m tests.reference.compare 20000

lives through that many lives, those of the numbers from 0 on, and prints the first that comes out differently, made
as small as it will go; exit code 1. A second number says where to begin.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

from schemas.ids import case_id, person_hash
from schemas.messages import DeadlineDue, DeadlineWithdrawn, Recipient
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.rulebook.model import Rulebook
from tests.reference import model
from tests.reference.life import ANNE, OSLO, START, at
from tests.reference.lives import arrivals_of, rulebook_changes, rulebook_of
from tests.reference.random_lives import life_by

Dict = dict[str, Any]
Plans = dict[tuple[Any, ...], tuple[Any, ...] | None]
Lines = list[tuple[Any, ...]]
HASH = person_hash(b"tests", ANNE)
NUMBER_OF = {case_id(HASH, number): number for number in range(1, 100)}


def instant(now: tuple[int, int]) -> datetime:
    return at(now[0], f"{now[1] // 60:02}:{now[1] % 60:02}")


def local(when: datetime | None) -> tuple[int, int] | None:
    """An instant as the lives have it: a day from START, and a minute of it in Oslo."""
    if when is None:
        return None
    there = when.astimezone(OSLO)
    return (there.date() - START).days, there.hour * 60 + there.minute


def who(recipient: Recipient) -> tuple[str, str | None]:
    return recipient.role, recipient.org_number or recipient.adviser_id


def simulated(life: Dict) -> tuple[Simulation, ReplanOutcome | None]:
    """The life lived by the domain, and its person's plan at the end; None where nobody is known."""
    simulation = Simulation(KnownPeople(rulebook_of(life, (-1_000, 0)), lambda _: HASH))
    now = life["now"]
    arrivals = [(when, record) for record, when in arrivals_of(life) if when <= now]
    changes = rulebook_changes(life)
    for when in sorted({when for when, _ in arrivals} | {when for when in changes if when <= now}):
        if when in changes:
            put_in_force(simulation, rulebook_of(life, when), instant(when))
        simulation.arrive([record for then, record in arrivals if then == when], instant(when))
    return simulation, simulation.plan(instant(now)).get(ANNE)


def lived(life: Dict) -> tuple[Lines, Plans]:
    """What the domain sends, and the plan that it ends with by case and timer."""
    simulation, outcome = simulated(life)
    plans: Plans = {}
    for case, leave in outcome.leaves.items() if outcome is not None else ():
        key = ("case", NUMBER_OF[case], (leave.start - START).days, (leave.end - START).days)
        plans[*key, len(leave.days)] = None
        for step in outcome.plans[case].steps if outcome is not None else ():
            if step.reason != "disabled":
                timer = (
                    NUMBER_OF[case],
                    f"{step.key.checkpoint}.{step.key.step}",
                    step.key.subject,
                )
                plans[timer] = _planned(step)
    return _sent(simulation), plans


def put_in_force(simulation: Simulation, rulebook: Rulebook, at: datetime) -> None:
    """What `replan` does: another rulebook, under which everybody is brought once what was due has fired."""
    simulation.run_until(at, inclusive=False)
    simulation.known_people.rulebook = rulebook
    simulation._replan(set(simulation.known_people.people), at)
    simulation.run_until(at)


def _planned(step: PlannedStep) -> tuple[Any, ...]:
    due_on = (step.due_on - START).days if step.due_on is not None else None
    to = sorted(map(who, step.recipients), key=str) if step.state in ("armed", "fired") else []
    dates = (due_on, local(step.due_at)) if step.reason not in _WITHOUT_DATES else (None, None)
    return step.generation, *dates, step.state, step.reason, to


_WITHOUT_DATES = ("died", "case_withdrawn")
"""Reasons beside which the dates of a step say nothing."""


def _sent(simulation: Simulation) -> Lines:
    lines: Lines = []
    for when, message in simulation.sent:
        if not isinstance(message, DeadlineDue | DeadlineWithdrawn):
            continue
        line: tuple[Any, ...] = (
            *("due" if isinstance(message, DeadlineDue) else "withdrawn", local(when)),
            *(NUMBER_OF[message.case_id], f"{message.checkpoint}.{message.step}"),
            *(message.subject or "", message.generation),
        )
        if isinstance(message, DeadlineDue):
            to = tuple(sorted(map(who, message.recipients), key=str))
            line += ((message.due_on - START).days, local(message.due_at), to)
        else:
            of = who(message.recipients[0]) if message.recipients is not None else None
            line += (of, message.reason, message.detail)
        lines.append(line)
    return lines


def expected(life: Dict) -> tuple[Lines, Plans]:
    """The same by the reference model."""
    story = model.live(life, life["now"])
    plans: Plans = {}
    for case in story.cases:
        plans["case", case["number"], case["start"], case["end"], case["sick_days"]] = None
        for step in story.plans[case["number"]]:
            dates = (step["due_on"], step["due_at"])
            to = sorted(step["to"], key=str) if step["state"] in ("armed", "fired") else []
            plans[case["number"], step["step"]["path"], step["subject"]] = (
                step["generation"],
                *(dates if step["reason"] not in _WITHOUT_DATES else (None, None)),
                *(step["state"], step["reason"], to),
            )
    return story.sent, plans


def difference(life: Dict) -> str:
    """Where the two disagree about a life, the first message before the first timer; empty where they agree."""
    sent, plans = lived(life)
    sent_by_model, plans_by_model = expected(life)
    for mine, theirs in zip(
        sorted(sent, key=_by_time), sorted(sent_by_model, key=_by_time), strict=False
    ):
        if mine != theirs:
            return f"sent {mine}\n  model {theirs}"
    if len(sent) != len(sent_by_model):
        more, whose = (
            (sent, "domain") if len(sent) > len(sent_by_model) else (sent_by_model, "model")
        )
        return f"{whose} alone: {sorted(more, key=_by_time)[min(len(sent), len(sent_by_model))]}"
    for key in {**plans, **plans_by_model}:
        if plans.get(key) != plans_by_model.get(key) or (key in plans) != (key in plans_by_model):
            return f"{key}\n  plan  {plans.get(key, '-')}\n  model {plans_by_model.get(key, '-')}"
    return ""  # fmt: skip


def _by_time(line: tuple[Any, ...]) -> tuple[Any, str]:
    return line[1], str(line)


def smallest(life: Dict) -> Dict:
    """The life without any record that the difference does not need."""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for kind in ("facts", "notes", "suspensions", "offices"):
            for entry in list(life[kind]):
                rest = life | {kind: [other for other in life[kind] if other is not entry]}
                if rest["notes"] and difference(rest):
                    life, is_smaller = rest, True
    return life


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main(count: int, first: int = 0) -> int:
    begun = time.monotonic()
    for number in range(first, first + count):
        life = life_by(number)
        if difference(life):
            life = smallest(life)
            _say(f"life {number} comes out differently\n{difference(life)}")
            for entry in (*life["notes"], *life["facts"], *life["suspensions"], *life["offices"]):
                _say(" ", entry)
            _say("  now", life["now"], instant(life["now"]).astimezone(UTC))
            return 1
        if (number + 1 - first) % 1_000 == 0:
            _say(f"{number + 1 - first} lives agree")
    seconds = time.monotonic() - begun
    _say(f"{count} lives, from number {first} on, agree; {seconds / count * 1000:.0f} ms a life")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
