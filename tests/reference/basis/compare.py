"""The bases of a life by the scheduler's domain and by the reference model, until the two disagree.

    nice -n 15 .venv/bin/python -m tests.reference.basis.compare 2000

lives through that many lives, those of the numbers from 0 on, and prints the first whose bases come out differently.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from schemas.messages import Basis, DeadlineUpdated
from services.scheduler.domain.people.replan import ReplanOutcome
from tests.reference import model
from tests.reference.basis.model import basis_of
from tests.reference.compare import NUMBER_OF, local, simulated
from tests.reference.life import ADVISER, BYGG, KAFE, START
from tests.reference.model_cases import facts_of, is_dead, known_by
from tests.reference.model_plan import scene_of
from tests.reference.model_suspensions import in_force
from tests.reference.random_lives import life_by

Dict = dict[str, Any]
SETTLE_MINUTES = 15


def life_of(number: int) -> Dict:
    """The life of that number, in which meetings are refused and moved, and employers meet one by one, more often."""
    life, chance = life_by(number), random.Random(number)  # noqa: S311 - a life to try, not a secret
    start = min(note["periods"][0][0] for note in life["notes"] if not note.get("gone"))
    happened: list[Dict] = []
    if chance.random() < 0.5:
        on = start + chance.randrange(20, 60)
        met = {"type": "held", "meeting": 1, "meeting_id": "m1x", "date": on}
        happened.append(met | {"on": on, "org": chance.choice([KAFE, KAFE, BYGG])})
    if chance.random() < 0.5:
        meeting = {"meeting": 2, "meeting_id": "m2x", "org": None}
        on = start + chance.randrange(60, 110)
        happened.append(meeting | {"type": "summoned", "on": on, "date": on + 40})
        for _ in range(chance.randrange(1, 6)):
            on += chance.choice([0, 1, 1, 4])
            answer = chance.choice(["not_coming", "other_time", "other_time", "coming"])
            party = chance.choice(["employee", "employee", "employer"])
            answered = meeting | {"type": "answered", "answer": answer, "party": party, "on": on}
            moved = meeting | {"type": "moved", "on": on, "date": on + 45}
            happened.append(chance.choice([answered, answered, moved]))
    for index, fact in enumerate(happened):
        at = (fact.pop("on"), 600 + index)
        fact |= {"id": f"more-{index}", "at": at, "arrives": at, "adviser": ADVISER}
    return life | {"facts": life["facts"] + happened}


def bases_of(outcome: ReplanOutcome) -> Iterator[tuple[int, str, Basis]]:
    """What every due event that stands was last sent with, and what every timer will be: case, which, and basis."""
    for fired in outcome.person.fired:
        basis = fired.basis or fired.event.basis
        if basis is not None and fired.remaining and fired.case_id in outcome.leaves:
            yield NUMBER_OF[fired.case_id], f"sent {fired.key}", basis
    for timer in outcome.person.timers:
        if timer.draft.basis is not None:
            yield NUMBER_OF[timer.case_id], f"drafted {timer.key}", timer.draft.basis


def difference(life: Dict) -> str:
    """The first basis that the two see differently; empty where there is none.

    A basis that stands says what the facts by now give for its own day: else an update is owed. An update is owed
    to a record that has just arrived, or to notes that have settled: never to time alone.
    """
    simulation, outcome = simulated(life)
    if outcome is None:
        return ""
    brought = {entry["arrives"] for kind in ("notes", "facts") for entry in life[kind]}
    for when, message in simulation.sent:
        if isinstance(message, DeadlineUpdated):
            at = local(when), local(when - timedelta(minutes=SETTLE_MINUTES))
            if brought.isdisjoint(at):
                return f"updated by time alone at {at[0]}"
    known = known_by(life, life["now"])
    story = model.live(life, life["now"])
    by_number = {case["number"]: case for case in story.cases}
    for number, which, basis in bases_of(outcome):
        case = by_number[number]
        facts = facts_of(known, story.cases, case)
        stops = in_force(life, life["now"])
        scene = scene_of(case, facts, life["now"], dead=is_dead(known), stops=stops)
        expected = basis_of(story, case, scene, (basis.as_of - START).days)
        if (said := _as_the_model_says_it(basis, expected)) != expected:
            return f"{which} as of {basis.as_of}\n  says  {said}\n  model {expected}"
    return ""


def _as_the_model_says_it(basis: Basis, expected: Dict) -> Dict:
    """Meetings of earlier cases, which the basis has beside its own, are left out."""
    return {
        "notes_until": _number(basis.notes_until),
        "summon_by": _number(basis.summon_by),
        "meet_by": _number(basis.meet_by),
        "weeks": basis.weeks_completed,
        "plans": {
            plan.org_number: {
                "made": _number(plan.made_on),
                "practitioner": _number(plan.shared_with_practitioner_on),
                "office": _number(plan.shared_with_office_on),
            }
            for plan in basis.follow_up_plans
        },
        "refusals": {
            meeting.meeting_id: meeting.refusals
            for meeting in basis.meetings
            if meeting.meeting_id in expected["refusals"]
        },
        "missing": sorted(basis.missing),
    }


def _number(day: date | None) -> int | None:
    return (day - START).days if day is not None else None


def main(count: int) -> int:
    for number in range(count):
        if found := difference(life_of(number)):
            sys.stdout.write(f"life {number}: {found}\n")
            return 1
    sys.stdout.write(f"{count} lives: no difference\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
