"""What has to be written after people were changed: the difference of two states, as values. Pure.

The store turns these into rows and decides nothing. Where nothing has changed there is nothing to write.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

from schemas.wire import OLDEST_VERSION, Version
from services.scheduler.domain.facts.cases import StoredCase
from services.scheduler.domain.facts.facts import Fact, NoteSlot
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.people.state import NOTHING, PersonState, state_of
from services.scheduler.domain.plan.history import Fired, StepKey, Timer, Withdrawn

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Owned(NamedTuple, Generic[T]):
    """A value, and the keyed hash of the person whom it belongs to."""

    value: T
    person: bytes


class HeldSlot(NamedTuple):
    """A slot of a note, and the keyed hash of the person who holds the note; None where nobody does."""

    slot: NoteSlot
    person: bytes | None


class TimerKey(NamedTuple):
    """Which timer: its case and its name within it."""

    case_id: str
    key: StepKey


class WithdrawnEvent(NamedTuple):
    """A withdrawal, and the due event that it is of."""

    event_id: str
    withdrawal: Withdrawn


@dataclass(frozen=True, slots=True)
class PersonHead:
    """What is stored of a person beside the lists. `office_version` is that of the contact that named the office."""

    person: bytes
    office: str | None
    office_version: Version
    numbers_used: int
    replan_at: datetime | None
    last_on: date | None


class StateChange(NamedTuple):
    """A person's state up to now and from now on."""

    person: bytes
    before: PersonState
    after: PersonState


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows to write and rows to delete, by table.

    Withdrawals, note versions, states and ties (two numbers that a change of number names) are only ever added.
    `notes_since` is an earlier date than was known since when there have been sick notes, or None.
    """

    ties: tuple[tuple[str, str], ...] = ()
    renumberings: tuple[tuple[str, str], ...] = ()
    renumberings_deleted: tuple[str, ...] = ()
    facts: tuple[Owned[Fact], ...] = ()
    slots: tuple[HeldSlot, ...] = ()
    slot_versions: tuple[HeldSlot, ...] = ()
    cases: tuple[Owned[StoredCase], ...] = ()
    cases_deleted: tuple[str, ...] = ()
    timers: tuple[Owned[Timer], ...] = ()
    timers_deleted: tuple[TimerKey, ...] = ()
    due_events: tuple[Owned[Fired], ...] = ()
    withdrawals: tuple[Owned[WithdrawnEvent], ...] = ()
    heads: tuple[PersonHead, ...] = ()
    states: tuple[StateChange, ...] = ()
    notes_since: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not any(getattr(self, field.name) for field in fields(self))


def changes(before: KnownPeople, after: KnownPeople) -> Changes:
    """What has to be written so that what is stored as `before` becomes `after`."""
    cases = _by_id(before, _cases_of), _by_id(after, _cases_of)
    timers = _by_id(before, _timers_of), _by_id(after, _timers_of)
    events = _by_id(before, _events_of), _by_id(after, _events_of)
    due_events = _different(*events)
    slots, slot_versions = _slots(before, after)
    return Changes(
        ties=tuple(sorted(_ties(after) - _ties(before))),
        renumberings=tuple(
            (number, became)
            for number, became in after.renumbered.items()
            if before.renumbered.get(number) != became
        ),
        renumberings_deleted=_missing(before.renumbered, after.renumbered),
        facts=_facts(before, after),
        slots=slots,
        slot_versions=slot_versions,
        cases=_different(*cases),
        cases_deleted=_missing(*cases),
        timers=_different(*timers),
        timers_deleted=_missing(*timers),
        due_events=due_events,
        withdrawals=_withdrawals(events[0], due_events),
        heads=_heads(before, after),
        states=_states(before, after),
        notes_since=after.notes_since if after.notes_since != before.notes_since else None,
    )


def _ties(known: KnownPeople) -> set[tuple[str, str]]:
    return {(number, other) for number, others in known.tied.items() for other in others}


def _cases_of(person: Person) -> dict[str, StoredCase]:
    return {case.case_id: case for case in person.cases}


def _timers_of(person: Person) -> dict[TimerKey, Timer]:
    return {TimerKey(timer.case_id, timer.key): timer for timer in person.timers}


def _events_of(person: Person) -> dict[str, Fired]:
    return {fired.event.event_id: fired for fired in person.fired}


def _by_id(known: KnownPeople, values_of: Callable[[Person], Mapping[K, T]]) -> dict[K, Owned[T]]:
    return {
        key: Owned(value, person.hash)
        for person in known.people.values()
        for key, value in values_of(person).items()
    }


def _different(before: Mapping[K, T], after: Mapping[K, T]) -> tuple[T, ...]:
    return tuple(value for key, value in after.items() if before.get(key) != value)


def _missing(before: Iterable[K], after: Mapping[K, object]) -> tuple[K, ...]:
    return tuple(key for key in before if key not in after)


def _facts(before: KnownPeople, after: KnownPeople) -> tuple[Owned[Fact], ...]:
    """Facts never change: one is written when it is new, or has come to belong to another number."""

    def facts_of(person: Person) -> dict[tuple[str, str], Fact]:
        return {(fact.source, fact.id): fact for fact in person.facts}

    held = {key: owned.person for key, owned in _by_id(before, facts_of).items()}
    return tuple(
        owned for key, owned in _by_id(after, facts_of).items() if held.get(key) != owned.person
    )


def _slots(
    before: KnownPeople, after: KnownPeople
) -> tuple[tuple[HeldSlot, ...], tuple[HeldSlot, ...]]:
    """The slots of notes that changed or changed their person, and among them those with a new version."""
    slots: list[HeldSlot] = []
    versions: list[HeldSlot] = []
    for note_id, by_source in after.slots.items():
        person = after.holder_of(note_id)
        for source, slot in by_source.items():
            is_new = before.slots.get(note_id, {}).get(source) != slot
            if is_new or before.holder_of(note_id) != person:
                slots.append(HeldSlot(slot, person))
            if is_new:
                versions.append(HeldSlot(slot, person))
    return tuple(slots), tuple(versions)


def _withdrawals(
    before: Mapping[str, Owned[Fired]], due_events: Iterable[Owned[Fired]]
) -> tuple[Owned[WithdrawnEvent], ...]:
    """The withdrawals that came to each changed due event; the earlier ones are stored already."""
    added: list[Owned[WithdrawnEvent]] = []
    for fired, person in due_events:
        event_id = fired.event.event_id
        earlier = before.get(event_id)
        stored = len(earlier.value.withdrawn) if earlier is not None else 0
        added += [
            Owned(WithdrawnEvent(event_id, part), person) for part in fired.withdrawn[stored:]
        ]
    return tuple(added)


def _heads(before: KnownPeople, after: KnownPeople) -> tuple[PersonHead, ...]:
    heads = {number: _head(before, number) for number in before.people}
    return tuple(
        head for number in after.people if (head := _head(after, number)) != heads.get(number)
    )


def _states(before: KnownPeople, after: KnownPeople) -> tuple[StateChange, ...]:
    earlier = {number: state_of(person) for number, person in before.people.items()}
    return tuple(
        StateChange(person.hash, earlier.get(number, NOTHING), state)
        for number, person in after.people.items()
        if (state := state_of(person)) != earlier.get(number, NOTHING)
    )


def _head(known: KnownPeople, number: str) -> PersonHead:
    person, office = known.people[number], known.offices.get(number)
    return PersonHead(
        person.hash,
        person.office,
        office.version if office is not None else OLDEST_VERSION,
        person.numbers_used,
        person.replan_at,
        person.last_on,
    )
