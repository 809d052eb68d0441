"""What tests of situations share: all situations of a file live in one run through both services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.postgres_and_kafka import Parts
from tests.support.situations import Lived, lived


@pytest.fixture(scope="module")
async def outcomes(
    request: pytest.FixtureRequest,
    parts: Parts,
    template_database: str,
    topic_prefixes: list[str],
) -> AsyncIterator[Lived]:
    """What became of the file's `SITUATIONS`, by its `RULEBOOK` where it has one, else by `standard`."""
    rulebook = getattr(request.module, "RULEBOOK", None)
    async with lived(
        request.module.SITUATIONS, parts, template_database, topic_prefixes, rulebook=rulebook
    ) as result:
        yield result
