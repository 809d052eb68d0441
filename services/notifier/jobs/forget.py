"""Retention: due events, with all that hangs on them, go so many months after the end of a person's last case.

The notifier knows that end from its own events (contract 14.10): the last day of a case as its newest event or basis
has it. People are looked at some at a time, round and round. Contacts and changes of number are a register's, and stay.
"""

from __future__ import annotations

from datetime import date, datetime

import structlog

from schemas.norway import ONE_DAY, midnight, months_before, oslo_date
from services.notifier import metrics
from services.notifier.ports import KnownEvent
from services.notifier.store import Begin

PEOPLE_PER_BATCH = 200

_log = structlog.stdlib.get_logger(__name__)


class Forgetting:
    """One round after the other; where it stands is in memory, so a restart begins anew."""

    def __init__(self, begin: Begin, months: int) -> None:
        self._begin = begin
        self._months = months
        self._last_person = b""

    async def run(self, now: datetime) -> int:
        """Look at the next people at `now` (aware); returns how many were forgotten. A round ends where nobody is left.

        Of somebody nothing may have come since then, nothing may wait to be sent, and no case may have ended later.
        """
        last_on = months_before(oslo_date(now), self._months)
        before = midnight(last_on + ONE_DAY)
        async with self._begin() as tables:
            people = await tables.retention.people_after(self._last_person, PEOPLE_PER_BATCH)
            quiet = await tables.retention.quiet(people, before)
            if quiet:
                await tables.events.lock(quiet)
                quiet = await tables.retention.quiet(quiet, before)
            lasting = {
                known.person
                for known in await tables.retention.events_of(quiet)
                if _last_on(known) > last_on
            }
            gone = [person for person in quiet if person not in lasting]
            events = await tables.retention.forget(gone) if gone else 0
            if not people:
                await tables.retention.forget_old(before)
                await tables.records.forget_refused(before)
        self._last_person = max(people, default=b"")
        if not people:
            metrics.RETENTION_RUN_AT.set(now.timestamp())
        if gone:
            metrics.PEOPLE_FORGOTTEN.inc(len(gone))
            _log.info("people.forgotten", count=len(gone), rows=events)
        return len(gone)


def _last_on(known: KnownEvent) -> date:
    """The last day of its case as far as this event knows it."""
    basis = known.event.basis
    until = basis.notes_until if basis is not None else None
    return max(known.event.case.end, until or known.event.case.end)
