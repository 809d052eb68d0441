"""Rows of the scheduler's tables and the values that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
from pydantic import TypeAdapter

from schemas.messages import (
    KINDS,
    Basis,
    DeadlineDue,
    Employer,
    FollowUpFact,
    PersonRenumbered,
    Recipient,
    SickNoteRegistered,
)
from schemas.stored import read_stored, stand_in
from schemas.wire import Version
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.facts.cases import StoredCase
from services.scheduler.domain.facts.facts import Fact, NoteSlot
from services.scheduler.domain.people.state import PersonState
from services.scheduler.domain.plan.history import Fired, StepKey, Timer, Withdrawn

Row = asyncpg.Record

_QUERIES = Queries("services.scheduler.sql")

_STATES = TypeAdapter(PersonState)

T = TypeVar("T")


def by_person(rows: Iterable[Row], value_of: Callable[[Row], T]) -> dict[bytes, list[T]]:
    """The values of rows by the keyed hash of their person; rows of nobody are left out."""
    values: dict[bytes, list[T]] = {}
    for row in rows:
        if row["person"] is not None:
            values.setdefault(bytes(row["person"]), []).append(value_of(row))
    return values


async def read_history(connection: Connection, hashes: Sequence[bytes]) -> dict[bytes, list[Fired]]:
    """Every due event of these people with its withdrawals, in the order in which they fired."""
    withdrawn: dict[str, list[Row]] = {}
    for row in await connection.fetch(_QUERIES["read_withdrawals"], hashes):
        withdrawn.setdefault(row["event_id"], []).append(row)
    return by_person(
        await connection.fetch(_QUERIES["read_due_events"], hashes),
        lambda row: fired_of(row, withdrawn.get(row["event_id"], ())),
    )


def slot_of(row: Row) -> NoteSlot:
    note, employer = row["note"], row["employer"]
    return NoteSlot(
        source=row["source"],
        note_id=row["note_id"],
        version=Version(row["version_ms"], row["version_offset"]),
        note=read_stored(SickNoteRegistered, note) if note is not None else None,
        counts=row["counts"],
        keeps_self_certified_days=row["keeps_self_certified_days"],
        self_certified_days=tuple(row["self_certified_days"]),
        self_certified_days_version=Version(
            row["self_certified_days_version_ms"], row["self_certified_days_version_offset"]
        ),
        status=row["status"],
        employer=read_stored(Employer, employer) if employer is not None else None,
        person_id=row["stated_person_id"],
    )


def slot_row(slot: NoteSlot, person: bytes | None) -> tuple[object, ...]:
    days = slot.self_certified_days_version
    return (
        slot.note_id,
        slot.source,
        person,
        slot.version.timestamp_ms,
        slot.version.offset,
        slot.note.model_dump_json() if slot.note is not None else None,
        slot.counts,
        slot.keeps_self_certified_days,
        list(slot.self_certified_days),
        days.timestamp_ms,
        days.offset,
        slot.status,
        slot.employer.model_dump_json() if slot.employer is not None else None,
        slot.person_id,
    )


def fact_of(row: Row) -> Fact:
    message = read_stored(KINDS[row["type"]], row["payload"])
    if not isinstance(message, FollowUpFact | PersonRenumbered):
        raise TypeError(f"a stored fact of type {row['type']} is none")
    return Fact(
        row["source"], row["id"], Version(row["version_ms"], row["version_offset"]), message
    )


def fact_row(fact: Fact, person: bytes) -> tuple[object, ...]:
    return (
        fact.source,
        fact.id,
        person,
        f"{fact.message.kind}.v{fact.message.version}",
        fact.version.timestamp_ms,
        fact.version.offset,
        fact.message.model_dump_json(),
    )


def case_of(row: Row) -> StoredCase:
    return StoredCase(
        row["case_id"], row["number"], row["start_on"], row["end_on"], row["is_withdrawn"]
    )


def case_row(case: StoredCase, person: bytes) -> tuple[object, ...]:
    return case.case_id, person, case.number, case.start, case.end, case.is_withdrawn


def timer_of(row: Row) -> Timer:
    return Timer(
        case_id=row["case_id"],
        key=StepKey(row["checkpoint"], row["step"], row["subject"]),
        generation=row["generation"],
        due_on=row["due_on"],
        due_at=row["due_at"].astimezone(UTC),
        armed_since=row["armed_since"].astimezone(UTC),
        fire_before=row["fire_before"].astimezone(UTC),
        caught_up=row["caught_up"],
        draft=read_stored(DeadlineDue, row["draft"]),
        suspended_until=row["suspended_until"],
    )


def timer_row(timer: Timer, person: bytes) -> tuple[object, ...]:
    return (
        timer.case_id,
        *timer.key,
        person,
        timer.generation,
        timer.due_on,
        timer.due_at,
        timer.armed_since,
        timer.fire_before,
        timer.caught_up,
        timer.draft.model_dump_json(),
        timer.suspended_until,
    )


def fired_of(row: Row, withdrawn: Iterable[Row]) -> Fired:
    basis = row["basis"]
    return Fired(
        case_id=row["case_id"],
        event=read_stored(DeadlineDue, row["payload"]),
        caught_up=row["caught_up"],
        withdrawn=tuple(_withdrawn_of(part) for part in withdrawn),
        doubted_since=_utc(row["doubted_since"]),
        basis=read_stored(Basis, basis) if basis is not None else None,
    )


def fired_row(fired: Fired, person: bytes) -> tuple[object, ...]:
    return (
        fired.event.event_id,
        person,
        fired.case_id,
        fired.event.fired_at,
        fired.caught_up,
        fired.doubted_since,
        fired.event.model_dump_json(),
        fired.basis.model_dump_json() if fired.basis is not None else None,
    )


def _withdrawn_of(row: Row) -> Withdrawn:
    recipient = None
    if row["role"]:
        ids = {name: row[name] for name in ("org_number", "adviser_id") if row[name] is not None}
        codes = {name: stand_in(text) for name, text in ids.items()}
        recipient = Recipient(role=row["role"], **codes)
    return Withdrawn(recipient, row["reason"], row["detail"], row["withdrawn_at"].astimezone(UTC))


def withdrawal_row(event_id: str, part: Withdrawn, person: bytes) -> tuple[object, ...]:
    recipient = part.recipient
    return (
        event_id,
        person,
        recipient.role if recipient is not None else "",
        recipient.org_number if recipient is not None else None,
        recipient.adviser_id if recipient is not None else None,
        part.reason,
        part.detail,
        part.at,
    )


def state_text(state: PersonState) -> str:
    return _STATES.dump_json(state).decode()


def state_from(text: str) -> PersonState:
    return _STATES.validate_json(text)


def columns(rows: Iterable[tuple[object, ...]]) -> list[list[Any]]:
    """Rows turned into one array a column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def _utc(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC) if instant is not None else None
