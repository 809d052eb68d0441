"""Look-ups that the handlers and the turns share."""

from __future__ import annotations

from collections.abc import Collection

from services.notifier.domain.decision import DueFor
from services.notifier.ports import ContactBook, KnownEvent, Tables


async def read_contacts(
    tables: Tables, events: Collection[KnownEvent], special_office: str
) -> ContactBook:
    """The contacts that stand now around the people of these events."""
    known = [each.event for each in events]
    org_numbers = {employer.org_number for event in known for employer in event.case.employers}
    recipients = [recipient for event in known for recipient in event.recipients]
    org_numbers |= {each.org_number for each in recipients if each.org_number}
    return await tables.contacts.read(
        {each.person for each in events},
        org_numbers=org_numbers,
        adviser_ids={each.adviser_id for each in recipients if each.adviser_id},
        special_office=special_office,
    )


def due_for(known: KnownEvent) -> DueFor:
    return DueFor(known.event, known.person)
