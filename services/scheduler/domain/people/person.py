"""All that is stored about one person: what facts, cases, timers and due events belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from services.scheduler.domain.facts.cases import StoredCase
from services.scheduler.domain.facts.facts import Fact, NoteSlot
from services.scheduler.domain.plan.history import Fired, Timer


@dataclass(frozen=True)
class Person:
    """One person under the number that is in force.

    `hash` is the keyed hash of the number, `numbers_used` counts the cases that ever got an id, `replan_at` (UTC) is
    when time alone changes the plan next. Retention counts from `last_on`, a date in Norway; None where nothing is
    stored that it is about.
    """

    person_id: str
    hash: bytes = field(repr=False)
    office: str | None = None
    slots: tuple[NoteSlot, ...] = ()
    facts: tuple[Fact, ...] = ()
    cases: tuple[StoredCase, ...] = ()
    numbers_used: int = 0
    fired: tuple[Fired, ...] = ()
    timers: tuple[Timer, ...] = ()
    replan_at: datetime | None = None
    last_on: date | None = None
