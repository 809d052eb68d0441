"""What one person adds to an office's month, at its edges (contract 9); START is 5 January, day 182 is 5 July."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.messages import (
    DialogueMeetingHeld,
    ExemptionGranted,
    ExemptionRevoked,
    PersonDied,
)
from services.scheduler.domain.people.figures import (
    CountedMonth,
    Month,
    contribution,
    months_to_count,
)
from tests.reference.life import ANNE, KAFE, Arrival, Life, at, day, note

JUNE, JULY = Month(date(2026, 6, 1)), Month(date(2026, 7, 1))
LONG = note(0, 200)
LATER = date(2026, 9, 1)


def counted(*arrivals: Arrival, month: Month = JULY, today: date = LATER) -> Counter[str]:
    life = Life()
    life.arrive(at(0), *arrivals)
    return contribution(life.known_people.people[ANNE], month, today)


def held(number: int, *, reported: int | None = None, meeting_id: str = "m") -> DialogueMeetingHeld:
    return DialogueMeetingHeld(
        person_id=ANNE,
        occurred_at=at(number if reported is None else reported),
        meeting=2,
        meeting_id=meeting_id,
        takes_place_on=day(number),
    )


def granted(number: int, *, until: int | None = None, org: str | None = None) -> ExemptionGranted:
    return ExemptionGranted(
        person_id=ANNE,
        occurred_at=at(number),
        checkpoint="dialogue_meeting_2",
        reason="medical",
        granted_by="adviser",
        until=None if until is None else day(until),
        org_number=org,
    )


def revoked(number: int) -> ExemptionRevoked:
    return ExemptionRevoked(
        person_id=ANNE,
        occurred_at=at(number),
        checkpoint="dialogue_meeting_2",
        reason="medical",
        granted_by="adviser",
    )


IN_TIME = Counter(held_in_time=1, meetings_held=1)
TOO_LATE = Counter(neither=1, meetings_held=1)
EXEMPTED = Counter(exempted_medical=1)
NEITHER = Counter(neither=1)
NOTHING: Counter[str] = Counter()


SITUATIONS: list[tuple[list[Arrival], Counter[str]]] = [
    ([LONG], NEITHER),
    ([LONG, held(181)], IN_TIME),
    ([LONG, held(182)], TOO_LATE),
    ([LONG, held(181, reported=190)], IN_TIME),
    ([LONG, held(180), held(190, meeting_id="n")], IN_TIME + Counter(meetings_held=1)),
    ([LONG, held(181), granted(120)], IN_TIME),
    ([LONG, granted(181)], EXEMPTED),
    ([LONG, granted(182)], NEITHER),
    ([LONG, granted(120, until=181)], EXEMPTED),
    ([LONG, granted(120, until=180)], NEITHER),
    ([LONG, granted(120), revoked(181)], NEITHER),
    ([LONG, granted(120), revoked(182)], EXEMPTED),
    ([LONG, granted(120, org=KAFE)], NEITHER),
    ([note(0, 181)], NEITHER),
    ([note(0, 180)], NOTHING),
    ([note(0, 200, employer=None)], NOTHING),
    ([note(0, 200, kind="waiting")], NOTHING),
    ([LONG, PersonDied(person_id=ANNE, occurred_at=at(200), on=day(181))], NOTHING),
    ([LONG, PersonDied(person_id=ANNE, occurred_at=at(200), on=day(182))], NEITHER),
]


@pytest.mark.parametrize(("arrivals", "expected"), SITUATIONS)
def test_each_person_counts_once_by_what_had_become_of_it_on_day_182(
    arrivals: list[Arrival], expected: Counter[str]
) -> None:
    assert counted(*arrivals) == expected


def test_whoever_had_the_meeting_before_counts_though_recovered_by_then() -> None:
    """In the month of day 182; the meeting itself counts in the month in which it was held."""
    recovered: list[Arrival] = [note(0, 170), held(160)]
    assert counted(*recovered, month=JULY) == Counter(held_in_time=1)
    assert counted(*recovered, month=JUNE) == Counter(meetings_held=1)


def test_a_day_182_that_has_not_passed_is_not_counted_yet() -> None:
    assert counted(LONG, held(100), month=JULY, today=day(181)) == NOTHING
    assert counted(LONG, held(100), month=JULY, today=day(182)) == Counter(held_in_time=1)


def test_a_reason_that_nobody_has_a_word_for_is_another_reason() -> None:
    odd = granted(120).model_copy(update={"reason": ANNE})
    assert counted(LONG, odd) == Counter(exempted_other=1)


def instant(month: int, number: int, hour: int, *, year: int = 2026) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)


def test_a_month_closes_at_midnight_in_oslo_as_the_5th_of_the_next_begins() -> None:
    assert JULY.closes_at == instant(8, 4, 22)
    assert Month(date(2026, 12, 1)).closes_at == instant(1, 4, 23, year=2027)
    assert JULY.year_before == Month(date(2025, 7, 1))


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        ([], instant(8, 4, 21), ["2026-07", "2026-08"]),
        ([], instant(8, 4, 22), ["2026-08"]),
        ([("2026-07", False)], instant(8, 4, 22), ["2026-07", "2026-08"]),
        ([("2026-07", True)], instant(8, 4, 22), ["2026-08"]),
        ([("2026-07", True), ("2026-08", False)], instant(8, 31, 21), ["2026-08"]),
        ([("2026-07", True), ("2026-08", False)], instant(8, 31, 22), ["2026-08", "2026-09"]),
        ([("2026-05", True)], instant(8, 20, 0), ["2026-06", "2026-07", "2026-08"]),
        ([("2026-11", True)], instant(1, 2, 0, year=2027), ["2026-12", "2027-01"]),
    ],
)
def test_all_that_is_open_is_counted_and_what_an_outage_has_left_out(
    known: list[tuple[str, bool]], now: datetime, expected: list[str]
) -> None:
    months = [
        CountedMonth(
            Month(date.fromisoformat(f"{name}-01")),
            now - timedelta(hours=1),
            now - timedelta(hours=1) if is_closed else None,
        )
        for name, is_closed in known
    ]
    assert [str(month) for month in months_to_count(months, now)] == expected
