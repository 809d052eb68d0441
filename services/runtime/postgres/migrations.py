"""A schema is the sum of its migrations: numbered .sql files, each applied once, in order.

Migrations only add (contract 13.14): a process of an older version that runs already, runs on beside a newer one. A
migration that was applied may not change, but for its comments: `reworded.toml` beside it then lists the checksums of
its earlier texts.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

import asyncpg
from pydantic import SecretStr

from services.runtime.postgres.pool import plain_url
from services.runtime.postgres.queries import Queries

_QUERIES = Queries("services.runtime.postgres.sql")
_REWORDED = "reworded.toml"
_FILE_NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
_SCHEMA_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")
# A migration may rewrite a table; a lock that is held longer than this will not be released soon.
_STATEMENT_TIMEOUT_SECONDS = 600.0


class ChangedMigration(Exception):
    """A migration that was applied earlier now reads differently: write a new one instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    sql: str
    earlier_checksums: frozenset[str] = frozenset()
    """Of the same statements with other comments; a database that was made with one of them is up to date."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def is_known_as(self, checksum: str) -> bool:
        """Whether a database that has recorded this checksum for it was made with these statements."""
        return checksum == self.checksum or checksum in self.earlier_checksums


async def migrate(database_url: str | SecretStr, *, schema: str, package: str) -> list[str]:
    """Bring `schema` up to date with the files of `package`; returns the names applied now.

    One transaction a file, all under an advisory lock, so several processes may start at once. Run
    again it does nothing. Raises `ChangedMigration`, or what asyncpg raises; then the files before
    the failing one stay applied. The role needs CREATE on the database only if the schema is new.
    """
    if not _SCHEMA_NAME.match(schema):
        raise ValueError("a schema's name has lower-case letters, digits and '_'")
    migrations = read_migrations(package)
    connection = await asyncpg.connect(
        plain_url(database_url),
        timeout=5.0,
        command_timeout=_STATEMENT_TIMEOUT_SECONDS,
        server_settings={
            "application_name": f"stoppunkt migrate {schema}",
            "search_path": schema,
            "timezone": "UTC",
        },
    )
    try:
        await connection.execute(_QUERIES["lock_migrations"], schema)
        if not await connection.fetchval(_QUERIES["schema_exists"], schema):
            # A name cannot be a parameter; what it may consist of was checked above.
            await connection.execute(f"create schema {schema}")
        await connection.execute(_QUERIES["create_migrations_table"])
        applied = {
            row["name"]: row["checksum"]
            for row in await connection.fetch(_QUERIES["read_migrations"])
        }
        return [
            migration.name
            for migration in migrations
            if await _apply(connection, migration, applied.get(migration.name))
        ]
    finally:
        await connection.close(timeout=5.0)


def read_migrations(package: str) -> list[Migration]:
    """The migrations of a package folder in the order of their numbers; raises ValueError."""
    sources = [entry for entry in files(package).iterdir() if entry.name.endswith(".sql")]
    names = sorted(entry.name for entry in sources)
    if not names or not all(_FILE_NAME.match(name) for name in names):
        raise ValueError(f"{package} needs files named like 0001_what_is_new.sql")
    if len({name[:4] for name in names}) != len(names):
        raise ValueError(f"{package} has two migrations with the same number")
    texts = {entry.name: entry.read_text("utf-8") for entry in sources}
    earlier = _earlier_checksums(package)
    if unknown := earlier.keys() - texts.keys():
        raise ValueError(f"{package}/{_REWORDED} names {', '.join(sorted(unknown))}, not there")
    return [Migration(name, texts[name], frozenset(earlier.get(name, ()))) for name in names]


def _earlier_checksums(package: str) -> dict[str, list[str]]:
    file = files(package) / _REWORDED
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


async def _apply(
    connection: asyncpg.Connection[asyncpg.Record], migration: Migration, known: str | None
) -> bool:
    if known is not None:
        if not migration.is_known_as(known):
            raise ChangedMigration(f"{migration.name} was applied earlier with another text")
        return False
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(_QUERIES["record_migration"], migration.name, migration.checksum)
    return True
