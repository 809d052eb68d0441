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

    def holds(self, subjects: _Subjects) -> bool:
        return bool(self.numbers & subjects.numbers or self.notes & subjects.notes)

    def add(self, record: FiledRecord, subjects: _Subjects) -> None:
        self.records.append(record)
        if subjects.numbers:
            self.numbers |= subjects.numbers
            self.notes |= subjects.notes
            self.stray = []
        elif subjects.notes - self.notes:
            self.stray.append(record)


@dataclass(frozen=True)
class _Subjects:
    """Whom and which notes a record names."""

    numbers: frozenset[str]
    notes: frozenset[str]


def groups_of(filed: Iterable[FiledRecord]) -> Iterator[list[FiledRecord]]:
    """The records of one person after the other; a record that is about nobody stays in the group around it."""
    previous: _Group | None = None
    current = _Group()
    for record in filed:
        subjects = _subjects_of(record)
        if subjects.numbers and current.numbers and not current.holds(subjects):
            if previous is not None:
                yield previous.records
            previous, current = current, _Group(records=list(current.stray))
        current.add(record, subjects)
        if previous is not None and previous.holds(subjects) and subjects.numbers:
            previous.records += [one for one in current.records if one not in previous.stray]
            current = _Group(
                previous.records, previous.numbers | current.numbers, previous.notes | current.notes
            )
            previous = None
    if previous is not None:
        yield previous.records
    yield current.records


def _subjects_of(filed: FiledRecord) -> _Subjects:
    if filed.record.topic not in SCHEDULER_TOPICS:
        return _Subjects(frozenset(), frozenset())
    decoded = decode_inbound(filed.record)
    if not isinstance(decoded, Envelope):
        return _Subjects(frozenset(), frozenset())
    numbers: set[str] = set()
    notes: set[str] = set()
    for message in (single.message for single in decoded.split()):
        if isinstance(message, PersonRenumbered):
            numbers |= {message.old_person_id, message.new_person_id}
        about = getattr(message, "note", None) or message
        numbers |= {text for text in [getattr(about, "person_id", None)] if text}
        notes |= {text for text in [getattr(message, "note_id", None)] if text}
    return _Subjects(frozenset(numbers), frozenset(notes))
