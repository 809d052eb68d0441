"""What operators ask of the notifier from a terminal: on a connection of their own, beside the running service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.ids import person_hash
from services.notifier.app import GROUP, Told, notifier_for
from services.notifier.domain.delivery import ChannelName
from services.notifier.jobs.erase import Erased
from services.notifier.jobs.erase import erase as erase_from
from services.notifier.ports import Brake
from services.notifier.sending.rehearsal import Rehearsed
from services.notifier.settings import NotifierSettings
from services.notifier.store import SCHEMA, Tables
from services.runtime.clock import PostgresClock
from services.runtime.kafka import Publisher
from services.runtime.postgres import Pool, close_pool, open_pool, retrying, transaction

# How far back a status tells of what has failed or expired.
RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """What became of one delivery, and of which step it is."""

    checkpoint: str
    step: str
    told: Told


@dataclass(frozen=True, slots=True)
class NotifierStatus:
    """`counts` has the deliveries of each (channel, state) that are under way, or failed or expired within `RECENT`."""

    as_of: datetime
    stopped_at: datetime | None
    brakes: Sequence[Brake]
    counts: Mapping[tuple[str, str], int]
    oldest_ready_at: datetime | None
    next_ready_at: datetime | None
    outbox: int


async def deliveries_of(settings: NotifierSettings, person_id: str) -> list[DeliveryStory]:
    """Every delivery about a person, under whatever number, in the order they were planned."""
    async with _working(settings) as (tables, _):
        person = person_hash(settings.pseudonym_key.get_secret_value().encode(), person_id)
        ends = await tables.contacts.present([person])
        rows = await tables.deliveries.tell(ends[person][0] if person in ends else person)
        told = [Told(**dict(row)) for row in rows]
        events = await tables.events.read({each.event_id for each in told})
    return [
        DeliveryStory(events[t.event_id].event.checkpoint, events[t.event_id].event.step, t)
        for t in told
    ]


async def pause(settings: NotifierSettings, channel: ChannelName, why: str) -> Brake:
    """Pull the brake of a channel; returns the brake that holds now, which may be an earlier one."""
    async with _working(settings) as (tables, now):
        await tables.safety.pause(channel, now, why)
        return next(each for each in await tables.safety.brakes() if each.channel == channel)


async def resume(settings: NotifierSettings, channel: ChannelName) -> Brake | None:
    """Let the brake go; returns the one that held, None where none did."""
    async with _working(settings) as (tables, now):
        brakes = {each.channel: each for each in await tables.safety.brakes()}
        await tables.safety.resume(channel, now)
    return brakes.get(channel)


async def status(settings: NotifierSettings) -> NotifierStatus:
    """How the notifier's work stands."""
    async with _working(settings) as (tables, now):
        return NotifierStatus(
            as_of=now,
            stopped_at=await tables.records.stopped_at(),
            brakes=await tables.safety.brakes(),
            counts=await tables.deliveries.count_by_state(now - RECENT),
            oldest_ready_at=(await tables.deliveries.watch(now, now)).oldest_ready_at,
            next_ready_at=await tables.deliveries.next_ready_at(),
            outbox=await tables.records.count_to_leave(),
        )


async def rehearse(
    settings: NotifierSettings, at: datetime | None, *, limit: int, without_brakes: bool
) -> tuple[datetime, list[Rehearsed]]:
    """What would go out now, or at an instant (aware) if nothing happens until then; sends and changes nothing.

    Of what is ready by then the oldest `limit`. The rows are held for the moment that it takes.
    """
    async with _connected(settings) as pool:
        clock = PostgresClock(pool, settings.clock_offset_seconds)
        instant = at if at is not None else await clock.now()
        # Its producer is never started: nothing could leave through it.
        notifier = notifier_for(settings, pool=pool, clock=clock, publisher=Publisher(settings))
        found = await notifier.rehearse(instant, limit=limit, without_brakes=without_brakes)
    return instant, found


async def resume_after_dead_letters(settings: NotifierSettings) -> datetime | None:
    """Let the notifier handle records again; since when it had not, None where it had."""
    async with _working(settings) as (tables, _):
        stopped_at = await tables.records.stopped_at()
        await tables.records.resume()
    return stopped_at


async def erase(settings: NotifierSettings, numbers: Sequence[str]) -> Erased:
    """Remove a person; see `erasing.erase`. May be done again."""

    async def once() -> Erased:
        now = await clock.now()
        async with transaction(pool) as connection:
            return await erase_from(connection, key, numbers, now)

    key = settings.pseudonym_key.get_secret_value().encode()
    async with _connected(settings) as pool:
        clock = PostgresClock(pool, settings.clock_offset_seconds)
        return await retrying(once, retries=3)


async def check_reach(settings: NotifierSettings) -> None:
    """Raises what PostgreSQL raises where the notifier's tables cannot be used."""
    async with _working(settings) as (tables, _):
        await tables.events.erased([b""])


@asynccontextmanager
async def _working(settings: NotifierSettings) -> AsyncIterator[tuple[Tables, datetime]]:
    async with _connected(settings) as pool:
        now = await PostgresClock(pool, settings.clock_offset_seconds).now()
        async with transaction(pool) as connection:
            yield Tables(connection), now


@asynccontextmanager
async def _connected(settings: NotifierSettings) -> AsyncIterator[Pool]:
    pool = await open_pool(
        settings.database_url, schema=SCHEMA, application_name=f"{GROUP} operator", max_size=2
    )
    try:
        yield pool
    finally:
        await close_pool(pool)
