"""What is known about people, and how new facts change it. Pure: no clock, no I/O.

One logic for both users. `plan` keeps everybody in memory; the service loads the people whom a batch concerns, lets
this decide, and writes what has changed (`changes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from schemas.messages import DeadlineDue, FactWithdrawn, Message, PersonRenumbered
from schemas.numbers import current_number, numbers_after
from services.scheduler.domain.events.due_event import fire_due, is_due
from services.scheduler.domain.facts.bounds import (
    THINGS_MAX,
    FactHoldings,
    NoteHoldings,
    OverBound,
    are_few,
    check_numbers,
)
from services.scheduler.domain.facts.facts import (
    Fact,
    NoteSlot,
    changes_of_number,
    owner_of,
    slot_after,
)
from services.scheduler.domain.facts.intake import Observation, OfficeChange
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.people.replan import ReplanOutcome, replan
from services.scheduler.domain.rulebook.model import Rulebook


class Refusal(NamedTuple):
    """A record that is dead because its person has too much stored already, and the sentence for its publisher."""

    observation: Observation
    reason: str


class Intake(NamedTuple):
    """What became of a batch: the numbers of the people who may have changed, and what was refused."""

    touched: set[str]
    refusals: tuple[Refusal, ...]


@dataclass
class KnownPeople:
    """People by their current number; `slots` are all versions of their notes, by note id and source.

    `renumbered` maps old numbers to what they became, `tied` every number to those that a change of number, standing
    or not, names beside it. `seen` holds the events that were taken. `notes_since` is the Oslo date since when sick
    notes have been known, of anybody; None where none has been.
    """

    rulebook: Rulebook
    hash_of: Callable[[str], bytes]
    people: dict[str, Person] = field(default_factory=dict)
    slots: dict[str, dict[str, NoteSlot]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    offices: dict[str, OfficeChange] = field(default_factory=dict)
    renumbered: dict[str, str] = field(default_factory=dict)
    tied: dict[str, frozenset[str]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    notes_since: date | None = None
    # Of people with much stored alone: what was counted of it, as long as the person's facts or notes are the same.
    _fact_holdings: dict[str, FactHoldings] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _note_holdings: dict[str, NoteHoldings] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def copy(self) -> KnownPeople:
        """The same knowledge, which stays as it is when this changes."""
        return KnownPeople(
            self.rulebook,
            self.hash_of,
            dict(self.people),
            {note_id: dict(by_source) for note_id, by_source in self.slots.items()},
            dict(self.owners),
            dict(self.offices),
            dict(self.renumbered),
            dict(self.tied),
            set(self.seen),
            self.notes_since,
        )

    def holder_of(self, note_id: str) -> bytes | None:
        """The keyed hash of the person whose note it is; None where nobody here holds it."""
        owner = self.owners.get(note_id)
        return self.people[owner].hash if owner is not None else None

    def take(self, batch: Iterable[Observation]) -> Intake:
        """Store facts. Repeats change nothing, and what goes beyond a person's bounds is refused."""
        touched: set[str] = set()
        refusals: list[Refusal] = []
        changes_numbers = False
        for observation in batch:
            if observation.event is not None and observation.event in self.seen:
                continue
            try:
                touched |= self._take(observation)
            except OverBound as error:
                refusals.append(Refusal(observation, str(error)))
                continue
            if observation.event is not None:
                self.seen.add(observation.event)
            changes_numbers |= isinstance(observation.what, Fact) and isinstance(
                observation.what.message, PersonRenumbered | FactWithdrawn
            )
        if changes_numbers:
            touched |= self._renumber(touched)
        return Intake(touched, tuple(refusals))

    def replan(self, numbers: Iterable[str], now: datetime) -> dict[str, ReplanOutcome]:
        """Replan those people; what they become is kept here, the messages are the caller's to send."""
        outcomes: dict[str, ReplanOutcome] = {}
        for number in sorted(set(numbers)):
            if number in self.people:
                outcomes[number] = replan(
                    self.people[number], self.rulebook, now, notes_since=self.notes_since
                )
                self.people[number] = outcomes[number].person
        return outcomes

    def fire_due(self, number: str, now: datetime) -> list[DeadlineDue]:
        """Fire the person's timers that are due, oldest first; those of a case that is over are left to the replan."""
        person = self.people[number]
        fired = fire_due(person.timers, now, self.notes_since)
        self.people[number] = replace(
            person,
            timers=tuple(timer for timer in person.timers if not is_due(timer, now)),
            fired=person.fired + fired,
        )
        return [event.event for event in fired]

    def number_of(self, stated: str) -> str:
        """The number that a stated one has become."""
        return current_number(stated, self.renumbered)

    def tie(self, number: str, other: str) -> None:
        """Remember that a change of number names the two, so that they are always looked at together."""
        for one, two in ((number, other), (other, number)):
            self.tied[one] = self.tied.get(one, frozenset()) | {two}

    def _person(self, number: str) -> Person:
        if number not in self.people:
            office = self.offices.get(number)
            self.people[number] = Person(
                number, self.hash_of(number), office.office if office is not None else None
            )
        return self.people[number]

    def _take(self, observation: Observation) -> set[str]:
        match observation.what:
            case NoteSlot() as slot:
                return self._take_slot(slot)
            case Fact() as fact:
                return self._take_fact(fact)
            case OfficeChange() as office:
                return self._take_office(office)

    def _take_slot(self, new: NoteSlot) -> set[str]:
        known = self.slots.get(new.note_id, {})
        held = {**known, new.source: slot_after(known.get(new.source), new)}
        before = self.owners.get(new.note_id)
        stated = owner_of(held.values())
        after = self.number_of(stated) if stated is not None else before
        is_null = new.note is None and new.source != "status"
        if after is not None and not is_null:
            self._check_room_for_note(after, new.note_id, held)
        self.slots[new.note_id] = held
        self._take_date(new.known_since)
        # Remember the person that a version names even if a newer version arrived earlier, so that both lock the same
        # row.
        named = {self.number_of(new.note.person_id)} if new.note is not None else set()
        for number in named:
            self._person(number)
        if after is None:
            return named  # Nobody holds the note: it was withdrawn before it came.
        if before is not None and before != after:
            self._keep_slots(before, new.note_id, ())
        self.owners[new.note_id] = after
        self._keep_slots(after, new.note_id, tuple(held.values()))
        return named | {number for number in (before, after) if number is not None}

    def _keep_slots(self, number: str, note_id: str, slots: tuple[NoteSlot, ...]) -> None:
        person = self._person(number)
        others = tuple(slot for slot in person.slots if slot.note_id != note_id)
        self.people[number] = replace(person, slots=others + slots)
        holdings = self._note_holdings.get(number)
        if holdings is not None and holdings.are_of(person.slots):
            holdings.put(note_id, slots, self.people[number].slots)

    def _check_room_for_note(self, number: str, note_id: str, held: Mapping[str, NoteSlot]) -> None:
        """Raises OverBound where the person has no room for what the sources hold of the note by now."""
        slots = self.people[number].slots if number in self.people else ()
        if are_few((*slots, *held.values())):
            return
        holdings = self._note_holdings.get(number)
        if holdings is None or not holdings.are_of(slots):
            holdings = self._note_holdings[number] = NoteHoldings(slots)
        holdings.check(note_id, held.values())

    def _take_date(self, known_since: date | None) -> None:
        if known_since is not None and (self.notes_since is None or known_since < self.notes_since):
            self.notes_since = known_since

    def _take_fact(self, fact: Fact) -> set[str]:
        """Raises OverBound, before anything is changed."""
        number = self.number_of(stated_number(fact))
        facts = self.people[number].facts if number in self.people else ()
        holdings = self._holdings_of(number, facts)
        if holdings.has(fact):
            return set()
        holdings.check(fact)
        if isinstance(fact.message, PersonRenumbered):
            old, new = fact.message.old_person_id, fact.message.new_person_id
            check_numbers(self._tied_to({old, new}))
            self.tie(old, new)
        after = replace(self._person(number), facts=(*facts, fact))
        self.people[number] = after
        holdings.add(fact, after.facts)
        return {number}

    def _holdings_of(self, number: str, facts: tuple[Fact, ...]) -> FactHoldings:
        holdings = self._fact_holdings.get(number)
        if holdings is None or not holdings.are_of(facts):
            holdings = FactHoldings(facts)
            if len(facts) >= THINGS_MAX:
                self._fact_holdings[number] = holdings
        return holdings

    def _take_office(self, change: OfficeChange) -> set[str]:
        known = self.offices.get(change.person_id)
        if known is not None and known.version >= change.version:
            return set()
        self.offices[change.person_id] = change
        number = self.number_of(change.person_id)
        if number not in self.people or self.people[number].office == change.office:
            return set()
        self.people[number] = replace(self.people[number], office=change.office)
        return {number}

    def _renumber(self, touched: set[str]) -> set[str]:
        """Give every fact to the number that its own number has become; cases follow their person."""
        involved = self._involved(touched)
        facts = [fact for number in sorted(involved) for fact in self.people[number].facts]
        known = {f.message.old_person_id for f in facts if isinstance(f.message, PersonRenumbered)}
        unaffected = {old: new for old, new in self.renumbered.items() if old not in known}
        self.renumbered = unaffected | numbers_after(changes_of_number(facts))
        moved: set[str] = set(involved)
        for number in sorted(involved):
            moved |= self._hand_over(number)
        return moved

    def _involved(self, touched: set[str]) -> set[str]:
        """Everybody whom changes of number tie to those people, whether the changes stand or not."""
        return self._tied_to(touched) & self.people.keys()

    def _tied_to(self, numbers: set[str]) -> set[str]:
        """These numbers, and every one that a chain of changes leads to from them, in either direction."""
        tied: set[str] = set()
        connected = numbers
        while connected:
            tied |= connected
            connected = {other for one in connected for other in self.tied.get(one, ())} - tied
        return tied

    def _hand_over(self, number: str) -> set[str]:
        person = self.people[number]
        heir = self.number_of(number)
        receivers = {number}
        staying: list[Fact] = []
        for fact in person.facts:
            to = self.number_of(stated_number(fact))
            if to == number:
                staying.append(fact)
            else:
                other = self._person(to)
                self.people[to] = replace(other, facts=(*other.facts, fact))
                receivers.add(to)
        self.people[number] = replace(self.people[number], facts=tuple(staying))
        for note_id in {slot.note_id for slot in person.slots}:
            slots = tuple(self.slots[note_id].values())
            stated = owner_of(slots)
            to = self.number_of(stated) if stated is not None else heir
            if to != number:
                self._keep_slots(number, note_id, ())
                self._keep_slots(to, note_id, slots)
                self.owners[note_id] = to
                receivers.add(to)
        if heir != number:
            left, other = self.people[number], self._person(heir)
            self.people[heir] = replace(
                other,
                office=other.office or left.office,
                cases=other.cases + left.cases,
                fired=other.fired + left.fired,
                timers=other.timers + left.timers,
            )
            self.people[number] = replace(left, cases=(), fired=(), timers=(), replan_at=None)
            receivers.add(heir)
        return receivers


def stated_number(fact: Fact) -> str:
    """The person's number as the fact states it; a change of number belongs to the new one."""
    message = fact.message
    return message.new_person_id if isinstance(message, PersonRenumbered) else message.person_id


def messages_of(outcomes: Iterable[ReplanOutcome]) -> list[Message]:
    """All that goes out at once because of replans."""
    return [message for outcome in outcomes for message in outcome.messages]
