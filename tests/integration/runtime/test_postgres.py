"""PostgreSQL as the services use it: migrations, bounded waits, and what passes by itself."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.runtime.clock import PostgresClock
from services.runtime.postgres import (
    ChangedMigration,
    Pool,
    close_pool,
    is_transient,
    migrate,
    open_pool,
    retrying,
    transaction,
)
from services.runtime.postgres.migrations import read_migrations
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import SLOWNESS, until


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url, schema="public", application_name="test", min_size=3)
    yield pool
    await close_pool(pool)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of migrations that can be named like a package."""
    folder = tmp_path / f"migrations_of_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    (folder / "0001_first.sql").write_text("create table first (id int primary key);")
    (folder / "0002_second.sql").write_text(
        "create table second (id int references first); insert into first values (1);"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return folder


async def test_migrations_are_applied_once_in_order_in_their_own_schema(
    database_url: str, package: Path
) -> None:
    names = ["0001_first.sql", "0002_second.sql"]
    assert await migrate(database_url, schema="here", package=package.name) == names
    assert await migrate(database_url, schema="here", package=package.name) == []
    (package / "0003_third.sql").write_text("alter table second add column more text")
    assert await migrate(database_url, schema="here", package=package.name) == ["0003_third.sql"]
    assert len(await migrate(database_url, schema="there", package=package.name)) == 3
    pool = await open_pool(database_url, schema="here", application_name="test")
    assert await pool.fetchval("select count(*) from first") == 1
    await close_pool(pool)


async def test_processes_that_migrate_at_once_wait_for_each_other(
    database_url: str, package: Path
) -> None:
    results = await asyncio.gather(
        *(migrate(database_url, schema="here", package=package.name) for _ in range(4))
    )
    assert sorted(map(len, results)) == [0, 0, 0, 2]


async def test_a_migration_that_was_applied_may_not_change(
    database_url: str, package: Path
) -> None:
    await migrate(database_url, schema="here", package=package.name)
    (package / "0001_first.sql").write_text("create table first (id bigint primary key);")
    with pytest.raises(ChangedMigration, match=r"0001_first\.sql"):
        await migrate(database_url, schema="here", package=package.name)


async def test_a_migration_whose_comment_was_reworded_is_accepted_where_its_earlier_text_is_listed(
    database_url: str, package: Path
) -> None:
    first = package / "0001_first.sql"
    earlier = first.read_text()
    await migrate(database_url, schema="here", package=package.name)
    first.write_text(f"-- Only ids.\n{earlier}")
    with pytest.raises(ChangedMigration, match=r"0001_first\.sql"):
        await migrate(database_url, schema="here", package=package.name)
    checksum = hashlib.sha256(earlier.encode()).hexdigest()
    (package / "reworded.toml").write_text(f'"0001_first.sql" = ["{checksum}"]')
    assert await migrate(database_url, schema="here", package=package.name) == []
    assert len(await migrate(database_url, schema="there", package=package.name)) == 2


async def test_a_list_of_earlier_texts_names_migrations_that_are_there(package: Path) -> None:
    (package / "reworded.toml").write_text('"0001_frist.sql" = []')
    with pytest.raises(ValueError, match=r"0001_frist\.sql"):
        read_migrations(package.name)


def _copy_migrations(shipped: str, package: Path) -> None:
    for path in package.iterdir():
        path.unlink()
    for migration in read_migrations(shipped):
        (package / migration.name).write_text(migration.sql)


# The migrations as the version before shipped them: (folder, file, words now, words then). Two halves where the
# words then named a document that is not in this project, since no file may.
REWORDED = [
    (
        "services.notifier.sql.migrations",
        "0001_the_notifiers_own_store.sql",
        "however many wait.\n",
        "however many wait (TIM" + "ERS 1).\n",
    ),
    (
        "services.scheduler.sql.migrations",
        "0001_facts_cases_and_timers.sql",
        "(contract 4.5)",
        "(SP" + "EC 4.5)",
    ),
]


@pytest.mark.parametrize(("shipped", "file", "now", "then"), REWORDED)
async def test_a_database_of_the_version_before_is_accepted_and_one_with_other_statements_is_not(
    database_url: str, package: Path, shipped: str, file: str, now: str, then: str
) -> None:
    _copy_migrations(shipped, package)
    text = (package / file).read_text()
    assert text.count(now) == 1
    (package / file).write_text(text.replace(now, then))
    await migrate(database_url, schema="before", package=package.name)
    assert await migrate(database_url, schema="before", package=shipped) == []
    (package / file).write_text(text + "create table more ();")
    await migrate(database_url, schema="other", package=package.name)
    with pytest.raises(ChangedMigration, match=file):
        await migrate(database_url, schema="other", package=shipped)


async def test_a_failing_migration_leaves_nothing_of_itself_and_the_earlier_ones_stay(
    database_url: str, package: Path
) -> None:
    (package / "0002_second.sql").write_text("create table second (); select 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database_url, schema="here", package=package.name)
    pool = await open_pool(database_url, schema="here", application_name="test")
    assert await pool.fetchval("select to_regclass('first') is not null")
    assert await pool.fetchval("select to_regclass('second') is null")
    await close_pool(pool)
    (package / "0002_second.sql").write_text("create table second ()")
    assert await migrate(database_url, schema="here", package=package.name) == ["0002_second.sql"]


async def test_an_older_version_runs_on_a_newer_schema(database_url: str, package: Path) -> None:
    """contract 13.14."""
    await migrate(database_url, schema="here", package=package.name)
    (package / "0002_second.sql").unlink()
    assert await migrate(database_url, schema="here", package=package.name) == []


@pytest.mark.parametrize("schema", ["", "a;b", 'a"b', "Ab", "a.b", "1a"])
async def test_a_schema_is_named_plainly(database_url: str, package: Path, schema: str) -> None:
    with pytest.raises(ValueError, match="schema"):
        await migrate(database_url, schema=schema, package=package.name)


async def test_the_clock_is_that_of_postgresql_and_goes_on_inside_a_transaction(
    pool: Pool,
) -> None:
    clock, shifted = PostgresClock(pool), PostgresClock(pool, offset_seconds=3600)
    first = await clock.now()
    assert first.tzinfo is UTC
    assert first < await clock.now()
    later = await shifted.now() - await clock.now()
    assert timedelta(minutes=59) < later < timedelta(minutes=61)
    async with transaction(pool) as connection:
        inside: datetime = await connection.fetchval("select now()")
        assert inside < await clock.now()


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_any_error(pool: Pool) -> None:
    await pool.execute("create table written (id int)")
    async with transaction(pool) as connection:
        await connection.execute("insert into written values (1)")
    with pytest.raises(LookupError):  # noqa: PT012 - the block is the transaction
        async with transaction(pool) as connection:
            await connection.execute("insert into written values (2)")
            raise LookupError
    assert [row["id"] for row in await pool.fetch("select id from written")] == [1]


async def test_a_transaction_without_commit_leaves_nothing(pool: Pool) -> None:
    await pool.execute("create table rehearsed (id int)")
    async with transaction(pool, commit=False) as connection:
        await connection.execute("insert into rehearsed values (1)")
        assert await connection.fetchval("select count(*) from rehearsed") == 1
    assert await pool.fetchval("select count(*) from rehearsed") == 0


async def test_work_that_may_be_repeated_survives_the_end_of_every_pooled_connection(
    pool: Pool, database_url: str
) -> None:
    """The first query on each connection after a restart fails."""
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(pool.execute("select pg_sleep(0.1)"))
    stranger = await asyncpg.connect(database_url)
    await stranger.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'test' and datname = current_database()"
    )
    await stranger.close()

    async def work() -> int:
        async with transaction(pool) as connection:
            value: int = await connection.fetchval("select 7")
            return value

    assert [await retrying(work, pool=pool) for _ in range(5)] == [7] * 5


async def test_only_what_waiting_cures_is_tried_again(pool: Pool) -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        await pool.execute("select 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await retrying(work, pool=pool)
    assert calls == 1


async def test_a_frozen_server_holds_nobody_for_long(database_url: str) -> None:
    """Without command_timeout the release would hang for ever."""
    real = urlsplit(database_url)
    assert real.port is not None
    login = real.netloc.rpartition("@")[0]
    async with TcpProxy(real.port) as proxy:
        url = real._replace(netloc=f"{login}@127.0.0.1:{proxy.port}").geturl()
        pool = await open_pool(
            url, schema="public", application_name="test", command_timeout_seconds=1
        )
        began = time.monotonic()
        with pytest.raises(TimeoutError):  # noqa: PT012 - the block is the transaction
            async with transaction(pool) as connection:
                await connection.execute("select 1")
                await proxy.swallow()
                await connection.execute("select 2")
        assert time.monotonic() - began < SLOWNESS * 5
        await proxy.pass_on()
        assert await retrying(lambda: pool.fetchval("select 3"), pool=pool) == 3
        await proxy.swallow()
        began = time.monotonic()
        await close_pool(pool, timeout_seconds=1)
        assert time.monotonic() - began < SLOWNESS * 5


async def test_a_process_that_was_frozen_in_a_transaction_is_fenced(database_url: str) -> None:
    """PostgreSQL ends its session, and its commit fails."""
    pool = await open_pool(
        database_url, schema="public", application_name="test", idle_in_transaction_seconds=0.1
    )
    await pool.execute("create table written (id int)")
    with pytest.raises(Exception) as caught:  # noqa: PT011, PT012 - which one depends on the moment
        async with transaction(pool) as connection:
            await connection.execute("insert into written values (1)")
            await until(connection.is_closed)
    assert is_transient(caught.value)
    assert await retrying(lambda: pool.fetchval("select count(*) from written"), pool=pool) == 0
    await close_pool(pool)


async def test_a_schema_change_under_a_cached_plan_passes_by_itself(pool: Pool) -> None:
    await pool.execute("create table written (id int)")

    async def read() -> None:
        async with transaction(pool) as connection:
            await connection.fetch("select * from written")

    await read()
    await pool.execute("alter table written add column more text")
    with pytest.raises(asyncpg.InvalidCachedStatementError) as caught:
        await read()
    await retrying(read, pool=pool)
    assert is_transient(caught.value)


@pytest.mark.parametrize(
    ("sql", "passes"),
    [
        ("set local statement_timeout = '10ms'; select pg_sleep(1)", True),
        ("do $$ begin raise sqlstate '40001'; end $$", True),
        ("do $$ begin raise sqlstate '40P01'; end $$", True),
        ("do $$ begin raise sqlstate '53100'; end $$", True),
        ("do $$ begin raise sqlstate '55P03'; end $$", True),
        ("do $$ begin raise sqlstate '57P03'; end $$", True),
        ("do $$ begin raise sqlstate '25006'; end $$", True),
        ("do $$ begin raise sqlstate '23505'; end $$", False),
        ("do $$ begin raise sqlstate '42P01'; end $$", False),
        ("do $$ begin raise sqlstate '22P02'; end $$", False),
    ],
)
async def test_bad_luck_is_told_from_a_bug(pool: Pool, sql: str, passes: bool) -> None:
    with pytest.raises(asyncpg.PostgresError) as caught:
        async with transaction(pool) as connection:
            await connection.execute(sql)
    assert is_transient(caught.value) is passes


async def test_a_wrong_argument_is_a_bug_although_asyncpg_calls_it_an_interface_error(
    pool: Pool,
) -> None:
    """Classify by origin."""
    with pytest.raises(asyncpg.DataError) as caught:
        await pool.fetchval("select $1::int", "not a number")
    assert not is_transient(caught.value)
