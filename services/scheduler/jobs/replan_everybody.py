"""A new rulebook for everybody: what it would change, then the change, in batches while the service runs.

First the rulebook is put in force, for every running instance from its next transaction on; then people are brought
under it. Each batch is a transaction of its own and remembers how far it came, so a replan that was stopped goes on
where it was. Each person is replanned as after any fact; there is no other way to change a timer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.runtime.clock import Clock
from services.runtime.postgres import retrying
from services.scheduler.domain.people.known_people import messages_of
from services.scheduler.domain.people.person import Person
from services.scheduler.domain.plan.history import Timer
from services.scheduler.domain.rulebook.model import Rulebook
from services.scheduler.handlers import encoded
from services.scheduler.ports import Begin, Progress

PEOPLE_PER_BATCH = 200
# Whoever plans meanwhile is waited for, at most two seconds a try; a service under load leaves gaps within one.
LOCK_RETRIES = 4


class OvertakenReplan(Exception):
    """Somebody has put another rulebook in force while this replan was under way; theirs goes on."""

    def __init__(self) -> None:
        super().__init__("Another rulebook was put in force meanwhile; this replan has stopped.")


class Place(NamedTuple):
    """Where a change is counted; `office` is empty for people without one."""

    checkpoint: str
    office: str


@dataclass
class ReplanCounts:
    """How many timers a replan adds, moves and drops, and how many due events it withdraws."""

    added: Counter[Place] = field(default_factory=Counter)
    moved: Counter[Place] = field(default_factory=Counter)
    dropped: Counter[Place] = field(default_factory=Counter)
    withdrawn: Counter[Place] = field(default_factory=Counter)
    people: int = 0

    def count(self, before: Person, after: Person) -> None:
        """Add what became of one person."""
        office = after.office or ""
        old, new = _timers(before.timers), _timers(after.timers)
        for key in new.keys() - old.keys():
            self.added[Place(key[1], office)] += 1
        for key in old.keys() - new.keys():
            self.dropped[Place(key[1], office)] += 1
        for key in new.keys() & old.keys():
            if new[key].due_at != old[key].due_at:
                self.moved[Place(key[1], office)] += 1
        parts = {fired.event.event_id: len(fired.withdrawn) for fired in before.fired}
        for fired in after.fired:
            more = len(fired.withdrawn) - parts.get(fired.event.event_id, 0)
            if more > 0:
                self.withdrawn[Place(fired.event.checkpoint, office)] += more
        self.people += 1

    def places(self) -> list[Place]:
        """Every place where something changes, sorted."""
        return sorted({*self.added, *self.moved, *self.dropped, *self.withdrawn})


async def replan_everybody(
    begin: Begin, clock: Clock, rulebook: Rulebook, *, dry_run: bool
) -> AsyncGenerator[ReplanCounts, None]:
    """Put the rulebook in force and replan all people under it; yields the sums after each batch.

    A dry run changes nothing and begins anew each time. What PostgreSQL raises comes through; the next call then
    goes on behind the last batch that was committed. Raises ChangedRulebook before anything is changed, and
    OvertakenReplan where somebody else has put another rulebook in force meanwhile.
    """
    progress = Progress(rulebook.title, await clock.now())
    if dry_run:
        async with begin() as tables:
            await tables.rulebooks.refuse_changed(rulebook)
    else:
        progress = await retrying(
            lambda: _put_in_force(begin, clock, rulebook), retries=LOCK_RETRIES
        )
    changes = ReplanCounts()
    while progress.finished_at is None:
        progress = await _batch(begin, clock, rulebook, progress, changes, dry_run=dry_run)
        yield changes


async def _put_in_force(begin: Begin, clock: Clock, rulebook: Rulebook) -> Progress:
    """Put the rulebook in force where another is; returns how far a replan under it has come."""
    now = await clock.now()
    async with begin() as tables:
        await tables.rulebooks.put_in_force(rulebook, now)
        progress = await tables.rulebooks.replan_progress(rulebook.title)
    if progress is not None and progress.finished_at is None:
        return progress
    return Progress(rulebook.title, now)


async def _batch(
    begin: Begin,
    clock: Clock,
    rulebook: Rulebook,
    progress: Progress,
    changes: ReplanCounts,
    *,
    dry_run: bool,
) -> Progress:
    now = await clock.now()
    async with begin() as tables:
        loaded = await tables.people.claim_after(progress.last_person, PEOPLE_PER_BATCH)
        if dry_run:
            loaded.known_people.rulebook = rulebook
        elif not loaded.known_people.rulebook.is_same_as(rulebook):
            raise OvertakenReplan
        outcomes = loaded.known_people.replan(loaded.before.people, now)
        if not loaded.before.people:
            progress = replace(progress, finished_at=now)
        else:
            progress = replace(
                progress,
                last_person=max(person.hash for person in loaded.before.people.values()),
                people=progress.people + len(loaded.before.people),
            )
        if not dry_run:
            await tables.people.save(loaded.changes, now)
            await tables.records.put(encoded(messages_of(outcomes.values()), now))
            await tables.rulebooks.save_replan_progress(progress)
    for number, before in loaded.before.people.items():
        changes.count(before, loaded.known_people.people[number])
    return progress


def _timers(timers: Iterable[Timer]) -> dict[tuple[str, str, str, str], Timer]:
    return {(timer.case_id, *timer.key): timer for timer in timers}
