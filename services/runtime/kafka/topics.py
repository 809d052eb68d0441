"""Topics: which are missing, and making them where that is ours to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from services.runtime.kafka.connection import client_options
from services.runtime.settings import ServiceSettings

# What a production cluster has; a smaller one gets as many copies as it has brokers.
REPLICAS = 3
# How long a new topic may take to reach the broker that is asked.
VISIBLE_TIMEOUT_SECONDS = 15.0

_log = structlog.stdlib.get_logger(__name__)


class TopicsUnavailable(Exception):
    """Topics that could not be made, or are not there; the text names them and why."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made; `configs` are Kafka's topic settings, such as {"retention.ms": "-1"}."""

    partitions: int = 1
    configs: Mapping[str, str] = field(default_factory=dict)


async def ensure_topics(settings: ServiceSettings, topics: Mapping[str, TopicSpec]) -> list[str]:
    """Make those of `topics` (names without TOPIC_PREFIX) that are missing; returns the names of these.

    Topics that exist are left as they are, whatever their partitions and settings. Raises
    `TopicsUnavailable` when the broker refuses one, or does not show it in time.
    """
    async with _admin(settings) as admin:
        missing = await _missing(admin, settings.topic_prefix, topics)
        if not missing:
            return []
        copies = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        response = await admin.create_topics(
            [
                NewTopic(
                    settings.topic_prefix + name,
                    topics[name].partitions,
                    copies,
                    topic_configs=dict(topics[name].configs),
                )
                for name in missing
            ]
        )
        refused = {
            topic: for_code(code).__name__
            for topic, code, *_ in response.topic_errors
            if code and for_code(code) is not TopicAlreadyExistsError
        }
        if refused:
            raise TopicsUnavailable(
                ", ".join(f"{topic} ({error})" for topic, error in sorted(refused.items()))
            )
        await _until_visible(admin, settings.topic_prefix, missing)
    _log.info("topics.created", count=len(missing))
    return missing


async def missing_topics(settings: ServiceSettings, topics: Iterable[str]) -> list[str]:
    """Those of `topics` (names without TOPIC_PREFIX) that do not exist, in the order given.

    A service asks this before it subscribes: a subscription to a topic that is not there is silent,
    and on many brokers creates it with one partition.
    """
    async with _admin(settings) as admin:
        return await _missing(admin, settings.topic_prefix, topics)


async def partitions_of(
    settings: ServiceSettings, topics: Iterable[str]
) -> dict[str, tuple[int, ...]]:
    """The partitions of `topics` (names without TOPIC_PREFIX); none for a topic that does not exist.

    Asks for all topics: a question about one that is missing would make it on some brokers, and a consumer's own
    answer holds only topics that it has met.
    """
    async with _admin(settings) as admin:
        partitions = {
            topic["topic"]: tuple(sorted(part["partition"] for part in topic["partitions"]))
            for topic in await admin.describe_topics()
        }
    return {topic: partitions.get(settings.topic_prefix + topic, ()) for topic in topics}


@asynccontextmanager
async def _admin(settings: ServiceSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _missing(admin: AIOKafkaAdminClient, prefix: str, topics: Iterable[str]) -> list[str]:
    # Lists all topics: a question about one would create it on some brokers.
    existing = set(await admin.list_topics())
    return [name for name in topics if prefix + name not in existing]


async def _until_visible(admin: AIOKafkaAdminClient, prefix: str, names: list[str]) -> None:
    give_up_at = time.monotonic() + VISIBLE_TIMEOUT_SECONDS
    while unseen := await _missing(admin, prefix, names):
        if time.monotonic() >= give_up_at:
            raise TopicsUnavailable(", ".join(unseen))
        await asyncio.sleep(0.05)
