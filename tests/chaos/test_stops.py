"""Asked to stop in any state, a service ends in time, with an exit code that tells the truth (contract 13.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Literal

from services.cli.embedded.kafka import embedded_kafka
from services.runtime.turning import IDLE_SECONDS
from tests.chaos.people_owed import contacts, note, people
from tests.support.service_processes import GRACE_SECONDS, Deployment, Process
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import SLOWNESS, eventually

MONDAY = date(2026, 1, 5)
NOW = datetime(2026, 1, 26, 9, tzinfo=UTC)
# Every loop looks at its tables at least every IDLE_SECONDS, and finds this.
SOMETHING_TO_SEND = """
    insert into {schema}.outbox (topic, key, value, header_names, header_values)
    values ('stoppunkt.deadlines.v1', '\\x01', '\\x02', '{{}}', '{{}}')
"""

Trouble = Literal["pass on", "refuse", "swallow"]


async def test_told_to_stop_in_any_state_of_its_parts_a_service_ends_in_time(
    deployments: Callable[..., Awaitable[Deployment]],
) -> None:
    """The libraries' own stop waits for ever for a dead broker, and long for a frozen PostgreSQL.

    Exit code 1 says that something was cut short. With a PostgreSQL that refuses connections nothing is under way, and
    all that is still to do stands in its tables, so the code is 0. With a frozen one the code depends on the moment.
    """
    codes = await asyncio.gather(
        _codes_with_postgresql(await deployments(), "pass on"),
        _codes_with_postgresql(await deployments(), "refuse"),
        _codes_with_postgresql(await deployments(), "swallow"),
        _codes_with_broker(deployments, "refuse"),
        _codes_with_broker(deployments, "swallow"),
    )
    well, refused, _frozen, *broker_dead = codes
    assert well == refused == [0, 0]
    assert broker_dead == [[1, 1], [1, 1]]


async def _codes_with_postgresql(deployment: Deployment, trouble: Trouble) -> list[int]:
    async with TcpProxy(deployment.database_port) as proxy:
        env = {"DATABASE_URL": deployment.database_url_at(proxy.port)}
        return await _codes_of_stops(deployment, proxy, trouble, env)


async def _codes_with_broker(
    deployments: Callable[..., Awaitable[Deployment]], trouble: Trouble
) -> list[int]:
    async with TcpProxy() as proxy:
        kafka = embedded_kafka(advertised_port=proxy.port)
        # In threads: starting and ending a broker blocks, and would hold up the four other deployments.
        direct = await asyncio.to_thread(kafka.__enter__)
        try:
            proxy.target_port = int(direct.rpartition(":")[2])
            deployment = await deployments(f"127.0.0.1:{proxy.port}")
            return await _codes_of_stops(deployment, proxy, trouble, {})
        finally:
            await asyncio.to_thread(kafka.__exit__, None, None, None)


async def _codes_of_stops(
    deployment: Deployment, proxy: TcpProxy, trouble: Trouble, env: dict[str, str]
) -> list[int]:
    """Let the trouble come while both services work, send them SIGTERM during it, and return their exit codes."""
    (person,) = people(1)
    deployment.seeded |= person.identities
    deployment.set_clock(NOW)
    await deployment.publish([note(person, MONDAY, 60, at=NOW), *contacts(person, at=NOW)])
    services = [
        await deployment.start("scheduler", **env),
        await deployment.start("notifier", **env),
    ]
    for service in services:
        await eventually(service.is_working, what=service.name)
    await eventually(lambda: deployment.has_read_all("scheduler"))
    await eventually(lambda: deployment.has_read_all("notifier"))
    await deployment.leave_kafka()
    match trouble:
        case "refuse":
            await proxy.refuse()
        case "swallow":
            await proxy.swallow()
        case "pass on":
            pass
    for schema in ("scheduler", "notifier"):
        await deployment.sql(SOMETHING_TO_SEND.format(schema=schema))
    await asyncio.sleep(IDLE_SECONDS + 0.5)
    return list(await asyncio.gather(*(_code_of_stop(service) for service in services)))


async def _code_of_stop(service: Process) -> int:
    """Send it SIGTERM; returns its exit code, which is 1 where something was cut short, and only there."""
    service.send_sigterm()
    code = await service.exit_code(SLOWNESS * (GRACE_SECONDS + 5))
    lines = service.lines()
    assert [line["exit_code"] for line in lines if line["event"] == "service.stopped"] == [code]
    assert code == any(line["event"] in ("stop.cut_short", "stop.failed") for line in lines)
    return code
