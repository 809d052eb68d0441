"""Both services as real processes on parts that a test can break, and Kafka read back from its beginning.

A test never judges them by their own database: what is expected is what the pure simulation says, and what has left
is what stands on Kafka from offset 0. The test chooses the day and the hour: each process is started with a difference
between its clock and PostgreSQL's (`CLOCK_OFFSET_SECONDS`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from schemas.ids import person_hash
from schemas.inbound import NOTIFIER_TOPICS as NOTIFIER_READS
from schemas.inbound import SCHEDULER_TOPICS as SCHEDULER_READS
from schemas.wire import Record
from services.notifier.app import GROUP_ID as NOTIFIER_GROUP
from services.notifier.app import TOPICS as NOTIFIER_TOPICS
from services.notifier.app import migrate as migrate_notifier
from services.runtime.kafka import ensure_topics
from services.runtime.settings import ServiceSettings
from services.scheduler.app import GROUP_ID as SCHEDULER_GROUP
from services.scheduler.app import TOPICS as SCHEDULER_TOPICS
from services.scheduler.app import migrate as migrate_scheduler
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE_SECONDS

PSEUDONYM_KEY = SecretStr("a key that is for these tests alone")


def hash_of(person_id: str) -> bytes:
    """The keyed hash of a number under PSEUDONYM_KEY."""
    return person_hash(PSEUDONYM_KEY.get_secret_value().encode(), person_id)


GRACE_SECONDS = 3
GROUPS = {"scheduler": SCHEDULER_GROUP, "notifier": NOTIFIER_GROUP}
READ_BY = {"scheduler": SCHEDULER_READS, "notifier": NOTIFIER_READS}

ServiceName = Literal["scheduler", "notifier"]


class Process:
    """One service as a process; its output goes to a file, so that it is there also after a kill."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, output: Path) -> None:
        self.name = name
        self.process = process
        self.output = output

    @property
    def text(self) -> str:
        return self.output.read_text("utf-8", errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Its log lines. A kill may have cut off the last one, which is left out."""
        return [
            json.loads(line)
            for line in self.text.splitlines()
            if line.startswith("{") and line.endswith("}")
        ]

    def has_logged(self, event: str, **fields: object) -> bool:
        return any(
            line["event"] == event and fields.items() <= line.items() for line in self.lines()
        )

    async def health(self, about: Literal["live", "ready"]) -> dict[str, str] | None:
        """The faults by name, empty where all is well; None where nobody answers."""
        port = next((ln["port"] for ln in self.lines() if ln["event"] == "health.listening"), None)
        if port is None:
            return None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return None
        with closing(writer):
            writer.write(f"GET /health/{about} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        head, _, body = answer.partition(b"\r\n\r\n")
        faults: dict[str, str] = json.loads(body)["faults"]
        assert head.split()[1] == (b"503" if faults else b"200")
        return faults

    async def is_working(self) -> bool:
        """Started, in its group, and ready."""
        assert self.is_alive, f"{self.name} has ended with {self.process.returncode}"
        in_group = self.has_logged("partitions.assigned") and self.has_logged("service.started")
        return in_group and await self.health("ready") == {}

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None

    def kill(self) -> None:
        """Send SIGKILL, which a process cannot handle."""
        self.process.kill()

    def send_sigterm(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def exit_code(self, within_seconds: float = PATIENCE_SECONDS) -> int:
        return await asyncio.wait_for(self.process.wait(), within_seconds)


@dataclass
class Sent:
    """What stands on the topics, from offset 0: every record, repeats too, in the order of its partition."""

    records: list[Record] = field(default_factory=list)

    def on(self, *topics: str) -> list[Record]:
        return [record for record in self.records if record.topic in topics]

    def of_type(self, kind: str) -> list[Record]:
        wanted = f"no.stoppunkt.{kind}.v1"
        return [record for record in self.records if header(record, "ce_type") == wanted]


def header(record: Record, name: str) -> str | None:
    return next((value.decode() for key, value in record.headers if key == name), None)


def data(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(record.value or b"null")
    return value


class Deployment:
    """A database, a set of topics, a clock, and the processes that were started on them."""

    def __init__(
        self, *, database_url: str, servers: str, idempotence: bool, prefix: str, folder: Path
    ) -> None:
        self.database_url = database_url
        self.servers = servers
        self.prefix = prefix
        self.folder = folder
        self.processes: list[Process] = []
        self.seeded: set[str] = set()
        """What no process may ever write: numbers, phones, addresses, names."""
        self.sent = Sent()
        self._idempotence = idempotence
        self._offset_seconds = 0.0
        # A number is drawn before the first await, so that processes started together get different names.
        self._numbers = count()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.settings = ServiceSettings(
            database_url=SecretStr(self.database_url),
            kafka_bootstrap_servers=self.servers,
            kafka_idempotence=self._idempotence,
            pseudonym_key=PSEUDONYM_KEY,
            topic_prefix=self.prefix,
        )
        await migrate_scheduler(self.database_url)
        await migrate_notifier(self.database_url)
        self.topics = sorted(SCHEDULER_TOPICS | NOTIFIER_TOPICS)
        await ensure_topics(self.settings, SCHEDULER_TOPICS | NOTIFIER_TOPICS)
        self._producer = await self._stack.enter_async_context(
            AIOKafkaProducer(bootstrap_servers=self.servers, linger_ms=2)
        )
        self._reader = await self._stack.enter_async_context(
            AIOKafkaConsumer(bootstrap_servers=self.servers, auto_offset_reset="earliest")
        )
        partitions = [
            TopicPartition(self.prefix + topic, number)
            for topic in self.topics
            for number in range((SCHEDULER_TOPICS | NOTIFIER_TOPICS)[topic].partitions)
        ]
        self._reader.assign(partitions)
        await self._reader.seek_to_beginning(*partitions)
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self.processes:
            if process.is_alive:
                process.kill()
            await process.exit_code()
        await self.leave_kafka()

    async def leave_kafka(self) -> None:
        """Close our own clients, before a broker of the test's own goes away."""
        await self._stack.aclose()

    # --- the clock ------------------------------------------------------------------------------------------

    def set_clock(self, at: datetime) -> None:
        """What processes started from now on take the present for; it goes on from there."""
        self._offset_seconds = (at - datetime.now(UTC)).total_seconds()

    # --- processes ------------------------------------------------------------------------------------------

    async def start(
        self, service: ServiceName, *, program: Sequence[str] = (), **env: str
    ) -> Process:
        """Start a service, by default as its image does: `stoppunkt <service> run`."""
        command = program or (
            "-c",
            "from services.cli.main import main; main()",
            service,
            "run",
        )
        name = f"{service}-{next(self._numbers)}"
        output = self.folder / f"{name}.log"
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                cwd=ROOT,
                stdout=file,
                stderr=asyncio.subprocess.STDOUT,
                env={
                    "PATH": os.environ["PATH"],
                    "DATABASE_URL": self.database_url,
                    "KAFKA_BOOTSTRAP_SERVERS": self.servers,
                    "KAFKA_IDEMPOTENCE": str(self._idempotence),
                    "PSEUDONYM_KEY": PSEUDONYM_KEY.get_secret_value(),
                    "TOPIC_PREFIX": self.prefix,
                    "CLOCK_OFFSET_SECONDS": str(self._offset_seconds),
                    "HEALTH_PORT": "0",
                    "GRACEFUL_TIMEOUT_SECONDS": str(GRACE_SECONDS),
                    **env,
                },
            )
        self.processes.append(Process(name, process, output))
        return self.processes[-1]

    # --- Kafka ----------------------------------------------------------------------------------------------

    async def publish(
        self,
        records: Iterable[Record],
        *,
        partition: int | None = None,
        extra: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Put records on Kafka, with its own timestamps; `extra` headers may be what no client should send."""
        futures = [
            await self._producer.send(
                self.prefix + record.topic,
                record.value,
                key=record.key,
                headers=[*record.headers, *extra],
                partition=partition,
            )
            for record in records
        ]
        await asyncio.gather(*futures)

    async def read(self) -> Sent:
        """Everything that stands on the topics now."""
        ends = await self._reader.end_offsets(self._reader.assignment())
        while any([await self._reader.position(place) < end for place, end in ends.items()]):
            for records in (await self._reader.getmany(timeout_ms=200)).values():
                self.sent.records += [
                    Record(
                        topic=raw.topic.removeprefix(self.prefix),
                        key=raw.key,
                        value=raw.value,
                        headers=tuple((name, value or b"") for name, value in raw.headers),
                        timestamp_ms=raw.timestamp,
                        partition=raw.partition,
                        offset=raw.offset,
                    )
                    for raw in records
                ]
        return self.sent

    async def has_ids(self, kind: str, ids: Iterable[str]) -> bool:
        """Whether every one of these has left at least once."""
        sent = {header(record, "ce_id") for record in (await self.read()).of_type(kind)}
        return set(ids) <= sent

    async def has_read_all(self, service: ServiceName) -> bool:
        """Whether the service's group has committed the end of every partition that holds a record."""
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            group_id=self.prefix + GROUPS[service],
            enable_auto_commit=False,
        )
        await reader.start()
        try:
            read = [
                place
                for place in self._reader.assignment()
                if place.topic.removeprefix(self.prefix) in READ_BY[service]
            ]
            ends = {p: end for p, end in (await self._reader.end_offsets(read)).items() if end}
            # The embedded broker may answer with an earlier end, once it has compacted a topic.
            return all([(await reader.committed(at) or 0) >= end for at, end in ends.items()])
        finally:
            await reader.stop()

    # --- PostgreSQL -----------------------------------------------------------------------------------------

    @property
    def database_port(self) -> int:
        return urlsplit(self.database_url).port or 5432

    def database_url_at(self, port: int) -> str:
        """The same database through a proxy on this machine."""
        url = urlsplit(self.database_url)
        user, at, _ = url.netloc.rpartition("@")
        return url._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()

    async def sql(self, statement: str, *arguments: object) -> Any:
        """One value from the database: to choose a moment, or to break something; never to judge."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    # --- what was logged --------------------------------------------------------------------------------------

    def leaks(self) -> Iterator[str]:
        """Where a process has written what it must not; names the process, never what it wrote."""
        for process in self.processes:
            text = process.text
            for number, line in enumerate(text.splitlines(), start=1):
                if any(secret in line for secret in self.seeded):
                    yield f"{process.name}, line {number}: holds personal data"
                if "***" in line:
                    yield f"{process.name}, line {number}: would have held personal data, but for the mask"
                if '"dropped_keys"' in line:
                    yield f"{process.name}, line {number}: has a key that nobody declared"


def failed(process: Process, error: str) -> Callable[[], Awaitable[bool]]:
    """Asks whether a batch of the process has failed with this class of error."""

    async def ask() -> bool:
        return process.has_logged("batch.failed", error=error)

    return ask


def repeats(records: Iterable[Record]) -> Counter[str | None]:
    """How often each event id stands on the wire."""
    return Counter(header(record, "ce_id") for record in records)
