"""`dead-letters list|show|replay|remove|resume`: set aside, looked at, published again (contract 8, 11)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import asyncpg
import pytest
from pydantic import SecretStr

from schemas.wire import Record, event_headers
from services.notifier.app import TOPICS as NOTIFIER_TOPICS
from services.records.tables import RecordTables
from services.runtime.assembly import App
from services.runtime.clock import TurnedClock
from services.runtime.kafka import Publisher, ensure_topics, read_topics
from services.runtime.kafka.publisher import MAX_REQUEST_BYTES
from services.runtime.postgres import Pool, close_pool, open_pool, transaction
from services.scheduler.app import SCHEMA, compose
from services.scheduler.app import TOPICS as SCHEDULER_TOPICS
from services.scheduler.jobs.watch_rulebook import put_first_in_force
from services.scheduler.rulebook_file import read_rulebook
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import begin_on
from tests.support.both_services import Terminal, terminal_on
from tests.support.postgres_and_kafka import Parts
from tests.support.scheduler_bench import ANNE, FACTS, KEY

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
STAMP = int(datetime(2026, 1, 4, 22, 15, tzinfo=UTC).timestamp() * 1000)
SENDT = "teamsykmelding.syfo-sendt-sykmelding"


@dataclass(frozen=True)
class Scene:
    """A scheduler on Kafka, and an operator's shell beside it."""

    scheduler: App
    settings: SchedulerSettings
    terminal: Terminal
    pool: Pool

    async def refuse(self, *records: Record, reason: str = "TopicAuthorizationFailedError") -> None:
        async with transaction(self.pool) as connection:
            await RecordTables(connection).refuse(records, reason, START)

    async def bury(self, *records: Record) -> None:
        await self.scheduler.handle(records)
        await self.scheduler.relay()

    async def on(self, topic: str) -> list[Record]:
        return [record async for record in read_topics(self.settings, [topic])]


@pytest.fixture
async def scene(
    parts: Parts, database_url: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    async with scene_on(parts, database_url, topic_prefix, monkeypatch) as built:
        yield built


@asynccontextmanager
async def scene_on(
    parts: Parts, database_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    settings = SchedulerSettings(
        database_url=SecretStr(database_url),
        kafka_bootstrap_servers=parts.kafka_bootstrap_servers,
        kafka_idempotence=parts.kafka_idempotence,
        topic_prefix=prefix,
        pseudonym_key=KEY,
    )
    await ensure_topics(settings, SCHEDULER_TOPICS | NOTIFIER_TOPICS)
    pool = await open_pool(database_url, schema=SCHEMA, application_name="test")
    publisher = Publisher(settings)
    await publisher.start()
    begin, clock = begin_on(pool, settings.hash_of), TurnedClock(START)
    await put_first_in_force(begin, clock, read_rulebook("standard"))
    scheduler = compose(begin, clock, publisher)
    terminal = terminal_on(
        monkeypatch, database_url, kafka=parts.kafka_bootstrap_servers, prefix=prefix
    )
    monkeypatch.setenv("KAFKA_IDEMPOTENCE", str(parts.kafka_idempotence).lower())
    try:
        yield Scene(scheduler, settings, terminal, pool)
    finally:
        await publisher.stop()
        await close_pool(pool)


def unknown_kind(offset: int, *, topic: str = FACTS) -> Record:
    """A record of a version that nobody understands yet, about Anne, with a header that is no text."""
    headers = event_headers(
        "no.stoppunkt.person.died.v9", event_id=f"e-{offset}", source="urn:test", at=START
    )
    return Record(
        topic=topic,
        key=b"\xffkey",
        value=json.dumps({"person_id": ANNE, "on": "2026-01-04"}).encode() + b" ",
        headers=(*headers, ("trace", b"\x00\xfe")),
        timestamp_ms=STAMP,
        partition=2,
        offset=offset,
    )


def too_large(offset: int) -> Record:
    """A record that came compressed: as a dead letter no producer of ours sends it."""
    record = unknown_kind(offset)
    return replace(record, value=(record.value or b"") + b" " * MAX_REQUEST_BYTES)


async def test_dead_letters_are_listed_with_their_reason_and_without_their_payload(
    scene: Scene,
) -> None:
    """contract 8: it can be listed, inspected and replayed; no personal data in a reason."""
    await scene.bury(unknown_kind(17), unknown_kind(18))

    listed = await scene.terminal.run("dead-letters", "list", "--json")
    shown = await scene.terminal.run("dead-letters", "list")
    others = await scene.terminal.run("dead-letters", "list", "--topic", SENDT)

    letters = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [letter["place"] for letter in letters] == [f"{FACTS}.dead/0/0", f"{FACTS}.dead/0/1"]
    assert letters[0]["origin"] == {"topic": FACTS, "partition": "2", "offset": "17"}
    assert "ce_type" in letters[0]["reason"]
    assert letters[0]["dead_at"] == "2026-01-05T09:00:00Z"
    assert ANNE not in listed.stdout + shown.stdout + shown.stderr
    assert f"{FACTS}.dead/0/1" in shown.stdout.splitlines()
    assert others.stdout == "There are no dead letters.\n"


async def test_one_is_shown_whole_when_it_is_asked_for(scene: Scene) -> None:
    await scene.bury(unknown_kind(17))

    shown = await scene.terminal.run("dead-letters", "show", f"{FACTS}.dead/0/0")

    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["value"]["person_id"] == ANNE
    assert "personal data" in shown.stderr
    assert ANNE not in shown.stderr


@pytest.mark.parametrize(
    "place",
    [f"{FACTS}.dead/0/99", f"{FACTS}/0/0", "17", f"{FACTS}.dead/9/0", "refused:notifier:9"],
)
@pytest.mark.parametrize("command", ["show", "replay", "remove"])
async def test_where_no_dead_letter_stands_there_is_nothing_to_show_or_replay(
    scene: Scene, command: str, place: str
) -> None:
    await scene.bury(unknown_kind(17))

    result = await scene.terminal.run("dead-letters", command, place)

    assert (result.exit_code, result.stdout) == (1, "")
    assert await scene.on(FACTS) == []


async def test_a_replayed_record_stands_on_its_topic_again_byte_for_byte(scene: Scene) -> None:
    """contract 8, contract 2: with the Kafka timestamp that it had, so that it does not stand over what came later."""
    buried = unknown_kind(17)
    await scene.bury(buried, unknown_kind(18))

    replayed = await scene.terminal.run("dead-letters", "replay", f"{FACTS}.dead/0/0")

    assert (replayed.exit_code, replayed.stdout) == (0, f"{FACTS}.dead/0/0\n"), replayed.stderr
    [again] = await scene.on(FACTS)
    assert (again.key, again.value, again.headers, again.timestamp_ms) == (
        *(buried.key, buried.value, buried.headers),
        STAMP,
    )


async def test_all_are_replayed_and_die_again_if_nothing_was_mended(scene: Scene) -> None:
    await scene.bury(unknown_kind(17), unknown_kind(18))

    replayed = await scene.terminal.run("dead-letters", "replay", "--all", "--topic", FACTS)
    await scene.bury(*await scene.on(FACTS))

    assert len(replayed.stdout.splitlines()) == 2
    assert len(await scene.on(f"{FACTS}.dead")) == 4
    assert all(record.timestamp_ms != STAMP for record in await scene.on(f"{FACTS}.dead"))


async def test_another_teams_topic_is_written_only_when_that_is_said(scene: Scene) -> None:
    """contract 10: other teams' topics are theirs, and all their readers would see it."""
    await scene.bury(unknown_kind(17, topic=SENDT))
    place = f"stoppunkt.dead.{SENDT}/0/0"

    replayed = await scene.terminal.run("dead-letters", "replay", place)

    assert (replayed.exit_code, replayed.stdout) == (1, "")
    assert "--to-others" in replayed.stderr


@pytest.mark.parametrize("options", [(), ("--all", "a/0/0"), ("--topic", FACTS)])
async def test_what_to_replay_has_to_be_said(
    database_url: str, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    terminal = terminal_on(monkeypatch, database_url)

    assert (await terminal.run("dead-letters", "replay", *options)).exit_code == 2


async def test_what_kafka_refuses_is_counted_and_listed_beside_the_dead_letters(
    scene: Scene,
) -> None:
    """contract 8: an event with its topic, a dead letter with its reason too; both without key and value."""
    due_event = Record("stoppunkt.deadlines.v1", b"case", json.dumps({"of": ANNE}).encode())
    await scene.bury(unknown_kind(17), too_large(18))
    await scene.refuse(due_event)

    listed = await scene.terminal.run("dead-letters", "list", "--json")
    shown = await scene.terminal.run("dead-letters", "list")
    of_topic = await scene.terminal.run("dead-letters", "list", "--topic", FACTS, "--json")
    status = await scene.terminal.run("status")
    as_json = json.loads((await scene.terminal.run("status", "--json")).stdout)

    letters = {one["place"]: one for one in map(json.loads, listed.stdout.splitlines())}
    assert letters.keys() == {f"{FACTS}.dead/0/0", "refused:scheduler:1", "refused:scheduler:2"}
    dead, event = letters["refused:scheduler:1"], letters["refused:scheduler:2"]
    assert dead["reason"].startswith(
        f"Kafka refuses it on {FACTS}.dead (MessageSizeTooLargeError); The version in ce_type"
    )
    assert dead["origin"] == {"topic": FACTS, "partition": "2", "offset": "18"}
    assert event == {
        "place": "refused:scheduler:2",
        "reason": "Kafka refuses it on stoppunkt.deadlines.v1 (TopicAuthorizationFailedError)",
        "dead_at": "2026-01-05T09:00:00Z",
        "origin": {"topic": "stoppunkt.deadlines.v1", "partition": "-", "offset": "-"},
    }
    assert ANNE not in listed.stdout + shown.stdout + shown.stderr
    assert "refused:scheduler:2" in shown.stdout.splitlines()
    assert len(of_topic.stdout.splitlines()) == 2
    assert status.exit_code == 0
    assert "REFUSED by Kafka and set aside: 2" in status.stdout
    assert (as_json["scheduler"]["refused"], as_json["notifier"]["refused"]) == (2, 0)


async def test_what_kafka_refused_is_shown_whole_and_leaves_when_it_is_replayed(
    scene: Scene,
) -> None:
    due_event = Record(
        "stoppunkt.deadlines.v1", b"case", json.dumps({"of": ANNE}).encode(), (("h", b"\xff"),)
    )
    await scene.refuse(due_event)
    await scene.bury(too_large(17))

    shown = await scene.terminal.run("dead-letters", "show", "refused:scheduler:1")
    replayed = await scene.terminal.run("dead-letters", "replay", "--all")
    await scene.scheduler.relay()
    again = await scene.terminal.run("dead-letters", "replay", "refused:scheduler:1")

    assert json.loads(shown.stdout)["value"] == {"of": ANNE}
    assert "personal data" in shown.stderr
    assert (replayed.exit_code, replayed.stdout) == (1, "refused:scheduler:1\n")
    assert "refused:scheduler:2: not published again, it is larger" in replayed.stderr
    [left] = await scene.on("stoppunkt.deadlines.v1")
    assert (left.key, left.value, left.headers) == (
        *(due_event.key, due_event.value),
        due_event.headers,
    )
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Nothing stands at refused:scheduler:1" in again.stderr


async def test_what_kafka_refused_is_removed_and_what_stands_on_kafka_is_not(scene: Scene) -> None:
    await scene.bury(unknown_kind(17), too_large(18), too_large(19))

    one = await scene.terminal.run("dead-letters", "remove", "refused:scheduler:1")
    wrong = await scene.terminal.run("dead-letters", "remove", "refused:scheduler:1")
    on_kafka = await scene.terminal.run("dead-letters", "remove", f"{FACTS}.dead/0/0")
    others = await scene.terminal.run("dead-letters", "remove", "--all", "--topic", SENDT)
    every = await scene.terminal.run("dead-letters", "remove", "--all")
    listed = await scene.terminal.run("dead-letters", "list", "--json")

    assert (one.exit_code, one.stdout) == (0, "refused:scheduler:1\n")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert (on_kafka.exit_code, on_kafka.stdout) == (1, "")
    assert "stands on Kafka" in on_kafka.stderr
    assert (others.exit_code, others.stdout) == (0, "")
    assert (every.exit_code, every.stdout) == (0, "refused:scheduler:2\n")
    assert len(listed.stdout.splitlines()) == 1


async def test_a_service_whose_tables_are_out_of_reach_hides_nothing_of_the_other(
    scene: Scene, database_url: str
) -> None:
    await scene.bury(too_large(17))
    connection = await asyncpg.connect(database_url)
    await connection.execute("drop schema notifier cascade")
    await connection.close()

    listed = await scene.terminal.run("dead-letters", "list", "--json")

    assert (listed.exit_code, len(listed.stdout.splitlines())) == (1, 1)
    assert "The notifier's tables are out of reach (" in listed.stderr


async def test_a_stopped_service_goes_on_and_the_other_is_left_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """contract 8: the ceiling's stop ends without a restart."""
    terminal = terminal_on(monkeypatch, database_url)
    connection = await asyncpg.connect(database_url)
    for schema in ("scheduler", "notifier"):
        await connection.execute(f"insert into {schema}.dead_letter_stop values (true, now())")  # noqa: S608
        await connection.execute(f"insert into {schema}.dead_letters (dead_at) values (now())")  # noqa: S608

    one = await terminal.run("dead-letters", "resume", "scheduler")
    stopped = await connection.fetchval("select count(*) from notifier.dead_letter_stop")
    both = await terminal.run("dead-letters", "resume")
    left = [
        await connection.fetchval(f"select count(*) from {schema}.{table}")  # noqa: S608
        for schema in ("scheduler", "notifier")
        for table in ("dead_letter_stop", "dead_letters")
    ]
    await connection.close()

    assert [run.exit_code for run in (one, both)] == [0, 0]
    assert one.stdout.startswith("scheduler goes on")
    assert stopped == 1
    assert "scheduler had not stopped.\nnotifier goes on" in both.stdout
    assert left == [0, 0, 0, 0]


async def test_without_kafka_there_is_one_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await terminal_on(monkeypatch, database_url).run("dead-letters", "list")

    assert (result.exit_code, result.stdout) == (1, "")
    # What logging says of a stream that an earlier test has closed is not the command's.
    assert result.stderr.splitlines()[-1].startswith("Kafka did not do it")
