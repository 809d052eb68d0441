"""Ten events, of which each bad one would kill or block a plain consumer, at the running scheduler."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import asyncpg

from schemas.messages import DeadlineDue
from schemas.wire import Envelope, Record, decode
from tests.chaos.people_owed import essence, note, owed, people
from tests.support.service_processes import Deployment, failed, header, repeats
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually

NOTES = "stoppunkt.sick-notes.v1"
DEAD = "stoppunkt.sick-notes.v1.dead"
# Day 22 of a leave that began on a Monday: its first reminder was due three hours ago.
NOW = datetime(2026, 1, 26, 11, tzinfo=UTC)
MONDAY = date(2026, 1, 5)


def dead_ones(good: Record) -> list[Record]:
    """Four that can never be understood, each with a number in it."""
    assert good.value is not None
    return [
        replace(good, value=good.value[:-20]),
        replace(good, value=b"\xff" + good.value),
        replace(good, key=b"\xff\xfe", value=None, headers=()),
        replace(good, value=good.value.replace(b"2026-01-05", b"2026-02-30")),
    ]


async def test_ten_events_of_which_each_would_kill_or_block_a_plain_consumer(
    deployment: Deployment,
) -> None:
    """All good ones applied, bad ones set aside with their origin, the offset at the end, nothing said."""
    everybody = people(7)
    for person in everybody:
        deployment.seeded |= person.identities
    with_null, with_latin_1, spoiled, locked, refused, cancelled, last = everybody
    good = {person.number: note(person, MONDAY, 60, at=NOW) for person in everybody}
    bad = dead_ones(good.pop(spoiled.number))
    deployment.set_clock(NOW)

    async def give(record: Record, *extra: tuple[str, bytes | None]) -> None:
        await deployment.publish([record], partition=0, extra=extra)

    async with TcpProxy(deployment.database_port) as proxy:
        scheduler = await deployment.start(
            "scheduler",
            program=("-m", "tests.chaos.stray_cancel_program"),
            DATABASE_URL=deployment.database_url_at(proxy.port),
        )
        await give(good[with_null.number], ("trace", None), ("reply_to", b"answers"))
        await give(good[with_latin_1.number], ("name", "Åse Ødegård".encode("latin-1")))
        for record in bad:
            await give(record)
        await eventually(scheduler.is_working)

        blocker = await asyncpg.connect(deployment.database_url)
        async with blocker.transaction():
            await blocker.execute("lock table scheduler.note_slots in access exclusive mode")
            await give(good[locked.number])
            await eventually(failed(scheduler, "LockNotAvailableError"))
        await blocker.close()

        await proxy.refuse()
        await give(good[refused.number])
        await eventually(failed(scheduler, "ConnectionRefusedError"))
        await proxy.pass_on()

        await give(good[cancelled.number], ("test-cancel", b"1"))
        await eventually(failed(scheduler, "StrayCancel"))
        await give(good[last.number])

        expected = owed([(NOW, record) for record in good.values()], NOW)
        assert len(expected) == len(good) == 6
        await eventually(lambda: deployment.has_ids("deadline.due", [e.event_id for e in expected]))
        await eventually(lambda: deployment.has_read_all("scheduler"))
        await eventually(scheduler.is_working)
        assert await scheduler.health("live") == {}
        scheduler.send_sigterm()
        assert await scheduler.exit_code(10) == 0

    sent = await deployment.read()
    told = [decode(record) for record in sent.of_type("deadline.due")]
    assert {
        essence(each.message)
        for each in told
        if isinstance(each, Envelope) and isinstance(each.message, DeadlineDue)
    } == {essence(event) for event in expected}
    assert len(repeats(sent.of_type("deadline.due"))) == len(expected)

    buried = sent.on(DEAD)
    assert [(each.key, each.value) for each in buried] == [(each.key, each.value) for each in bad]
    assert [header(each, "dead_offset") for each in buried] == ["2", "3", "4", "5"]
    for each, was in zip(buried, bad, strict=True):
        assert each.headers[: len(was.headers)] == was.headers
        assert header(each, "dead_topic") == NOTES
        assert header(each, "dead_partition") == "0"
        reason = header(each, "dead_reason") or ""
        assert reason and not any(secret in reason for secret in deployment.seeded)
    assert scheduler.lines()[-1]["exit_code"] == 0
