"""Where each recipient is reached, and whose desk an adviser's task lands on (contract 6.2).

The newest contacts as values, and look-ups over them. Nothing is remembered from one attempt to the next: contacts
change in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from schemas.messages import Language


@dataclass(frozen=True, slots=True)
class PersonContact:
    """The register's answer about a person; `may_be_notified` false is a reservation."""

    may_be_notified: bool
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: Language
    protected: bool
    office: str | None
    birth_date: date | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address at an employer as it was published, and the language of whoever reads it; None where nobody says."""

    email: str | None = field(repr=False)
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Adviser:
    """An adviser's portfolio: whole employers, and days of the month of birth within the office."""

    adviser_id: str
    office: str
    birth_days: frozenset[int] = frozenset()
    org_numbers: frozenset[str] = frozenset()
    absent: bool = False


NO_MAILBOX = Mailbox(None)


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known about those around one person, as it stands now.

    `managers` has the mailbox of each active line manager by employer, `organisations` each employer's own;
    `ended_employments` has the employers that owe the person nothing any more; `person` is None while the
    register has no record.
    """

    person: PersonContact | None = None
    managers: Mapping[str, Mailbox] = field(default_factory=dict, repr=False)
    ended_employments: frozenset[str] = frozenset()
    organisations: Mapping[str, Mailbox] = field(default_factory=dict, repr=False)
    advisers: tuple[Adviser, ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether a record says that the person's address is protected."""
        return self.person is not None and self.person.protected

    def manager(self, org_number: str | None) -> Mailbox:
        """The line manager's at that employer; without an address where there is no manager."""
        return self.managers.get(org_number or "", NO_MAILBOX)

    def organisation(self, org_number: str | None) -> Mailbox:
        """The employer's own; without an address where none is known."""
        return self.organisations.get(org_number or "", NO_MAILBOX)


@dataclass(frozen=True, slots=True)
class ContactBook:
    """The contacts of a batch of people: by the person's keyed hash, and those that any of them may need."""

    persons: Mapping[bytes, PersonContact]
    managers: Mapping[bytes, Mapping[str, Mailbox]] = field(repr=False)
    ended_employments: Mapping[bytes, Collection[str]]
    organisations: Mapping[str, Mailbox] = field(repr=False)
    advisers: tuple[Adviser, ...]

    def of(self, person: bytes) -> Contacts:
        """The contacts around one person; nothing is known of a person who is not in the book."""
        return Contacts(
            person=self.persons.get(person),
            managers=self.managers.get(person, {}),
            ended_employments=frozenset(self.ended_employments.get(person, ())),
            organisations=self.organisations,
            advisers=self.advisers,
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a task goes; no adviser means the office's queue, no office that none is known."""

    office: str | None
    adviser_id: str | None


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """How many tasks are open on each adviser's desk, and which of the people looked at they are `about`."""

    counts: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, Collection[bytes]] = field(default_factory=dict)


def desks_for(
    contacts: Contacts, *, named: str | None, org_numbers: Iterable[str], special_office: str
) -> tuple[Desk, ...]:
    """The desks that a task about the person may land on: at least one, by adviser's id.

    That of the named adviser alone; else of those with one of these employers; else of those with the birth day,
    within the office; else the office's queue. People with a protected address belong to the special office, whoever
    was named.
    """
    person = contacts.person
    if person is not None and person.protected:
        office: str | None = special_office
    else:
        office = person.office if person else None
        if named is not None:
            known = next((a for a in contacts.advisers if a.adviser_id == named), None)
            if known is None or not known.absent:
                return (Desk(known.office if known else office, named),)
    holders = _holders(contacts, office, frozenset(org_numbers))
    return tuple(Desk(a.office, a.adviser_id) for a in holders) or (Desk(office, None),)


def _holders(contacts: Contacts, office: str | None, employers: frozenset[str]) -> list[Adviser]:
    present = sorted(
        (a for a in contacts.advisers if not a.absent and office in (None, a.office)),
        key=lambda adviser: adviser.adviser_id,
    )
    by_employer = [adviser for adviser in present if adviser.org_numbers & employers]
    person = contacts.person
    if by_employer or office is None or person is None or person.birth_date is None:
        return by_employer
    return [adviser for adviser in present if person.birth_date.day in adviser.birth_days]


def portfolio_for(
    contacts: Contacts, *, named: str | None, org_numbers: Collection[str], special_office: str
) -> tuple[Desk, ...]:
    """The desks in whose portfolio the person is: as `desks_for`, and of absent advisers where nobody else has them.

    Tasks of such a portfolio go to the office's queue for as long as its adviser is absent.
    """
    desks = desks_for(contacts, named=named, org_numbers=org_numbers, special_office=special_office)
    if any(desk.adviser_id is not None for desk in desks):
        return desks
    everybody = tuple(replace(adviser, absent=False) for adviser in contacts.advisers)
    return desks_for(
        replace(contacts, advisers=everybody),
        named=named,
        org_numbers=org_numbers,
        special_office=special_office,
    )


def allot(wanted: Iterable[tuple[bytes, Sequence[Desk]]], open_tasks: OpenTasks) -> list[Desk]:
    """The desk of each task, of those that it may land on; `wanted` has the person's keyed hash with them.

    A desk that has a task about the person already, so that a person's tasks stay together; else the one with the
    fewest open tasks; of equals that with the lowest adviser's id. Each sees what those before it have added.
    """
    counts = Counter[str | None](open_tasks.counts)
    about: set[tuple[str | None, bytes]] = {
        (adviser_id, person)
        for adviser_id, persons in open_tasks.about.items()
        for person in persons
    }
    chosen = []
    for person, desks in wanted:
        kept = [desk for desk in desks if (desk.adviser_id, person) in about]
        desk = min(kept or desks, key=lambda desk: (counts[desk.adviser_id], desk.adviser_id or ""))
        counts[desk.adviser_id] += 1
        about.add((desk.adviser_id, person))
        chosen.append(desk)
    return chosen
