"""What both services are put together with: loops that wake each other, and topics that must be there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from schemas.inbound import NOTIFIER_TOPICS, SCHEDULER_TOPICS
from schemas.messages import KINDS, DeadlineMessage, SmsRequested
from schemas.wire import Record
from services.notifier.app import TOPICS as NOTIFIER_NEEDS
from services.records.dead_letters import dead_topic
from services.records.topics import OWN_TOPICS, own_topics
from services.runtime import assembly
from services.runtime.clock import TurnedClock
from services.runtime.kafka import TopicsUnavailable
from services.runtime.service import Life
from services.runtime.settings import ServiceSettings
from services.scheduler.app import TOPICS as SCHEDULER_NEEDS
from tests.support.waiting import until

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Parts:
    """An app whose parts only write down that they were called; a batch gives a turn something to do."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.due = 0

    async def handle(self, records: Sequence[Record]) -> None:
        self.calls.append("handle")
        self.due += len(records)

    async def turn(self, now: datetime) -> bool:
        assert now == NOW
        self.calls.append("turn")
        was_busy, self.due = self.due > 0, 0
        return was_busy

    async def relay(self) -> bool:
        self.calls.append("relay")
        return False

    async def next_due_at(self) -> datetime | None:
        return None


async def test_a_batch_wakes_both_loops_and_a_busy_turn_the_relay() -> None:
    parts, life = Parts(), Life()
    app = assembly.App(parts.handle, parts.turn, parts.relay, parts.next_due_at)
    handle = assembly.keep_loops(life, app, TurnedClock(NOW), turn_name="turn")
    await until(lambda: {*parts.calls} == {"relay", "turn"})
    assert await life.health.readiness() == {}
    await handle([Record("topic", None, b"{}")])
    # Two turns: one that was busy, and one that found nothing left.
    await until(lambda: parts.calls.count("turn") >= 3 and parts.calls.count("relay") >= 2)
    life.stopping.set()
    await life.stop(5)
    assert life.clean


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The topics that Kafka does not have."""
    absent: set[str] = set()

    async def missing_topics(_: ServiceSettings, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic in absent]

    monkeypatch.setattr(assembly, "missing_topics", missing_topics)
    return absent


SETTINGS = ServiceSettings(
    database_url=SecretStr("postgresql://localhost/test"),
    kafka_bootstrap_servers="localhost:9092",
    pseudonym_key=SecretStr("a key that is for these tests alone"),
)


async def test_another_teams_topic_that_is_absent_is_left_out_and_one_of_ours_ends_the_start(
    absent: set[str],
) -> None:
    theirs, ours = "team.theirs-v1", SmsRequested.topic
    absent.add(theirs)
    assert await assembly.topics_to_read(SETTINGS, [ours, theirs], {ours}) == [ours]
    absent.add(ours)
    with pytest.raises(TopicsUnavailable, match=ours):
        await assembly.topics_to_read(SETTINGS, [ours, theirs], {ours})


def test_every_topic_of_a_message_is_made_once_and_a_service_has_those_that_it_uses() -> None:
    assert set(OWN_TOPICS) == {model.topic for model in KINDS.values()}
    assert set(SCHEDULER_NEEDS) | set(NOTIFIER_NEEDS) >= set(OWN_TOPICS)
    for read, needs in ((SCHEDULER_TOPICS, SCHEDULER_NEEDS), (NOTIFIER_TOPICS, NOTIFIER_NEEDS)):
        assert {topic for topic in read if topic in OWN_TOPICS} <= set(needs)
        assert {dead_topic(topic) for topic in read} <= set(needs)
        assert {name for name in needs if not name.startswith("stoppunkt.")} == set()
    assert DeadlineMessage.topic in own_topics(read=[], written=[DeadlineMessage.topic])
