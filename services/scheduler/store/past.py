"""A person as was known at an earlier instant, put together from what is only ever added to (contract 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.numbers import current_number, numbers_after
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.facts.facts import Fact, NoteSlot, changes_of_number, owner_of
from services.scheduler.domain.people.known_people import stated_number
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.people.state import (
    NOTHING,
    PastPerson,
    PersonState,
    past_person,
    state_of,
)
from services.scheduler.store.rows import (
    Row,
    case_of,
    fact_of,
    read_history,
    slot_of,
    state_from,
    timer_of,
)

_QUERIES = Queries("services.scheduler.sql")

NOT_KEPT = (
    "Of that moment office, cases and what was armed were not kept yet: "
    "they are shown as they were first kept."
)


@dataclass(frozen=True)
class _Known:
    """What was known by an instant of everybody whose number is connected; `states` are rows by keyed hash."""

    hashes: Mapping[str, bytes]
    facts: Sequence[Fact]
    slots: Sequence[NoteSlot]
    states: Mapping[bytes, Row]
    renumbered: Mapping[str, str]

    def facts_of(self, number: str) -> tuple[Fact, ...]:
        return tuple(
            fact
            for fact in self.facts
            if current_number(stated_number(fact), self.renumbered) == number
        )

    def slots_of(self, number: str) -> tuple[NoteSlot, ...]:
        """The slots of the notes that were this person's, of all that once were."""
        by_note: dict[str, list[NoteSlot]] = {}
        for slot in self.slots:
            by_note.setdefault(slot.note_id, []).append(slot)
        owned: list[NoteSlot] = []
        for held in by_note.values():
            stated = owner_of(held)
            if stated is not None and current_number(stated, self.renumbered) == number:
                owned += held
        return tuple(owned)

    def state_id(self, number: str) -> int:
        """Which state was the last that was kept of this person by then; 0 where none was."""
        row = self.states.get(self.hashes[number])
        return int(row["id"]) if row is not None and row["is_known"] else 0

    def number_of(self, asked: str, same: Iterable[str]) -> str:
        """The number that was in force then, for whoever has one of `same` now.

        Where the asked one only came later it is the one before it, of several the one that changed last.
        """
        number = current_number(asked, self.renumbered)
        if self._is_known(number):
            return number
        earlier = [n for n in same if self._is_known(n) and n not in self.renumbered]
        return max(earlier, key=self.state_id, default=number)

    def _is_known(self, number: str) -> bool:
        return bool(self.state_id(number) or self.facts_of(number) or self.slots_of(number))


class PastTables:
    """Reads people as they are and as they were, locking nobody."""

    def __init__(self, connection: Connection, hash_of: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash_of = hash_of

    async def now(self, person_id: str) -> PastPerson | None:
        """One person as the tables have them, under the number that is in force; None for somebody unknown."""
        person = await self._stored(current_number(person_id, await self._renumbered(person_id)))
        if person is None or not (person.slots or person.facts or not state_of(person).is_empty):
            return None  # A row alone is somebody whom a change of number or a note once named.
        return PastPerson(person, person.timers)

    async def as_of(self, person_id: str, at: datetime) -> PastPerson | None:
        """One person as was known at an instant, under the number that was in force then; None where unknown."""
        known = await self._known(person_id, at)
        became = await self._renumbered(person_id)
        present = current_number(person_id, became)
        same = [other for other in known.hashes if current_number(other, became) == present]
        number = known.number_of(person_id, same)
        state, is_exact = await self._state(known, number)
        history = await read_history(self._connection, list(known.hashes.values()))
        person = Person(
            person_id=number,
            hash=known.hashes[number],
            slots=known.slots_of(number),
            facts=known.facts_of(number),
            fired=tuple(due_event for fired in history.values() for due_event in fired),
        )
        if state.is_empty and not person.slots and not person.facts:
            return None
        return replace(past_person(person, state, at), caveats=() if is_exact else (NOT_KEPT,))

    async def _known(self, person_id: str, at: datetime) -> _Known:
        fetch = self._connection.fetch
        ties = await fetch(_QUERIES["read_number_ties"], [person_id])
        numbers = sorted({person_id, *(row["other"] for row in ties)})
        hashes = {number: self._hash_of(number) for number in numbers}
        asked = list(hashes.values())
        facts = [fact_of(row) for row in await fetch(_QUERIES["read_facts_until"], asked, at)]
        slots = await fetch(_QUERIES["read_note_versions_until"], asked, at)
        states = await fetch(_QUERIES["read_person_states_until"], asked, at)
        return _Known(
            hashes,
            facts,
            [slot_of(row) for row in slots],
            {bytes(row["person"]): row for row in states},
            numbers_after(changes_of_number(facts)),
        )

    async def _state(self, known: _Known, number: str) -> tuple[PersonState, bool]:
        """What was derived by then, and whether it stood so at that very moment."""
        row = known.states.get(known.hashes[number])
        if row is not None:
            if row["is_known"]:
                return state_from(row["state"]), row["is_exact"]
            return NOTHING, True
        stored = await self._stored(number)
        state = state_of(stored) if stored is not None else NOTHING
        return state, state.is_empty

    async def _renumbered(self, person_id: str) -> dict[str, str]:
        rows = await self._connection.fetch(_QUERIES["read_renumberings"], [person_id])
        return {row["old_person_id"]: row["new_person_id"] for row in rows}

    async def _stored(self, number: str) -> Person | None:
        fetch, hashes = self._connection.fetch, [self._hash_of(number)]
        known = await fetch(_QUERIES["read_people"], hashes)
        if not known:
            return None
        fired = await read_history(self._connection, hashes)
        return Person(
            person_id=number,
            hash=hashes[0],
            office=known[0]["office"],
            slots=tuple(
                slot_of(row) for row in await fetch(_QUERIES["read_slots_of_people"], hashes)
            ),
            facts=tuple(fact_of(row) for row in await fetch(_QUERIES["read_facts"], hashes)),
            cases=tuple(case_of(row) for row in await fetch(_QUERIES["read_cases"], hashes)),
            numbers_used=known[0]["numbers_used"],
            fired=tuple(fired.get(hashes[0], ())),
            timers=tuple(timer_of(row) for row in await fetch(_QUERIES["read_timers"], hashes)),
        )
