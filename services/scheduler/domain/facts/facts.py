"""What is known about a person, and which of it stands (contract 2).

No order of arrival can be counted on, nor that a fact comes once or stays. Each is stored once with its version; what
stands is folded from the whole set, so that arrival order cannot matter. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from schemas.messages import (
    DeathAnnulled,
    Employer,
    FactWithdrawn,
    FollowUpFact,
    PersonDied,
    PersonRenumbered,
    SickNoteRegistered,
    WorkResumed,
)
from schemas.norway import oslo_date
from schemas.numbers import NumberChange
from schemas.wire import OLDEST_VERSION, Version

NoteSource = Literal["canonical", "sendt", "bekreftet", "tsm", "status"]
# Of the sources that hold a note one counts, in this order; `status` only joins tsm (contract 2).
_SOURCES_BY_RANK: tuple[NoteSource, ...] = ("canonical", "sendt", "bekreftet", "tsm")
# 1 January 2100: what a clock says that is later, it does not know.
_LAST_TIMESTAMP_MS = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class NoteSlot:
    """What one source says about one note: the newest version, or that it is gone (`note` None).

    `counts` is false for a note that was refused. The self-certified days have a version of their own, because
    a record that only changes the person's number may leave them out (contract 7). `status`, `employer` and
    `person_id` are those of the source `status`, which holds no note of its own.
    """

    source: NoteSource
    note_id: str
    version: Version
    note: SickNoteRegistered | None
    counts: bool = True
    keeps_self_certified_days: bool = False
    self_certified_days: tuple[date, ...] = ()
    self_certified_days_version: Version = OLDEST_VERSION
    status: Literal["sent", "confirmed", "other"] | None = None
    employer: Employer | None = None
    person_id: str | None = None

    @property
    def known_since(self) -> date | None:
        """The Oslo date since when such a note has been known to whoever reads its topic; None where it holds none.

        That of the record's Kafka timestamp, and not before the note was issued: a publisher's clock may be wrong.
        """
        if self.note is None or self.version.timestamp_ms > _LAST_TIMESTAMP_MS:
            return None
        published_at = datetime.fromtimestamp(max(self.version.timestamp_ms, 0) / 1000, UTC)
        return max(oslo_date(published_at), self.note.issued_on)


def slot_after(known: NoteSlot | None, new: NoteSlot) -> NoteSlot:
    """The slot after one more record, whatever the order in which the two came."""
    if not new.keeps_self_certified_days:
        new = replace(new, self_certified_days_version=new.version)
    if known is None:
        return new
    newest = new if new.version > known.version else known
    days = max(known, new, key=lambda slot: slot.self_certified_days_version)
    return replace(
        newest,
        self_certified_days=days.self_certified_days,
        self_certified_days_version=days.self_certified_days_version,
    )


def standing_note(slots: Iterable[NoteSlot]) -> tuple[SickNoteRegistered, Version] | None:
    """The note as the counting source has it, or None where no source has it or it does not count."""
    slot = _counting_slot(slots)
    if slot is None or slot.note is None or not slot.counts:
        return None
    if slot.keeps_self_certified_days and not slot.note.self_certified_days:
        days = slot.self_certified_days
        return slot.note.model_copy(update={"self_certified_days": days}), slot.version
    return slot.note, slot.version


def owner_of(slots: Iterable[NoteSlot]) -> str | None:
    """The person whom a note belongs to: what the counting source says, else any that still has it.

    Of a note that nobody holds, the status that came before it may know: so both lock the same person.
    """
    slots = list(slots)
    held = [slot for slot in slots if slot.note is not None]
    counting = _counting_slot(held)
    if counting is not None and counting.note is not None:
        return counting.note.person_id
    newest = max(held, key=lambda slot: slot.version, default=None)
    if newest is not None and newest.note is not None:
        return newest.note.person_id
    return next((slot.person_id for slot in slots if slot.person_id is not None), None)


def _counting_slot(slots: Iterable[NoteSlot]) -> NoteSlot | None:
    by_source = {slot.source: slot for slot in slots}
    for source in _SOURCES_BY_RANK:
        slot = by_source.get(source)
        if slot is None or slot.note is None:
            continue
        if source != "tsm":
            return slot
        status = by_source.get("status")
        if status is not None and status.status in ("sent", "confirmed"):
            joined = {
                "employer": status.employer,
                "self_certified_days": status.self_certified_days,
            }
            return replace(slot, note=slot.note.model_copy(update=joined))
    return None


@dataclass(frozen=True, slots=True)
class Fact:
    """A follow-up fact as it was received: `source` and `id` are the event's, `person_id` as it stated it."""

    source: str
    id: str
    version: Version
    message: FollowUpFact | PersonRenumbered

    @property
    def on(self) -> date:
        """The date that decides to which case it belongs (contract 2): its own date, else Oslo's of occurred_at."""
        for name in ("shared_on", "made_on"):
            own: date | None = getattr(self.message, name, None)
            if own is not None:
                return own
        return oslo_date(self.message.occurred_at)


@dataclass(frozen=True, slots=True)
class StandingNote:
    """A note that counts, with the version by which the newest of two is known."""

    note: SickNoteRegistered
    version: Version

    @property
    def recency(self) -> tuple[date, Version]:
        return self.note.issued_on, self.version


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands about one person; `died_on` is the date of the death, else that on which it was reported."""

    notes: tuple[StandingNote, ...]
    follow_up: tuple[Fact, ...]
    resumed: tuple[WorkResumed, ...]
    died_on: date | None


def standing(slots: Iterable[NoteSlot], facts: Iterable[Fact]) -> Standing:
    """Fold everything known about one person into what stands."""
    by_note: dict[str, list[NoteSlot]] = {}
    for slot in slots:
        by_note.setdefault(slot.note_id, []).append(slot)
    notes = [StandingNote(*found) for held in by_note.values() if (found := standing_note(held))]
    valid = not_withdrawn(facts)
    return Standing(
        notes=tuple(sorted(notes, key=lambda note: (note.recency, note.note.note_id))),
        follow_up=tuple(
            fact
            for fact in valid
            if not isinstance(
                fact.message, WorkResumed | PersonDied | DeathAnnulled | PersonRenumbered
            )
        ),
        resumed=tuple(fact.message for fact in valid if isinstance(fact.message, WorkResumed)),
        died_on=death_of(valid),
    )


def not_withdrawn(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that no standing `fact.withdrawn` names, in order of version; withdrawals themselves left out.

    A withdrawal names a `ce_id`, which is unique within its `ce_source`; where its own source has no such
    fact (a support tool that withdraws what a register sent) it means that id of any source.
    """
    ordered = sorted(facts, key=lambda fact: (fact.version, fact.source, fact.id))
    known = {(fact.source, fact.id) for fact in ordered}
    gone: set[tuple[str, str]] = set()
    for fact in reversed(ordered):
        message = fact.message
        if isinstance(message, FactWithdrawn) and (fact.source, fact.id) not in gone:
            named = (fact.source, message.fact_id)
            gone |= {named} if named in known else {key for key in known if key[1] == named[1]}
    return [
        fact
        for fact in ordered
        if (fact.source, fact.id) not in gone and not isinstance(fact.message, FactWithdrawn)
    ]


def death_of(valid: Iterable[Fact]) -> date | None:
    death: date | None = None
    for fact in valid:
        if isinstance(fact.message, PersonDied):
            death = fact.message.on or oslo_date(fact.message.occurred_at)
        elif isinstance(fact.message, DeathAnnulled):
            death = None
    return death


def changes_of_number(facts: Iterable[Fact]) -> list[NumberChange[str]]:
    """The changes of number that stand, for `schemas.numbers` to follow."""
    return [
        NumberChange(fact.version, fact.message.old_person_id, fact.message.new_person_id)
        for fact in not_withdrawn(facts)
        if isinstance(fact.message, PersonRenumbered)
    ]
