"""The real parts that tests run against: PostgreSQL and Kafka.

Each of the two is, in this order: the one that the environment names (DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS); a
container, where a Docker daemon answers; else the embedded one. All of them are used the same way.
"""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast
from urllib.parse import urlsplit

import asyncpg
from docker.errors import DockerException
from testcontainers.core.docker_client import DockerClient

from services.cli.embedded.kafka import embedded_kafka
from services.cli.embedded.postgres import embedded_postgres

Source = Literal["environment", "docker", "embedded"]

# The modules whose `migrate(database_url)` makes the tables of the template database, in this order.
MIGRATED_BY: tuple[str, ...] = ("services.scheduler.app", "services.notifier.app")


@dataclass(frozen=True)
class Parts:
    """Where PostgreSQL and Kafka are.

    `database_url` may create databases. `kafka_idempotence` says whether the broker knows the idempotent producer and
    transactions: Apache Kafka does, the embedded broker does not.
    """

    database_url: str
    kafka_bootstrap_servers: str
    kafka_idempotence: bool
    kafka_source: Source


def source_of(variable: str) -> Source:
    if os.environ.get(variable):
        return "environment"
    return "docker" if docker_answers() else "embedded"


@cache
def docker_answers() -> bool:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            if probe.connect_ex(host.removeprefix("unix://")) != 0:
                return False
    try:
        client = DockerClient(timeout=2).client
    except DockerException:
        return False
    client.close()  # to make one is to have had an answer
    return True


@contextmanager
def running_postgres(source: Source) -> Iterator[str]:
    """Gives the URL of a database whose user may create others."""
    if source == "environment":
        yield os.environ["DATABASE_URL"]
    elif source == "docker":
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer("postgres:17-alpine", driver=None) as container:
            yield container.get_connection_url()
    else:
        with embedded_postgres() as dsn:
            yield dsn


@contextmanager
def running_kafka(source: Source) -> Iterator[tuple[str, bool]]:
    """Gives the bootstrap servers, and whether they know the idempotent producer."""
    if source == "environment":
        idempotence = os.environ.get("KAFKA_IDEMPOTENCE", "true").lower() == "true"
        yield os.environ["KAFKA_BOOTSTRAP_SERVERS"], idempotence
    elif source == "docker":
        from testcontainers.community.kafka import KafkaContainer

        # KRaft has to be asked for; a misspelt topic must not come into being; rights can be taken away.
        container = KafkaContainer().with_kraft()
        container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        container.with_env(
            "KAFKA_AUTHORIZER_CLASS_NAME",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        )
        container.with_env("KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND", "true")
        with container as kafka:
            yield kafka.get_bootstrap_server(), True
    else:
        with embedded_kafka() as bootstrap_servers:
            yield bootstrap_servers, False


@contextmanager
def running_parts() -> Iterator[Parts]:
    kafka_source = source_of("KAFKA_BOOTSTRAP_SERVERS")
    with (
        running_postgres(source_of("DATABASE_URL")) as database_url,
        running_kafka(kafka_source) as (bootstrap_servers, idempotence),
    ):
        yield Parts(database_url, bootstrap_servers, idempotence, kafka_source)


async def create_database(server_url: str, name: str, *, template: str | None = None) -> str:
    """Makes a database, empty or as a copy of `template`, and gives its URL. The name is used as it is."""
    connection = await asyncpg.connect(server_url)
    try:
        copied = f' TEMPLATE "{template}"' if template else ""
        await connection.execute(f'CREATE DATABASE "{name}"{copied}')
    finally:
        await connection.close()
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def drop_database(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def migrate(database_url: str) -> None:
    for name in MIGRATED_BY:
        module = importlib.import_module(name)
        await cast("Callable[[str], Awaitable[object]]", module.migrate)(database_url)
