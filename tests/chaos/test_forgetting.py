"""kill -9 while people are forgotten leaves each of them whole or gone (contract 13.12, 14.10)."""

from __future__ import annotations

import signal
from datetime import UTC, date, datetime

import asyncpg

from tests.chaos.people_owed import note, people
from tests.support.service_processes import Deployment
from tests.support.waiting import eventually

EVERYBODY = people(250)
"""Two batches and a half."""
MONDAY = date(2026, 1, 5)
PUBLISHED = datetime(2026, 1, 7, 11, tzinfo=UTC)
OVER = datetime(2029, 4, 6, 11, tzinfo=UTC)
"""More than 37 months after the end of everybody's leave of 60 days."""
COUNTS = """
select count(distinct person_id), count(distinct n.note_id), count(distinct c.case_id),
    (select count(*) from scheduler.erasures), (select count(*) from scheduler.audit)
from scheduler.people left join scheduler.note_slots n using (person) left join scheduler.cases c using (person)
"""


async def test_killed_between_two_effects_nobody_is_forgotten_by_halves(
    deployment: Deployment,
) -> None:
    """The first process dies within its second batch, two others then go on side by side."""
    for person in EVERYBODY:
        deployment.seeded |= person.identities
    deployment.set_clock(PUBLISHED)
    await deployment.publish([note(person, MONDAY, 60, at=PUBLISHED) for person in EVERYBODY])
    scheduler = await deployment.start("scheduler")
    await eventually(lambda: deployment.has_read_all("scheduler"), what="every note is stored")
    scheduler.kill()
    connection = await asyncpg.connect(deployment.database_url)
    try:
        assert await _stands(connection, (250, 250, 250, 0, 0))

        deployment.set_clock(OVER)
        program = ("-m", "tests.chaos.killed_program", "scheduler", "removed_not_committed")
        killed = await deployment.start("scheduler", program=program)
        assert await killed.exit_code() == -signal.SIGKILL
        # A batch that PostgreSQL has not heard the end of yet is rolled back by it.
        await eventually(lambda: _stands(connection, (150, 150, 150, 100, 100)), what="a rollback")

        program = ("-m", "tests.chaos.killed_program", "scheduler", "never")
        for _ in range(2):
            await deployment.start("scheduler", program=program)
        await eventually(lambda: _stands(connection, (0, 0, 0, 250, 250)), what="nobody is left")
    finally:
        await connection.close()


async def _stands(connection: asyncpg.Connection[asyncpg.Record], counts: tuple[int, ...]) -> bool:
    row = await connection.fetchrow(COUNTS)
    return row is not None and tuple(row) == counts
