"""A service does not start with what it cannot use: a sentence that names the variable, exit code 2, nothing begun."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.postgres_and_kafka import Parts
from tests.support.service_processes import Deployment, Process, ServiceName

SERVICES: list[ServiceName] = ["scheduler", "notifier"]


@pytest.fixture
async def deployment(
    parts: Parts, database_url: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    async with Deployment(
        database_url=database_url,
        servers=parts.kafka_bootstrap_servers,
        idempotence=parts.kafka_idempotence,
        prefix=topic_prefix,
        folder=tmp_path,
    ) as it:
        yield it


@dataclass(frozen=True)
class Traces:
    """What a service leaves behind once it has begun."""

    groups: list[str]
    rows: dict[str, int]


async def traces_of(deployment: Deployment) -> Traces:
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.servers)
    await admin.start()
    try:
        groups = [name for name, *_ in await admin.list_consumer_groups()]
    finally:
        await admin.close()
    connection = await asyncpg.connect(deployment.database_url)
    try:
        tables = await connection.fetch(
            "select schemaname || '.' || tablename as name from pg_tables"
            " where schemaname in ('scheduler', 'notifier')"
        )
        rows = {
            table["name"]: await connection.fetchval(f"select count(*) from {table['name']}")  # noqa: S608 - pg_tables
            for table in tables
        }
    finally:
        await connection.close()
    ours = sorted(name for name in groups if name.startswith(deployment.prefix))
    return Traces(ours, rows)


async def refusal(deployment: Deployment, service: ServiceName, **env: str) -> str:
    """The sentence with which the service refuses, once it is seen that it is logged, printed, and all there is."""
    before = await traces_of(deployment)
    process = await deployment.start(service, **env)
    assert await process.exit_code() == 2, process.text
    assert await traces_of(deployment) == before
    (sentence,) = printed(process)
    logged = [line["reason"] for line in process.lines() if line["event"] == "service.refused"]
    if process.lines():
        assert logged == [sentence]
        assert process.lines()[-1]["exit_code"] == 2
    return sentence


def printed(process: Process) -> list[str]:
    """The lines of text among the log's JSON, but for where to read on."""
    plain = [line for line in process.text.splitlines() if not line.startswith("{")]
    assert plain.pop() == "`stoppunkt settings` lists what can be set."
    return plain


@pytest.mark.parametrize("service", SERVICES)
async def test_a_port_that_is_in_use(deployment: Deployment, service: ServiceName) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = await refusal(deployment, service, HEALTH_PORT=str(port))
    assert sentence == ("HEALTH_PORT: another program listens there; give this one another port.")


async def test_a_host_that_nobody_knows(deployment: Deployment) -> None:
    sentence = await refusal(deployment, "scheduler", HEALTH_HOST="no-such-host.invalid")
    assert sentence == "HEALTH_HOST: is neither an IPv4 address nor a name that leads to one."


async def test_an_address_of_another_machine(deployment: Deployment) -> None:
    sentence = await refusal(deployment, "notifier", HEALTH_HOST="192.0.2.1")
    assert sentence == "HEALTH_HOST: is no address of this machine."


async def test_a_rulebook_that_is_not_there_or_not_right(
    deployment: Deployment, tmp_path: Path
) -> None:
    absent = await refusal(deployment, "scheduler", RULEBOOK="no-such-rulebook")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "wrong"\nversion = \n')
    faulty = await refusal(deployment, "scheduler", RULEBOOK=str(wrong))
    assert absent.startswith("RULEBOOK: no-such-rulebook is neither a file nor one of")
    assert faulty.startswith(f"RULEBOOK: {wrong}:2: ")
