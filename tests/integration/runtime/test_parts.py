"""What conftest and tcp_proxy promise the other tests."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.cli.embedded.kafka import embedded_kafka
from tests.support.postgres_and_kafka import Parts
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE_SECONDS


async def make_topic(bootstrap_servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


@pytest.mark.parametrize("_once_and_again", [1, 2])
async def test_every_test_has_a_database_of_its_own(
    _once_and_again: int, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT to_regclass('left_behind')") is None
        await connection.execute("CREATE TABLE left_behind ()")
    finally:
        await connection.close()


async def test_the_broker_does_what_the_parts_say(parts: Parts, topic_prefix: str) -> None:
    topic = f"{topic_prefix}facts"
    servers = parts.kafka_bootstrap_servers
    await make_topic(servers, topic)
    async with AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=parts.kafka_idempotence
    ) as producer:
        await producer.send_and_wait(topic, b"value", key=b"key")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), PATIENCE_SECONDS)
    assert (record.key, record.value) == (b"key", b"value")


async def test_a_proxy_takes_the_database_away_and_gives_it_back(database_url: str) -> None:
    real = urlsplit(database_url)
    assert real.port is not None
    user_and_password = real.netloc.rpartition("@")[0]
    async with TcpProxy(real.port) as proxy:
        url = real._replace(netloc=f"{user_and_password}@127.0.0.1:{proxy.port}").geturl()
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT 1") == 1

            await proxy.swallow()
            with pytest.raises(TimeoutError):
                await asyncpg.connect(url, timeout=0.3)
            answer = asyncio.create_task(connection.fetchval("SELECT 2"))
            done, _ = await asyncio.wait([answer], timeout=0.3)
            assert not done
            await proxy.pass_on()
            assert await asyncio.wait_for(answer, PATIENCE_SECONDS) == 2

            await proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                await asyncpg.connect(url)
            with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresConnectionError)):
                await connection.fetchval("SELECT 3")
        finally:
            connection.terminate()
        await proxy.pass_on()
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT 4") == 4
        await connection.close()


async def test_a_broker_behind_a_proxy_sends_its_clients_there(topic_prefix: str) -> None:
    topic = f"{topic_prefix}facts"
    async with TcpProxy() as proxy:
        with embedded_kafka(advertised_port=proxy.port) as servers:
            proxy.target_port = int(servers.rpartition(":")[2])
            behind = f"127.0.0.1:{proxy.port}"
            await make_topic(behind, topic)
            async with AIOKafkaProducer(
                bootstrap_servers=behind, request_timeout_ms=1000, retry_backoff_ms=100
            ) as producer:
                await producer.send_and_wait(topic, b"before")
                await proxy.swallow()
                sent = await producer.send(topic, b"during")
                done, _ = await asyncio.wait([sent], timeout=0.5)
                assert not done
                await proxy.pass_on()
                await asyncio.wait_for(sent, PATIENCE_SECONDS)
