"""People in the scheduler's tables: those whom a piece of work concerns are locked and loaded; due timers fire.

All of it happens inside one transaction of the caller's. The rulebook in force is read and held first, since whoever
loads people plans by it. Then people are locked, in one order; then their timers, so that one which another process
fires right now is either ours or gone; then the rest is read, by statements that begin after that and so see what the
other has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from schemas.messages import PersonRenumbered, SickNoteRegistered
from schemas.wire import Version
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.events.due_event import fire_due
from services.scheduler.domain.facts.facts import Fact, NoteSlot, owner_of
from services.scheduler.domain.facts.intake import Observation, OfficeChange
from services.scheduler.domain.people.changes import Changes
from services.scheduler.domain.people.known_people import KnownPeople, stated_number
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.plan.history import Fired
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.ports import Loaded, PeopleMoved
from services.scheduler.store.changes import write_changes
from services.scheduler.store.rows import (
    by_person,
    case_of,
    columns,
    fact_of,
    fired_row,
    read_history,
    slot_of,
    timer_of,
)
from services.scheduler.store.rulebooks import RulebookTables

_QUERIES = Queries("services.scheduler.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

T = TypeVar("T")


class PeopleTables:
    """People with their facts, cases, timers and history, within one transaction."""

    def __init__(
        self, connection: Connection, rulebooks: RulebookTables, hash_of: Callable[[str], bytes]
    ) -> None:
        self._connection = connection
        self._rulebooks = rulebooks
        self._hash_of = hash_of

    async def without_erased(self, batch: Sequence[Observation]) -> list[Observation]:
        """Those not about somebody who, or (naming nobody) about a note that, was erased since they were published."""
        subjects = [
            {self._hash_of(subject) for subject in _subjects(observation)} for observation in batch
        ]
        asked = sorted(set().union(*subjects))
        rows = await self._connection.fetch(_QUERIES["read_erasures"], asked)
        # Whole milliseconds, as timestamps have: a float would be a hair below some of them.
        erased = {
            bytes(row["subject"]): (row["erased_at"] - _EPOCH) // _MILLISECOND for row in rows
        }
        return [
            observation
            for observation, hashes in zip(batch, subjects, strict=True)
            if not any(
                observation.what.version.timestamp_ms <= erased.get(subject, -1)
                for subject in hashes
            )
        ]

    async def load_for(self, batch: Sequence[Observation]) -> Loaded:
        """Lock and load everybody whom the batch concerns; raises PeopleMoved where that changed meanwhile."""
        rulebook = await self._rulebooks.in_force()
        note_ids = sorted({t.what.note_id for t in batch if isinstance(t.what, NoteSlot)})
        concerned = await self._concerned(batch, note_ids)
        hashes = {self._hash_of(number): number for number in concerned}
        ordered = sorted(hashes)
        await self._connection.execute(
            _QUERIES["add_people"], ordered, [hashes[person] for person in ordered]
        )
        loaded = await self._load(rulebook, ordered, note_ids)
        # Somebody may have been erased, or have changed their number, while we waited for the lock.
        if (
            len(loaded.before.people) != len(ordered)
            or len(await self.without_erased(batch)) != len(batch)
            or await self._concerned(batch, note_ids) != concerned
        ):
            raise PeopleMoved
        return loaded

    async def claim_for_replan(self, now: datetime, limit: int) -> Loaded:
        """Lock and load people whose plan time alone has changed by `now`."""
        rulebook = await self._rulebooks.in_force()
        rows = await self._connection.fetch(_QUERIES["claim_people_to_replan"], now, limit)
        return await self._load(rulebook, sorted(row["person"] for row in rows), [])

    async def claim_after(self, person: bytes, limit: int) -> Loaded:
        """Lock and load the next people in the order of their hashes; waits for who is busy."""
        rulebook = await self._rulebooks.in_force()
        rows = await self._connection.fetch(_QUERIES["claim_people_after"], person, limit)
        return await self._load(rulebook, sorted(row["person"] for row in rows), [])

    async def fire_due(self, now: datetime, limit: int) -> list[Fired]:
        """Move due timers to the due events, oldest first; returns the events in that order.

        Raises where the query claims a timer that the domain does not fire: it is rolled back, and nothing is lost.
        """
        rows = await self._connection.fetch(_QUERIES["fire_due_timers"], now, limit)
        timers = [timer_of(row) for row in rows]
        persons = {row["case_id"]: bytes(row["person"]) for row in rows}
        notes_since = await self._connection.fetchval(_QUERIES["read_notes_since"])
        fired = fire_due(timers, now, notes_since)
        if len(fired) != len(timers):
            raise LookupError("the query claims timers that are not due")
        events = [fired_row(event, persons[event.case_id]) for event in fired]
        if events:
            await self._connection.execute(_QUERIES["write_due_events"], *columns(events))
        return list(fired)

    async def next_due_at(self) -> datetime | None:
        """The earliest instant at which a timer fires or time changes a plan."""
        instant: datetime | None = await self._connection.fetchval(_QUERIES["read_next_due_at"])
        return instant

    async def save(self, changes: Changes, now: datetime) -> None:
        """Write what has changed; of nothing, nothing."""
        await write_changes(self._connection, changes, now)

    async def _concerned(self, batch: Sequence[Observation], note_ids: list[str]) -> set[str]:
        """The numbers of everybody whom the batch may change, as things stand."""
        stated = set(_stated_numbers(batch))
        rows = await self._connection.fetch(_QUERIES["read_owners"], note_ids)
        stated |= {row["person_id"] for row in rows}
        # An owner may come out of a slot that stands already, under a number that was never resolved here.
        for row in await self._connection.fetch(_QUERIES["read_note_slots"], note_ids):
            note = slot_of(row).note
            stated |= {note.person_id} if note is not None else set()
        rows = await self._connection.fetch(_QUERIES["read_number_ties"], sorted(stated))
        return stated | {row["other"] for row in rows}

    async def _load(
        self, rulebook: Rulebook, hashes: Sequence[bytes], note_ids: list[str]
    ) -> Loaded:
        fetch = self._connection.fetch
        people = await fetch(_QUERIES["lock_people"], hashes)
        timers = by_person(await fetch(_QUERIES["lock_timers"], hashes), timer_of)
        facts = by_person(await fetch(_QUERIES["read_facts"], hashes), fact_of)
        cases = by_person(await fetch(_QUERIES["read_cases"], hashes), case_of)
        slot_rows = {
            (row["note_id"], row["source"]): row
            for query, wanted in (
                ("read_slots_of_people", hashes),
                ("read_note_slots", note_ids),
            )
            for row in await fetch(_QUERIES[query], wanted)
        }
        fired = await read_history(self._connection, hashes)
        slots = by_person(slot_rows.values(), slot_of)
        numbers = {bytes(row["person"]): row["person_id"] for row in people}
        rows = await fetch(_QUERIES["read_renumberings"], sorted(numbers.values()))
        known_people = KnownPeople(rulebook, self._hash_of)
        known_people.notes_since = await self._connection.fetchval(_QUERIES["read_notes_since"])
        known_people.renumbered = {row["old_person_id"]: row["new_person_id"] for row in rows}
        for row in await fetch(_QUERIES["read_number_ties"], sorted(numbers.values())):
            known_people.tie(row["number"], row["other"])
        for row in people:
            person, number = bytes(row["person"]), row["person_id"]
            known_people.people[number] = Person(
                person_id=number,
                hash=person,
                office=row["office"],
                slots=tuple(slots.get(person, ())),
                facts=tuple(facts.get(person, ())),
                cases=tuple(cases.get(person, ())),
                numbers_used=row["numbers_used"],
                fired=tuple(fired.get(person, ())),
                timers=tuple(timers.get(person, ())),
                replan_at=row["replan_at"],
                last_on=row["last_on"],
            )
            if row["office_version_ms"] >= 0:
                version = Version(row["office_version_ms"], row["office_version_offset"])
                known_people.offices[number] = OfficeChange(number, row["office"], version)
        for row in slot_rows.values():
            slot = slot_of(row)
            known_people.slots.setdefault(slot.note_id, {})[slot.source] = slot
            if row["person"] is not None and bytes(row["person"]) in numbers:
                known_people.owners[slot.note_id] = numbers[bytes(row["person"])]
        return Loaded(known_people.copy(), known_people)


def _subjects(observation: Observation) -> set[str]:
    """What an erasure would know it by: the numbers that it names, else its note's id."""
    match observation.what:
        case NoteSlot(note=SickNoteRegistered() as note):
            return {note.person_id}
        case NoteSlot():
            return {observation.what.person_id or observation.what.note_id}
        case OfficeChange():
            return {observation.what.person_id}
        case Fact(message=PersonRenumbered() as message):
            return {message.old_person_id, message.new_person_id}
        case Fact():
            return {stated_number(observation.what)}


def _stated_numbers(batch: Sequence[Observation]) -> Iterable[str]:
    for observation in batch:
        match observation.what:
            case NoteSlot():
                stated = owner_of([observation.what])
                if stated is not None:
                    yield stated
            case Fact():
                yield stated_number(observation.what)
                if isinstance(observation.what.message, PersonRenumbered):
                    yield observation.what.message.old_person_id
            case OfficeChange():
                yield observation.what.person_id
