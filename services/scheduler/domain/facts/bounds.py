"""How much may be stored about one person (contract 2): a record that goes beyond it is dead, and the others go on.

A publisher that runs wild must make no person so heavy that everybody behind waits, and no event of ours larger than
its topic takes. What no real person reaches is refused where the person's facts are known. Every type of fact has a
bound of its own, so that one in a loop shuts out none of the others. What grows nothing always gets in: a newer version
or the null value of a note, the withdrawal of a fact that stands, and a death or its annulment that changes whether the
person lives. What a change of number brings together stays, however much it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.messages import DeathAnnulled, FactWithdrawn, Message, PersonDied
from services.scheduler.domain.facts.cases import OVER_AFTER
from services.scheduler.domain.facts.facts import Fact, NoteSlot, death_of, not_withdrawn
from services.scheduler.domain.facts.slots import Slot, slot_of

# All of these are policy. A busy file of three years has some 200 notes, 10 meetings and a few dozen facts of any other
# type; these are several times as much. At all bounds at once a person is still replanned in well under a second, and
# the largest event stays far below the 1 MiB that Kafka takes by default (tests/unit/scheduler/test_bounds.py).
NOTES_MAX = 500
"""Notes by their ids, also those that were withdrawn: each is read at every replan."""
EMPLOYERS_MAX = 50
"""Employers that the notes name: each may stand in one event, and gets a message of its own."""
CASES_MAX = 200
"""Separate leaves that the notes make: each is planned at every replan."""
NUMBERS_MAX = 10
"""Numbers that changes of number tie together: all of them are read whenever one of them is."""
THINGS_MAX = 50
"""Different meetings, exemptions, requests and so on that the facts of one type may be about."""
FACTS_MAX = 200
"""Facts of one type, also those that were replaced or withdrawn: each is read at every replan."""


class OverBound(Exception):
    """One record more than may be stored about a person; the text is a sentence for its publisher."""


_STILL_TAKEN = " Newer versions of those that are stored are still taken."


def _over(most: int, what: str, still_taken: str = "") -> OverBound:
    return OverBound(
        f"The person has {most} {what} already, more than a real person ever has: is the publisher in a loop?"
        f"{still_taken}"
    )


def check_numbers(tied: Collection[str]) -> None:
    """Raises OverBound where a change of number ties too many numbers together; `tied` are they."""
    if len(tied) > NUMBERS_MAX:
        raise _over(NUMBERS_MAX, "numbers")


class _Standing(NamedTuple):
    """What stands of a person's facts: their events, the ids of these, and whether the person is dead by them."""

    events: frozenset[tuple[str, str]]
    ids: frozenset[str]
    is_dead: bool


class FactHoldings:
    """The facts that are stored about one person, counted."""

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self._facts = facts
        self._events: set[tuple[str, str]] = set()
        self._counts: Counter[type[Message]] = Counter()
        self._slots: set[Slot] = set()
        self._things: dict[type[Message], set[Slot | tuple[str, str]]] = {}
        self._standing: _Standing | None = None
        for fact in facts:
            self._count(fact)

    def are_of(self, facts: tuple[Fact, ...]) -> bool:
        """Whether these are the facts that were counted."""
        return self._facts is facts

    def has(self, fact: Fact) -> bool:
        """Whether this event is stored already."""
        return (fact.source, fact.id) in self._events

    def check(self, fact: Fact) -> None:
        """Raises OverBound where there is no room for the fact."""
        kind = type(fact.message)
        has_room = self._counts[kind] < FACTS_MAX
        is_known = slot_of(fact.message) in self._slots
        if has_room and (is_known or len(self._things.get(kind, ())) < THINGS_MAX):
            return
        if not self._changes_what_stands(fact):
            if has_room:
                raise _over(THINGS_MAX, f"different things of the type {kind.kind}", _STILL_TAKEN)
            raise _over(FACTS_MAX, f"facts of the type {kind.kind}")

    def add(self, fact: Fact, facts: tuple[Fact, ...]) -> None:
        """Count one more, which is the last of `facts`."""
        self._facts = facts
        self._standing = None
        self._count(fact)

    def _count(self, fact: Fact) -> None:
        kind, event, slot = type(fact.message), (fact.source, fact.id), slot_of(fact.message)
        self._events.add(event)
        self._counts[kind] += 1
        self._things.setdefault(kind, set()).add(event if slot is None else slot)
        if slot is not None:
            self._slots.add(slot)

    def _changes_what_stands(self, fact: Fact) -> bool:
        standing = self._standing or self._read_standing()
        match fact.message:
            case PersonDied():
                return not standing.is_dead
            case DeathAnnulled():
                return standing.is_dead
            case FactWithdrawn(fact_id=fact_id):
                named = (fact.source, fact_id)
                if named in self._events:
                    return named in standing.events
                return fact_id in standing.ids
            case _:
                return False

    def _read_standing(self) -> _Standing:
        valid = not_withdrawn(self._facts)
        self._standing = _Standing(
            frozenset((fact.source, fact.id) for fact in valid),
            frozenset(fact.id for fact in valid),
            death_of(valid) is not None,
        )
        return self._standing


Days = tuple[int, int]
"""The first and the last of some days in a row, as ordinals."""


@dataclass(frozen=True, slots=True)
class _NoteShare:
    """What one note adds to its person: employers and sick days, of all its sources."""

    employers: frozenset[str]
    days: tuple[Days, ...]


class NoteHoldings:
    """The notes that are stored about one person, counted."""

    def __init__(self, slots: tuple[NoteSlot, ...]) -> None:
        self._slots = slots
        by_note: dict[str, list[NoteSlot]] = {}
        for slot in slots:
            by_note.setdefault(slot.note_id, []).append(slot)
        self._shares = {note_id: _share_of(held) for note_id, held in by_note.items()}
        self._employers = Counter(org for share in self._shares.values() for org in share.employers)
        self._leaves = self._leaves_without("")

    def are_of(self, slots: tuple[NoteSlot, ...]) -> bool:
        """Whether these are the slots that were counted."""
        return self._slots is slots

    def check(self, note_id: str, held: Collection[NoteSlot]) -> None:
        """Raises OverBound where there is no room for what the sources hold of the note by now."""
        if note_id not in self._shares and len(self._shares) >= NOTES_MAX:
            raise _over(NOTES_MAX, "sick notes", _STILL_TAKEN)
        share = _share_of(held)
        new = share.employers - self._employers.keys()
        if new and len(self._employers) + len(new) > EMPLOYERS_MAX:
            raise _over(EMPLOYERS_MAX, "employers")
        if len(_in_a_row([*self._leaves, *share.days])) > max(CASES_MAX, len(self._leaves)):
            # Perhaps only because the note stood for other days until now.
            leaves = _in_a_row([*self._leaves_without(note_id), *share.days])
            if len(leaves) > max(CASES_MAX, len(self._leaves)):
                raise _over(CASES_MAX, "separate sick leaves")

    def put(self, note_id: str, held: Collection[NoteSlot], slots: tuple[NoteSlot, ...]) -> None:
        """Count the note as the sources hold it by now; `slots` are those of all notes."""
        before = self._shares.get(note_id)
        share = self._shares[note_id] = _share_of(held)
        self._slots = slots
        self._employers += Counter(share.employers)
        if before is not None:
            self._employers -= Counter(before.employers)
        if before is None or before.days == share.days:
            self._leaves = _in_a_row([*self._leaves, *share.days])
        else:
            self._leaves = self._leaves_without("")

    def _leaves_without(self, note_id: str) -> list[Days]:
        return _in_a_row(
            days for other, share in self._shares.items() if other != note_id for days in share.days
        )


def are_few(slots: Collection[NoteSlot]) -> bool:
    """Whether so few that no bound of notes can be near; nobody has to count them then."""
    return len(slots) <= EMPLOYERS_MAX and sum(map(_parts_of, slots)) <= CASES_MAX


def _parts_of(slot: NoteSlot) -> int:
    periods = len(slot.note.periods) if slot.note is not None else 0
    return periods + len(slot.self_certified_days)


def _share_of(held: Iterable[NoteSlot]) -> _NoteShare:
    held = list(held)
    employers = {slot.employer for slot in held} | {
        slot.note.employer for slot in held if slot.note is not None
    }
    return _NoteShare(
        frozenset(employer.org_number for employer in employers if employer is not None),
        tuple(_in_a_row(days for slot in held for days in _days_of(slot))),
    )


def _days_of(slot: NoteSlot) -> Iterator[Days]:
    for day in slot.self_certified_days:
        yield day.toordinal(), day.toordinal()
    for period in slot.note.periods if slot.note is not None else ():
        if period.kind in ("full", "graded"):
            yield period.from_.toordinal(), period.to.toordinal()


def _in_a_row(spans: Iterable[Days]) -> list[Days]:
    """The leaves that these days make, whatever the order in which they are given (contract 3.2)."""
    leaves: list[Days] = []
    for first, last in sorted(spans):
        if leaves and first - leaves[-1][1] <= OVER_AFTER.days:
            leaves[-1] = (leaves[-1][0], max(last, leaves[-1][1]))
        else:
            leaves.append((first, last))
    return leaves
