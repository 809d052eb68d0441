"""Health says what is wrong, quickly, also when a part does not answer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.runtime import http_server
from services.runtime.health import Health, Pulse, Unhealthy, health_app
from services.runtime.http_server import HttpServer
from services.runtime.kafka import Consumer, ConsumerProbe
from services.runtime.kafka.probe import (
    DEAF_SECONDS,
    REJOIN_LIVE_SECONDS,
    REJOIN_READY_SECONDS,
    STUCK_SECONDS,
)
from tests.support.captured_logs import NATIONAL_ID, captured_logs
from tests.support.waiting import PATIENCE_SECONDS, until


class Stopwatch:
    """Stands in a module for `time`, so that a test says how much of it has passed."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """The clock of the consumer's probe."""
    stopwatch = Stopwatch()
    monkeypatch.setattr("services.runtime.kafka.probe.time", stopwatch)
    return stopwatch


async def fine() -> str | None:
    return None


async def ill() -> str | None:
    return "is ill"


async def test_all_is_well_when_every_check_passes() -> None:
    health = Health()
    health.watch("a", liveness=fine, readiness=fine)
    assert await health.liveness() == {}
    assert await health.readiness() == {}


async def test_what_is_not_alive_is_not_ready_either() -> None:
    health = Health()
    health.watch("a", liveness=ill)
    health.watch("b", readiness=ill)
    assert await health.liveness() == {"a": "is ill"}
    assert await health.readiness() == {"a": "is ill", "b": "is ill"}


async def test_a_check_that_hangs_or_fails_is_a_fault_in_time_and_without_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ping(None), a probe's default, hangs."""
    monkeypatch.setattr("services.runtime.health.CHECK_SECONDS", 0.01)

    async def hangs() -> str | None:
        await asyncio.Event().wait()
        return None

    async def fails() -> str | None:
        raise LookupError(NATIONAL_ID)

    health = Health()
    health.watch("slow", readiness=hangs)
    health.watch("odd", readiness=fails)
    assert await health.readiness() == {"slow": "no answer in 0 s", "odd": "LookupError"}


async def test_a_part_may_start_while_the_others_are_asked() -> None:
    health = Health()

    async def starts_another() -> str | None:
        health.watch("new", readiness=ill)
        return None

    health.watch("old", readiness=starts_another)
    assert await health.readiness() == {}
    assert await health.readiness() == {"new": "is ill"}


async def test_the_guard_gives_up_on_what_stays_dead_and_not_on_what_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """contract 13.8."""
    monkeypatch.setattr("services.runtime.health.LOOK_EVERY_SECONDS", 0.005)
    stopwatch = Stopwatch()
    monkeypatch.setattr("services.runtime.health.time", stopwatch)
    looks = 0

    async def flickers() -> str | None:
        nonlocal looks
        looks += 1
        stopwatch.seconds += 1
        return "is ill" if looks % 3 else None

    health = Health()
    health.watch("flickering", liveness=flickers)
    guard = asyncio.create_task(health.guard(patience_seconds=3))
    await until(lambda: looks > 30 or guard.done())
    assert not guard.done()
    health.watch("dead", liveness=ill)
    with captured_logs(), pytest.raises(Unhealthy, match=r"^dead$"):
        await asyncio.wait_for(guard, PATIENCE_SECONDS)


async def test_a_loop_that_no_longer_turns_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse()
    assert await pulse.liveness() is None
    monkeypatch.setattr("services.runtime.health.PULSE_SECONDS", -1.0)
    assert "has not turned" in (await pulse.liveness() or "")


@asynccontextmanager
async def serving(health: Health) -> AsyncIterator[HttpServer]:
    server = HttpServer(
        health_app(health), name="health", settings_prefix="HEALTH", host="127.0.0.1", port=0
    )
    server.start()
    try:
        yield server
    finally:
        await asyncio.wait_for(server.stop(), PATIENCE_SECONDS)


async def ask(server: HttpServer, path: str, method: str = "GET") -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (
        (await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)).decode().partition("\r\n\r\n")
    )
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body


async def test_over_http_the_answer_is_200_or_503_with_the_faults_by_name() -> None:
    health = Health()
    health.watch("pool", readiness=ill)
    async with serving(health) as server:
        assert await ask(server, "/health/live") == (200, '{"faults":{}}')
        assert await ask(server, "/health/ready") == (503, '{"faults":{"pool":"is ill"}}')
        status, metrics = await ask(server, "/metrics")
    assert status == 200
    assert "stoppunkt_ready 0.0" in metrics


async def test_nothing_else_is_served() -> None:
    """/docs/try of FastStream's own server publishes for anybody."""
    async with serving(Health()) as server:
        assert (await ask(server, "/docs/try", "POST"))[0] == 404
        assert (await ask(server, "/docs"))[0] == 404
        assert (await ask(server, "/health/live", "POST"))[0] == 405


async def test_the_server_leaves_signals_to_the_service() -> None:
    """The canary of the one method of uvicorn's server that we replace."""
    before = signal.getsignal(signal.SIGTERM)
    async with serving(Health()) as server:
        assert (await ask(server, "/health/live"))[0] == 200
        assert signal.getsignal(signal.SIGTERM) is before


async def test_the_servers_connections_and_a_requests_head_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(Health()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /" + b"x" * (2 * http_server.HEAD_BYTES_MAX))
        answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        assert answer.startswith(b"HTTP/1.1 400 ")
        writer.close()
        await writer.wait_closed()
        assert (await ask(server, "/health/live"))[0] == 200
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 2)
    async with serving(Health()) as server:
        assert (await ask(server, "/health/live"))[0] == 200
        _, idle = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            assert (await ask(server, "/health/live"))[0] == 503
        finally:
            idle.close()
            await idle.wait_closed()


class Client:
    """As much of aiokafka's consumer as the probe asks."""

    def __init__(self) -> None:
        self.at, self.end, self.answered_ms = 3, 3, 1
        self.stable: int | None = None
        pending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coordinator = SimpleNamespace(
            _coordination_task=pending,
            _rejoin_needed_fut=asyncio.get_running_loop().create_future(),
        )

    def assignment(self) -> set[str]:
        return {"tp"}

    async def position(self, _: str) -> int:
        return self.at

    def highwater(self, _: str) -> int:
        return self.end

    def last_stable_offset(self, _: str) -> int | None:
        return self.stable

    def last_poll_timestamp(self, _: str) -> int:
        return self.answered_ms


def probed(client: Client) -> tuple[ConsumerProbe, SimpleNamespace]:
    loop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    subscriber = SimpleNamespace(running=True, consumer=client, tasks=[loop])
    consumer = SimpleNamespace(
        group_id="g",
        subscriber=subscriber,
        attempts=0,
        attempt_started_at=None,
        failing_since=None,
        last_error=None,
    )
    return ConsumerProbe(cast("Consumer", cast("Any", consumer))), consumer


async def test_records_that_wait_while_nothing_is_tried_are_a_dead_consumer(
    stopwatch: Stopwatch,
) -> None:
    client = Client()
    probe, consumer = probed(client)
    assert await probe.liveness() is None
    client.end = 9
    assert await probe.liveness() is None
    stopwatch.seconds += STUCK_SECONDS + 1
    consumer.attempts += 1  # it is trying
    assert await probe.liveness() is None
    stopwatch.seconds += STUCK_SECONDS + 1
    assert "records wait" in (await probe.liveness() or "")
    client.at = 9
    assert await probe.liveness() is None


@pytest.mark.parametrize("unknown", [None, -1])
async def test_records_of_an_open_transaction_are_not_waited_for(
    stopwatch: Stopwatch, unknown: int | None
) -> None:
    client = Client()
    probe, _ = probed(client)
    client.end, client.stable = 9, 3
    assert await probe.liveness() is None
    stopwatch.seconds += STUCK_SECONDS + 1
    assert await probe.liveness() is None
    client.stable = unknown  # from a broker that has no transactions
    assert await probe.liveness() is None
    stopwatch.seconds += STUCK_SECONDS + 1
    assert "records wait" in (await probe.liveness() or "")


async def test_a_consumer_long_outside_its_group_is_not_ready_and_later_not_alive(
    stopwatch: Stopwatch,
) -> None:
    """Aiokafka #1154, #1176."""
    client = Client()
    probe, _ = probed(client)
    client._coordinator._rejoin_needed_fut.set_result(None)
    assert await probe.readiness() is None
    stopwatch.seconds += REJOIN_READY_SECONDS + 1
    assert await probe.readiness() == "is outside its group"
    assert await probe.liveness() is None
    stopwatch.seconds += REJOIN_LIVE_SECONDS
    assert "outside its group" in (await probe.liveness() or "")


async def test_a_failing_handler_makes_it_unready_and_a_hanging_one_dead() -> None:
    probe, consumer = probed(Client())
    consumer.failing_since, consumer.last_error = -1000.0, "OSError"
    assert "OSError" in (await probe.readiness() or "")
    assert await probe.liveness() is None
    consumer.attempt_started_at = -1000.0
    assert await probe.liveness() == "its handler does not end"


async def test_a_broker_that_no_longer_answers_makes_it_unready_until_it_does(
    stopwatch: Stopwatch,
) -> None:
    client = Client()
    probe, _ = probed(client)
    assert await probe.readiness() is None
    stopwatch.seconds += DEAF_SECONDS + 1
    assert "hears nothing" in (await probe.readiness() or "")
    assert await probe.liveness() is None
    client.answered_ms = 2
    assert await probe.readiness() is None
