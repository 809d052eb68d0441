"""Where each recipient is reached, and whose desk an adviser's task lands on (contract 6.2).

The newest contacts as values, and look-ups over them. Nothing is remembered from one attempt to the next: contacts
change in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
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
class Adviser:
    """An adviser's portfolio: whole employers, and days of the month of birth within the office."""

    adviser_id: str
    office: str
    birth_days: frozenset[int] = frozenset()
    org_numbers: frozenset[str] = frozenset()
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known about those around one person, as it stands now.

    `managers` has the e-mail of each active line manager by employer, `organisations` each employer's own;
    `ended_employments` has the employers that owe the person nothing any more; `person` is None while the
    register has no record.
    """

    person: PersonContact | None = None
    managers: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    ended_employments: frozenset[str] = frozenset()
    organisations: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    advisers: tuple[Adviser, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactBook:
    """The contacts of a batch of people: by the person's keyed hash, and those that any of them may need."""

    persons: Mapping[bytes, PersonContact]
    managers: Mapping[bytes, Mapping[str, str | None]] = field(repr=False)
    ended_employments: Mapping[bytes, Collection[str]]
    organisations: Mapping[str, str | None] = field(repr=False)
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


def desk_for(
    contacts: Contacts, *, named: str | None, org_numbers: Iterable[str], special_office: str
) -> Desk:
    """Whose desk the person's tasks land on: the named adviser's, else by employer, else by birth day, else nobody's.

    People with a protected address belong to the special office, whoever was named. Where several advisers fit,
    the one with the lowest id is taken, so that a person's tasks stay with one adviser.
    """
    person = contacts.person
    if person is not None and person.protected:
        office: str | None = special_office
    else:
        office = person.office if person else None
        if named is not None:
            known = next((a for a in contacts.advisers if a.adviser_id == named), None)
            if known is None or not known.absent:
                return Desk(known.office if known else office, named)
    present = sorted(
        (a for a in contacts.advisers if not a.absent and office in (None, a.office)),
        key=lambda adviser: adviser.adviser_id,
    )
    employers = frozenset(org_numbers)
    for adviser in present:
        if adviser.org_numbers & employers:
            return Desk(adviser.office, adviser.adviser_id)
    if office is not None and person is not None and person.birth_date is not None:
        for adviser in present:
            if person.birth_date.day in adviser.birth_days:
                return Desk(office, adviser.adviser_id)
    return Desk(office, None)
