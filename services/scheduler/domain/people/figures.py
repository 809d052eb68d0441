"""The figure that the field steers by: what one person adds to an office's month (contract 9). Pure.

Counted is meeting 2 against the law's day alone (ftrl § 8-7a (2): at 26 weeks at the latest), whatever day an office's
rulebook sets for itself: offices and months are compared with each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.norway import ONE_DAY, midnight, oslo_date
from services.scheduler.domain.facts.case_facts import case_facts, facts_by_case
from services.scheduler.domain.facts.cases import Leave, leaves_of
from services.scheduler.domain.facts.facts import Fact, standing
from services.scheduler.domain.people.person import Person

DAY_182 = timedelta(days=181)
"""From a case's start, which is day 1, to the last day of its 26 weeks."""
CLOSES_ON_DAY = 5
"""The day of the next month on which a month is closed: reports come late (contract 9)."""

MEETING = 2
CHECKPOINT = f"dialogue_meeting_{MEETING}"

HELD_IN_TIME = "held_in_time"
NEITHER = "neither"
MEETINGS_HELD = "meetings_held"
REASONS = (
    "medical",
    "hospitalised",
    "recovery_expected_within_28_weeks",
    "ongoing_measure",
    "other",
)
"""Why somebody was exempted; a reason that nobody has a word for is `other`, so that no odd code is kept for good."""
EXEMPTED = {reason: f"exempted_{reason}" for reason in REASONS}
ELIGIBLE = (HELD_IN_TIME, *EXEMPTED.values(), NEITHER)
"""What may have become of somebody eligible: exactly one of these."""
OUTCOMES = (*ELIGIBLE, MEETINGS_HELD)
"""Everything that is counted, in the order in which it is shown."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar; `first` is its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that a date lies in."""
        return cls(day.replace(day=1))

    @property
    def next(self) -> Month:
        return Month.of(self.first + timedelta(days=31))

    @property
    def last(self) -> date:
        """Its last day."""
        return self.next.first - ONE_DAY

    @property
    def year_before(self) -> Month:
        """The same month of the year before."""
        return Month(self.first.replace(year=self.first.year - 1))

    @property
    def closes_at(self) -> datetime:
        """The instant (UTC) from which on nothing changes it: Oslo's midnight at which the 5th of the next begins."""
        return midnight(self.next.first.replace(day=CLOSES_ON_DAY))

    def has(self, day: date) -> bool:
        return self.first <= day < self.next.first

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class CountedMonth:
    """A month that has been counted: what was known at `as_of`, and when it was closed (None: it is still open)."""

    month: Month
    as_of: datetime
    closed_at: datetime | None


def months_to_count(known: Collection[CountedMonth], now: datetime) -> list[Month]:
    """The months to be counted at `now` (aware), oldest first: all that are open, and those that were left out.

    Before anything was counted it is the present month, and the one before for as long as that would be open. After
    an outage it is every month since: each is closed with what is known by then.
    """
    present = Month.of(oslo_date(now))
    is_open = [counted.month for counted in known if counted.closed_at is None]
    if is_open:
        month = min(is_open)
    elif known:
        month = max(counted.month for counted in known).next
    else:
        previous = Month.of(present.first - ONE_DAY)
        month = previous if now < previous.closes_at else present
    months = []
    while month <= present:
        months.append(month)
        month = month.next
    return months


def contribution(person: Person, month: Month, today: date) -> Counter[str]:
    """What one person adds to the month of their office, by outcome; of a day 182 that has not passed yet, nothing."""
    stands = standing(person.slots, person.facts)
    leaves = leaves_of(stands.notes, stands.resumed)
    facts = facts_by_case(stands.follow_up, [(leave.start, str(leave.start)) for leave in leaves])
    counts: Counter[str] = Counter()
    for leave in leaves:
        of_case = facts.get(str(leave.start), [])
        held = _held_on(of_case)
        counts[MEETINGS_HELD] += sum(month.has(day) for day in held)
        day_182 = leave.start + DAY_182
        is_alive = stands.died_on is None or day_182 < stands.died_on
        if month.has(day_182) and day_182 < today and is_alive:
            counts.update(_outcome(leave, of_case, held, day_182))
    return +counts


def _outcome(
    leave: Leave, facts: Sequence[Fact], held: Collection[date], day_182: date
) -> Iterator[str]:
    """What had become of the case by its day 182; nothing where it is not among those who are counted."""
    was_held_before = any(day < day_182 for day in held)
    if not leave.employers(day_182) or not (leave.is_sick_listed(day_182) or was_held_before):
        return
    if any(day <= day_182 for day in held):
        yield HELD_IN_TIME
        return
    reason = _exemption_on(day_182, facts)
    yield NEITHER if reason is None else EXEMPTED.get(reason, EXEMPTED["other"])


def _held_on(facts: Iterable[Fact]) -> list[date]:
    """The dates on which meetings 2 of the case were held, one a meeting."""
    return [
        meeting.held_on
        for meeting in case_facts(facts).meetings
        if meeting.meeting == MEETING and meeting.held_on is not None
    ]


def _exemption_on(day: date, facts: Iterable[Fact]) -> str | None:
    """The reason of the exemption from meeting 2 that stood on that day, of several the one granted last.

    It is asked of what had happened by then: revoked later, it stood all the same. One that names an employer ends
    nothing for the office (contract 4).
    """
    by_then = case_facts(fact for fact in facts if fact.on <= day)
    standing_then = [
        exemption
        for exemption in by_then.exemptions
        if exemption.fact.checkpoint == CHECKPOINT
        and exemption.fact.org_number is None
        and exemption.stands_on(day)
    ]
    if not standing_then:
        return None
    return max(standing_then, key=lambda exemption: exemption.fact.occurred_at).fact.reason


def eligible(counts: Counter[str]) -> int:
    """Of how many the share is: those who passed day 182 sick-listed, or had their meeting 2 before."""
    return sum(counts[outcome] for outcome in ELIGIBLE)


def percent_in_time(counts: Counter[str]) -> int | None:
    """The share whose meeting 2 was held by day 182, in whole percent; None where nobody is eligible."""
    of = eligible(counts)
    return (200 * counts[HELD_IN_TIME] + of) // (2 * of) if of else None
