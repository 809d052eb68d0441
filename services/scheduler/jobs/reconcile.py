"""Compares everybody's timers with what their facts give, a batch at a time, round after round (contract 13.15).

They should always agree: a difference is a bug, or somebody has edited the tables. It is counted, logged and mended.
"""

from __future__ import annotations

import structlog

from services.runtime.clock import Clock
from services.scheduler import metrics
from services.scheduler.domain.people.known_people import messages_of
from services.scheduler.handlers import encoded
from services.scheduler.jobs.replan_everybody import ReplanCounts
from services.scheduler.ports import Begin

PEOPLE_PER_BATCH = 200

_log = structlog.stdlib.get_logger(__name__)


class Reconciliation:
    """One round after the other over all people; where it stands is in memory, so a restart begins anew."""

    def __init__(self, begin: Begin, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock
        self._last_person = b""

    async def run(self) -> ReplanCounts:
        """Compare and mend the next batch; returns how many timers were different.

        People whom a new rulebook has not reached yet are left alone: `replan` is for them.
        """
        now = await self._clock.now()
        changes = ReplanCounts()
        async with self._begin() as tables:
            loaded = await tables.people.claim_after(self._last_person, PEOPLE_PER_BATCH)
            hashes = [person.hash for person in loaded.before.people.values()]
            replanned_to = await tables.rulebooks.replanned_to()
            known = [
                number
                for number, person in loaded.before.people.items()
                if replanned_to is None or person.hash <= replanned_to
            ]
            outcomes = loaded.known_people.replan(known, now)
            for number in outcomes:
                changes.count(loaded.before.people[number], loaded.known_people.people[number])
            await tables.people.save(loaded.changes, now)
            await tables.records.put(encoded(messages_of(outcomes.values()), now))
        self._last_person = max(hashes, default=b"")
        metrics.RECONCILED.inc(changes.people)
        if changes.places():
            metrics.MENDED.inc(sum(changes.added.values()) + sum(changes.dropped.values()))
            _log.warning("timers.mended", count=len(changes.places()))
        return changes
