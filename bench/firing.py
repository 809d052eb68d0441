"""How fast timers fire compared with what PostgreSQL can do, and what an empty turn costs with many timers waiting.

    DATABASE_URL=… python -m bench.firing [--timers 20000] [--pending 1000000]

Rounds of both ways alternate; compare the medians of one run, because absolute figures vary on shared cores.

| way | what it does |
|---|---|
| turn | the scheduler's own turn: claim timers, make due events, fill the outbox, in transactions of 1 000 |
| move | the upper bound: SQL alone moves the same rows, one statement for each batch of 1 000 |
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import uuid4

import asyncpg

from schemas.ids import person_hash
from schemas.messages import CaseSnapshot, DeadlineDue, Recipient, RulebookStamp
from services.runtime.assembly import App
from services.runtime.clock import TurnedClock
from services.runtime.logs import configure_logs
from services.runtime.postgres import Pool, close_pool, open_pool
from services.scheduler.app import SCHEMA, compose, migrate
from services.scheduler.jobs.watch_rulebook import put_first_in_force
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.store import begin_on

NOW = datetime(2026, 4, 27, 7, tzinfo=UTC)
BATCH = 1_000
FILL = """
insert into timers
select {name} || n, 'c', 's', '', sha256(n::text::bytea), 1, date '2026-04-27', $2, $2, $3, false, $4
from generate_series(1, $1::int) n
"""
MOVE = """
with moved as (
    delete from timers where ctid = any(array(
        select ctid from timers where due_at <= $1 and fire_before > $1
        order by due_at, case_id, checkpoint, step, subject limit $2 for update skip locked))
    returning case_id, person, draft
)
insert into due_events (event_id, person, case_id, fired_at, caught_up, payload)
select 'moved-' || case_id, person, case_id, $1, false, draft from moved
"""


class NoPublisher:
    """Publishes nothing: firing is measured up to the outbox."""

    async def publish(self, records: object) -> None:
        raise NotImplementedError


def draft() -> str:
    """The JSON of a due event of ordinary length."""
    return DeadlineDue(
        event_id=str(uuid4()),
        case_id=str(uuid4()),
        person_id="14838511253",
        checkpoint="dialogue_meeting_2_assessment",
        step="assess",
        subject=None,
        generation=1,
        due_on=date(2026, 4, 27),
        due_at=NOW,
        fired_at=NOW,
        late_seconds=0,
        show_on=None,
        rulebook=RulebookStamp(name="standard", version="2026-11", office=None),
        case=CaseSnapshot(
            start=date(2026, 1, 5),
            end=date(2026, 5, 10),
            sick_days=124,
            day=113,
            week=17,
            grade=60,
            form="digital",
            employers=(),
        ),
        recipients=(
            Recipient(role="employee"),
            Recipient(role="line_manager", org_number="310200107"),
        ),
        basis=None,
    ).model_dump_json()


async def fill(pool: Pool, count: int, due_at: datetime, name: str) -> None:
    """Insert timers that are due at one instant, each with a draft that has an id of its own."""
    text = draft()
    async with pool.acquire() as connection:
        sql = FILL.format(name=f"'{name}-'").replace(
            "$4", "replace($4::text, $5::text, md5(n::text))"
        )
        event_id = DeadlineDue.model_validate_json(text).event_id
        await connection.execute(
            sql, count, due_at, NOW + timedelta(days=365), text, event_id, timeout=600
        )


async def by_turn(scheduler: App) -> None:
    while await scheduler.turn(NOW):
        pass


async def by_move(pool: Pool) -> None:
    while True:
        async with pool.acquire() as connection:
            if await connection.execute(MOVE, NOW, BATCH) == "INSERT 0 0":
                return


async def seconds_of(work: Awaitable[object]) -> float:
    started_at = time.perf_counter()
    await work
    return time.perf_counter() - started_at


async def clean(pool: Pool) -> None:
    await pool.execute("truncate timers, due_events, withdrawals, outbox")


async def rounds(pool: Pool, scheduler: App, timers: int, count: int) -> dict[str, float]:
    """The median of the seconds that each way took in that many rounds."""
    rounds_of: dict[str, list[float]] = {"turn": [], "move": []}
    for _ in range(count):
        for way, seconds in rounds_of.items():
            await clean(pool)
            await fill(pool, timers, NOW, "due")
            await pool.execute("analyze timers")
            work = by_turn(scheduler) if way == "turn" else by_move(pool)
            seconds.append(await seconds_of(work))
    return {way: statistics.median(seconds) for way, seconds in rounds_of.items()}


async def empty_turn(pool: Pool, scheduler: App, pending: int) -> float:
    """The median milliseconds of a turn that finds nothing due, with that many timers that are due later."""
    await clean(pool)
    await fill(pool, pending, NOW + timedelta(days=1), "later")
    await pool.execute("vacuum analyze timers", timeout=600)
    await scheduler.turn(NOW)
    return 1_000 * statistics.median([await seconds_of(scheduler.turn(NOW)) for _ in range(51)])


async def main() -> None:
    """Measure in a new database on the server of DATABASE_URL, and drop the database afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--timers", type=int, default=20_000)
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    configure_logs("WARNING", "console")
    server = os.environ["DATABASE_URL"]
    name = f"bench_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"create database {name}")
    url = server.rsplit("/", 1)[0] + f"/{name}"
    try:
        await migrate(url)
        pool = await open_pool(
            url, schema=SCHEMA, application_name="bench", command_timeout_seconds=600
        )
        begin, clock = begin_on(pool, partial(person_hash, b"bench")), TurnedClock(NOW)
        await put_first_in_force(begin, clock, read_rulebook("standard"))
        scheduler = compose(begin, clock, NoPublisher())
        medians = await rounds(pool, scheduler, options.timers, options.rounds)
        for way, seconds in medians.items():
            print(f"{way}: {options.timers / seconds:,.0f} timers/s")
        print(f"turn reaches {medians['move'] / medians['turn']:.0%} of the upper bound")
        few, many = (
            await empty_turn(pool, scheduler, 1_000),
            await empty_turn(pool, scheduler, options.pending),
        )
        print(
            f"an empty turn: {few:.2f} ms with 1,000 pending, {many:.2f} ms with {options.pending:,}"
        )
        await close_pool(pool)
    finally:
        await admin.execute(f"drop database {name} with (force)")
        await admin.close()


if __name__ == "__main__":
    asyncio.run(main())
