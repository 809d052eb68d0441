"""What operators ask of the scheduler from a terminal: on a connection of their own, beside the running service."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from schemas.norway import midnight, oslo_date
from services.records.tables import RecordTables
from services.runtime.assembly import operator_connections
from services.runtime.clock import Clock
from services.runtime.postgres import Connection, Pool, Queries, transaction
from services.scheduler.app import GROUP_ID, TABLES
from services.scheduler.domain.people.explanation import Explanation
from services.scheduler.domain.people.figures import CountedMonth, Month
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.explain.ask import explain as explain_now
from services.scheduler.jobs.erase import Erased
from services.scheduler.jobs.erase import erase as erase_from
from services.scheduler.jobs.replan_everybody import ReplanCounts, replan_everybody
from services.scheduler.rulebook_file import UnreadableRulebook, read_rulebook
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import begin_on
from services.scheduler.store.figures import FigureTables

_QUERIES = Queries("services.scheduler.sql")
# What a statement that reads a whole table may take.
SWEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class FallingDue:
    """How many timers fall due on a day in Oslo; `office` is empty for people without one.

    `suspended` of them have waited for the end of a suspension.
    """

    due_on: date
    checkpoint: str
    office: str
    timers: int
    suspended: int


@dataclass(frozen=True, slots=True)
class Heap:
    """How many timers of a checkpoint fall due on the day after a suspension because they wait for its end."""

    due_on: date
    suspended_until: date
    checkpoint: str
    office: str
    timers: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days from `first` on, and how many timers were due before it and have not fired.

    `heaps` are all that suspensions hold back, also beyond those days.
    """

    first: date
    overdue: int
    days: Sequence[FallingDue]
    heaps: Sequence[Heap]


@dataclass(frozen=True, slots=True)
class Pending:
    """A timer that falls due on a day in Oslo, and what decides whose portfolio it is in.

    `person` is the keyed hash. `for_adviser`: whether it becomes an adviser's task; `named` is the adviser whom the
    step means, None where it means none. `suspended`: whether it has waited for the end of a suspension.
    """

    person: bytes = field(repr=False)
    office: str | None
    due_on: date
    checkpoint: str
    suspended: bool
    for_adviser: bool
    named: str | None
    org_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfficeFigures:
    """An office's figures of a month, by outcome; `office` is empty for the people of whom none is known.

    `year_before` are those of the same month of the year before; None where that month was not counted.
    """

    counted: CountedMonth
    office: str
    counts: Counter[str]
    year_before: Counter[str] | None


@dataclass(frozen=True, slots=True)
class RulebookStatus:
    """The rulebook in force.

    `replanned_at` is when everybody had first been brought under it. `replan_started_at` and `replanned_people` are of
    a replan under it that has not come to its end; None where none is under way.
    """

    name: str
    version: str
    content_hash: str
    in_force_since: datetime
    replanned_at: datetime | None
    replan_started_at: datetime | None
    replanned_people: int | None

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} {self.version}"

    def is_of(self, rulebook: Rulebook | None) -> bool:
        """Whether that is the rulebook in force."""
        return rulebook is not None and (self.title, self.content_hash) == (
            rulebook.title,
            rulebook.content_hash,
        )


@dataclass(frozen=True, slots=True)
class SchedulerStatus:
    """`oldest_due_at`: since when the oldest timer is due that has not fired; None where none is.

    `outbox` counts the records that wait for Kafka, `refused` those that Kafka refuses for good. `rulebook` is None
    where none has been put in force yet, `rulebook_wanted` (name and version of the one that RULEBOOK names) where that
    cannot be read.
    """

    as_of: datetime
    rulebook: RulebookStatus | None
    rulebook_wanted: str | None
    rulebook_differs: bool
    stopped_at: datetime | None
    oldest_due_at: datetime | None
    next_due_at: datetime | None
    outbox: int
    refused: int


async def explain(
    settings: SchedulerSettings, person_id: str, at: datetime | None, *, operator: str
) -> Explanation | None:
    """See `services.scheduler.explain.ask.explain`; who asked is written down."""
    async with _connected(settings) as (pool, clock):
        begin = begin_on(pool, settings.hash_of)
        return await explain_now(begin, clock, person_id, at, operator=operator)


async def replan_all(
    settings: SchedulerSettings, rulebook: Rulebook, *, dry_run: bool
) -> AsyncIterator[ReplanCounts]:
    """See `services.scheduler.jobs.replan_everybody.replan_everybody`."""
    async with _connected(settings) as (pool, clock):
        begin = begin_on(pool, settings.hash_of)
        async for counts in replan_everybody(begin, clock, rulebook, dry_run=dry_run):
            yield counts


async def rulebook_in_force(settings: SchedulerSettings) -> RulebookStatus | None:
    """The rulebook in force; None where none has been put in force yet."""
    async with _working(settings) as (connection, _):
        return await _rulebook_status(connection)


async def _rulebook_status(connection: Connection) -> RulebookStatus | None:
    row = await connection.fetchrow(_QUERIES["read_rulebook_status"])
    if row is None:
        return None
    return RulebookStatus(
        name=row["name"],
        version=row["version"],
        content_hash=row["content_hash"],
        in_force_since=row["in_force_since"],
        replanned_at=row["replanned_at"],
        replan_started_at=row["replan_started_at"],
        replanned_people=row["people"],
    )


async def forecast(settings: SchedulerSettings, days: int) -> Forecast:
    """What falls due today (in Oslo) and on the days after it, `days` in all."""
    async with _working(settings) as (connection, now):
        first = oslo_date(now)
        begins = midnight(first)
        ends = midnight(first + timedelta(days=days))
        rows = await connection.fetch(_QUERIES["count_due_by_day"], begins, ends)
        overdue: int = await connection.fetchval(_QUERIES["count_overdue"], begins)
        heaps = await connection.fetch(_QUERIES["count_suspended"], begins)
    return Forecast(
        first,
        overdue,
        [FallingDue(**dict(row)) for row in rows],
        [Heap(**dict(row)) for row in heaps],
    )


async def pending(settings: SchedulerSettings, days: int) -> list[Pending]:
    """Each timer that falls due today (in Oslo) or on the days after it, `days` in all, oldest first."""
    async with (
        _connected(settings, command_timeout_seconds=SWEEP_SECONDS) as (pool, clock),
        transaction(pool) as connection,
    ):
        first = oslo_date(await clock.now())
        ends = midnight(first + timedelta(days=days))
        rows = await connection.fetch(_QUERIES["read_pending"], midnight(first), ends)
    return [Pending(**dict(row) | {"org_numbers": tuple(row["org_numbers"])}) for row in rows]


async def figures(
    settings: SchedulerSettings, month: Month | None, office: str | None
) -> list[OfficeFigures]:
    """The figures of one month or of all, of one office or of all, in that order; an empty `office`: none is known.

    An office that has figures in one of the two years stands there, with zeros in the other.
    """
    async with _working(settings) as (connection, _):
        tables = FigureTables(connection)
        counted = {known.month: known for known in await tables.months()}
        by_month = await tables.read(office=office)
    rows = []
    for known in counted.values():
        now, before = by_month.get(known.month, {}), by_month.get(known.month.year_before, {})
        was_counted = known.month.year_before in counted
        if month in (None, known.month):
            rows += [
                OfficeFigures(
                    known,
                    name,
                    now.get(name, Counter()),
                    before.get(name, Counter()) if was_counted else None,
                )
                for name in sorted({*now, *before})
            ]
    return rows


async def status(settings: SchedulerSettings) -> SchedulerStatus:
    """How the scheduler's work stands."""
    wanted = _wanted(settings)
    async with _working(settings) as (connection, now):
        records = RecordTables(connection)
        rulebook = await _rulebook_status(connection)
        return SchedulerStatus(
            as_of=now,
            rulebook=rulebook,
            rulebook_wanted=wanted.title if wanted is not None else None,
            rulebook_differs=rulebook is not None and not rulebook.is_of(wanted),
            stopped_at=await records.stopped_at(),
            oldest_due_at=await connection.fetchval(_QUERIES["read_oldest_due_at"], now),
            next_due_at=await connection.fetchval(_QUERIES["read_next_due_at"]),
            outbox=await records.count_to_leave(),
            refused=await records.count_refused(),
        )


def _wanted(settings: SchedulerSettings) -> Rulebook | None:
    try:
        return read_rulebook(settings.rulebook)
    except UnreadableRulebook:
        return None


async def erase(settings: SchedulerSettings, person_id: str, *, operator: str) -> Erased:
    """See `services.scheduler.jobs.erase.erase`; reads whole tables, so it may take minutes."""
    async with _connected(settings, command_timeout_seconds=SWEEP_SECONDS) as (pool, clock):
        now = await clock.now()
        return await erase_from(pool, settings.hash_of, person_id, now, operator=operator)


@asynccontextmanager
async def _working(
    settings: SchedulerSettings,
) -> AsyncIterator[tuple[Connection, datetime]]:
    async with _connected(settings) as (pool, clock):
        now = await clock.now()
        async with transaction(pool) as connection:
            yield connection, now


def _connected(
    settings: SchedulerSettings, command_timeout_seconds: float = 5.0
) -> AbstractAsyncContextManager[tuple[Pool, Clock]]:
    return operator_connections(
        settings,
        tables=TABLES,
        group_id=GROUP_ID,
        command_timeout_seconds=command_timeout_seconds,
    )
