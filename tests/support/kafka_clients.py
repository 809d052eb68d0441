"""A service's settings for the running Kafka, and its clients, open as long as a test needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faststream.kafka import KafkaBroker
from pydantic import SecretStr

from services.runtime.kafka import Publisher
from services.runtime.settings import ServiceSettings


def settings_for(bootstrap_servers: str, prefix: str, **others: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        kafka_bootstrap_servers=bootstrap_servers,
        pseudonym_key=SecretStr("k" * 32),
        topic_prefix=prefix,
        **others,
    )


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
