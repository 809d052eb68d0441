"""What operators ask of the notifier from a terminal: on a connection of their own, beside the running service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from schemas.messages import DeadlineDue
from schemas.norway import oslo_date
from services.notifier.app import GROUP_ID, TABLES, channels_of, turns_with
from services.notifier.domain.delivery import ChannelName
from services.notifier.domain.recipients import Desk, allot, portfolio_for
from services.notifier.domain.withdrawal import reason_code, withdrawal_for
from services.notifier.jobs.erase import Erased
from services.notifier.jobs.erase import erase as erase_from
from services.notifier.lookups import present_number
from services.notifier.ports import Brake, DeliveryProgress, TaskCounts
from services.notifier.sending.rehearsal import Rehearsed
from services.notifier.sending.senders import Senders
from services.notifier.settings import NotifierSettings
from services.notifier.store import Tables
from services.runtime.assembly import operator_connections
from services.runtime.clock import Clock
from services.runtime.kafka import Publisher
from services.runtime.postgres import Pool, retrying, transaction

# How far back a status counts what has failed or expired.
RECENT = timedelta(hours=24)
# What a statement that reads a whole table may take.
SWEEP_SECONDS = 600.0
# How many people's contacts are read at a time.
READ_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """What became of one delivery, and of which step it is."""

    checkpoint: str
    step: str
    progress: DeliveryProgress


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
    refused: int


class Concern(NamedTuple):
    """What decides whose portfolio something about a person is in: an adviser who is named, and the employers.

    `person` is the keyed hash; `office` is only what those are read together by.
    """

    person: bytes
    office: str | None
    named: str | None
    org_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An adviser's desk, or an office's queue, and the tasks that are open there."""

    desk: Desk
    absent: bool
    tasks: TaskCounts


async def portfolios(settings: NotifierSettings) -> tuple[date, list[Portfolio]]:
    """Today (in Oslo), and every adviser's portfolio and every queue with open tasks, in any order."""
    async with _connected(settings, SWEEP_SECONDS) as (pool, clock):
        today = oslo_date(await clock.now())
        async with transaction(pool) as connection:
            tables = Tables(connection)
            sunday = today + timedelta(days=6 - today.weekday())
            by_desk = await tables.deliveries.tasks_by_desk(today, sunday)
            advisers = {one.adviser_id: one for one in await tables.contacts.all_advisers()}
    counts = {Desk(one.office, one.adviser_id): TaskCounts() for one in advisers.values()}
    for opened_at, tasks in by_desk.items():
        adviser = advisers.get(opened_at.adviser_id or "")
        # An adviser may have changed office since, and the tasks go along.
        desk = Desk(adviser.office, adviser.adviser_id) if adviser else opened_at
        counts[desk] = counts.get(desk, TaskCounts()) + tasks
    absent = {one.adviser_id for one in advisers.values() if one.absent}
    return today, [
        Portfolio(desk, desk.adviser_id in absent, tasks) for desk, tasks in counts.items()
    ]


async def portfolios_of(
    settings: NotifierSettings, concerns: Sequence[Concern]
) -> dict[Concern, Desk]:
    """Whose portfolio each is in: as the sender would choose if a task about each left now, in that order.

    Each person counts as one more task. A desk without an adviser is an office's queue.
    """
    wanted: dict[Concern, Sequence[Desk]] = dict.fromkeys(concerns, ())
    read_together = sorted(wanted, key=lambda concern: (concern.office or "", concern.person))
    async with _connected(settings, SWEEP_SECONDS) as (pool, clock):
        today = oslo_date(await clock.now())
        async with transaction(pool) as connection:
            tables = Tables(connection)
            for start in range(0, len(read_together), READ_TOGETHER):
                batch = read_together[start : start + READ_TOGETHER]
                wanted |= await _could_hold(tables, batch, today, settings.special_office)
            advisers = {desk.adviser_id for desks in wanted.values() for desk in desks}
            open_tasks = await tables.deliveries.open_tasks(
                {adviser for adviser in advisers if adviser is not None},
                {concern.person for concern in wanted},
            )
    desks = allot([(concern.person, desks) for concern, desks in wanted.items()], open_tasks)
    return dict(zip(wanted, desks, strict=True))


async def _could_hold(
    tables: Tables, concerns: Sequence[Concern], today: date, special_office: str
) -> dict[Concern, tuple[Desk, ...]]:
    book = await tables.contacts.read(
        {concern.person for concern in concerns},
        today,
        org_numbers={number for concern in concerns for number in concern.org_numbers},
        adviser_ids={concern.named for concern in concerns if concern.named is not None},
        special_office=special_office,
    )
    return {
        concern: portfolio_for(
            book.of(concern.person),
            named=concern.named,
            org_numbers=concern.org_numbers,
            special_office=special_office,
        )
        for concern in concerns
    }


async def deliveries_of(settings: NotifierSettings, person_id: str) -> list[DeliveryStory]:
    """Every delivery about a person, under whatever number, in the order they were planned."""
    async with _working(settings) as (tables, _):
        person = await present_number(tables, settings.hash_of(person_id))
        deliveries = await tables.deliveries.progress(person)
        known = await tables.events.read({delivery.event_id for delivery in deliveries})
    return [_story(known[delivery.event_id].event, delivery) for delivery in deliveries]


async def deliveries_at(
    settings: NotifierSettings, event_ids: Collection[str], at: datetime
) -> list[DeliveryStory]:
    """Every delivery of these due events that was planned by `at` (aware), as it stood then; see `as_it_stood`."""
    async with _working(settings) as (tables, _):
        deliveries = await tables.deliveries.progress(None, event_ids)
        known = await tables.events.read(event_ids)
        withdrawals = await tables.events.withdrawals(event_ids)
    stories = []
    for delivery in deliveries:
        event = known[delivery.event_id].event
        if delivery.planned_at <= at:
            earlier = [
                withdrawal
                for withdrawal in withdrawals.get(delivery.event_id, ())
                if withdrawal.withdrawn_at <= at
            ]
            withdrawal = withdrawal_for(delivery, earlier)
            why = reason_code(withdrawal) if withdrawal is not None else None
            stories.append(_story(event, as_it_stood(delivery, why, at)))
    return stories


def as_it_stood(
    delivery: DeliveryProgress, withdrawn: str | None, at: datetime
) -> DeliveryProgress:
    """How far a delivery had come at an instant; `withdrawn` is the reason of a withdrawal by then.

    What it waited for then and how often it had been tried is not kept, nor an attempt that was followed by another.
    """
    delivered_at = _by(delivery.delivered_at, at)
    if _by(delivery.ended_at, at) is not None:
        return replace(delivery, delivered_at=delivered_at)
    sent_at = _by(delivery.sent_at, at)
    is_withdrawn = withdrawn is not None and sent_at is not None
    if is_withdrawn and delivery.state in ("closing", "closed"):
        state = "closing"
    elif delivered_at is not None:
        state = "delivered"
    else:
        state = "sent" if sent_at is not None else "waiting"
    return replace(
        delivery,
        state=state,
        reason=withdrawn if state == "closing" else None,
        wait_reason=None,
        ready_at=None,
        attempts=None,
        withdrawn=withdrawn if is_withdrawn else None,
        sent_at=sent_at,
        delivered_at=delivered_at,
        ended_at=None,
    )


def _by(instant: datetime | None, at: datetime) -> datetime | None:
    return instant if instant is not None and instant <= at else None


def _story(event: DeadlineDue, delivery: DeliveryProgress) -> DeliveryStory:
    return DeliveryStory(event.checkpoint, event.step, delivery)


async def pause(settings: NotifierSettings, channel: ChannelName, why: str) -> Brake:
    """Pull the brake of a channel; returns the brake that holds now, which may be an earlier one."""
    async with _working(settings) as (tables, now):
        await tables.safety.pause(channel, now, why)
        return next(brake for brake in await tables.safety.brakes() if brake.channel == channel)


async def resume(settings: NotifierSettings, channel: ChannelName) -> Brake | None:
    """Let the brake go; returns the one that was pulled, None where none was."""
    async with _working(settings) as (tables, now):
        brakes = {brake.channel: brake for brake in await tables.safety.brakes()}
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
            oldest_ready_at=(await tables.deliveries.backlog(now, now)).oldest_ready_at,
            next_ready_at=await tables.deliveries.next_ready_at(),
            outbox=await tables.records.count_to_leave(),
            refused=await tables.records.count_refused(),
        )


async def rehearse(
    settings: NotifierSettings, at: datetime | None, *, limit: int, without_brakes: bool
) -> tuple[datetime, list[Rehearsed]]:
    """What would go out now, or at an instant (aware) if nothing happens until then; sends and changes nothing.

    Of what is ready by then the oldest `limit`. The rows are held for the moment that it takes.
    """
    async with _connected(settings) as (pool, clock):
        instant = at if at is not None else await clock.now()
        # Its producer is never started: nothing could leave through it.
        channels = channels_of(settings, pool, clock, Publisher(settings))
        turns = turns_with(settings, pool, Senders(channels))
        async with transaction(pool, commit=False) as connection:
            tables = Tables(connection)
            if without_brakes:
                for brake in await tables.safety.brakes():
                    await tables.safety.resume(brake.channel, instant)
            rehearsed = await turns.rehearse(tables, instant, limit)
    return instant, rehearsed


async def erase(settings: NotifierSettings, numbers: Sequence[str]) -> Erased:
    """See `services.notifier.jobs.erase.erase`; may be done again."""
    async with _connected(settings) as (pool, clock):

        async def once() -> Erased:
            now = await clock.now()
            async with transaction(pool) as connection:
                return await erase_from(connection, settings.hash_of, numbers, now)

        return await retrying(once, retries=3)


async def check_reach(settings: NotifierSettings) -> None:
    """Raises what PostgreSQL raises where the notifier's tables cannot be used."""
    async with _working(settings) as (tables, _):
        await tables.events.erased([b""])


@asynccontextmanager
async def _working(settings: NotifierSettings) -> AsyncIterator[tuple[Tables, datetime]]:
    async with _connected(settings) as (pool, clock):
        now = await clock.now()
        async with transaction(pool) as connection:
            yield Tables(connection), now


def _connected(
    settings: NotifierSettings, command_timeout_seconds: float = 5.0
) -> AbstractAsyncContextManager[tuple[Pool, Clock]]:
    return operator_connections(
        settings,
        tables=TABLES,
        group_id=GROUP_ID,
        command_timeout_seconds=command_timeout_seconds,
    )
