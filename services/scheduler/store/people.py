"""The scheduler's tables: loads the people whom a piece of work concerns into a known_people, writes what changed.

All of it happens inside one transaction of the caller's. People are locked first, in one order; then their timers,
so that one which another process fires right now is either ours or gone; then the rest is read, by statements that
begin after that and so see what the other has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from schemas.messages import PersonRenumbered, SickNoteRegistered
from schemas.wire import OLDEST_VERSION, Version
from services.runtime.postgres import Connection, Queries
from services.scheduler.domain.events.due_event import fire
from services.scheduler.domain.facts.facts import Fact, NoteSlot, current_number, owner_of
from services.scheduler.domain.facts.intake import Observation, OfficeChange
from services.scheduler.domain.people.known_people import KnownPeople, stated_number
from services.scheduler.domain.people.replan import Person
from services.scheduler.domain.plan.history import Fired
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.ports import Loaded, PeopleMoved, Progress
from services.scheduler.store.rows import (
    Row,
    case_of,
    case_row,
    columns,
    fact_of,
    fact_row,
    fired_of,
    fired_row,
    slot_of,
    slot_row,
    timer_of,
    timer_row,
    withdrawal_row,
)

_QUERIES = Queries("services.scheduler.sql")

T = TypeVar("T")


class Store:
    """One transaction's view of the tables."""

    def __init__(
        self, connection: Connection, rulebook: Rulebook, hash_of: Callable[[str], bytes]
    ) -> None:
        self._connection = connection
        self._rulebook = rulebook
        self._hash_of = hash_of

    async def without_erased(self, batch: Sequence[Observation]) -> list[Observation]:
        """Those not about somebody who, or (naming nobody) about a note that, was erased since they were published."""
        subjects = [{self._hash_of(each) for each in _subjects(taken)} for taken in batch]
        asked = sorted({subject for each in subjects for subject in each})
        rows = await self._connection.fetch(_QUERIES["read_erasures"], asked)
        erased = {bytes(row["subject"]): row["erased_at"].timestamp() * 1000 for row in rows}
        return [
            taken
            for taken, of in zip(batch, subjects, strict=True)
            if not any(taken.what.version.timestamp_ms <= erased.get(each, -1) for each in of)
        ]

    async def load_for(self, batch: Sequence[Observation]) -> Loaded:
        """Lock and load everybody whom the batch concerns; raises PeopleMoved where that changed meanwhile."""
        note_ids = sorted({t.what.note_id for t in batch if isinstance(t.what, NoteSlot)})
        concerned = await self._concerned(batch, note_ids)
        hashes = {self._hash_of(number): number for number in concerned}
        ordered = sorted(hashes)
        await self._connection.execute(
            _QUERIES["add_people"], ordered, [hashes[each] for each in ordered]
        )
        loaded = await self._load(ordered, note_ids)
        # Somebody may have been erased, or have changed their number, while we waited for the lock.
        if (
            len(loaded.people) != len(ordered)
            or len(await self.without_erased(batch)) != len(batch)
            or await self._concerned(batch, note_ids) != concerned
        ):
            raise PeopleMoved
        return loaded

    async def claim_for_replan(self, now: datetime, limit: int) -> Loaded:
        """Lock and load people whose plan time alone has changed by `now`."""
        rows = await self._connection.fetch(_QUERIES["claim_people_to_replan"], now, limit)
        return await self._load(sorted(row["person"] for row in rows), [])

    async def claim_after(self, person: bytes, limit: int) -> Loaded:
        """Lock and load the next people in the order of their hashes; waits for who is busy."""
        rows = await self._connection.fetch(_QUERIES["claim_people_after"], person, limit)
        return await self._load(sorted(row["person"] for row in rows), [])

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
        fired = (await self._fired(hashes)).get(hashes[0], [])
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
                replace(each, withdrawn=tuple(part for part in each.withdrawn if part.at <= at))
                for each in fired
                if each.event.fired_at <= at
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

    async def fire_due(self, now: datetime, limit: int) -> list[Fired]:
        """Move due timers to the due events, oldest first; returns the events in that order."""
        rows = await self._connection.fetch(_QUERIES["fire_due_timers"], now, limit)
        timers = [(timer_of(row), bytes(row["person"])) for row in rows]
        timers.sort(key=lambda pair: (pair[0].due_at, pair[0].case_id, pair[0].key))
        fired = [
            (Fired(timer.case_id, fire(timer, now), timer.caught_up), person)
            for timer, person in timers
        ]
        await self._write("write_due_events", [fired_row(*each) for each in fired])
        return [each for each, _ in fired]

    async def next_due_at(self) -> datetime | None:
        """The earliest instant at which a timer fires or time changes a plan."""
        instant: datetime | None = await self._connection.fetchval(_QUERIES["read_next_due_at"])
        return instant

    async def save(self, loaded: Loaded, now: datetime) -> None:
        """Write what the register has changed; a replan that changes nothing writes nothing."""
        known_people = loaded.known_people
        before, after = loaded.people, known_people.people
        await self._save_renumberings(loaded.renumbered, known_people.renumbered)
        await self._save_facts(before, after, now)
        await self._save_slots(loaded, now)
        await self._save_cases(before, after)
        await self._save_timers(before, after)
        await self._save_fired(before, after)
        changed = [
            self._person_row(person, known_people.offices.get(number))
            for number, person in after.items()
            if _head(before.get(number)) != _head(person)
            or loaded.offices.get(number) != known_people.offices.get(number)
        ]
        await self._write("write_people", changed)

    # --- reading ------------------------------------------------------------------------------------------

    async def _concerned(self, batch: Sequence[Observation], note_ids: list[str]) -> set[str]:
        """The numbers of everybody whom the batch may change, as things stand."""
        stated = set(_stated_numbers(batch))
        rows = await self._connection.fetch(_QUERIES["read_owners"], note_ids)
        stated |= {row["person_id"] for row in rows}
        # An owner may come out of a slot that stands already, under a number that was never resolved here.
        for row in await self._connection.fetch(_QUERIES["read_note_slots"], note_ids):
            note = slot_of(row).note
            stated |= {note.person_id} if note is not None else set()
        rows = await self._connection.fetch(_QUERIES["read_renumberings"], sorted(stated))
        return stated | {
            number for row in rows for number in (row["old_person_id"], row["new_person_id"])
        }

    async def _load(self, hashes: Sequence[bytes], note_ids: list[str]) -> Loaded:
        fetch = self._connection.fetch
        people = await fetch(_QUERIES["lock_people"], hashes)
        timers = _by_person(await fetch(_QUERIES["lock_timers"], hashes), timer_of)
        facts = _by_person(await fetch(_QUERIES["read_facts"], hashes), fact_of)
        cases = _by_person(await fetch(_QUERIES["read_cases"], hashes), case_of)
        slot_rows = {
            (row["note_id"], row["source"]): row
            for query, wanted in (
                ("read_slots_of_people", hashes),
                ("read_note_slots", note_ids),
            )
            for row in await fetch(_QUERIES[query], wanted)
        }
        fired = await self._fired(hashes)
        slots = _by_person(slot_rows.values(), slot_of)
        numbers = {bytes(row["person"]): row["person_id"] for row in people}
        rows = await fetch(_QUERIES["read_renumberings"], sorted(numbers.values()))
        known_people = KnownPeople(self._rulebook, self._hash_of)
        known_people.renumbered = {row["old_person_id"]: row["new_person_id"] for row in rows}
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
            )
            if row["office_version_ms"] >= 0:
                version = Version(row["office_version_ms"], row["office_version_offset"])
                known_people.offices[number] = OfficeChange(number, row["office"], version)
        for row in slot_rows.values():
            slot = slot_of(row)
            known_people.slots.setdefault(slot.note_id, {})[slot.source] = slot
            if row["person"] is not None and bytes(row["person"]) in numbers:
                known_people.owners[slot.note_id] = numbers[bytes(row["person"])]
        return Loaded(
            known_people=known_people,
            people=dict(known_people.people),
            slots={note_id: dict(held) for note_id, held in known_people.slots.items()},
            renumbered=dict(known_people.renumbered),
            offices=dict(known_people.offices),
        )

    async def _fired(self, hashes: Sequence[bytes]) -> dict[bytes, list[Fired]]:
        withdrawn: dict[str, list[Row]] = {}
        for row in await self._connection.fetch(_QUERIES["read_withdrawals"], hashes):
            withdrawn.setdefault(row["event_id"], []).append(row)
        return _by_person(
            await self._connection.fetch(_QUERIES["read_due_events"], hashes),
            lambda row: fired_of(row, withdrawn.get(row["event_id"], ())),
        )

    # --- writing ------------------------------------------------------------------------------------------

    async def _save_renumberings(self, before: dict[str, str], after: dict[str, str]) -> None:
        changed = [(old, new) for old, new in after.items() if before.get(old) != new]
        await self._write("write_renumberings", changed)
        gone = [old for old in before if old not in after]
        if gone:
            await self._connection.execute(_QUERIES["delete_renumberings"], gone)

    async def _save_facts(
        self, before: dict[str, Person], after: dict[str, Person], now: datetime
    ) -> None:
        held = {(f.source, f.id): p.hash for p in before.values() for f in p.facts}
        rows = [
            fact_row(fact, person.hash)
            for person in after.values()
            for fact in person.facts
            if held.get((fact.source, fact.id)) != person.hash
        ]
        if rows:
            await self._connection.execute(_QUERIES["write_facts"], *columns(rows), now)

    async def _save_slots(self, loaded: Loaded, now: datetime) -> None:
        known_people = loaded.known_people
        owners = {
            slot.note_id: person.hash for person in loaded.people.values() for slot in person.slots
        }
        rows: list[tuple[object, ...]] = []
        versions: list[tuple[object, ...]] = []
        for note_id, held in known_people.slots.items():
            owner = known_people.owners.get(note_id)
            person = known_people.people[owner].hash if owner is not None else None
            for source, slot in held.items():
                known = loaded.slots.get(note_id, {}).get(source)
                if known != slot or owners.get(note_id) != person:
                    rows.append(slot_row(slot, person))
                if known != slot:
                    versions.append((*slot_row(slot, person), now))
        if rows:
            await self._connection.executemany(_QUERIES["write_note_slots"], rows)
        if versions:
            await self._connection.executemany(_QUERIES["add_note_versions"], versions)

    async def _save_cases(self, before: dict[str, Person], after: dict[str, Person]) -> None:
        known = {case.case_id: (case, p.hash) for p in before.values() for case in p.cases}
        kept = {case.case_id: (case, p.hash) for p in after.values() for case in p.cases}
        await self._write(
            "write_cases",
            [case_row(*each) for key, each in kept.items() if known.get(key) != each],
        )
        gone = [case_id for case_id in known if case_id not in kept]
        if gone:
            await self._connection.execute(_QUERIES["delete_cases"], gone)

    async def _save_timers(self, before: dict[str, Person], after: dict[str, Person]) -> None:
        known = {(t.case_id, *t.key): (t, p.hash) for p in before.values() for t in p.timers}
        kept = {(t.case_id, *t.key): (t, p.hash) for p in after.values() for t in p.timers}
        gone = [key for key in known if key not in kept]
        await self._write("delete_timers", gone)
        await self._write(
            "write_timers",
            [timer_row(*each) for key, each in kept.items() if known.get(key) != each],
        )

    async def _save_fired(self, before: dict[str, Person], after: dict[str, Person]) -> None:
        known = {f.event.event_id: (f, p.hash) for p in before.values() for f in p.fired}
        kept = {f.event.event_id: (f, p.hash) for p in after.values() for f in p.fired}
        changed = [each for key, each in kept.items() if known.get(key) != each]
        await self._write("write_due_events", [fired_row(*each) for each in changed])
        parts = []
        for fired, person in changed:
            earlier = known.get(fired.event.event_id)
            told = len(earlier[0].withdrawn) if earlier is not None else 0
            parts += [
                withdrawal_row(fired.event.event_id, part, person)
                for part in fired.withdrawn[told:]
            ]
        await self._write("add_withdrawals", parts)
        moved = sorted({person for _, person in changed})
        if moved:
            await self._connection.execute(_QUERIES["move_withdrawals"], moved)

    def _person_row(self, person: Person, office: OfficeChange | None) -> tuple[object, ...]:
        version = office.version if office is not None else OLDEST_VERSION
        return (
            person.hash,
            person.office,
            version.timestamp_ms,
            version.offset,
            person.numbers_used,
            person.replan_at,
        )

    async def _write(self, query: str, rows: Collection[tuple[object, ...]]) -> None:
        if rows:
            await self._connection.execute(_QUERIES[query], *columns(rows))


def _by_person(rows: Iterable[Row], value_of: Callable[[Row], T]) -> dict[bytes, list[T]]:
    found: dict[bytes, list[T]] = {}
    for row in rows:
        if row["person"] is not None:
            found.setdefault(bytes(row["person"]), []).append(value_of(row))
    return found


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


def _head(person: Person | None) -> tuple[object, ...] | None:
    return (person.office, person.numbers_used, person.replan_at) if person is not None else None


def _subjects(taken: Observation) -> set[str]:
    """What an erasure would know it by: the numbers that it names, else its note's id."""
    match taken.what:
        case NoteSlot(note=SickNoteRegistered() as note):
            return {note.person_id}
        case NoteSlot():
            return {taken.what.person_id or taken.what.note_id}
        case OfficeChange():
            return {taken.what.person_id}
        case Fact(message=PersonRenumbered() as message):
            return {message.old_person_id, message.new_person_id}
        case Fact():
            return {stated_number(taken.what)}


def _stated_numbers(batch: Sequence[Observation]) -> Iterable[str]:
    for each in batch:
        match each.what:
            case NoteSlot():
                stated = owner_of([each.what])
                if stated is not None:
                    yield stated
            case Fact():
                yield stated_number(each.what)
                if isinstance(each.what.message, PersonRenumbered):
                    yield each.what.message.old_person_id
            case OfficeChange():
                yield each.what.person_id
