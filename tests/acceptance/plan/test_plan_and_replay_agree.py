"""`plan` and `replay` of the same file agree on every due event: id, instant, lateness, and basis."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from schemas.messages import DeadlineDue
from schemas.wire import Envelope, decode
from services.cli.fold import DeadRecord, fold
from services.cli.pipeline.departures import Departure
from services.cli.pipeline.pipeline import pipeline
from services.cli.pipeline.settings import settings_for
from services.cli.record_files.read import FiledRecord, read_records
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.rulebook_file import read_rulebook
from tests.support.cli_records import troubled
from tests.support.paths import SCENARIOS
from tests.support.postgres_and_kafka import Parts

SCENARIO_1 = SCENARIOS / "scenario_1_in_order.ndjson"
HALF_YEAR = Path(str(files("services.cli") / "scenarios" / "half_year.ndjson"))
LATER = datetime(2028, 1, 1, tzinfo=UTC)

Fired = tuple[str, datetime, int, str]


@pytest.fixture
def troubled_file(tmp_path: Path) -> Path:
    return troubled().file(tmp_path)


def due_events_of_plan(filed: Sequence[FiledRecord], rulebook: Rulebook) -> list[Fired]:
    dead: list[DeadRecord] = []
    folded = fold(filed, rulebook, LATER, dead.append)
    assert not dead
    return sorted(
        _fired(at, message)
        for at, message in folded.simulation.sent
        if isinstance(message, DeadlineDue)
    )


def _fired(at: datetime, event: DeadlineDue) -> Fired:
    basis = event.basis.model_dump_json() if event.basis is not None else ""
    return event.event_id, at, event.late_seconds, basis


async def departures_of(
    filed: Sequence[FiledRecord],
    rulebook: Rulebook,
    parts: Parts,
    database_url: str,
    topic_prefix: str,
    **options: Any,
) -> list[Departure]:
    settings = settings_for(database_url, parts.kafka_bootstrap_servers, topic_prefix=topic_prefix)
    departures: list[Departure] = []
    async with (
        pipeline(settings, rulebook, start=min(entry.at for entry in filed)) as driver,
        aclosing(driver.run(filed, **options)) as moments,
    ):
        async for moment in moments:
            departures += moment.departures
    return departures


def due_events(departures: Sequence[Departure]) -> list[Fired]:
    messages = [(departure.at, decode(departure.record)) for departure in departures]
    return sorted(
        _fired(at, envelope.message)
        for at, envelope in messages
        if isinstance(envelope, Envelope) and isinstance(envelope.message, DeadlineDue)
    )


@pytest.mark.parametrize("rulebook", ["standard", "nav-2026"])
@pytest.mark.parametrize("name", ["scenario_1", "half_year", "troubled"])
async def test_plan_and_replay_agree_on_every_due_event(
    name: str,
    rulebook: str,
    troubled_file: Path,
    parts: Parts,
    database_url: str,
    topic_prefix: str,
) -> None:
    file = {"scenario_1": SCENARIO_1, "half_year": HALF_YEAR, "troubled": troubled_file}[name]
    filed, rules = list(read_records(file)), read_rulebook(rulebook)

    departures = await departures_of(filed, rules, parts, database_url, topic_prefix)

    assert due_events(departures) == due_events_of_plan(filed, rules)
    assert due_events(departures), "a scenario in which nothing falls due shows nothing"


async def test_with_step_no_due_event_is_early_or_later_than_one_step(
    parts: Parts, database_url: str, topic_prefix: str
) -> None:
    """`--step` advances the clock by a fixed time: the same due events, each at most one step after its instant."""
    filed, rules, step = (
        list(read_records(HALF_YEAR)),
        read_rulebook("standard"),
        timedelta(hours=7),
    )
    exact = {event_id: at for event_id, at, *_ in due_events_of_plan(filed, rules)}

    departures = await departures_of(filed, rules, parts, database_url, topic_prefix, step=step)
    bundled = {event_id: at for event_id, at, *_ in due_events(departures)}

    assert set(bundled) <= set(exact)
    # A deadline that falls due and is done within one step of the clock does not fire.
    assert len(exact) - len(bundled) <= 1
    for event_id, at in bundled.items():
        assert exact[event_id] <= at <= exact[event_id] + step


async def test_until_ends_the_run_at_that_instant(
    parts: Parts, database_url: str, topic_prefix: str
) -> None:
    filed, rules = list(read_records(HALF_YEAR)), read_rulebook("standard")
    until = datetime(2026, 2, 9, 8, tzinfo=UTC)  # 09:00 in Oslo, when something falls due

    departures = await departures_of(filed, rules, parts, database_url, topic_prefix, until=until)

    assert due_events(departures) == [
        event for event in due_events_of_plan(filed, rules) if event[1] <= until
    ]
    assert max(departure.at for departure in departures) == until
