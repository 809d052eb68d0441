"""What both services have in the same tables (services/records): asked and changed beside the running services."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal, get_args

from services.cli.access.environment import notifier_settings, scheduler_settings
from services.notifier import app as notifier
from services.records.tables import RecordTables
from services.runtime.assembly import operator_connections
from services.runtime.postgres import transaction
from services.scheduler import app as scheduler

ServiceName = Literal["scheduler", "notifier"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)

_REFUSED_PLACE = re.compile(r"refused:(?P<service>scheduler|notifier):(?P<id>\d{1,18})")


@asynccontextmanager
async def record_tables_of(service: ServiceName) -> AsyncIterator[RecordTables]:
    """The tables of one service within a transaction; raises what PostgreSQL raises."""
    settings = scheduler_settings() if service == "scheduler" else notifier_settings()
    app = scheduler if service == "scheduler" else notifier
    async with (
        operator_connections(settings, tables=app.TABLES, group_id=app.GROUP_ID) as (pool, _),
        transaction(pool) as connection,
    ):
        yield RecordTables(connection)


def refused_place(service: ServiceName, refused_id: int) -> str:
    """Where a record stands that Kafka refuses; no topic can have such a name."""
    return f"refused:{service}:{refused_id}"


def service_and_id(place: str) -> tuple[ServiceName, int] | None:
    """What the place of a refused record says; None for the place of a dead letter, and for any other text."""
    match = _REFUSED_PLACE.fullmatch(place)
    if match is None:
        return None
    return next(service for service in SERVICES if service == match["service"]), int(match["id"])


async def resume_after_dead_letters(service: ServiceName) -> datetime | None:
    """Let the service handle records again; since when it had not, None where it had."""
    async with record_tables_of(service) as tables:
        return await tables.resume()


async def put_back(places: Collection[str]) -> set[str]:
    """Put these refused records into their service's outbox again; returns the places of those that were.

    A service that runs sends them within seconds. What Kafka refuses again gets another place.
    """
    return await _change(places, RecordTables.put_back)


async def remove(places: Collection[str]) -> set[str]:
    """Remove these refused records for good; returns the places of those that were there."""
    return await _change(places, RecordTables.remove_refused)


async def _change(
    places: Collection[str],
    change: Callable[[RecordTables, Collection[int]], Awaitable[set[int]]],
) -> set[str]:
    wanted = [found for found in map(service_and_id, places) if found is not None]
    changed: set[str] = set()
    for service in SERVICES:
        ids = [refused_id for of, refused_id in wanted if of == service]
        if ids:
            async with record_tables_of(service) as tables:
                done = await change(tables, ids)
            changed |= {refused_place(service, refused_id) for refused_id in done}
    return changed
