"""Made-up people, the records about them, and what both services owe them by the pure simulation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from schemas.ids import delivery_id
from schemas.inbound import decode_inbound
from schemas.messages import (
    DeadlineDue,
    Employer,
    LineManagerChanged,
    Message,
    Period,
    PersonContactChanged,
    SickNoteRegistered,
)
from schemas.wire import Envelope, Record, encode
from services.scheduler.domain.facts.intake import observations_of
from services.scheduler.domain.people.known_people import KnownPeople
from services.scheduler.domain.people.simulation import Simulation
from services.scheduler.rulebook_file import read_rulebook
from tests.support.service_processes import hash_of

CHANNELS = {"employee": "sms", "line_manager": "email", "adviser": "adviser_task"}
"""The first channel for each role (contract 6), for people whose contacts are all known."""


@dataclass(frozen=True)
class Person:
    """A made-up person: 80 is added to the month of the number."""

    number: str
    phone: str
    email: str
    manager: str
    manager_email: str
    org_number: str
    org_name: str

    @property
    def note_id(self) -> str:
        return f"note-{self.number[-5:]}"

    @property
    def identities(self) -> set[str]:
        """What a log line must not hold."""
        return {
            self.number,
            self.phone,
            self.phone.removeprefix("+47"),
            self.email,
            self.manager,
            self.manager_email,
            self.org_name,
        }


def people(count: int) -> list[Person]:
    """The same each time."""
    return [
        Person(
            number=f"{1 + i % 28:02}{81 + i % 12}{50 + i % 49:02}{10_000 + i:05}",
            phone=f"+479{i:07}",
            email=f"employee{i}@example.invalid",
            manager=f"Syntetisk Leder{i}",
            manager_email=f"manager{i}@example.invalid",
            org_number="310200107" if i % 2 else "310201200",
            org_name=f"SYNTETISK BEDRIFT {i} AS",
        )
        for i in range(count)
    ]


def note(person: Person, from_: date, days: int, *, at: datetime) -> Record:
    """A full sick note, issued when it arrives."""
    message = SickNoteRegistered(
        note_id=person.note_id,
        person_id=person.number,
        employer=Employer(org_number=person.org_number, name=person.org_name),
        form="digital",
        issued_on=at.date(),
        periods=(
            Period.model_validate(
                {"from": from_, "to": from_ + timedelta(days=days - 1), "kind": "full"}
            ),
        ),
    )
    return _record(message, f"registered-{person.note_id}", at)


def contacts(person: Person, *, at: datetime) -> list[Record]:
    """The register's record of the person, and the line manager's."""
    return [
        _record(
            PersonContactChanged(
                person_id=person.number,
                may_be_notified=True,
                phone=person.phone,
                email=person.email,
                office="0219",
            ),
            f"person-{person.note_id}",
            at,
            key=f"person/{person.note_id}",
        ),
        _record(
            LineManagerChanged(
                person_id=person.number,
                org_number=person.org_number,
                name=person.manager,
                email=person.manager_email,
                active=True,
            ),
            f"manager-{person.note_id}",
            at,
            key=f"manager/{person.note_id}/{person.org_number}",
        ),
    ]


def owed(arrivals: Iterable[tuple[datetime, Record]], until: datetime) -> list[DeadlineDue]:
    """The due events that these records bring about, by the pure simulation with the same pseudonyms."""
    simulation = Simulation(KnownPeople(read_rulebook("standard"), hash_of))
    for number, (at, record) in enumerate(arrivals, start=1):
        envelope = decode_inbound(record)
        assert isinstance(envelope, Envelope)
        simulation.arrive(list(observations_of(envelope, replace(record, offset=number))), at)
    simulation.run_until(until)
    messages = [message for _, message in simulation.sent]
    due = [message for message in messages if isinstance(message, DeadlineDue)]
    assert len(due) == len(messages), "a story with withdrawals needs more than this to be judged"
    return due


def deliveries_owed(due: Sequence[DeadlineDue]) -> set[str]:
    """The ids of what must leave the notifier for these: one a recipient, by the first channel."""
    return {
        delivery_id(event.event_id, recipient.role, recipient.org_number, CHANNELS[recipient.role])
        for event in due
        for recipient in event.recipients
    }


def essence(event: DeadlineDue) -> tuple[object, ...]:
    """What of a due event does not depend on when it was that its timer was looked at."""
    return (
        event.event_id,
        event.case_id,
        event.person_id,
        event.checkpoint,
        event.step,
        event.generation,
        event.due_on,
        event.due_at,
        event.recipients,
        event.not_after,
    )


def _record(message: Message, event_id: str, at: datetime, *, key: str | None = None) -> Record:
    return encode(message, event_id=event_id, source="urn:test", at=at, key=key)
