"""A service's settings for the running Kafka, and its clients, open as long as a test needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest
from faststream.kafka import KafkaBroker
from pydantic import SecretStr

from services.runtime.kafka import Publisher
from services.runtime.settings import ServiceSettings


def settings_for(bootstrap_servers: str, prefix: str, **others: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        kafka_bootstrap_servers=bootstrap_servers,
        pseudonym_key=SecretStr("a key that is for these tests alone"),
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


# Numbers of Kafka's protocol: a topic, named literally, and what may be done with it.
_TOPIC, _LITERAL = 2, 3
_ANY, _ALL, _WRITE = 1, 2, 4
_DENY, _ALLOW = 2, 3


@asynccontextmanager
async def no_right_to_write(settings: ServiceSettings, topic: str) -> AsyncIterator[None]:
    """Apache Kafka refuses every record on `topic` (without prefix) meanwhile; everything else is allowed."""
    name = settings.topic_prefix + topic
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        # A topic that has a rule is closed to what no rule allows.
        for operation, permission in ((_ALL, _ALLOW), (_WRITE, _DENY)):
            rule = (name, _LITERAL, "User:ANONYMOUS", "*", operation, permission)
            answer = await admin._send_request(CreateAclsRequest(_TOPIC, *rule))
            assert answer.creation_responses[0][0] == 0, answer
        yield
        await admin._send_request(DeleteAclsRequest(_TOPIC, name, _LITERAL, None, None, _ANY, _ANY))
    finally:
        await admin.close()
