"""Look-ups that the handlers and the turns share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from schemas.messages import Role
from schemas.norway import oslo_date
from services.notifier.domain.decision import DueFor
from services.notifier.domain.recipients import ContactBook
from services.notifier.domain.words.dates import MessageDates
from services.notifier.ports import KnownEvent, Tables, Words


async def read_contacts(
    tables: Tables, events: Collection[KnownEvent], special_office: str, now: datetime
) -> ContactBook:
    """The contacts of the people of these events, of employers and advisers, as they hold on the day in Norway."""
    due = [known.event for known in events]
    org_numbers = {employer.org_number for event in due for employer in event.case.employers}
    recipients = [recipient for event in due for recipient in event.recipients]
    org_numbers |= {recipient.org_number for recipient in recipients if recipient.org_number}
    return await tables.contacts.read(
        {known.person for known in events},
        oslo_date(now),
        org_numbers=org_numbers,
        adviser_ids={recipient.adviser_id for recipient in recipients if recipient.adviser_id},
        special_office=special_office,
    )


async def present_number(tables: Tables, person: bytes) -> bytes:
    """The hash of the number that is in force now for whoever has, or once had, this one."""
    present = await tables.contacts.present([person])
    return present[person][0] if person in present else person


def organisation_lock(org_number: str) -> bytes:
    """What `Events.lock` takes to keep others from an employer, as the hash of a number does for a person."""
    return sha256(f"organisation/{org_number}".encode()).digest()


def due_for(known: KnownEvent, words: Words, now: datetime) -> DueFor:
    """The event as decisions need it; the dates are those of messages that leave on the day of `now` in Norway."""
    event, dates = known.event, MessageDates.of(known.event, now)
    roles: tuple[Role, ...] = ("employee", "line_manager")
    named = {role: words.date_named(event.checkpoint, event.step, role, dates) for role in roles}
    return DueFor(event, known.person, named)
