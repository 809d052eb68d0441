"""A house of both services for each test, and what all of their output is searched for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.parts import Parts
from tests.service_processes import House


@pytest.fixture
async def house(
    parts: Parts, database_url: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[House]:
    """Ends its processes with the test; then nobody's data may stand in anything that they wrote (SPEC 8)."""
    async with House(
        database_url=database_url,
        servers=parts.kafka_bootstrap_servers,
        idempotence=parts.kafka_idempotence,
        prefix=topic_prefix,
        folder=tmp_path,
    ) as opened:
        yield opened
    assert opened.processes, "a test of processes starts some"
    assert opened.seeded, "nobody was there whose data could have been written"
    assert all(each.lines() for each in opened.processes), "a process that says nothing hides"
    assert list(opened.leaks()) == []
