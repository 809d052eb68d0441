"""A service does not start with what it cannot use: a sentence that names the variable, exit code 2, nothing begun."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import SecretStr

from services.cli.pipeline.settings import settings_for
from services.runtime.postgres import close_pool, mark_with_key, open_pool, refuse_other_tables
from services.runtime.settings import InvalidSettings
from services.scheduler.app import TABLES
from services.scheduler.rulebook_file import read_rulebook
from tests.support.both_services import terminal_on
from tests.support.scheduler_bench import ANNE
from tests.support.service_processes import (
    PSEUDONYM_KEY,
    Deployment,
    Process,
    ServiceName,
    hash_of,
)
from tests.support.waiting import eventually

OTHER_KEY = "another key that is for these tests alone"
SERVICES: list[ServiceName] = ["scheduler", "notifier"]

NEWER = {
    service: f"insert into {service}.migrations values ('9999_later.sql', '', now())"  # noqa: S608 - one of two names
    for service in SERVICES
}


@dataclass(frozen=True)
class Traces:
    """What a service leaves behind once it has begun."""

    groups: list[str]
    rows: dict[str, int]


async def traces_of(deployment: Deployment) -> Traces:
    admin = AIOKafkaAdminClient(bootstrap_servers=deployment.servers)
    await admin.start()
    try:
        # The embedded broker lists a group once it has committed an offset, Apache Kafka once it has a member.
        groups = [name for name, *_ in await admin.list_consumer_groups()]
    finally:
        await admin.close()
    connection = await asyncpg.connect(deployment.database_url)
    try:
        tables = await connection.fetch(
            "select schemaname || '.' || tablename as name from pg_tables"
            " where schemaname in ('scheduler', 'notifier')"
        )
        rows = {
            table["name"]: await connection.fetchval(f"select count(*) from {table['name']}")  # noqa: S608 - pg_tables
            for table in tables
        }
    finally:
        await connection.close()
    return Traces(sorted(name for name in groups if name.startswith(deployment.prefix)), rows)


async def refusal(deployment: Deployment, service: ServiceName, **env: str) -> str:
    """The sentence with which the service refuses, once it is seen that it is logged, printed, and all there is."""
    before = await traces_of(deployment)
    process = await deployment.start(service, **env)
    assert await process.exit_code() == 2, process.text
    assert await traces_of(deployment) == before
    assert not process.has_logged("partitions.assigned")
    (sentence,) = printed(process)
    logged = [line["reason"] for line in process.lines() if line["event"] == "service.refused"]
    if process.lines():
        assert logged == [sentence]
        assert process.lines()[-1]["exit_code"] == 2
    return sentence


def printed(process: Process) -> list[str]:
    """The lines of text among the log's JSON, but for where to read on."""
    plain = [line for line in process.text.splitlines() if not line.startswith("{")]
    assert plain.pop() == "`stoppunkt settings` lists what can be set."
    return plain


@pytest.mark.parametrize("service", SERVICES)
async def test_a_port_that_is_in_use(deployment: Deployment, service: ServiceName) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = await refusal(deployment, service, HEALTH_PORT=str(port))
    assert sentence == ("HEALTH_PORT: another program listens there; give this one another port.")


async def test_a_host_that_nobody_knows(deployment: Deployment) -> None:
    sentence = await refusal(deployment, "scheduler", HEALTH_HOST="no-such-host.invalid")
    assert sentence == "HEALTH_HOST: is neither an IPv4 address nor a name that leads to one."


async def test_an_address_of_another_machine(deployment: Deployment) -> None:
    sentence = await refusal(deployment, "notifier", HEALTH_HOST="192.0.2.1")
    assert sentence == "HEALTH_HOST: is no address of this machine."


async def test_a_rulebook_that_is_not_there_or_not_right(
    deployment: Deployment, tmp_path: Path
) -> None:
    absent = await refusal(deployment, "scheduler", RULEBOOK="no-such-rulebook")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "wrong"\nversion = \n')
    faulty = await refusal(deployment, "scheduler", RULEBOOK=str(wrong))
    assert absent.startswith("RULEBOOK: no-such-rulebook is neither a file nor one of")
    assert faulty.startswith(f"RULEBOOK: {wrong}:2: ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KAFKA_CA_PATH", "/no/such/ca.pem", "names a file that is not there."),
        ("SCHEMA_REGISTRY_URL", "registry:8081", "must be http(s)://host:port/path, with a port"),
        ("PSEUDONYM_KEY", "k" * 64, "is too easily guessed; make one with `openssl rand -hex 32`."),
    ],
)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_value_that_can_never_be_used(
    deployment: Deployment, service: ServiceName, name: str, value: str, words: str
) -> None:
    """tests/unit/cli/test_every_setting.py has all the others."""
    assert (await refusal(deployment, service, **{name: value})).startswith(f"{name}: {words}")


async def test_a_database_or_role_that_is_not_there(deployment: Deployment) -> None:
    parts = urlsplit(deployment.database_url)
    host = parts.netloc.rpartition("@")[2]
    elsewhere = parts._replace(path="/no_such_database").geturl()
    stranger = parts._replace(netloc=f"no_such_role:hemmelig@{host}").geturl()
    no_database = await refusal(deployment, "scheduler", DATABASE_URL=elsewhere)
    no_role = await refusal(deployment, "notifier", DATABASE_URL=stranger)
    assert no_database == "DATABASE_URL: there is no such database."
    assert no_role == "DATABASE_URL: PostgreSQL does not let this role in with this password."


@pytest.mark.parametrize("service", SERVICES)
async def test_another_key_than_the_tables_were_begun_with(
    deployment: Deployment, service: ServiceName
) -> None:
    first = await deployment.start(service)
    await eventually(first.is_working)
    sentence = await refusal(deployment, service, PSEUDONYM_KEY=OTHER_KEY)
    assert sentence == (
        f"PSEUDONYM_KEY: is not the key that the tables in the schema {service} were begun with; "
        "with another one everybody would be a stranger."
    )


async def test_another_key_on_tables_of_a_version_that_kept_no_fingerprint(
    deployment: Deployment,
) -> None:
    """The people who are stored tell the key."""
    add_person = "insert into scheduler.people (person, person_id) values ($1, $2)"
    await deployment.sql(add_person, hash_of(ANNE), ANNE)
    deployment.seeded.add(ANNE)
    sentence = await refusal(deployment, "scheduler", PSEUDONYM_KEY=OTHER_KEY)
    assert sentence.startswith("PSEUDONYM_KEY: is not the key")
    right = await deployment.start("scheduler")
    await eventually(right.is_working)
    assert list(deployment.leaks()) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_tables_of_an_older_version(deployment: Deployment, service: ServiceName) -> None:
    latest = await deployment.sql(
        f"delete from {service}.migrations where name = (select max(name) from {service}.migrations)"  # noqa: S608
        " returning name"
    )
    sentence = await refusal(deployment, service)
    assert sentence == (
        f"DATABASE_URL: the tables in the schema {service} are older than this version, {latest} is missing; "
        f"run `stoppunkt {service} migrate`."
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_tables_of_a_newer_version(deployment: Deployment, service: ServiceName) -> None:
    await deployment.sql(NEWER[service])
    sentence = await refusal(deployment, service)
    assert sentence == (
        f"DATABASE_URL: the tables in the schema {service} are newer than this version, which does not know "
        "9999_later.sql; start the version that made them."
    )


async def test_no_tables_at_all(deployment: Deployment) -> None:
    await deployment.sql("alter schema notifier rename to elsewhere")
    sentence = await refusal(deployment, "notifier")
    assert sentence == (
        "DATABASE_URL: in the schema notifier there are no tables that this role may use; "
        "run `stoppunkt notifier migrate`."
    )


COMMANDS = (
    ("explain", ANNE),
    ("erase", ANNE, "--yes"),
    ("replan",),
    ("forecast",),
    ("portfolio",),
    ("status",),
    ("pause", "sms", "--why", "x"),
    ("resume", "sms"),
    ("dry-run",),
    ("dead-letters", "resume"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
async def test_a_command_on_tables_that_are_not_its_own_says_the_same(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, command: Sequence[str]
) -> None:
    """Under another key `erase` would find nobody, and say so."""
    for hashed in (hash_of(ANNE), hash_of(f"{ANNE} before")):
        await deployment.sql(
            "insert into scheduler.people (person, person_id) values ($1, $2)", hashed, ANNE
        )
        await deployment.sql(
            "insert into notifier.renumberings values ($1, $2, $3, 0, 0)",
            hashed,
            hash_of(ANNE),
            ANNE,
        )
    before = await traces_of(deployment)
    others = [("PSEUDONYM_KEY", OTHER_KEY)]
    terminal = terminal_on(monkeypatch, deployment.database_url, others=others)
    under_another_key = await terminal.run(*command)
    monkeypatch.setenv("PSEUDONYM_KEY", PSEUDONYM_KEY.get_secret_value())
    for service in SERVICES:
        await deployment.sql(NEWER[service])
    on_newer_tables = await terminal.run(*command)
    for service in SERVICES:
        await deployment.sql(f"delete from {service}.migrations where name = '9999_later.sql'")  # noqa: S608

    assert await traces_of(deployment) == before
    for result, sentence in (
        (under_another_key, "PSEUDONYM_KEY: is not the key that the tables in the schema"),
        (on_newer_tables, "are newer than this version, which does not know 9999_later.sql"),
    ):
        # `status` and `dead-letters resume` say it of each service, and end as they do for one that is away.
        assert result.exit_code == (1 if command[0] in ("status", "dead-letters") else 2)
        assert sentence in result.stderr
        assert result.stdout in ("", '{"scheduler": null, "notifier": null}\n')


@pytest.mark.parametrize("same_key", [True, False])
async def test_two_that_begin_at_once_agree_on_the_key(
    database_url: str, *, same_key: bool
) -> None:
    keys = [PSEUDONYM_KEY, PSEUDONYM_KEY if same_key else SecretStr(OTHER_KEY)]
    pool = await open_pool(database_url, schema="scheduler", application_name="test", min_size=2)

    async def begin(key: SecretStr) -> None:
        settings = settings_for(database_url, "127.0.0.1:1").model_copy(
            update={"pseudonym_key": key}
        )
        async with pool.acquire() as connection:
            await refuse_other_tables(connection, TABLES, settings)
            await mark_with_key(connection, TABLES, settings)

    try:
        outcomes = await asyncio.gather(*map(begin, keys), return_exceptions=True)
    finally:
        await close_pool(pool)
    refusals = [str(outcome) for outcome in outcomes if isinstance(outcome, InvalidSettings)]
    assert len(refusals) == (0 if same_key else 1)
    assert outcomes.count(None) == 2 - len(refusals)


async def test_a_rulebook_that_has_changed_under_its_version(
    deployment: Deployment, tmp_path: Path
) -> None:
    """contract 4.6: the one in force stands in the database; another text under the same name is a mistake."""
    first = await deployment.start("scheduler")
    await eventually(first.is_working)
    changed = tmp_path / "changed.toml"
    changed.write_text(read_rulebook("standard").text + "# a reason\n")
    sentence = await refusal(deployment, "scheduler", RULEBOOK=str(changed))
    assert sentence.startswith("RULEBOOK: standard 2026-12 was put in force with another content")
    assert sentence.endswith("a rulebook that has changed needs another version.")
