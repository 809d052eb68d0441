"""Records arrive in the scheduler's domain, the clock is turned, and a test looks: without a database or a broker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.ids import person_hash
from schemas.messages import (
    DeadlineDue,
    DeadlineUpdated,
    DeadlineWithdrawn,
    Employer,
    FactWithdrawn,
    FollowUpFact,
    Form,
    Period,
    PeriodKind,
    PersonRenumbered,
    SickNoteRegistered,
)
from schemas.wire import Record, Version
from services.scheduler.domain.facts.facts import Fact, NoteSlot, NoteSource
from services.scheduler.domain.facts.intake import Observation, OfficeChange
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.domain.plan.planned_step import PlannedStep
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.domain.rulebook.reader import parse
from tests.support.paths import RULEBOOKS

OSLO = ZoneInfo("Europe/Oslo")
ANNE, BJORN, CECILIE, DAG = "14838511253", "02917920144", "23869033316", "09896814513"
KAFE, BYGG = "310200107", "310201200"
ADVISER = "Z990001"
START = date(2026, 1, 5)
"""A Monday: days 28, 49, 56, 161 and 182 of the case are Sundays."""

UNSET = Version(-1, -1)
NO_RECORD = Record("tests", None, None)
"""What an observation says came from no record here."""


@cache
def shipped(name: str) -> Rulebook:
    return parse((RULEBOOKS / f"{name}.toml").read_text("utf-8"))


def day(number: int) -> date:
    """The date `number` days after START, which is 0: the rulebook's way of counting."""
    return START + timedelta(days=number)


def at(number: int, clock: str = "12:00", *, seconds: int = 0) -> datetime:
    """That wall clock in Oslo on that day, in UTC."""
    local = datetime.combine(day(number), time.fromisoformat(clock), OSLO)
    return local.astimezone(UTC) + timedelta(seconds=seconds)


def note(
    first: int,
    last: int,
    *,
    note_id: str = "note-1",
    kind: PeriodKind = "full",
    grade: int | None = None,
    employer: str | None = KAFE,
    issued: int | None = None,
    person: str = ANNE,
    source: NoteSource = "canonical",
    form: Form = "digital",
    certified: Iterable[int] = (),
    periods: Iterable[tuple[int, int, PeriodKind, int | None]] | None = None,
    counts: bool = True,
    version: Version = UNSET,
) -> NoteSlot:
    """A note over the days `first` to `last`, both included, counted from START, which is 0."""
    note_periods = tuple(periods) if periods is not None else ((first, last, kind, grade),)
    days = tuple(day(number) for number in certified)
    registered = SickNoteRegistered(
        note_id=note_id,
        person_id=person,
        employer=Employer(org_number=employer) if employer is not None else None,
        form=form,
        issued_on=day(first if issued is None else issued),
        periods=tuple(
            Period(from_=day(begin), to=day(end), kind=what, grade=part)
            for begin, end, what, part in note_periods
        ),
        self_certified_days=days,
    )
    return NoteSlot(source, note_id, version, registered, counts=counts, self_certified_days=days)


def gone(
    note_id: str = "note-1", *, source: NoteSource = "canonical", version: Version = UNSET
) -> NoteSlot:
    """A record that removes the note: a null value under its key."""
    return NoteSlot(source, note_id, version, None)


def fact(
    message: FollowUpFact | PersonRenumbered,
    *,
    fact_id: str = "",
    source: str = "tests",
    version: Version = UNSET,
) -> Fact:
    return Fact(source, fact_id, version, message)


def withdrawn(
    fact_id: str, number: int, *, person: str = ANNE, clock: str = "12:00", source: str = "tests"
) -> Fact:
    message = FactWithdrawn(person_id=person, occurred_at=at(number, clock), fact_id=fact_id)
    return Fact(source, "", UNSET, message)


Arrival = NoteSlot | Fact | OfficeChange | FollowUpFact | PersonRenumbered


@dataclass
class Life:
    """A simulation in which records arrive, for one person or several; instants are those of `at`."""

    rulebook: Rulebook = field(default_factory=lambda: shipped("standard"))
    arrived_count: int = 0

    def __post_init__(self) -> None:
        self.known_people = KnownPeople(self.rulebook, lambda number: person_hash(b"tests", number))
        self.simulation = Simulation(self.known_people)

    def arrive(self, when: datetime, *arrivals: Arrival) -> None:
        """Records that arrive at that instant, in that order."""
        self.simulation.arrive([self._observation(record, when) for record in arrivals], when)

    def _observation(self, arrival: Arrival, when: datetime) -> Observation:
        self.arrived_count += 1
        version = Version(int(when.timestamp() * 1000), self.arrived_count)
        if isinstance(arrival, FollowUpFact | PersonRenumbered):
            arrival = fact(arrival)
        if isinstance(arrival, Fact):
            arrival = replace(
                arrival,
                id=arrival.id or f"fact-{self.arrived_count}",
                version=version if arrival.version == UNSET else arrival.version,
            )
            return Observation(arrival, (arrival.source, arrival.id), NO_RECORD)
        if isinstance(arrival, NoteSlot) and arrival.version == UNSET:
            arrival = replace(arrival, version=version)
        return Observation(arrival, None, NO_RECORD)

    def turn(self, when: datetime) -> None:
        self.simulation.run_until(when)

    def plans(self, when: datetime, person: str = ANNE) -> list[list[PlannedStep]]:
        """The steps of each case by start, at that instant."""
        outcome = self.simulation.plan(when)[person]
        cases = sorted(outcome.person.cases, key=lambda case: (case.start, case.number))
        return [list(outcome.plans[case.case_id].steps) for case in cases]

    def steps(
        self, when: datetime, *, case: int = -1, person: str = ANNE
    ) -> dict[str, PlannedStep]:
        """The last case's steps by `checkpoint.step` or `checkpoint.step/subject`."""
        return {
            f"{step.key.checkpoint}.{step.key.step}"
            + (f"/{step.key.subject}" if step.key.subject else ""): step
            for step in self.plans(when, person)[case]
        }

    def state(self, path: str, when: datetime, *, case: int = -1) -> str:
        """`state: reason` of one step, as `stoppunkt plan` prints it."""
        step = self.steps(when, case=case)[path]
        return f"{step.state}: {step.reason}"

    def due(self, path: str = "") -> list[DeadlineDue]:
        """The due events that were sent, in order: all, or those of one `checkpoint.step`."""
        return [
            message
            for _, message in self.simulation.sent
            if isinstance(message, DeadlineDue)
            and path in ("", f"{message.checkpoint}.{message.step}")
        ]

    def withdrawals(self, path: str = "") -> list[DeadlineWithdrawn]:
        return [
            message
            for _, message in self.simulation.sent
            if isinstance(message, DeadlineWithdrawn)
            and path in ("", f"{message.checkpoint}.{message.step}")
        ]

    def updates(self) -> list[DeadlineUpdated]:
        return [
            message for _, message in self.simulation.sent if isinstance(message, DeadlineUpdated)
        ]

    def fired_on(self, path: str) -> list[date]:
        """The Oslo dates on which that step fired."""
        return [event.fired_at.astimezone(OSLO).date() for event in self.due(path)]


def reasons(withdrawals: Iterable[DeadlineWithdrawn]) -> list[tuple[str, str | None]]:
    return [(withdrawal.reason, withdrawal.detail) for withdrawal in withdrawals]


Party = Literal["employee", "line_manager", "adviser"]


def asked(event: DeadlineDue) -> list[tuple[Party, str | None]]:
    """The recipients of an event: role and organisation number."""
    return [(recipient.role, recipient.org_number) for recipient in event.recipients]
