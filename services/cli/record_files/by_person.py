"""Cuts a file in which each person's records stand together into its persons, in flat memory (`plan --by-person`).

A group is a person with all numbers that the person has had. A group that has ended is held until the next one has
ended too: a change of number at the next one's end may show that the two are the same person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemas.inbound import SCHEDULER_TOPICS, decode_inbound
from schemas.messages import PersonRenumbered
from schemas.wire import Envelope
from services.cli.record_files.read import FiledRecord


@dataclass
class _Group:
    """`stray` are tombstones and statuses of notes that the group does not know (yet): they may be the next one's."""

    records: list[FiledRecord] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    stray: list[FiledRecord] = field(default_factory=list)

    def holds(self, named: _Named) -> bool:
        return bool(self.numbers & named.numbers or self.notes & named.notes)

    def add(self, record: FiledRecord, named: _Named) -> None:
        self.records.append(record)
        if named.numbers:
            self.numbers |= named.numbers
            self.notes |= named.notes
            self.stray = []
        elif named.notes - self.notes:
            self.stray.append(record)


@dataclass(frozen=True)
class _Named:
    """Whom and which notes a record names."""

    numbers: frozenset[str]
    notes: frozenset[str]


def groups_of(filed: Iterable[FiledRecord]) -> Iterator[list[FiledRecord]]:
    """The records of one person after the other; those of nobody stay where they stand."""
    held: _Group | None = None
    current = _Group()
    for record in filed:
        named = _named(record)
        if named.numbers and current.numbers and not current.holds(named):
            if held is not None:
                yield held.records
            held, current = current, _Group(records=list(current.stray))
        current.add(record, named)
        if held is not None and held.holds(named) and named.numbers:
            held.records += [one for one in current.records if one not in held.stray]
            current = _Group(
                held.records, held.numbers | current.numbers, held.notes | current.notes
            )
            held = None
    if held is not None:
        yield held.records
    yield current.records


def _named(filed: FiledRecord) -> _Named:
    if filed.record.topic not in SCHEDULER_TOPICS:
        return _Named(frozenset(), frozenset())
    decoded = decode_inbound(filed.record)
    if not isinstance(decoded, Envelope):
        return _Named(frozenset(), frozenset())
    numbers: set[str] = set()
    notes: set[str] = set()
    for message in (single.message for single in decoded.split()):
        if isinstance(message, PersonRenumbered):
            numbers |= {message.old_person_id, message.new_person_id}
        about = getattr(message, "note", None) or message
        numbers |= {text for text in [getattr(about, "person_id", None)] if text}
        notes |= {text for text in [getattr(message, "note_id", None)] if text}
    return _Named(frozenset(numbers), frozenset(notes))
