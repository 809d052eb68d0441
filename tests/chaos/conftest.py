"""A deployment of both services for each test, whose whole output is searched for personal data at the end."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.postgres_and_kafka import Parts, create_database, drop_database
from tests.support.service_processes import Deployment


@pytest.fixture
async def deployments(
    parts: Parts, template_database: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[Deployment]]]:
    """Makes deployments: `await deployments()` uses the session's broker, or another one whose address it is given.

    Their processes end with the test; then nobody's data may stand in anything that they wrote (contract 8).
    """
    opened: list[Deployment] = []
    async with AsyncExitStack() as stack:

        async def open_deployment(servers: str | None = None) -> Deployment:
            name = f"{topic_prefix}{len(opened)}."
            database = f"stoppunkt_test_{secrets.token_hex(4)}"
            url = await create_database(parts.database_url, database, template=template_database)
            stack.push_async_callback(drop_database, parts.database_url, database)
            folder = tmp_path / str(len(opened))
            folder.mkdir()
            deployment = Deployment(
                database_url=url,
                servers=servers or parts.kafka_bootstrap_servers,
                idempotence=parts.kafka_idempotence and servers is None,
                prefix=name,
                folder=folder,
            )
            opened.append(deployment)
            return await stack.enter_async_context(deployment)

        yield open_deployment
    for deployment in opened:
        assert deployment.processes, "the test has started no process"
        assert deployment.seeded, "the test has named no personal data to search for"
        assert all(process.lines() for process in deployment.processes), "one has logged nothing"
        assert list(deployment.leaks()) == []


@pytest.fixture
async def deployment(deployments: Callable[..., Awaitable[Deployment]]) -> Deployment:
    """The one deployment of most tests."""
    return await deployments()
