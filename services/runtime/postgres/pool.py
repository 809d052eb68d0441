"""Connections to PostgreSQL: every wait bounded, every session with the same settings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic import SecretStr

from services.runtime.postgres.errors import is_transient
from services.runtime.settings import InvalidSettings

if TYPE_CHECKING:  # generic in the stubs only
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = PoolConnectionProxy

T = TypeVar("T")

ACQUIRE_TIMEOUT_SECONDS = 2.0
# Longer than one connection attempt that fails, and too short to delay a turn or a batch.
RETRY_PAUSE_SECONDS = 0.1

_NEVER_LET_IN: dict[type[Exception], str] = {
    asyncpg.InvalidAuthorizationSpecificationError: (
        "PostgreSQL does not let this role in with this password"
    ),
    asyncpg.InvalidCatalogNameError: "there is no such database",
    asyncpg.InsufficientPrivilegeError: "this role may not connect to this database",
    asyncpg.exceptions.ClientConfigurationError: "has an option that cannot be used",
}


async def open_pool(
    database_url: str | SecretStr,
    *,
    schema: str,
    application_name: str,
    min_size: int = 1,
    max_size: int = 5,
    command_timeout_seconds: float = 5.0,
    idle_in_transaction_seconds: float = 30.0,
) -> Pool:
    """A pool whose sessions see `schema` only, in UTC; raises what asyncpg raises, is_transient or not.

    Raises InvalidSettings where the server answers that this role, password or database will never do.

    `command_timeout_seconds` bounds each statement, here and in the server; without it here, asyncpg
    hangs in release() when the server is frozen. `idle_in_transaction_seconds` is how long a frozen
    process may hold its row locks: PostgreSQL then ends its session, and its commit fails. It must be
    longer than the longest wait inside a transaction.
    """
    try:
        return await asyncpg.create_pool(
            plain_url(database_url),
            min_size=min_size,
            max_size=max_size,
            command_timeout=command_timeout_seconds,
            timeout=5.0,
            max_inactive_connection_lifetime=60.0,
            server_settings={
                "application_name": application_name,
                "search_path": schema,
                "timezone": "UTC",
                "statement_timeout": _milliseconds(command_timeout_seconds),
                "lock_timeout": "2s",
                "idle_in_transaction_session_timeout": _milliseconds(idle_in_transaction_seconds),
                "tcp_keepalives_idle": "30",
            },
        )
    except tuple(_NEVER_LET_IN) as error:
        fault = next(words for kind, words in _NEVER_LET_IN.items() if isinstance(error, kind))
    raise InvalidSettings(f"DATABASE_URL: {fault}.")


async def close_pool(pool: Pool, timeout_seconds: float = 5.0) -> None:
    """Close politely; what is not back in time is cut (pool.close() alone waits for ever)."""
    try:
        async with asyncio.timeout(timeout_seconds):
            await pool.close()
    except TimeoutError:
        pool.terminate()


@asynccontextmanager
async def transaction(
    pool: Pool, *, commit: bool = True, acquire_timeout_seconds: float = ACQUIRE_TIMEOUT_SECONDS
) -> AsyncIterator[Connection]:
    """A connection inside a transaction: committed at the end, rolled back by any exception or without `commit`.

    After a time-out the connection is cut rather than given back, for nobody knows what its server
    is doing; a TimeoutError can therefore come from acquiring, from a statement or from the commit.
    """
    connection = await pool.acquire(timeout=acquire_timeout_seconds)
    try:
        # By hand: asyncpg's own block would ask a frozen server to roll back first.
        block = connection.transaction()
        await block.start()
        try:
            yield connection
            await (block.commit() if commit else block.rollback())
        except TimeoutError:
            _cut(connection)
            raise
        except BaseException:
            try:
                await block.rollback()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                _cut(connection)  # the first error is raised below, and says more than this one
            raise
    finally:
        await pool.release(connection, timeout=ACQUIRE_TIMEOUT_SECONDS)


def _cut(connection: Connection) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):  # asyncpg has done so already
        connection.terminate()


async def retrying(
    work: Callable[[], Awaitable[T]], *, pool: Pool | None = None, retries: int = 1
) -> T:
    """Do `work`, and again after a transient failure: only for work that may be done twice.

    After a failed COMMIT nobody knows whether it was committed. A server's restart leaves several
    dead connections in a pool, so with `pool` they are all renewed before the next try.
    """
    for left in range(retries, -1, -1):
        try:
            return await work()
        except Exception as error:
            if left == 0 or not is_transient(error):
                raise
        if pool is not None:
            await pool.expire_connections()
        await asyncio.sleep(RETRY_PAUSE_SECONDS)
    raise AssertionError("unreachable: the last try returns or raises")


def plain_url(database_url: str | SecretStr) -> str:
    return database_url if isinstance(database_url, str) else database_url.get_secret_value()


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
