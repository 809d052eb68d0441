"""Writes what has changed about people: rows and SQL, no decision."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.people.changes import Changes, PersonHead
from services.scheduler.store.rows import (
    case_row,
    columns,
    fact_row,
    fired_row,
    slot_row,
    state_text,
    timer_row,
    withdrawal_row,
)

_QUERIES = Queries("services.scheduler.sql")


async def write_changes(connection: Connection, changes: Changes, now: datetime) -> None:
    """Write all of them, facts and note versions as recorded at `now`; raises what PostgreSQL raises.

    Timers go before they come: two cases that became one may have the same timer.
    """

    async def write(query: str, rows: Collection[tuple[object, ...]], *more: object) -> None:
        if rows:
            await connection.execute(_QUERIES[query], *columns(rows), *more)

    async def delete(query: str, keys: Collection[str]) -> None:
        if keys:
            await connection.execute(_QUERIES[query], list(keys))

    await write("add_number_ties", changes.ties)
    await write("write_renumberings", changes.renumberings)
    await delete("delete_renumberings", changes.renumberings_deleted)
    await write("write_facts", [fact_row(*owned) for owned in changes.facts], now)
    if changes.slots:
        await connection.executemany(
            _QUERIES["write_note_slots"], [slot_row(*owned) for owned in changes.slots]
        )
    if changes.slot_versions:
        versions = [(*slot_row(*owned), now) for owned in changes.slot_versions]
        await connection.executemany(_QUERIES["add_note_versions"], versions)
    await write("write_cases", [case_row(*owned) for owned in changes.cases])
    await delete("delete_cases", changes.cases_deleted)
    await write("delete_timers", [(case, *key) for case, key in changes.timers_deleted])
    await write("write_timers", [timer_row(*owned) for owned in changes.timers])
    await write("write_due_events", [fired_row(*owned) for owned in changes.due_events])
    await write(
        "add_withdrawals",
        [withdrawal_row(*event, person) for event, person in changes.withdrawals],
    )
    if changes.due_events:
        persons = sorted({person for _, person in changes.due_events})
        await connection.execute(_QUERIES["move_withdrawals"], persons)
    # Of somebody stored before states were kept, the first one says how things had stood until then.
    earlier = [(c.person, state_text(c.before)) for c in changes.states if not c.before.is_empty]
    await write("add_first_person_states", earlier)
    await write("add_person_states", [(c.person, state_text(c.after)) for c in changes.states], now)
    await write("write_people", [_head_row(head) for head in changes.heads])
    if changes.notes_since is not None:
        await connection.execute(_QUERIES["write_notes_since"], changes.notes_since)


def _head_row(head: PersonHead) -> tuple[object, ...]:
    return (
        head.person,
        head.office,
        head.office_version.timestamp_ms,
        head.office_version.offset,
        head.numbers_used,
        head.replan_at,
        head.last_on,
    )
