"""Retention: due events, with all that hangs on them, go so many months after the end of a person's last case.

The notifier knows that end from its own events (contract 14.10): the last day of a case as its newest event or basis
has it. People are looked at some at a time, round and round. Contacts and changes of number are a register's, and stay.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from schemas.norway import midnight
from services.notifier import metrics
from services.notifier.domain.retention import ended_by, last_day, silent_since
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

        Of somebody nothing may have come since that case was over, and nothing may wait to be sent.
        """
        ended, since = ended_by(now, self._months), silent_since(now, self._months)
        async with self._begin() as tables:
            people = await tables.retention.people_after(self._last_person, PEOPLE_PER_BATCH)
            silent = await tables.retention.silent(people, since)
            if silent:
                await tables.events.lock(silent)
                silent = await tables.retention.silent(silent, since)
            events = await tables.retention.events_of(silent)
            later = {known.person for known in events if last_day(known.event) > ended}
            gone = [person for person in silent if person not in later]
            rows = await tables.retention.forget(gone) if gone else 0
            if not people:
                await tables.retention.forget_old(midnight(ended))
                await tables.records.forget_refused(midnight(ended))
        self._last_person = max(people, default=b"")
        if not people:
            metrics.RETENTION_RUN_AT.set(now.timestamp())
        if gone:
            metrics.PEOPLE_FORGOTTEN.inc(len(gone))
            _log.info("people.forgotten", count=len(gone), rows=rows)
        return len(gone)
