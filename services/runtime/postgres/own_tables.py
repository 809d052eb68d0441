"""Whether a service's tables are of its version and under its key: asked at a start and by commands (contract 12)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from services.runtime.postgres.migrations import migrate, read_migrations
from services.runtime.postgres.pool import Connection, close_pool, open_pool
from services.runtime.postgres.queries import Queries
from services.runtime.settings import InvalidSettings, ServiceSettings

_QUERIES = Queries("services.runtime.postgres.sql")


@dataclass(frozen=True, slots=True)
class OwnTables:
    """The tables of one service: `stoppunkt <schema> migrate` makes them."""

    schema: str
    migrations: str
    """The package folder with its migrations."""
    known_people: str
    """A query for a few stored people: `person`, the keyed hash, and `person_id`, the number that it is made of."""


async def migrate_under_key(settings: ServiceSettings, tables: OwnTables) -> list[str]:
    """Bring the tables up to date and mark them with the key; returns the migrations that were applied now.

    Raises what `migrate` raises. Raises InvalidSettings, before anything is changed, under another key, and for tables
    that a newer version has made.
    """
    async with _session(settings, tables) as connection:
        _refuse_newer(tables, await _applied(connection))
        await _refuse_other_key(connection, tables, settings)
    applied = await migrate(settings.database_url, schema=tables.schema, package=tables.migrations)
    async with _session(settings, tables) as connection:
        await mark_with_key(connection, tables, settings)
    return applied


async def refuse_other_tables(
    connection: Connection, tables: OwnTables, settings: ServiceSettings
) -> None:
    """Raises InvalidSettings where the tables are not of this version, or not begun with this key; changes nothing."""
    _refuse_other_version(tables, await _applied(connection))
    await _refuse_other_key(connection, tables, settings)


async def mark_with_key(
    connection: Connection, tables: OwnTables, settings: ServiceSettings
) -> None:
    """Keep the key's fingerprint where none is kept yet; raises InvalidSettings where that of another key is.

    Of two processes that come at once with different keys, one is refused.
    """
    await connection.execute(_QUERIES["add_fingerprint"], settings.key_fingerprint())
    await _refuse_other_key(connection, tables, settings)


async def _applied(connection: Connection) -> dict[str, str]:
    """The checksums of the migrations that were applied, by name; none where this role may use no tables."""
    try:
        rows = await connection.fetch(_QUERIES["read_migrations"])
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return {}
    return {row["name"]: row["checksum"] for row in rows}


def _refuse_other_version(tables: OwnTables, applied: Mapping[str, str]) -> None:
    schema = tables.schema
    if not applied:
        raise InvalidSettings(
            f"DATABASE_URL: in the schema {schema} there are no tables that this role may use; run "
            f"`stoppunkt {schema} migrate`."
        )
    _refuse_newer(tables, applied)
    for migration in read_migrations(tables.migrations):
        if migration.name not in applied:
            raise InvalidSettings(
                f"DATABASE_URL: the tables in the schema {schema} are older than this version, {migration.name} is "
                f"missing; run `stoppunkt {schema} migrate`."
            )
        if not migration.is_known_as(applied[migration.name]):
            raise InvalidSettings(
                f"DATABASE_URL: the tables in the schema {schema} are not of this version, {migration.name} was "
                "applied with another text."
            )


def _refuse_newer(tables: OwnTables, applied: Mapping[str, str]) -> None:
    known = {migration.name for migration in read_migrations(tables.migrations)}
    if unknown := sorted(applied.keys() - known):
        raise InvalidSettings(
            f"DATABASE_URL: the tables in the schema {tables.schema} are newer than this version, which does not know "
            f"{unknown[0]}; start the version that made them."
        )


async def _refuse_other_key(
    connection: Connection, tables: OwnTables, settings: ServiceSettings
) -> None:
    if not await _is_key_of(connection, tables, settings):
        raise InvalidSettings(
            f"PSEUDONYM_KEY: is not the key that the tables in the schema {tables.schema} were begun with; with "
            "another one everybody would be a stranger."
        )


async def _is_key_of(connection: Connection, tables: OwnTables, settings: ServiceSettings) -> bool:
    """By the fingerprint; tables that were begun before one was kept know the key by the people in them."""
    try:
        fingerprint = await connection.fetchval(_QUERIES["read_fingerprint"])
    except asyncpg.UndefinedTableError:
        fingerprint = None
    if fingerprint is not None:
        return bytes(fingerprint) == settings.key_fingerprint()
    try:
        people = await connection.fetch(tables.known_people)
    except asyncpg.UndefinedTableError:
        return True
    return not people or any(
        bytes(row["person"]) == settings.hash_of(row["person_id"]) for row in people
    )


@asynccontextmanager
async def _session(settings: ServiceSettings, tables: OwnTables) -> AsyncIterator[Connection]:
    pool = await open_pool(
        settings.database_url,
        schema=tables.schema,
        application_name=f"stoppunkt migrate {tables.schema}",
        max_size=1,
    )
    try:
        async with pool.acquire() as connection:
            yield connection
    finally:
        await close_pool(pool)
