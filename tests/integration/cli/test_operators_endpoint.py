"""`POST /explain`: the same answer over real HTTP, to whoever has the token (contract 4.5)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import StringIO

import httpx
import pytest
from pydantic import SecretStr

from services.runtime.health import Health, health_app
from services.runtime.http_server import HttpServer
from services.runtime.logs import configure_logs
from services.runtime.postgres import close_pool
from services.scheduler.explain.ask import explain
from services.scheduler.explain.endpoint import operator_routes
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import begin_on
from tests.support.scheduler_bench import ANNE, BJORN, Bench, hash_of, note, scheduler_on

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
TOKEN = "a token for tests that is long enough"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def served(database_url: str) -> AsyncIterator[tuple[Bench, httpx.AsyncClient]]:
    """A scheduler that knows Anne since 5 January, and its HTTP server on 23 January."""
    async with scheduler_on(database_url, start=START) as bench:
        await bench.receive(note(START, date(2026, 1, 5), 60), at=START)
        await bench.turn_to(START + timedelta(days=22))
        begin = begin_on(bench.pool, hash_of)
        server = HttpServer(
            health_app(Health()), name="health", settings_prefix="HEALTH", host="127.0.0.1", port=0
        )
        asks = partial(explain, begin, bench.clock, operator="token")
        server.add(operator_routes(SecretStr(TOKEN), asks))
        server.start()
        url = f"http://127.0.0.1:{server.port}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=10) as client:
                yield bench, client
        finally:
            await server.stop()


async def test_support_gets_the_explanation_with_the_number_in_the_body_alone(
    database_url: str,
) -> None:
    async with served(database_url) as (bench, client):
        now = await client.post("/explain", headers=BEARER, json={"person_id": ANNE})
        asked = {"person_id": ANNE, "at": "2026-01-10T12:00:00+01:00"}
        then = await client.post("/explain", headers=BEARER, json=asked)
        looked = await bench.pool.fetch("select operator, person from audit")

    assert (now.status_code, then.status_code) == (200, 200)
    assert now.headers["cache-control"] == "no-store"
    assert [_reminder(answer) for answer in (now, then)] == ["fired", "armed"]
    assert [tuple(row) for row in looked] == [("token", hash_of(ANNE))] * 2


def _reminder(answer: httpx.Response) -> str:
    [case] = answer.json()["cases"]
    return next(str(s["state"]) for s in case["timers"] if s["step"] == "reminder")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer æøå".encode()},
        {"Authorization": f"Bearer {TOKEN}x"},
    ],
    ids=["none", "no scheme", "not ASCII", "nearly"],
)
async def test_nobody_else_is_answered(database_url: str, headers: dict[str, str | bytes]) -> None:
    async with served(database_url) as (bench, client):
        answer = await client.post("/explain", headers=headers, json={"person_id": ANNE})  # type: ignore[arg-type]
        looked = await bench.pool.fetchval("select count(*) from audit")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert looked == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (json.dumps({"person_id": ANNE, "at": "2026-01-10T12:00:00"}).encode(), 400),
        (json.dumps({"person_id": ANNE, "name": "x"}).encode(), 400),
        (json.dumps({"person_id": ANNE + " " * 5000}).encode(), 413),
        (json.dumps({"person_id": BJORN}).encode(), 404),
    ],
    ids=["empty", "no text", "no zone", "another member", "too long", "unknown"],
)
async def test_a_wrong_request_is_answered_without_a_value(
    database_url: str, body: bytes, status: int
) -> None:
    async with served(database_url) as (_, client):
        answer = await client.post("/explain", headers=BEARER, content=body)

    assert answer.status_code == status
    assert ANNE not in answer.text
    assert BJORN not in answer.text


async def test_a_moment_whose_rulebook_this_version_cannot_read_is_not_explained_by_another(
    database_url: str,
) -> None:
    """contract 4.5, 4.6: a later version may have put it in force; nothing about the person is said."""
    async with served(database_url) as (bench, client):
        await bench.pool.execute(
            "update rulebooks set content = replace(content, 'day =', 'moon =')"
        )
        answer = await client.post("/explain", headers=BEARER, json={"person_id": ANNE})

    assert answer.status_code == 503
    assert "this version of the scheduler cannot use it: line " in answer.json()["error"]
    assert ANNE not in answer.text


async def test_a_question_is_asked_by_post_alone(database_url: str) -> None:
    async with served(database_url) as (_, client):
        answer = await client.get("/explain", headers=BEARER)

    assert answer.status_code == 405


async def test_a_database_that_is_gone_gives_503_and_nothing_is_logged(
    database_url: str,
) -> None:
    said = StringIO()
    async with served(database_url) as (bench, client):
        configure_logs("DEBUG", "json", said)
        await close_pool(bench.pool)
        answer = await client.post("/explain", headers=BEARER, json={"person_id": ANNE})

    assert answer.status_code == 503
    assert ANNE not in said.getvalue() + answer.text


def test_a_short_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.runtime.settings import InvalidSettings, load_settings

    monkeypatch.setenv("DATABASE_URL", "postgresql://role@127.0.0.1:1/base")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("PSEUDONYM_KEY", "a key that is for these tests alone")
    monkeypatch.setenv("OPERATOR_TOKEN", "hunter2")

    with pytest.raises(InvalidSettings) as refused:
        load_settings(SchedulerSettings)

    assert "OPERATOR_TOKEN" in str(refused.value)
    assert "hunter2" not in str(refused.value)
