"""Contacts as they stand, and the numbers that people had before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

import asyncpg

from schemas.messages import (
    AdviserChanged,
    LineManagerChanged,
    OrganisationContactChanged,
    PersonContactChanged,
)
from schemas.numbers import NumberChange, current_number, numbers_after
from schemas.wire import Version
from services.notifier.domain.recipients import Adviser, ContactBook, Mailbox, PersonContact
from services.notifier.inbox import Contact, ContactMessage
from services.notifier.store.queries import QUERIES
from services.runtime.postgres import Connection

M = TypeVar("M", bound=ContactMessage)
Newest = tuple[M, Contact]
"""A message, and the record that said it."""


class ContactTables:
    """Reads and writes contacts: written under the number that they name, read under the present one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, contacts: Sequence[Contact], persons: Mapping[str, bytes]) -> None:
        """Store what is newer than what stands; `persons` has the hash of each number as written."""
        await self._save_persons(_newest(contacts, PersonContactChanged, persons), persons)
        await self._save_managers(_newest(contacts, LineManagerChanged, persons), persons)
        await self._save_organisations(_newest(contacts, OrganisationContactChanged, persons))
        for message, contact in _newest(contacts, AdviserChanged, persons):
            await self._connection.execute(
                QUERIES["save_adviser"],
                message.adviser_id,
                message.office,
                sorted(set(message.birth_days or ())),
                sorted(set(message.org_numbers or ())),
                message.absent,
                contact.version.timestamp_ms,
                contact.version.offset,
            )

    async def _save_persons(
        self, newest: list[Newest[PersonContactChanged]], persons: Mapping[str, bytes]
    ) -> None:
        if newest:
            await self._connection.execute(
                QUERIES["save_person_contacts"],
                [persons[m.person_id] for m, *_ in newest],
                [m.may_be_notified for m, *_ in newest],
                [m.phone for m, *_ in newest],
                [m.email for m, *_ in newest],
                [m.language for m, *_ in newest],
                [m.protected for m, *_ in newest],
                [m.office for m, *_ in newest],
                [m.birth_date for m, *_ in newest],
                *_versions(newest),
            )

    async def _save_managers(
        self, newest: list[Newest[LineManagerChanged]], persons: Mapping[str, bytes]
    ) -> None:
        if newest:
            # The manager's name is not kept: nothing that leaves has a name in it.
            await self._connection.execute(
                QUERIES["save_line_managers"],
                [persons[m.person_id] for m, *_ in newest],
                [m.org_number for m, *_ in newest],
                [contact.relation_id for _, contact in newest],
                [m.email for m, *_ in newest],
                [m.active for m, *_ in newest],
                [contact.employment_ended for _, contact in newest],
                [contact.last_on for _, contact in newest],
                [m.language for m, *_ in newest],
                *_versions(newest),
            )

    async def _save_organisations(self, newest: list[Newest[OrganisationContactChanged]]) -> None:
        if newest:
            await self._connection.execute(
                QUERIES["save_organisations"],
                [m.org_number for m, *_ in newest],
                [m.email for m, *_ in newest],
                [m.language for m, *_ in newest],
                *_versions(newest),
            )

    async def end_relations(self, gone: Sequence[tuple[str, Version]]) -> None:
        """These relations to a line manager have ended; whom they were between is not known here."""
        newest: dict[str, Version] = {}
        for relation_id, version in gone:
            newest[relation_id] = max(version, newest.get(relation_id, version))
        if newest:
            await self._connection.execute(
                QUERIES["end_relations"],
                list(newest),
                [version.timestamp_ms for version in newest.values()],
                [version.offset for version in newest.values()],
            )

    async def wake(self, persons: Collection[bytes], now: datetime) -> None:
        """Deliveries that wait for a register record of these people are ready at `now`."""
        if persons:
            # Two statements: the second sees what others wrote while the first waited for them.
            await self._connection.fetch(QUERIES["wait_for_those_being_looked_at"], list(persons))
            await self._connection.execute(
                QUERIES["wake_those_who_wait_for_the_register"], list(persons), now
            )

    async def ended_employments(
        self, persons: Collection[bytes], today: date
    ) -> set[tuple[bytes, str]]:
        """The (person, employer) of which the employment is over, as far as line managers' relations show."""
        numbers = await self._stated_and_present(persons)
        rows = await self._connection.fetch(QUERIES["read_ended_employments"], *numbers, today)
        return {(row["person"], row["org_number"]) for row in rows}

    async def ended_between(self, first: date, last: date) -> set[bytes]:
        """Those of whom an employment had its last day then, both dates included."""
        rows = await self._connection.fetch(QUERIES["read_employments_ended_between"], first, last)
        stated = [bytes(row["person"]) for row in rows]
        present = await self.present(stated)
        return {present[person][0] if person in present else person for person in stated}

    async def read(
        self,
        persons: Collection[bytes],
        today: date,
        *,
        org_numbers: Collection[str],
        adviser_ids: Collection[str],
        special_office: str,
    ) -> ContactBook:
        """All that is known around these people, for these employers and these advisers."""
        numbers = await self._stated_and_present(persons)
        rows = await self._connection.fetch(QUERIES["read_person_contacts"], *numbers)
        contacts = {row["person"]: _person(row) for row in rows}
        managers: dict[bytes, dict[str, Mailbox]] = {}
        for row in await self._connection.fetch(QUERIES["read_line_managers"], *numbers, today):
            managers.setdefault(row["person"], {})[row["org_number"]] = _mailbox(row)
        ended: dict[bytes, set[str]] = {}
        for person, org_number in await self.ended_employments(persons, today):
            ended.setdefault(person, set()).add(org_number)
        organisations = await self._connection.fetch(
            QUERIES["read_organisations"], list(org_numbers)
        )
        offices = {person.office for person in contacts.values() if person.office} | {
            special_office
        }
        advisers = await self._connection.fetch(
            QUERIES["read_advisers"], sorted(offices), list(adviser_ids), list(org_numbers)
        )
        return ContactBook(
            contacts,
            managers,
            ended,
            {row["org_number"]: _mailbox(row) for row in organisations},
            tuple(map(_adviser, advisers)),
        )

    async def all_advisers(self) -> list[Adviser]:
        """Everybody who has a portfolio, by office and id."""
        return [_adviser(row) for row in await self._connection.fetch(QUERIES["read_all_advisers"])]

    async def present(self, persons: Collection[bytes]) -> dict[bytes, tuple[bytes, str]]:
        """The present (hash, number) by old hash, for those among `persons` whose number changed."""
        _, present = await self._numbers(persons)
        return {person: present[person] for person in persons if person in present}

    async def connected(self, persons: Collection[bytes]) -> set[bytes]:
        """These people, and every number that changes of number tie to them."""
        numbers, _ = await self._numbers(persons)
        return numbers

    async def renumber(
        self, changes: Sequence[tuple[NumberChange[bytes], str]]
    ) -> dict[bytes, tuple[bytes, str]]:
        """Store each change, beside its new number, where no newer record says something else of the old number."""
        await self._connection.executemany(
            QUERIES["save_renumbering"],
            [
                (change.old, change.new, number, change.version.timestamp_ms, change.version.offset)
                for change, number in changes
            ],
        )
        _, present = await self._numbers(
            {number for one, _ in changes for number in (one.old, one.new)}
        )
        return present

    async def move(self, present: Mapping[bytes, tuple[bytes, str]]) -> None:
        """Put what was written for each number under the one that it has become."""
        stated = sorted(present)
        ends = [present[number][0] for number in stated]
        person_ids = [present[number][1] for number in stated]
        await self._connection.execute(QUERIES["move_events"], stated, ends, person_ids)
        await self._connection.execute(QUERIES["move_withdrawals"], stated, ends)
        for name in ("move_deliveries", "move_contact_slots"):
            await self._connection.execute(QUERIES[name], sorted(set(ends)))

    async def _numbers(
        self, persons: Collection[bytes]
    ) -> tuple[set[bytes], dict[bytes, tuple[bytes, str]]]:
        """Every number that a change ties to these people, and what those of them that changed are now."""
        rows = await self._connection.fetch(QUERIES["read_renumberings"], list(persons))
        became = numbers_after(
            NumberChange(
                Version(row["version_ms"], row["version_offset"]),
                row["old_person"],
                row["new_person"],
            )
            for row in rows
        )
        written = {row["new_person"]: row["new_person_id"] for row in rows}
        ends = {old: current_number(old, became) for old in became}
        present = {old: (end, written[end]) for old, end in ends.items()}
        return {*persons, *(row["old_person"] for row in rows), *written}, present

    async def _stated_and_present(
        self, persons: Collection[bytes]
    ) -> tuple[list[bytes], list[bytes]]:
        """Every number that these people have had, and beside each the one that it has become."""
        numbers, present = await self._numbers(persons)
        pairs = [(n, present[n][0] if n in present else n) for n in sorted(numbers)]
        asked = [(stated, end) for stated, end in pairs if end in set(persons)]
        return [stated for stated, _ in asked], [end for _, end in asked]


def _newest(
    contacts: Iterable[Contact], kind: type[M], persons: Mapping[str, bytes]
) -> list[Newest[M]]:
    """The newest record of each key, in the order of the keys: one statement writes no row twice."""
    newest: dict[tuple[bytes | str, ...], Newest[M]] = {}
    for contact in contacts:
        message = contact.message
        if isinstance(message, kind):
            key = (*_key(message, persons), contact.relation_id)
            if key not in newest or newest[key][1].version < contact.version:
                newest[key] = (message, contact)
    return [newest[key] for key in sorted(newest)]


def _key(message: ContactMessage, persons: Mapping[str, bytes]) -> tuple[bytes | str, ...]:
    match message:
        case PersonContactChanged():
            return (persons[message.person_id],)
        case LineManagerChanged():
            return (persons[message.person_id], message.org_number)
        case OrganisationContactChanged():
            return (message.org_number,)
        case AdviserChanged():
            return (message.adviser_id,)


def _versions(newest: Sequence[Newest[M]]) -> tuple[list[int], list[int]]:
    versions = [contact.version for _, contact in newest]
    return [version.timestamp_ms for version in versions], [version.offset for version in versions]


def _person(row: asyncpg.Record) -> PersonContact:
    return PersonContact(
        may_be_notified=row["may_be_notified"],
        phone=row["phone"],
        email=row["email"],
        language=row["language"],
        protected=row["protected"],
        office=row["office"],
        birth_date=row["birth_date"],
    )


def _mailbox(row: asyncpg.Record) -> Mailbox:
    return Mailbox(row["email"], row["language"])


def _adviser(row: asyncpg.Record) -> Adviser:
    return Adviser(
        adviser_id=row["adviser_id"],
        office=row["office"],
        birth_days=frozenset(row["birth_days"]),
        org_numbers=frozenset(row["org_numbers"]),
        absent=row["absent"],
    )
