"""What some of NAV's records say that no canonical message has room for.

NAV spreads one sick note over several topics, and says things about a version of a note that no canonical
message says: that it does not count, or that its self-certified days were left out (contract 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from schemas.messages import Employer, LineManagerChanged, Message, SickNoteRegistered

Status = Literal["open", "sent", "confirmed", "rejected", "cancelled", "expired", "deleted"]


@dataclass(frozen=True, slots=True)
class NoteVersion:
    """One version of a note as one of NAV's topics has it.

    `note` is None where the topic no longer holds the note; another topic may still hold it. `counts` is false
    where the note was found invalid. `keeps_self_certified_days`: the record leaves out the worker's answers,
    and the days known from an earlier version stay (contract 7).
    """

    note_id: str
    note: SickNoteRegistered | None
    counts: bool = True
    keeps_self_certified_days: bool = False


@dataclass(frozen=True, slots=True)
class NoteStatusVersion:
    """What the worker has done with a note. The note itself is on another topic, tsm.sykmeldinger.

    A note of tsm counts while its status is `sent` or `confirmed`, and takes employer and self-certified days
    from the status. `rejected`: the worker has only seen that the note was refused. `person_id` is None where
    the record was a null value (`deleted`).
    """

    note_id: str
    person_id: str | None
    status: Status
    employer: Employer | None = None
    self_certified_days: tuple[date, ...] = ()
    keeps_self_certified_days: bool = False

    @property
    def counts(self) -> bool:
        """Whether a note of tsm with this status counts."""
        return self.status in ("sent", "confirmed")


@dataclass(frozen=True, slots=True)
class LineManagerVersion:
    """One version of a relation between a person, an employer and a manager.

    A new manager is a new relation, and its record may be on another partition than the end of the old one, in
    any order. So they are kept by `relation_id`: otherwise the end of the old relation, read late, would
    remove the new manager. `change` is None where the relation is gone from the topic and only its id is
    known. `ended_on` is its last day, where it has one. `employment_ended`: the employment ends with it, and
    from the day after the employer's duties do; at once where no day is known.
    """

    relation_id: str
    change: LineManagerChanged | None
    occurred_at: datetime
    employment_ended: bool = False
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """Several canonical messages that one record means, such as a death under each of a person's numbers."""

    messages: tuple[Message, ...]


NavMessage = NoteVersion | NoteStatusVersion | LineManagerVersion | MessageGroup
"""What a record of NAV can say besides the canonical messages."""
