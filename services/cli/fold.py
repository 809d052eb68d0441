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
class FoldResult:
    """Everybody's plan at an instant, by number, and the simulation that led there."""

    simulation: Simulation
    plans: dict[str, ReplanOutcome]


def fold(
    filed: Iterable[FiledRecord],
    rulebook: Rulebook,
    at: datetime,
    report: Callable[[DeadRecord], None],
) -> FoldResult:
    """Fold the records that have arrived by `at` (aware) and fire everything at its instant.

    Every dead record among them goes to `report`.
    """
    key = PUBLIC_PSEUDONYM_KEY.encode()
    simulation = Simulation(KnownPeople(rulebook, lambda number: person_hash(key, number)))
    arrived = (record for record in in_order(filed) if record.at <= at)
    for arrived_at, group in groupby(arrived, key=attrgetter("at")):
        together = list(group)
        observations = [seen for record in together for seen in _observations(record, report)]
        if observations:
            refusals = simulation.arrive(observations, arrived_at.astimezone(UTC))
            reasons = {id(refusal.observation.record): refusal.reason for refusal in refusals}
            for one in together:
                if (reason := reasons.get(id(one.record))) is not None:
                    report(DeadRecord(one.line, one.record.topic, reason))
    return FoldResult(simulation, simulation.plan(at.astimezone(UTC)))


def _observations(
    filed: FiledRecord, report: Callable[[DeadRecord], None]
) -> Iterator[Observation]:
    record = filed.record
    if record.topic not in SCHEDULER_TOPICS:
        return
    decoded = decode_inbound(record)
    if isinstance(decoded, Envelope):
        yield from observations_of(decoded, record)
    elif isinstance(decoded, InvalidRecord):
        report(DeadRecord(filed.line, record.topic, filed.fault or decoded.reason))
