"""PostgreSQL as every service uses it: a pool, transactions, named queries, migrations."""

from __future__ import annotations

from services.runtime.postgres.errors import is_transient
from services.runtime.postgres.migrations import ChangedMigration, migrate
from services.runtime.postgres.own_tables import (
    OwnTables,
    mark_with_key,
    migrate_under_key,
    refuse_other_tables,
)
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
    "OwnTables",
    "Pool",
    "Queries",
    "close_pool",
    "is_transient",
    "mark_with_key",
    "migrate",
    "migrate_under_key",
    "open_pool",
    "refuse_other_tables",
    "retrying",
    "transaction",
]
