"""What the runtime's tests share: settings for the running parts, captured logs, waiting for a fact."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from faststream.kafka import KafkaBroker
from pydantic import SecretStr

from services.runtime.kafka import Publisher
from services.runtime.logs import configure_logs
from services.runtime.settings import ServiceSettings

# A made-up national number: 80 is added to its month.
NATIONAL_ID = "01810099930"
NOON = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)


def settings_for(bootstrap_servers: str, prefix: str, **others: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        kafka_bootstrap_servers=bootstrap_servers,
        pseudonym_key=SecretStr("k" * 32),
        topic_prefix=prefix,
        **others,
    )


class Lines:
    """The log lines written since `captured_logs` began."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["event"] == event]


@contextmanager
def captured_logs(level: str = "DEBUG") -> Iterator[Lines]:
    """Log as a service does, into memory; afterwards as before."""
    root = logging.getLogger()
    handlers, old_level = root.handlers, root.level
    stream = io.StringIO()
    configure_logs(level, "json", stream)
    try:
        yield Lines(stream)
    finally:
        root.handlers = handlers
        root.setLevel(old_level)
        structlog.reset_defaults()


async def until(is_so: Callable[[], bool], within_seconds: float = 20.0) -> None:
    """Wait for a fact of another task or process; fails when it does not come."""
    give_up_at = time.monotonic() + within_seconds
    while not is_so():
        assert time.monotonic() < give_up_at, "it did not come about in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def started(broker: KafkaBroker) -> AsyncIterator[None]:
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


@asynccontextmanager
async def publishing(settings: ServiceSettings) -> AsyncIterator[Publisher]:
    publisher = Publisher(settings)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()
