"""Ten events for the running scheduler, each of which would end or block a plain consumer."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Four records that can never be understood, each of which holds a national number."""
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
    """The good ones are applied, the bad ones dead letters with their origin, and the offset is at the end."""
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
        assert await scheduler.exit_code() == 0
    assert scheduler.lines()[-1]["exit_code"] == 0

    sent = await deployment.read()
    assert_fired(sent.of_type("deadline.due"), expected)
    dead = sent.on(DEAD)
    assert_dead(dead, bad)
    reasons = [header(record, "dead_reason") or "" for record in dead]
    assert all(reasons)
    assert not any(secret in reason for secret in deployment.seeded for reason in reasons)


def assert_fired(records: Sequence[Record], expected: Sequence[DeadlineDue]) -> None:
    """Exactly these due events, each under one id."""
    envelopes = [decode(record) for record in records]
    assert {
        essence(envelope.message)
        for envelope in envelopes
        if isinstance(envelope, Envelope) and isinstance(envelope.message, DeadlineDue)
    } == {essence(event) for event in expected}
    assert len(repeats(records)) == len(expected)


def assert_dead(dead: Sequence[Record], bad: Sequence[Record]) -> None:
    """Exactly the bad records, byte for byte, in their order, with the place that they came from."""
    assert [(record.key, record.value) for record in dead] == [(r.key, r.value) for r in bad]
    assert [header(record, "dead_offset") for record in dead] == ["2", "3", "4", "5"]
    for record, original in zip(dead, bad, strict=True):
        assert record.headers[: len(original.headers)] == original.headers
        assert header(record, "dead_topic") == NOTES
        assert header(record, "dead_partition") == "0"
