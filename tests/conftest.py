"""What every test may ask for: the real parts, a database and a topic prefix of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.paths import TESTS
from tests.support.postgres_and_kafka import (
    Parts,
    create_database,
    drop_database,
    migrate,
    running_parts,
    source_of,
)

if TYPE_CHECKING:
    from tests.support.service_processes import Deployment

# The one profile of all property tests. A deadline for each example, and the health check for slow data, measure how
# busy the machine is. A failure prints what brings it back on another machine.
hypothesis.settings.register_profile(
    "stoppunkt",
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("stoppunkt")


FAST_TESTS = (TESTS / "unit", TESTS / "contract")
"""The folders of `make test-unit`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test in a fast folder that would start PostgreSQL and Kafka."""
    slow = [
        item.nodeid
        for item in items
        if any(item.path.is_relative_to(folder) for folder in FAST_TESTS)
        and isinstance(item, pytest.Function)
        and "parts" in item.fixturenames
    ]
    if slow:
        raise pytest.UsageError(f"needs PostgreSQL and Kafka, so not among the fast tests: {slow}")


def pytest_report_header() -> str:
    postgres, kafka = source_of("DATABASE_URL"), source_of("KAFKA_BOOTSTRAP_SERVERS")
    return f"parts: PostgreSQL ({postgres}), Kafka ({kafka})"


@pytest.fixture(scope="session")
def parts() -> Iterator[Parts]:
    """The running PostgreSQL and Kafka, one of each for the whole session."""
    with running_parts() as running:
        yield running


@pytest.fixture(scope="session")
async def template_database(parts: Parts) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to, so that it can be copied."""
    name = f"stoppunkt_template_{secrets.token_hex(4)}"
    url = await create_database(parts.database_url, name)
    await migrate(url)
    yield name
    await drop_database(parts.database_url, name)


@pytest.fixture
async def database_url(parts: Parts, template_database: str) -> AsyncIterator[str]:
    """A database with all tables and no rows, for one test."""
    name = f"stoppunkt_test_{secrets.token_hex(4)}"
    yield await create_database(parts.database_url, name, template=template_database)
    await drop_database(parts.database_url, name)


@pytest.fixture(scope="session")
async def topic_prefixes(parts: Parts) -> AsyncIterator[list[str]]:
    """The prefixes given out; a broker that is not ours is left without their topics."""
    prefixes: list[str] = []
    yield prefixes
    if parts.kafka_source != "environment":
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=parts.kafka_bootstrap_servers)
    await admin.start()
    try:
        topics = [name for name in await admin.list_topics() if name.startswith(tuple(prefixes))]
        if topics:
            await admin.delete_topics(topics)
    finally:
        await admin.close()


@pytest.fixture
def topic_prefix(topic_prefixes: list[str]) -> str:
    """Goes before every topic's name, so that tests beside and before this one are not heard."""
    prefix = f"t{secrets.token_hex(4)[:7]}."
    topic_prefixes.append(prefix)
    return prefix


@pytest.fixture
def apache_kafka(parts: Parts) -> None:
    """For a test of what only Apache Kafka can; `.ci/run` and deploy/testbed have it."""
    if not parts.kafka_idempotence:
        pytest.skip("the embedded broker has no transactions and compresses nothing by itself")


@pytest.fixture(scope="session", autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """All tests share one loop: what a test leaves running would go on in the others."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=1)
    names = sorted(getattr(task.get_coro(), "__qualname__", task.get_name()) for task in left)
    assert not names, f"tasks were left running: {', '.join(names)}"


@pytest.fixture
async def deployment(
    parts: Parts, database_url: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    """Both services as processes on a database and topics of their own; a file that needs a day sets their clock.

    tests/chaos has one of its own, which it searches for personal data at the end.
    """
    # Imported here: it imports both services, which the fast tests of one room do without.
    from tests.support.service_processes import Deployment

    async with Deployment(
        database_url=database_url,
        servers=parts.kafka_bootstrap_servers,
        idempotence=parts.kafka_idempotence,
        prefix=topic_prefix,
        folder=tmp_path,
    ) as opened:
        yield opened
