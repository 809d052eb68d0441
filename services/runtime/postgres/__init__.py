"""PostgreSQL as every service uses it: a pool, transactions, named queries, migrations."""

from __future__ import annotations

from services.runtime.postgres.errors import is_transient
from services.runtime.postgres.migrations import ChangedMigration, migrate
from services.runtime.postgres.pool import (
    Connection,
    Pool,
    close_pool,
    open_pool,
    retrying,
    transaction,
)
from services.runtime.postgres.queries import Queries

__all__ = [
    "ChangedMigration",
    "Connection",
    "Pool",
    "Queries",
    "close_pool",
    "is_transient",
    "migrate",
    "open_pool",
    "retrying",
    "transaction",
]
