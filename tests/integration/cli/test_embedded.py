"""The embedded parts are real, are alone, and are gone with the command however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.cli.embedded import program, unprivileged
from services.cli.embedded.kafka import embedded_kafka
from services.cli.embedded.postgres import embedded_postgres
from services.cli.embedded.program import EmbeddedPartFailed

PARTS = {"PostgreSQL": embedded_postgres, "Kafka": embedded_kafka}

HOLD = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
from services.cli.embedded.kafka import embedded_kafka
from services.cli.embedded.postgres import embedded_postgres
with embedded_postgres() as dsn, embedded_kafka() as bootstrap_servers:
    print(dsn, bootstrap_servers, flush=True)
    sys.stdin.read()
"""


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.glob("stoppunkt-*"))


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder for this test's parts alone, which `nobody` can reach also when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="embedded-test-") as name:
        Path(name).chmod(0o711)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(name)


def start_command() -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A command that holds both parts, and all processes under it."""
    command = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert command.stdout is not None
    assert "127.0.0.1" in command.stdout.readline()
    family = psutil.Process(command.pid).children(recursive=True)
    assert {"postgres", "tansu"} <= {process.name() for process in family}
    return command, family


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("how", ["return", "SIGTERM", "SIGINT", "SIGKILL"])
def test_the_parts_end_with_the_command_however_it_ends(how: str, place: Path) -> None:
    command, family = start_command()
    if how != "return":
        command.send_signal(signal.Signals[how])
    command.communicate()
    assert until(lambda: all(gone(process) for process in family))
    assert until(lambda: folders(place) == [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child whose parent died")
def test_the_parts_end_even_when_their_keepers_are_killed(place: Path) -> None:
    command, family = start_command()
    keepers = psutil.Process(command.pid).children()
    assert len(keepers) == len(PARTS)
    for keeper in keepers:
        keeper.kill()
    assert until(lambda: all(gone(process) for process in family))
    command.communicate()
    assert until(lambda: folders(place) == [])


async def test_the_database_is_a_real_one_behind_a_password_and_logs_no_number(
    place: Path,
) -> None:
    """contract 14.1: a national number in a failing statement reaches no log."""
    with embedded_postgres() as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            assert await connection.fetchval("SHOW server_version_num") >= "150000"
            assert await connection.fetchval("SHOW timezone") == "UTC"
            await connection.execute("CREATE TABLE t (person_id text PRIMARY KEY)")
            await connection.execute("INSERT INTO t VALUES ($1)", "01810012345")
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute("INSERT INTO t VALUES ($1)", "01810012345")
        finally:
            await connection.close()
        (folder,) = folders(place)
        log = (place / folder / "log").read_text()
        assert "duplicate key" in log
        assert "01810012345" not in log
        wrong = urlsplit(dsn)._replace(netloc=f"stoppunkt:wrong@127.0.0.1:{urlsplit(dsn).port}")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong.geturl())
    assert folders(place) == []


async def test_two_at_once_are_two(place: Path) -> None:
    with embedded_postgres() as one, embedded_postgres() as other:
        assert one != other
        assert len(folders(place)) == 2
    with embedded_kafka() as one, embedded_kafka() as other:
        assert one != other


async def test_what_is_produced_is_consumed_by_a_group_and_stays_committed(
    place: Path, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}facts"
    with embedded_kafka() as bootstrap_servers:
        await ensure_topic(bootstrap_servers, topic)
        async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
            for number in range(3):
                await producer.send_and_wait(
                    topic, b"value", key=b"%d" % number, headers=[("ce_id", b"1")]
                )
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap_servers,
            group_id="group",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer:
            records = [await asyncio.wait_for(consumer.getone(), 30) for _ in range(3)]
            await consumer.commit()
            partitions = consumer.assignment()
            committed = [await consumer.committed(partition) for partition in partitions]
        assert {record.key for record in records} == {b"0", b"1", b"2"}
        assert records[0].headers == (("ce_id", b"1"),)
        assert sum(offset or 0 for offset in committed) == 3


async def ensure_topic(bootstrap_servers: str, topic: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_not_installed_says_what_to_do(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with (
        pytest.raises(EmbeddedPartFailed, match=rf"{part} is not installed.*stoppunkt\[embedded\]"),
        PARTS[part](),
    ):
        pass


@pytest.mark.parametrize("part", PARTS)
def test_a_taken_port_is_an_error_in_one_sentence_without_a_path(
    part: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_kafka() as bootstrap_servers:
        taken = int(bootstrap_servers.rpartition(":")[2])
        monkeypatch.setattr(program, "_free_port", lambda: taken)
        with pytest.raises(EmbeddedPartFailed) as caught, PARTS[part]():
            pass
    assert f"The embedded {part} ended while it was starting." in str(caught.value)
    assert "/" not in str(caught.value)
    assert folders(place) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the parts as somebody else")
@pytest.mark.parametrize("part", PARTS)
def test_root_runs_the_parts_as_nobody_and_opens_no_closed_folder(
    part: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in root's home: `nobody` cannot reach the binaries where they are."""
    monkeypatch.setattr(unprivileged, "_can_run", lambda *_: False)
    with PARTS[part]():
        (folder,) = place.glob("stoppunkt-*")
        assert (folder / "program").is_dir()
        family = psutil.Process().children(recursive=True)
        servers = [process for process in family if str(folder) in process.exe()]
        assert {process.name() for process in servers} <= {"postgres", "tansu"}
        assert {process.username() for process in servers} == {"nobody"}
    assert folders(place) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a folder that others cannot pass")
def test_root_with_a_closed_temporary_folder_uses_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.chmod(0o700)
    with embedded_kafka():
        assert folders(place) == []
    assert place.stat().st_mode & 0o077 == 0
