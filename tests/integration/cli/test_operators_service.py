"""Operators beside a running scheduler: asked over HTTP, mended without a restart (contract 4.5, 8)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import httpx
import pytest

from tests.support.both_services import terminal_on
from tests.support.postgres_and_kafka import Parts
from tests.support.scheduler_bench import ANNE, FACTS, event, note
from tests.support.service_processes import PSEUDONYM_KEY, Deployment, Process
from tests.support.waiting import eventually

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
TOKEN = "a-token-for-tests-that-is-long-enough-0123456789"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    deployment.set_clock(AT)
    return deployment


def url_of(process: Process) -> str:
    port = next(line["port"] for line in process.lines() if line["event"] == "health.listening")
    return f"http://127.0.0.1:{port}/explain"


async def test_a_running_scheduler_explains_over_http_and_takes_what_is_replayed(
    deployment: Deployment, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.seeded.add(ANNE)
    scheduler = await deployment.start("scheduler", OPERATOR_TOKEN=TOKEN)
    await eventually(scheduler.is_working)
    closed = await deployment.start("scheduler")
    await eventually(closed.is_working)
    unknown = event(FACTS, "person.died", AT, "k", person_id=ANNE, on="never")
    await deployment.publish([note(AT, date(2026, 1, 5), 60), unknown])

    async def buried(count: int) -> bool:
        await deployment.read()
        return len(deployment.sent.on(f"{FACTS}.dead")) == count

    await eventually(lambda: buried(1))
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        async def known() -> bool:
            answer = await client.post(url_of(scheduler), json={"person_id": ANNE})
            return bool(
                answer.status_code == 200 and answer.json()["cases"][0]["start"] == "2026-01-05"
            )

        await eventually(known, what="that Anne's case is explained")
        elsewhere = await client.post(url_of(closed), json={"person_id": ANNE})
    terminal = terminal_on(
        monkeypatch,
        deployment.database_url,
        kafka=deployment.servers,
        prefix=deployment.prefix,
        others=[
            ("PSEUDONYM_KEY", PSEUDONYM_KEY.get_secret_value()),
            ("KAFKA_IDEMPOTENCE", str(parts.kafka_idempotence).lower()),
        ],
    )
    replayed = await terminal.run("dead-letters", "replay", "--all")
    await eventually(lambda: buried(2), what="that the running service has heard it again")

    assert elsewhere.status_code == 404
    assert elsewhere.text == "Not Found"
    assert replayed.exit_code == 0
    assert list(deployment.leaks()) == []
