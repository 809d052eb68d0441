"""Rulebooks in the scheduler's tables: the one in force, those that were, and how far a replan under one has come.

Services plan by the rulebook that stands here, whatever their `RULEBOOK` names, so that two instances with different
files never undo each other (contract 4.6).
"""

from __future__ import annotations

from datetime import datetime

from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.rulebook.model import Rulebook, RulebookError
from services.scheduler.domain.rulebook.reader import parse
from services.scheduler.ports import (
    ChangedRulebook,
    NoRulebook,
    Progress,
    RulebookTerm,
    UnusableRulebook,
)
from services.scheduler.store.rows import Row

_QUERIES = Queries("services.scheduler.sql")


class RulebookTables:
    """The rulebooks as one transaction sees them; `by_id` holds those parsed before, by the id of their row."""

    def __init__(self, connection: Connection, by_id: dict[int, Rulebook]) -> None:
        self._connection = connection
        self._by_id = by_id

    async def in_force(self) -> Rulebook:
        """See `services.scheduler.ports.Rulebooks.in_force`."""
        number = await self._connection.fetchval(_QUERIES["read_rulebook_in_force"])
        if number is None:
            raise NoRulebook
        if number not in self._by_id:
            (row,) = await self._connection.fetch(_QUERIES["read_rulebook"], number)
            self._by_id[number] = _rulebook_of(row)
        return self._by_id[number]

    async def in_force_at(self, at: datetime) -> RulebookTerm:
        """See `services.scheduler.ports.Rulebooks.in_force_at`."""
        row = await self._connection.fetchrow(_QUERIES["read_rulebook_at"], at)
        if row is None:
            raise NoRulebook
        return RulebookTerm(_rulebook_of(row), row["in_force_since"], row["replanned_at"])

    async def refuse_changed(self, rulebook: Rulebook) -> None:
        """See `services.scheduler.ports.Rulebooks.refuse_changed`."""
        if await self._connection.fetchval(
            _QUERIES["has_other_content"], rulebook.name, rulebook.version, rulebook.content_hash
        ):
            raise ChangedRulebook(rulebook)

    async def put_first_in_force(self, rulebook: Rulebook, now: datetime) -> None:
        """See `services.scheduler.ports.Rulebooks.put_first_in_force`."""
        await self._connection.execute(_QUERIES["add_first_rulebook"], *_values_of(rulebook), now)
        # Only now, for it has waited for another instance that was adding its own first.
        await self.refuse_changed(rulebook)

    async def put_in_force(self, rulebook: Rulebook, now: datetime) -> None:
        """See `services.scheduler.ports.Rulebooks.put_in_force`."""
        await self._connection.execute(_QUERIES["lock_rulebooks"])
        await self.refuse_changed(rulebook)
        status = await self._connection.fetchrow(_QUERIES["read_rulebook_status"])
        if status is not None and (status["name"], status["version"]) == (
            rulebook.name,
            rulebook.version,
        ):
            return
        await self._connection.execute(_QUERIES["end_rulebook_in_force"], now)
        await self._connection.execute(_QUERIES["add_rulebook"], *_values_of(rulebook), now)
        await self.save_replan_progress(Progress(rulebook.title, now))

    async def replanned_to(self) -> bytes | None:
        """See `services.scheduler.ports.Rulebooks.replanned_to`."""
        row = await self._connection.fetchrow(_QUERIES["read_rulebook_status"])
        if row is None or row["replanned_at"] is not None:
            return None
        return bytes(row["last_person"] or b"")

    async def replan_progress(self, rulebook: str) -> Progress | None:
        """See `services.scheduler.ports.Rulebooks.replan_progress`."""
        row = await self._connection.fetchrow(_QUERIES["read_replan"], rulebook)
        if row is None:
            return None
        return Progress(
            rulebook=row["rulebook"],
            started_at=row["started_at"],
            last_person=bytes(row["last_person"]),
            people=row["people"],
            finished_at=row["finished_at"],
        )

    async def save_replan_progress(self, progress: Progress) -> None:
        """See `services.scheduler.ports.Rulebooks.save_replan_progress`."""
        await self._connection.execute(
            _QUERIES["write_replan"],
            progress.rulebook,
            progress.last_person,
            progress.people,
            progress.started_at,
            progress.finished_at,
        )
        if progress.finished_at is not None:
            await self._connection.execute(_QUERIES["end_first_replan"], progress.finished_at)


def _values_of(rulebook: Rulebook) -> tuple[str, str, str, str]:
    return rulebook.name, rulebook.version, rulebook.content_hash, rulebook.text


def _rulebook_of(row: Row) -> Rulebook:
    name, version = row["name"], row["version"]
    try:
        rulebook = parse(row["content"])
    except RulebookError as fault:
        raise UnusableRulebook(name, version, f"line {fault.line}: {fault.sentence}") from None
    if (rulebook.name, rulebook.version, rulebook.content_hash) != (
        name,
        version,
        row["content_hash"],
    ):
        raise UnusableRulebook(name, version, "its text in the table is not what was put in force.")
    return rulebook
