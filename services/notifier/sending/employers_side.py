"""Looks, in one transaction, at e-mails that wait for somebody at an employer and at the tasks in their place.

Handlers only store: an e-mail that nobody can receive is ready to be looked at, and so is what waits when an address
arrives, a number changes or an event is withdrawn. Whatever follows from it is written here, under the lock of the
person and of the employer: so no two instances open a task each, and no address arrives between the look and the wait.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.delivery import Delivery, waits_for_manager
from services.notifier.domain.employers_side import (
    CanClose,
    Changes,
    Employer,
    settle_employer,
)
from services.notifier.lookups import due_for, organisation_lock, read_contacts
from services.notifier.ports import Begin, Tables, Words
from services.notifier.settling import settle

BATCH = 100


@dataclass(frozen=True, slots=True)
class EmployersSide:
    """Settles what waits for employers. `can_close` says whether a task can be taken back."""

    begin: Begin
    can_close: CanClose
    special_office: str
    words: Words

    async def settle(self, now: datetime) -> bool:
        """Settle what is ready to be looked at, a batch; False where nothing was. Raises what PostgreSQL raises."""
        async with self.begin() as tables:
            ready = await tables.deliveries.ready_for_managers(now, BATCH)
            if not ready:
                return False
            persons = {person for person, _ in ready}
            locks = await tables.contacts.connected(persons)
            locks |= {organisation_lock(org_number) for _, org_number in ready}
            await tables.events.lock(locks)
            changes = await self._changes(tables, ready, now)
            await settle(tables, changes.settled, changes.following, now)
        return True

    async def _changes(
        self, tables: Tables, ready: set[tuple[bytes, str]], now: datetime
    ) -> Changes:
        waiting, tasks = await _by_employer(tables, {person for person, _ in ready})
        # Somebody else may have settled them while this one waited for the lock, or their number may have changed.
        looked_at = sorted(ready & waiting.keys())
        events = await tables.events.read({e.event_id for one in looked_at for e in waiting[one]})
        dues = {event_id: due_for(known, self.words, now) for event_id, known in events.items()}
        book = await read_contacts(tables, events.values(), self.special_office, now)
        every = Changes()
        for person, org_number in looked_at:
            own = tasks.setdefault(person, [])
            changes = settle_employer(
                Employer(org_number, book.of(person)),
                waiting[person, org_number],
                own,
                dues,
                can_close=self.can_close,
                now=now,
            )
            every.settled += changes.settled
            every.following += changes.following
            # The next employer of the same person finds the task that was opened for this one.
            own += (one for one in changes.following if one.channel == "adviser_task")
        return every


async def _by_employer(
    tables: Tables, persons: Collection[bytes]
) -> tuple[dict[tuple[bytes, str], list[Delivery]], dict[bytes, list[Delivery]]]:
    """What waits, by person and employer, and the tasks of each person; those planned first first."""
    waiting: dict[tuple[bytes, str], list[Delivery]] = {}
    tasks: dict[bytes, list[Delivery]] = {}
    rows = await tables.deliveries.lock_for_managers(persons)
    for row in sorted(rows, key=lambda one: (one.planned_at, one.delivery_id)):
        if waits_for_manager(row):
            waiting.setdefault((row.person, row.org_number or ""), []).append(row)
        else:
            tasks.setdefault(row.person, []).append(row)
    return waiting, tasks
