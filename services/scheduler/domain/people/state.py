"""What was derived about a person at an instant and is overwritten later, kept so that the past can be explained.

Facts and versions of notes are kept as they came, due events and withdrawals too (contract 4.5). What only stands as it
is now (office, cases, timers, to which case an event belongs and whether it is doubted) is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from services.scheduler.domain.facts.cases import StoredCase
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.plan.history import ArmedStep


class FiredState(NamedTuple):
    """What changes about a due event after it went out, but for its withdrawals."""

    event_id: str
    case_id: str
    doubted_since: datetime | None


@dataclass(frozen=True, slots=True)
class PersonState:
    """A person's derived state from one change to the next."""

    office: str | None = None
    numbers_used: int = 0
    cases: tuple[StoredCase, ...] = ()
    armed: tuple[ArmedStep, ...] = ()
    fired: tuple[FiredState, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known by it; case ids that were used up before an erasure are no knowledge."""
        return not (self.office or self.cases or self.armed or self.fired)


@dataclass(frozen=True)
class PastPerson:
    """A person as was known at an instant; `caveats` are sentences about what is not known of that instant."""

    person: Person
    armed: tuple[ArmedStep, ...]
    caveats: tuple[str, ...] = ()


NOTHING = PersonState()


def state_of(person: Person) -> PersonState:
    """What is to be kept of a person as it is now."""
    return PersonState(
        office=person.office,
        numbers_used=person.numbers_used,
        cases=person.cases,
        armed=tuple(
            ArmedStep(
                timer.case_id,
                timer.key,
                timer.generation,
                timer.due_at,
                timer.armed_since,
                timer.caught_up,
            )
            for timer in person.timers
        ),
        fired=tuple(
            FiredState(fired.event.event_id, fired.case_id, fired.doubted_since)
            for fired in person.fired
        ),
    )


def past_person(person: Person, state: PersonState, at: datetime) -> PastPerson:
    """The person at an instant. `state` is the last that was kept by then.

    `person` has the slots and facts known by then, and the due events of everybody whose number is connected, also
    later ones.
    """
    known = {event.event_id: event for event in state.fired}
    case_ids = {case.case_id for case in state.cases}
    then = []
    for event in person.fired:
        if event.event.fired_at > at:
            continue
        kept = known.get(event.event.event_id)
        # Firing keeps no state: what fired since then is an event of a case that the person had.
        if kept is None and event.event.case_id not in case_ids:
            continue
        then.append(
            replace(
                event,
                case_id=kept.case_id if kept is not None else event.event.case_id,
                doubted_since=kept.doubted_since if kept is not None else None,
                withdrawn=tuple(part for part in event.withdrawn if part.at <= at),
                basis=None,
            )
        )
    gone = {(event.event.case_id, event.key, event.event.generation) for event in then}
    then_known = replace(
        person,
        office=state.office,
        numbers_used=state.numbers_used,
        cases=state.cases,
        fired=tuple(then),
    )
    armed = tuple(
        step for step in state.armed if (step.case_id, step.key, step.generation) not in gone
    )
    return PastPerson(then_known, armed)
