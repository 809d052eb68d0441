"""What is left of somebody in either service when their time is over, searched for in every column (contract 14.10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.messages import DeadlineDue
from services.notifier.jobs.forget import Forgetting
from services.notifier.store import begin_on
from services.scheduler.jobs.forget import forget
from tests.integration.cli.test_operators_erase import (
    EMAIL,
    MANAGER_EMAIL,
    PHONE,
    START,
    everything,
    live,
    of_person,
    traces,
)
from tests.support.both_services import BothServices, both_services_on, terminal_on
from tests.support.notifier_desk import JON_NEW, JON_OLD
from tests.support.scheduler_bench import ANNE, hash_of, note

OVER = datetime(2029, 6, 14, 10, tzinfo=START.tzinfo)
"""37 months after the last day of both leaves, 14 May 2026."""
REGISTER = {"notifier.person_contacts", "notifier.line_managers", "notifier.renumberings"}


async def forget_in_both(services: BothServices) -> tuple[int, int]:
    """How many people either service has forgotten, in a whole round."""
    clock = services.bench.clock
    of_scheduler = await forget(services.bench.pool, clock, hash_of, 37)
    job, of_notifier = Forgetting(begin_on(services.pool), 37), 0
    for _ in range(2):
        of_notifier += await job.run(await clock.now())
    return of_scheduler, of_notifier


def without_digests(rows: Mapping[str, Any]) -> dict[str, Any]:
    """A replay is remembered by the digests of its records, which say nothing of what they were about."""
    return {table: found for table, found in rows.items() if not table.endswith(".seen_records")}


async def test_what_is_left_of_somebody_is_what_a_register_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And hearing everything again from the beginning brings nothing back, in either service."""
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        again = OVER - timedelta(days=40)
        await services.turn_to(again)
        assert await open_tasks(services) == 0
        ill_again = note(again, again.date(), 90, person=ANNE, note_id="again")
        await life.receive(ill_again, when=again)
        await services.turn_to(OVER)
        assert await forget_in_both(services) == (1, 1)
        after = await everything(database_url)
        await life.hear_everything_again()
        heard_again = await everything(database_url)

    assert traces(after, JON_OLD, JON_NEW) <= {"scheduler.people", "notifier.renumberings"}
    assert traces(after, PHONE, EMAIL, MANAGER_EMAIL) <= REGISTER
    kept = {"scheduler.people", "scheduler.erasures", "scheduler.audit", *REGISTER}
    for number in (JON_OLD, JON_NEW):
        assert of_person(after, number).keys() <= kept
    assert len(of_person(after, ANNE)) > 8
    assert without_digests(heard_again) == without_digests(after)


async def open_tasks(services: BothServices) -> int:
    """Adviser tasks that nobody has closed: with its case over, none is left open behind a person who is forgotten."""
    count: int = await services.pool.fetchval(
        "select count(*) from deliveries where channel = 'adviser_task' and state in ('sent', 'delivered')"
    )
    return count


async def test_whoever_is_ill_again_is_written_to_as_the_register_says(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both_services_on(database_url, start=START) as services:
        life = await live(services, terminal_on(monkeypatch, database_url))
        await services.turn_to(OVER + timedelta(days=1))
        await forget_in_both(services)
        sent = len(services.out.records)
        known = len(services.bench.publisher.records)
        began = OVER + timedelta(days=2)
        again = note(began, began.date(), 60, person=JON_NEW, note_id="again")
        await life.receive(again, when=began)
        await services.turn_to(began + timedelta(days=30))
        due = services.bench.publisher.messages[known:]
        texts = [record.value or b"" for record in services.out.records[sent:]]

    assert {m.case.start for m in due if isinstance(m, DeadlineDue)} == {began.date()}
    assert any(PHONE.encode() in text for text in texts)
    assert any(MANAGER_EMAIL.encode() in text for text in texts)
