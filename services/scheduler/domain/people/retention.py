"""How long a person is remembered (contract 14.10). Pure.

Retention counts from the end of the last case. What belongs to no case counts from when it was published: a note that
makes no sick day, and everything about somebody who has no case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from schemas.norway import months_before, oslo_date
from schemas.wire import Version
from services.scheduler.domain.facts.cases import Leave
from services.scheduler.domain.facts.facts import Fact, NoteSlot

LATE_NOTE = timedelta(days=92)
"""How much later than a fact the note may come that makes its case (policy): for so long it is waited for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A publisher may set any timestamp; in milliseconds, these are the first and the last that are taken as they are.
_FIRST_TIMESTAMP, _LAST_TIMESTAMP = 0, 4_000_000_000_000


def last_on(
    leaves: Sequence[Leave], slots: Sequence[NoteSlot], facts: Sequence[Fact]
) -> date | None:
    """The date in Norway from which a person's retention counts; None where there is nothing to forget."""
    if not leaves:
        versions = [one.version for one in slots] + [one.version for one in facts]
        return max(map(_published_on, versions), default=None)
    end = max(leave.end for leave in leaves)
    later = [slot for slot in slots if slot.note is not None and _published_on(slot.version) > end]
    if not later:
        return end
    in_cases = {
        note_day.note.note.note_id
        for leave in leaves
        for note_days in leave.notes_by_day.values()
        for note_day in note_days
    }
    return max(
        [end, *(_published_on(slot.version) for slot in later if slot.note_id not in in_cases)]
    )


def is_to_be_forgotten(counts_from: date, heard_at: datetime, months: int, now: datetime) -> bool:
    """Whether somebody's time is over at `now`: counted from their `last_on`, with a newest record of `heard_at`.

    Instants are aware. Of whom a record came lately, a late note may still come that makes a case of it.
    """
    today = oslo_date(now)
    return counts_from <= months_before(today, months) and oslo_date(heard_at) <= today - LATE_NOTE


def published_at(timestamp_ms: int) -> datetime:
    """The instant (UTC) of a Kafka timestamp; of one that no calendar has, the nearest that is taken for one."""
    bounded = min(max(timestamp_ms, _FIRST_TIMESTAMP), _LAST_TIMESTAMP)
    return _EPOCH + timedelta(milliseconds=bounded)


def _published_on(version: Version) -> date:
    return oslo_date(published_at(version.timestamp_ms))
