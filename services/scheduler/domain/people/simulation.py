"""The scheduler without its machinery: folds records in order of arrival and fires everything at its instant.

What `plan` runs (contract 11). At one instant all records are folded first, then people are replanned, then what is
due fires; the service's handler and turn do the same things in the same order, so both agree.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.messages import Message
from services.scheduler.domain.facts.intake import Observation
from services.scheduler.domain.people.known_people import KnownPeople, Refusal, messages_of
from services.scheduler.domain.people.replan import ReplanOutcome


@dataclass
class Simulation:
    """A register whose clock is turned; `sent` is every message with its instant, in order."""

    known_people: KnownPeople
    sent: list[tuple[datetime, Message]] = field(default_factory=list)
    _wakes: list[tuple[datetime, str]] = field(default_factory=list)

    def arrive(self, batch: Iterable[Observation], at: datetime) -> tuple[Refusal, ...]:
        """All records of one instant (UTC); everything that falls due before it has fired by then.

        Returns those that were refused, because their person has too much stored already.
        """
        self.run_until(at, inclusive=False)
        intake = self.known_people.take(batch)
        self._replan(intake.touched, at)
        self.run_until(at)
        return intake.refusals

    def run_until(self, until: datetime, *, inclusive: bool = True) -> None:
        """Turn the clock from wake to wake."""
        while self._wakes and (
            self._wakes[0][0] < until or (inclusive and self._wakes[0][0] == until)
        ):
            at, number = heapq.heappop(self._wakes)
            self._turn(number, at)

    def plan(self, at: datetime) -> dict[str, ReplanOutcome]:
        """Everybody's plan at an instant, by number, without sending anything more."""
        self.run_until(at)
        return self.known_people.replan(list(self.known_people.people), at)

    def _turn(self, number: str, at: datetime) -> None:
        person = self.known_people.people[number]
        if person.replan_at is not None and person.replan_at <= at:
            self._replan({number}, at)
        events = self.known_people.fire_due(number, at)
        self.sent += [(at, event) for event in events]
        if events:
            self._wake(number, at)

    def _replan(self, numbers: set[str], at: datetime) -> None:
        outcomes = self.known_people.replan(numbers, at)
        self.sent += [(at, message) for message in messages_of(outcomes.values())]
        for number in outcomes:
            self._wake(number, at)

    def _wake(self, number: str, now: datetime) -> None:
        person = self.known_people.people[number]
        due = [timer.due_at for timer in person.timers]
        if person.replan_at is not None:
            due.append(person.replan_at)
        if due:
            heapq.heappush(self._wakes, (max(min(due), now), number))
