"""A batch of records sorted by what it is about: pure, before any table is touched.

Order between topics, and on ours between kinds, means nothing (contract 2), so a batch may be taken apart and handled
one kind after the other. A record that can never be understood is set aside with its reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from schemas.inbound import SCHEDULER_TOPICS
from schemas.messages import (
    AdviserChanged,
    DeadlineDue,
    DeadlineUpdated,
    DeadlineWithdrawn,
    DeliveryReceipt,
    LineManagerChanged,
    Message,
    OrganisationContactChanged,
    PersonContactChanged,
    PersonRenumbered,
)
from schemas.nav_messages import LineManagerVersion, NavMessage
from schemas.wire import Decoded, Envelope, IgnoredRecord, InvalidRecord, Record, Version
from services.records.dead_letters import Dead, digest

ContactMessage = (
    PersonContactChanged | LineManagerChanged | OrganisationContactChanged | AdviserChanged
)
# Both services read these topics; exactly one may dead-letter a bad record: the scheduler, except for contacts.
SET_ASIDE_BY_THE_SCHEDULER = frozenset(SCHEDULER_TOPICS) - {PersonContactChanged.topic}


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact record. `digest` stands for (`ce_source`, `ce_id`), None where the record has neither.

    `relation_id` is NAV's id of a relation between a person and a line manager: each is a contact of its own.
    `last_on` is the last day of what it says, where there is one. `employment_ended`: the employment ends with it, and
    from the day after the employer owes this person nothing more.
    """

    message: ContactMessage = field(repr=False)
    version: Version
    digest: bytes | None
    relation_id: str = ""
    employment_ended: bool = False
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class Renumbering:
    """A change of a person's number; `digest` as with `Contact`."""

    message: PersonRenumbered = field(repr=False)
    version: Version
    digest: bytes | None


@dataclass(slots=True)
class Batch:
    """What a batch of records holds, by kind."""

    renumberings: list[Renumbering] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    relations_gone: list[tuple[str, Version]] = field(default_factory=list)
    due: list[DeadlineDue] = field(default_factory=list)
    updates: list[DeadlineUpdated] = field(default_factory=list)
    withdrawals: list[DeadlineWithdrawn] = field(default_factory=list)
    receipts: list[DeliveryReceipt] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)

    def person_ids(self) -> set[str]:
        """Every person's number in it, as written."""
        events = (*self.due, *self.updates, *self.withdrawals)
        return {event.person_id for event in events} | self.with_other_contacts()

    def organisations(self) -> set[str]:
        """Every organisation whose contact is in it."""
        messages = (contact.message for contact in self.contacts)
        return {m.org_number for m in messages if isinstance(m, OrganisationContactChanged)}

    def with_other_contacts(self) -> set[str]:
        """The numbers of all around whom a contact has changed, or whose number has."""
        messages = (contact.message for contact in self.contacts)
        ids = {
            m.person_id
            for m in messages
            if isinstance(m, PersonContactChanged | LineManagerChanged)
        }
        for change in self.renumberings:
            ids |= {change.message.old_person_id, change.message.new_person_id}
        return ids

    def drop_deadlines_until(self, until: datetime) -> int:
        """Leave out due events, updates and withdrawals of before that instant (aware); returns how many those were.

        So old they are of people who may be forgotten: a replay must not bring them back.
        """
        count = len(self.due) + len(self.updates) + len(self.withdrawals)
        self.due = [due for due in self.due if due.fired_at >= until]
        self.updates = [update for update in self.updates if update.updated_at >= until]
        self.withdrawals = [
            withdrawal for withdrawal in self.withdrawals if withdrawal.withdrawn_at >= until
        ]
        return count - len(self.due) - len(self.updates) - len(self.withdrawals)


def sort_records(records: Iterable[Record], decode: Callable[[Record], Decoded]) -> Batch:
    """Decode and sort; raises nothing over what somebody else has written."""
    batch = Batch()
    for record in records:
        match decode(record):
            case Envelope() as envelope:
                for part in envelope.split():
                    _add(batch, record, part)
            case InvalidRecord(_, reason):
                if record.topic not in SET_ASIDE_BY_THE_SCHEDULER:
                    batch.dead.append(Dead(record, reason))
            case IgnoredRecord():
                pass
    return batch


def hashes(hash_of: Callable[[str], bytes], person_ids: Iterable[str]) -> dict[str, bytes]:
    """The keyed hash of each number."""
    return {person_id: hash_of(person_id) for person_id in person_ids}


def _add(batch: Batch, record: Record, envelope: Envelope) -> None:
    message: Message | NavMessage = envelope.message
    version = record.version
    seen_as = _digest(envelope)
    match message:
        case DeadlineDue():
            batch.due.append(message)
        case DeadlineUpdated():
            batch.updates.append(message)
        case DeadlineWithdrawn():
            batch.withdrawals.append(message)
        case DeliveryReceipt():
            batch.receipts.append(message)
        case PersonRenumbered():
            batch.renumberings.append(Renumbering(message, version, seen_as))
        case LineManagerVersion(relation_id, LineManagerChanged() as change):
            ended, last_on = message.employment_ended, message.ended_on
            batch.contacts.append(Contact(change, version, seen_as, relation_id, ended, last_on))
        case LineManagerVersion(relation_id):
            batch.relations_gone.append((relation_id, version))
        case LineManagerChanged(ended_on=last_on):
            ended = last_on is not None
            contact = Contact(message, version, seen_as, employment_ended=ended, last_on=last_on)
            batch.contacts.append(contact)
        case PersonContactChanged() | OrganisationContactChanged() | AdviserChanged():
            batch.contacts.append(Contact(message, version, seen_as))
        case _:
            pass  # another fact on the follow-up topic: the scheduler's


def _digest(envelope: Envelope) -> bytes | None:
    if envelope.id is None:
        return None
    return digest(envelope.source or "", envelope.id)
