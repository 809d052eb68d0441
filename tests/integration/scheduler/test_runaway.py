"""A publisher in a loop on a real PostgreSQL: bounded, set aside, and in nobody's way (contract 2, 8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from schemas.messages import DeadlineDue
from schemas.wire import Envelope, Record, decode
from services.records.dead_letters import DEAD_LETTERS_MAX, dead_topic, original
from services.scheduler.domain.facts.bounds import THINGS_MAX
from services.scheduler.domain.facts.intake import Observation, observations_of
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.rulebook_file import read_rulebook
from tests.support.scheduler_bench import (
    ANNE,
    BJORN,
    FACTS,
    KAFE,
    Bench,
    fact,
    hash_of,
    note,
    scheduler_on,
)

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LOOP = 500


def meetings(at: datetime, first: int = 0, *, person: str = ANNE) -> list[Record]:
    """Each under a new id, as a publisher in a loop sends them."""
    return [
        fact(
            at,
            "dialogue_meeting.cancelled",
            person=person,
            meeting=2,
            meeting_id=f"9c2f7d10-8a3e-5b4c-9d6f-2e1a{number:08}",
            org_number=KAFE,
            takes_place_on="2026-03-02",
        )
        for number in range(first, first + LOOP)
    ]


def dead(bench: Bench) -> list[Record]:
    return [record for record in bench.publisher.records if record.topic == dead_topic(FACTS)]


async def test_a_loop_about_one_person_stops_nobody_and_does_not_count_towards_the_ceiling(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(
            *meetings(START), note(START, date(2026, 1, 5), 60, person=BJORN), at=START
        )
        assert len(dead(bench)) == LOOP - THINGS_MAX > DEAD_LETTERS_MAX
        (reason,) = {dict(record.headers)["dead_reason"].decode() for record in dead(bench)}
        assert reason.startswith("The person has 50 different things")

        await bench.turn_to(START + timedelta(days=30))
        sent = [decode(record) for record in bench.publisher.records]
        due = [one.message for one in sent if isinstance(one, Envelope)]
        assert {message.person_id for message in due if isinstance(message, DeadlineDue)} == {BJORN}


async def test_a_dead_letter_over_a_bound_is_stored_when_it_is_replayed_and_there_is_room(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(*meetings(START), at=START)
        refused = original(dead(bench)[0])
        await bench.receive(refused, at=START)
        assert len(dead(bench)) == LOOP - THINGS_MAX + 1

        await bench.pool.execute("delete from facts")
        await bench.receive(refused, at=START)
        assert len(dead(bench)) == LOOP - THINGS_MAX + 1
        assert await bench.pool.fetchval("select count(*) from facts") == 1


async def test_the_past_that_is_kept_of_a_person_does_not_grow_with_a_loop(
    database_url: str,
) -> None:
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(START, date(2026, 1, 5), 60), at=START)
        for batch in range(4):
            await bench.receive(*meetings(START, batch * LOOP), at=START)
        rows = await bench.pool.fetch(
            "select pg_column_size(state) as bytes from person_states where person = $1",
            hash_of(ANNE),
        )
        assert len(rows) <= 2
        assert sum(row["bytes"] for row in rows) < 4_096


async def test_plan_refuses_what_the_service_refuses(database_url: str) -> None:
    """contract 11: both fold the same records through the same domain."""
    records = [*meetings(START), note(START, date(2026, 1, 5), 60), *meetings(START, LOOP)]
    known_people = KnownPeople(read_rulebook("standard"), hash_of)
    observations: list[Observation] = []
    for record in records:
        envelope = decode(record)
        assert isinstance(envelope, Envelope)
        observations += observations_of(envelope, record)
    refusals = Simulation(known_people).arrive(observations, START)

    async with scheduler_on(database_url, start=START) as bench:
        for first in range(0, len(records), LOOP):
            await bench.receive(*records[first : first + LOOP], at=START)
        offsets = [dict(record.headers)["dead_offset"].decode() for record in dead(bench)]
        assert offsets == [str(refusal.observation.record.offset) for refusal in refusals]
