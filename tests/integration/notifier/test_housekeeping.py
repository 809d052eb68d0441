"""What operators are shown, what is forgotten, and that an empty poll stays cheap (contract 6.7)."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from services.notifier.jobs.count_backlog import count_backlog
from services.notifier.store.queries import QUERIES
from tests.support.notifier_desk import (
    anne,
    desk,
    due,
    oslo,
    receipt,
)

TUESDAY = oslo("2026-02-24T09:00:00")
DAY = timedelta(days=1)


async def test_what_nobody_confirms_within_a_day_is_counted_and_no_more(database_url: str) -> None:
    """contract 6.7: it falls back to nothing."""
    async with desk(database_url, TUESDAY) as it:
        await it.receive_and_send(anne(), due(at=TUESDAY))
        assert dict((await count_backlog(it.begin, TUESDAY + DAY / 2)).unanswered) == {}
        await it.until(TUESDAY + 2 * DAY)
        backlog = await count_backlog(it.begin, it.now)
        assert (dict(backlog.unanswered), backlog.ready) == ({"sms": 1}, 0)
        (sms,) = it.left()
        await it.receive_and_send(receipt(sms.id, "delivered", at=it.now))
        assert dict((await count_backlog(it.begin, it.now)).unanswered) == {}


async def test_what_is_late_is_seen(database_url: str) -> None:
    async with desk(database_url, TUESDAY) as it:
        await it.receive(anne(), due(at=TUESDAY))
        backlog = await count_backlog(it.begin, TUESDAY + timedelta(minutes=5))
        assert (backlog.ready, backlog.oldest_ready_at) == (1, TUESDAY)


@pytest.mark.parametrize("rows", [3_000, 50_000])
async def test_an_empty_poll_reads_one_page_however_many_wait(database_url: str, rows: int) -> None:
    """The claim is answered by its index, in its order, also with a generic plan."""
    async with desk(database_url, TUESDAY) as it:
        connection = await asyncpg.connect(
            database_url,
            server_settings={"search_path": "notifier", "plan_cache_mode": "force_generic_plan"},
        )
        try:
            await connection.execute(
                "insert into events select 'e', '\\x00', 'p', '{}', null, 0, now()"
            )
            await connection.execute(
                """
                insert into deliveries
                select 'd' || n, 'e', '\\x00', 'employee', null, 'sms', 'step', 'waiting',
                    $1::timestamptz + n * interval '1 second', $1, $1, null, null, 0, false,
                    null, null, null, null, null
                from generate_series(1, $2::integer) n
                """,
                TUESDAY, rows,
            )  # fmt: skip
            await connection.execute("analyze deliveries")
            await connection.execute(
                f"prepare claim (timestamptz, timestamptz, bigint) as {QUERIES['claim_deliveries']}"
            )
            plan = "\n".join(
                row[0]
                for row in await connection.fetch(
                    "explain (analyze, buffers, costs off, timing off) "
                    f"execute claim ('{TUESDAY.isoformat()}', '{TUESDAY.isoformat()}', 100)"
                )
            )
        finally:
            await connection.close()
        assert "deliveries_queue" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan
        assert not await it.notifier.turn(TUESDAY)
