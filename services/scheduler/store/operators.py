"""What operators ask about people, and that they did; and how far a replan of everybody has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from schemas.numbers import current_number
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.facts.facts import NoteSlot, owner_of
from services.scheduler.domain.people.person import Person
from services.scheduler.ports import Progress
from services.scheduler.store.rows import case_of, fact_of, read_history, slot_of, timer_of

_QUERIES = Queries("services.scheduler.sql")


class OperatorTables:
    """Looks at people without locking them, within one transaction."""

    def __init__(self, connection: Connection, hash_of: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash_of = hash_of

    async def as_of(self, person_id: str, at: datetime) -> Person | None:
        """One person as was known at an instant, under the number that holds now; locks nobody.

        What fired, was withdrawn or was armed later is left out; a timer that pended then and has been replaced
        since is planned as if it were new.
        """
        fetch = self._connection.fetch
        rows = await fetch(_QUERIES["read_renumberings"], [person_id])
        renumbered = {row["old_person_id"]: row["new_person_id"] for row in rows}
        number = current_number(person_id, renumbered)
        hashes = [self._hash_of(number)]
        known = await fetch(_QUERIES["read_people"], hashes)
        if not known:
            return None
        slots = [
            slot_of(row) for row in await fetch(_QUERIES["read_note_versions_until"], hashes, at)
        ]
        owned = _owned(slots, number, renumbered)
        fired = (await read_history(self._connection, hashes)).get(hashes[0], [])
        return Person(
            person_id=number,
            hash=hashes[0],
            office=known[0]["office"],
            slots=tuple(owned),
            facts=tuple(
                fact_of(row) for row in await fetch(_QUERIES["read_facts_until"], hashes, at)
            ),
            cases=tuple(case_of(row) for row in await fetch(_QUERIES["read_cases"], hashes)),
            numbers_used=known[0]["numbers_used"],
            fired=tuple(
                replace(
                    due_event,
                    withdrawn=tuple(part for part in due_event.withdrawn if part.at <= at),
                )
                for due_event in fired
                if due_event.event.fired_at <= at
            ),
            timers=tuple(
                timer_of(row)
                for row in await fetch(_QUERIES["read_timers_armed_until"], hashes, at)
            ),
        )

    async def add_audit(self, person_id: str, action: str, operator: str, now: datetime) -> None:
        """Write down what an operator has done, under the keyed hash of the number as it was given."""
        await self._connection.execute(
            _QUERIES["add_audit"], now, operator, action, self._hash_of(person_id)
        )

    async def replan_progress(self, rulebook: str) -> Progress | None:
        """How far a replan under that rulebook has come; None where none was begun."""
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
        """Remember how far it has come."""
        await self._connection.execute(
            _QUERIES["write_replan"],
            progress.rulebook,
            progress.last_person,
            progress.people,
            progress.started_at,
            progress.finished_at,
        )


def _owned(slots: Iterable[NoteSlot], number: str, renumbered: Mapping[str, str]) -> list[NoteSlot]:
    """The slots of the notes that are this person's, of all that once were."""
    by_note: dict[str, list[NoteSlot]] = {}
    for slot in slots:
        by_note.setdefault(slot.note_id, []).append(slot)
    owned: list[NoteSlot] = []
    for held in by_note.values():
        stated = owner_of(held)
        if stated is not None and current_number(stated, renumbered) == number:
            owned += held
    return owned
