"""What some of NAV's records say that no canonical message has room for.

NAV spreads one sick note over several topics, and says things about a *version* of a note (it does not
count, its self-certified days were left out) that the canonical contract has no reason to know.
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

    `note` is None where that topic no longer holds it, which says nothing of the other topics. `counts` is
    false where the note stands but was found invalid. With `keeps_self_certified_days` the record has left
    out the worker's answers, and the days known from an earlier version stay (contract 7).
    """

    note_id: str
    note: SickNoteRegistered | None
    counts: bool = True
    keeps_self_certified_days: bool = False


@dataclass(frozen=True, slots=True)
class NoteStatusVersion:
    """What the worker has done with a note; its dates are elsewhere (tsm.sykmeldinger).

    A note of tsm counts while its status is `sent` or `confirmed`, and takes employer and self-certified days
    from it. `rejected`: the worker has only seen that the note was refused. `person_id` is None with
    `deleted` where the record was a null value.
    """

    note_id: str
    person_id: str | None
    status: Status
    employer: Employer | None = None
    self_certified_days: tuple[date, ...] = ()
    keeps_self_certified_days: bool = False

    @property
    def counts(self) -> bool:
        """Whether a note of tsm that this is the status of may count."""
        return self.status in ("sent", "confirmed")


@dataclass(frozen=True, slots=True)
class LineManagerVersion:
    """One version of a relation between a person, an employer and a manager.

    A new manager is a new relation, on another partition than the end of the old one: keep them by
    `relation_id`, or a late end of the first takes away the second. `change` is None where the relation is
    gone from the topic, and only its id is known. `employment_ended` means that the
    employer's duties ended too, on `ended_on` where it is known.
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
