"""`plan` of a scenario and the plan derived from the running service's tables are the same (contract 11, 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from schemas.inbound import SCHEDULER_TOPICS, decode_inbound
from schemas.wire import Envelope
from services.cli.fold import FoldResult
from services.cli.output.plan_json import persons_of
from services.cli.record_files.read import FiledRecord, in_order, read_records
from services.scheduler.domain.facts.intake import observations_of
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.replan import replan
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on
from tests.support.cli_records import troubled
from tests.support.paths import SCENARIOS
from tests.support.scheduler_bench import Bench, hash_of, scheduler_on

DATA = SCENARIOS
FILES = ("scenario_1_in_order", "scenario_3_two_employers_and_merge", "troubled")
WEEKS = 27


def records_of(name: str, folder: Path) -> list[FiledRecord]:
    file = troubled().file(folder) if name == "troubled" else DATA / f"{name}.ndjson"
    return [
        entry for entry in in_order(read_records(file)) if entry.record.topic in SCHEDULER_TOPICS
    ]


def fold_until(filed: Sequence[FiledRecord], rules: Rulebook, until: datetime) -> FoldResult:
    """The records as `plan` reads them, with the tests' key for hashing person numbers, so that ids are the same."""
    simulation = Simulation(KnownPeople(rules, hash_of))
    for at, together in groupby(filed, key=attrgetter("at")):
        if at <= until:
            batch = []
            for entry in together:
                decoded = decode_inbound(entry.record)
                batch += (
                    list(observations_of(decoded, entry.record))
                    if isinstance(decoded, Envelope)
                    else []
                )
            simulation.arrive(batch, at.astimezone(UTC))
    return FoldResult(simulation, simulation.plan(until))


async def plan_from_tables(
    bench: Bench, rules: Rulebook, known: FoldResult, at: datetime
) -> list[Any]:
    """The plan of the same people at that instant, derived from the service's tables."""
    plans = {}
    async with begin_on(bench.pool, hash_of)() as tables:
        for number in known.plans:
            if known.simulation.known_people.number_of(number) == number:
                past = await tables.operators.as_of(number, at)
                assert past is not None
                plans[number] = replan(past.person, rules, at, past.armed)
    return list(persons_of(replace(known, plans=plans)))


@pytest.mark.parametrize("rulebook", ["standard", "nav-2026"])
@pytest.mark.parametrize("name", FILES)
async def test_plan_and_the_services_tables_give_the_same_plan_every_week(
    name: str, rulebook: str, tmp_path: Path, database_url: str
) -> None:
    """Each week when it comes, and at the end every week again, as of that earlier moment (4.5)."""
    filed, rules = records_of(name, tmp_path), read_rulebook(rulebook)
    start = filed[0].at.astimezone(UTC)
    pending, seen = list(filed), 0
    moments = [start + timedelta(weeks=week, hours=5) for week in range(WEEKS)]
    async with scheduler_on(database_url, start=start, rulebook=rulebook) as bench:
        for now in moments:
            while pending and pending[0].at <= now:
                at = pending[0].at
                together = [entry.record for entry in pending if entry.at == at]
                pending = pending[len(together) :]
                await bench.receive(*together, at=at.astimezone(UTC))
            await bench.turn_to(now)
            known = fold_until(filed, rules, now)
            assert await plan_from_tables(bench, rules, known, now) == list(persons_of(known)), now
            seen += len(known.plans)
        for then in moments:
            known = fold_until(filed, rules, then)
            assert await plan_from_tables(bench, rules, known, then) == list(persons_of(known)), (
                then
            )
    assert not pending
    assert seen > WEEKS / 2
