"""An outage makes a service unready, ends no process, and is over when its cause is (contract 13.7, 13.8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from schemas.wire import encode
from services.records.dead_letters import DEAD_LETTERS_MAX
from services.records.tables import RecordTables
from services.runtime.postgres import close_pool, open_pool, transaction
from tests.chaos.people_owed import Person, contacts, note, owed, people
from tests.chaos.sent_once import MESSAGE_TOPICS, assert_delivered_once, assert_due_once
from tests.support.service_processes import Deployment, Process, failed, header, repeats
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually

MONDAY = date(2026, 1, 5)
# Day 22 of a leave that began on a Monday, within the window: its first reminder fires when its note arrives.
NOW = datetime(2026, 1, 26, 9, tzinfo=UTC)
DUE_TOPIC = "stoppunkt.deadlines.v1"


async def test_postgresql_away_for_some_seconds_loses_nothing(deployment: Deployment) -> None:
    before, during = people(40)[:20], people(40)[20:]
    everybody = [*before, *during]
    notes = {person: note(person, MONDAY, 60, at=NOW) for person in everybody}
    expected = owed([(NOW, record) for record in notes.values()], NOW)
    assert len(expected) == len(everybody)
    deployment.set_clock(NOW)
    async with TcpProxy(deployment.database_port) as proxy:
        services = await _both(deployment, DATABASE_URL=deployment.database_url_at(proxy.port))
        await _publish_contacts(deployment, everybody)
        await deployment.publish(notes[person] for person in before)
        await eventually(_left(deployment, len(before)), what="the messages of before the outage")

        await proxy.refuse()
        # The notifier has these contacts already, but has to ask PostgreSQL to know that: it cannot work either.
        for person in during:
            await deployment.publish([notes[person], *contacts(person, at=NOW)])
        await eventually(_all(services, _cannot_consume), what="unreadiness")
        assert all([await failed(service, "ConnectionRefusedError")() for service in services])
        assert [await service.health("live") for service in services] == [{}, {}]
        await proxy.pass_on()

        await eventually(
            _left(deployment, len(everybody)), what="the messages of during the outage"
        )
        await eventually(_all(services, Process.is_working), what="readiness")
        await eventually(lambda: deployment.has_read_all("scheduler"))
    sent = await deployment.read()
    assert_due_once(sent, expected)
    assert_delivered_once(sent, expected, everybody)


async def test_too_many_dead_letters_stop_a_consumer_that_then_goes_on_where_it_stopped(
    deployment: Deployment,
) -> None:
    """contract 8: a bad release does not dead-letter everything. The stop outlasts the tries of a batch in place."""
    one, other = everybody = people(2)
    deployment.set_clock(NOW)
    services = scheduler, notifier = await _both(deployment)
    await _publish_contacts(deployment, everybody)
    # This due event is published by the test, so that the notifier too has bad records and a good one behind them.
    (event,) = owed([(NOW, note(other, MONDAY, 60, at=NOW))], NOW)
    due = encode(event, event_id=event.event_id, source="urn:test", at=NOW)
    good = note(one, MONDAY, 60, at=NOW)
    for record in (good, due):
        spoiled = replace(record, value=(record.value or b"")[:-9])
        await deployment.publish([spoiled] * (DEAD_LETTERS_MAX + 1), partition=0)
    await eventually(_all(services, _has_stopped), what="the ceiling")
    await deployment.publish([good, due], partition=0)
    await eventually(_all(services, _rewinds), what="the rewind")
    tries = [_tries(service) for service in services]

    assert [await service.health("live") for service in services] == [{}, {}]
    assert await _has_stopped(scheduler) and await _has_stopped(notifier)
    assert repeats((await deployment.read()).on(*MESSAGE_TOPICS)) == {}

    async def still_tries(service: Process) -> bool:
        return _tries(service) > tries[services.index(service)]

    await eventually(_all(services, still_tries), what="another try")
    for schema in ("scheduler", "notifier"):
        await _resume(deployment, schema)
    expected = [*owed([(NOW, good)], NOW), event]
    await eventually(
        _left(deployment, len(expected)), what="the messages for the records behind the bad ones"
    )
    await eventually(_all(services, Process.is_working), what="readiness")
    sent = await deployment.read()
    assert_delivered_once(sent, expected, everybody)
    for topic in ("stoppunkt.sick-notes.v1", DUE_TOPIC):
        dead_offsets = [header(record, "dead_offset") for record in sent.on(f"{topic}.dead")]
        assert sorted(map(int, filter(None, dead_offsets))) == list(range(DEAD_LETTERS_MAX + 1))


async def _both(deployment: Deployment, **env: str) -> tuple[Process, Process]:
    services = await deployment.start("scheduler", **env), await deployment.start("notifier", **env)
    await eventually(_all(services, Process.is_working), what="both")
    return services


async def _publish_contacts(deployment: Deployment, everybody: Sequence[Person]) -> None:
    """Publish contacts and wait until the notifier has them: somebody without any would get an adviser task instead."""
    for person in everybody:
        deployment.seeded |= person.identities
        await deployment.publish(contacts(person, at=NOW))
    await eventually(lambda: deployment.has_read_all("notifier"))


def _all(
    services: Sequence[Process], ask: Callable[[Process], Awaitable[bool]]
) -> Callable[[], Awaitable[bool]]:
    async def ask_all() -> bool:
        return all([await ask(service) for service in services])

    return ask_all


def _left(deployment: Deployment, events: int) -> Callable[[], Awaitable[bool]]:
    """Asks whether so many due events have left as a message to each of their two recipients."""

    async def ask() -> bool:
        return len(repeats((await deployment.read()).on(*MESSAGE_TOPICS))) >= 2 * events

    return ask


async def _cannot_consume(service: Process) -> bool:
    return "consumer" in (await service.health("ready") or {})


async def _has_stopped(service: Process) -> bool:
    return "dead letters" in (await service.health("ready") or {})


async def _rewinds(service: Process) -> bool:
    return service.has_logged("consumer.trouble", error="HandlerFailed")


def _tries(service: Process) -> int:
    return sum(line["event"] == "batch.failed" for line in service.lines())


async def _resume(deployment: Deployment, schema: str) -> None:
    """Let the consumer go on, as `stoppunkt dead-letters resume` does."""
    pool = await open_pool(deployment.database_url, schema=schema, application_name="test")
    try:
        async with transaction(pool) as connection:
            await RecordTables(connection).resume()
    finally:
        await close_pool(pool)
