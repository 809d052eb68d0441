"""A service as a process: it stops in time in every state of its parts, and its exit code tells the truth."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.cli.embedded.kafka import embedded_kafka
from tests.support.captured_logs import NATIONAL_ID
from tests.support.paths import ROOT
from tests.support.postgres_and_kafka import Parts
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import PATIENCE_SECONDS, SLOWNESS, until

GRACE_SECONDS = 2


class Running:
    """The program as a process, and what it has written."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while chunk := await self.process.stdout.read(65536):
            self.text += chunk.decode()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]

    def says(self, event: str) -> bool:
        return any(line["event"] == event for line in self.lines())

    async def exit_code(self, within_seconds: float = PATIENCE_SECONDS) -> int:
        code = await asyncio.wait_for(self.process.wait(), within_seconds)
        await self._reading
        return code


@asynccontextmanager
async def running(fault: str, servers: str, prefix: str = "", **env: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.runtime_service_program",
        fault,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "PSEUDONYM_KEY": "a key that is for these tests alone",
            "TOPIC_PREFIX": prefix,
            "HEALTH_PORT": "0",
            "GRACEFUL_TIMEOUT_SECONDS": str(GRACE_SECONDS),
            **env,
        },
    )
    program = Running(process)
    try:
        yield program
    finally:
        if process.returncode is None:
            process.kill()
        await program.exit_code()


async def is_ready(program: Running) -> bool:
    port = next(line["port"] for line in program.lines() if line["event"] == "health.listening")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    writer.close()
    await writer.wait_closed()
    return answer.startswith(b"HTTP/1.1 200")


async def test_told_to_stop_it_finishes_and_exits_with_0(parts: Parts, topic_prefix: str) -> None:
    idempotence = str(parts.kafka_idempotence)
    async with running(
        "healthy", parts.kafka_bootstrap_servers, topic_prefix, KAFKA_IDEMPOTENCE=idempotence
    ) as program:
        await until(lambda: program.says("partitions.assigned"))
        await until(lambda: program.says("service.started"))
        assert await is_ready(program)
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        assert await program.exit_code(SLOWNESS * (GRACE_SECONDS + 5)) == 0
        assert time.monotonic() - began < SLOWNESS * (GRACE_SECONDS + 1)
    assert program.lines()[-1]["exit_code"] == 0


@pytest.mark.parametrize("how", ["refuse", "swallow"])
async def test_told_to_stop_with_its_broker_dead_it_ends_in_time(how: str) -> None:
    """contract 13.9: the libraries' own stop hangs for ever."""
    async with TcpProxy() as proxy:
        with embedded_kafka(advertised_port=proxy.port) as direct:
            proxy.target_port = int(direct.rpartition(":")[2])
            servers = f"127.0.0.1:{proxy.port}"
            async with running("healthy", servers, KAFKA_IDEMPOTENCE="false") as program:
                await until(lambda: program.says("partitions.assigned"))
                await (proxy.refuse() if how == "refuse" else proxy.swallow())
                await until(lambda: program.says("turn.failed"))
                program.process.send_signal(signal.SIGTERM)
                assert await program.exit_code(SLOWNESS * (GRACE_SECONDS + 5)) == 1
                assert program.says("stop.failed"), "what did not end is named"
                assert program.says("service.stopped")


async def test_with_no_broker_at_the_start_it_exits_with_1_at_once() -> None:
    """Under another server it would live for ever and never connect."""
    async with running("healthy", "127.0.0.1:1") as program:
        assert await program.exit_code() == 1
    assert program.says("service.failed")


async def test_a_consumer_that_died_quietly_ends_the_process(
    parts: Parts, topic_prefix: str
) -> None:
    """contract 13.8: no silent death."""
    idempotence = str(parts.kafka_idempotence)
    async with running(
        "dead_coordinator",
        parts.kafka_bootstrap_servers,
        topic_prefix,
        KAFKA_IDEMPOTENCE=idempotence,
    ) as program:
        assert await program.exit_code() == 1
    assert program.says("service.unhealthy")


async def test_an_event_loop_that_stands_still_ends_the_process() -> None:
    async with running("frozen_loop", "127.0.0.1:1") as program:
        assert await program.exit_code() == 1
    assert program.says("service.frozen")


async def test_a_part_that_fails_ends_the_process_and_its_text_is_not_told() -> None:
    async with running("failing_part", "127.0.0.1:1") as program:
        assert await program.exit_code() == 1
    (line,) = (line for line in program.lines() if line["event"] == "service.failed")
    assert line["error"] == "LookupError"
    assert line["reason"] == "part has ended"
    assert NATIONAL_ID not in program.text


async def test_a_start_that_fails_closes_what_was_open_and_its_text_is_not_told() -> None:
    async with running("failing_start", "127.0.0.1:1") as program:
        assert await program.exit_code() == 1
    assert "closed\n" in program.text
    assert NATIONAL_ID not in program.text


async def test_a_part_that_will_not_stop_is_left_behind_in_time() -> None:
    async with running("hanging_stop", "127.0.0.1:1") as program:
        await until(lambda: program.says("service.started"))
        program.process.send_signal(signal.SIGTERM)
        assert await program.exit_code(SLOWNESS * (GRACE_SECONDS + 5)) == 1
    assert program.says("stop.cut_short")


async def test_a_second_signal_ends_it_at_once() -> None:
    async with running("hanging_stop", "127.0.0.1:1", GRACEFUL_TIMEOUT_SECONDS="60") as program:
        await until(lambda: program.says("service.started"))
        program.process.send_signal(signal.SIGINT)
        await until(lambda: program.says("service.stopping"))
        program.process.send_signal(signal.SIGTERM)
        assert await program.exit_code(SLOWNESS * 3) == 1
