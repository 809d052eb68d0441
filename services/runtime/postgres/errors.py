"""Which of PostgreSQL's failures pass by themselves, so that the same work may be tried again."""

from __future__ import annotations

import asyncpg

# asyncpg's classes are untyped at runtime creation; each line says what it stands for.
_TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,  # refused, reset, time-out (TimeoutError is one): the server is away or frozen
    asyncpg.PostgresConnectionError,  # 08xxx: the connection went while in use
    asyncpg.InterfaceError,  # closed by the other side; at COMMIT the outcome is unknown
    asyncpg.CannotConnectNowError,  # 57P03: starting up or shutting down
    asyncpg.AdminShutdownError,  # 57P01
    asyncpg.CrashShutdownError,  # 57P02
    asyncpg.QueryCanceledError,  # 57014: statement_timeout
    asyncpg.IdleInTransactionSessionTimeoutError,  # 25P03: this process was frozen, and PostgreSQL ended its session
    asyncpg.TransactionRollbackError,  # 40xxx: serialization, deadlock
    asyncpg.LockNotAvailableError,  # 55P03: lock_timeout
    asyncpg.InsufficientResourcesError,  # 53xxx: disk full, too many connections, memory
    asyncpg.ReadOnlySQLTransactionError,  # 25006: talking to what was the primary
    asyncpg.InternalClientError,  # an idle connection was ended, and the server's last message is not read yet
    asyncpg.InvalidCachedStatementError,  # a migration changed a table under a cached plan
)


def is_transient(error: BaseException) -> bool:
    """Whether waiting may cure it. A wrong argument (asyncpg's DataError) never is.

    Asyncpg's client-side DataError is an InterfaceError and a ValueError at once.
    """
    return isinstance(error, _TRANSIENT) and not isinstance(error, ValueError)
