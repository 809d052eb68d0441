"""A file of records folded through the domain: no services, no clock but the records' own (contract 11, `plan`).

The order and the versions are those that `replay` gives the same records on Kafka: in order of `at`, those of one
instant as they stand in the file, and each topic's offsets counted in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from schemas.ids import person_hash
from schemas.inbound import SCHEDULER_TOPICS, decode_inbound
from schemas.wire import Envelope, InvalidRecord
from services.cli.record_files.read import FiledRecord, in_order
from services.scheduler.domain.facts.intake import Observation, observations_of
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.replan import ReplanOutcome
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.domain.rulebook.model import Rulebook

PUBLIC_PSEUDONYM_KEY = "public: for commands that run without services"
"""What `plan`, `replay` and `demo` hash persons with, so that their ids agree; it protects nothing."""


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A record of a topic that is read, which can never be understood; the reason holds no personal data."""

    line: int
    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Folded:
    """Everybody's plan at an instant, by number, and the simulation that led there."""

    simulation: Simulation
    plans: dict[str, ReplanOutcome]


def fold(
    filed: Iterable[FiledRecord],
    rulebook: Rulebook,
    at: datetime,
    tell: Callable[[DeadRecord], None],
) -> Folded:
    """Fold the records that have arrived by `at` (aware) and fire everything at its instant."""
    key = PUBLIC_PSEUDONYM_KEY.encode()
    simulation = Simulation(KnownPeople(rulebook, lambda number: person_hash(key, number)))
    known = (each for each in in_order(filed) if each.at <= at)
    for arrived_at, together in groupby(known, key=attrgetter("at")):
        batch = [what for each in together for what in _read(each, tell)]
        if batch:
            simulation.arrive(batch, arrived_at.astimezone(UTC))
    return Folded(simulation, simulation.plan(at.astimezone(UTC)))


def _read(filed: FiledRecord, tell: Callable[[DeadRecord], None]) -> Iterator[Observation]:
    record = filed.record
    if record.topic not in SCHEDULER_TOPICS:
        return
    decoded = decode_inbound(record)
    if isinstance(decoded, Envelope):
        yield from observations_of(decoded, record)
    elif isinstance(decoded, InvalidRecord):
        tell(DeadRecord(filed.line, record.topic, filed.fault or decoded.reason))
