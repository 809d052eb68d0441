"""The figures of a generated year of some thousand lives, against a count that shares nothing with the scheduler."""

from __future__ import annotations

from collections import Counter, defaultdict

from schemas.ids import person_hash
from schemas.inbound import decode_inbound
from schemas.wire import Envelope
from services.scheduler.domain.facts.intake import observations_of
from services.scheduler.domain.people.figures import OUTCOMES, Month, contribution
from services.scheduler.domain.people.known_people import KnownPeople
from tests.reference.figures_count import count, days_of
from tests.reference.figures_year import date_of, lives, record_of
from tests.reference.life import shipped

YEAR = [(2025, month) for month in range(7, 13)] + [(2026, month) for month in range(1, 7)]
LONG_AFTER = 900
"""A day on which all of it has arrived."""


def test_a_year_of_three_thousand_lives_counts_as_an_independent_count_says() -> None:
    """contract 9. How months close is shown on PostgreSQL, with fewer lives."""
    year = lives(3_000, seed=20)
    known_people = KnownPeople(shipped("standard"), lambda number: person_hash(b"t", number))
    for record in [record_of(life, entry) for life in year for entry in life["entries"]]:
        envelope = decode_inbound(record)
        assert isinstance(envelope, Envelope)
        known_people.take(observations_of(envelope, record))
    outcomes: Counter[str] = Counter()
    for days in (days_of(*month) for month in YEAR):
        figures: dict[str, Counter[str]] = defaultdict(Counter)
        for person in known_people.people.values():
            counts = contribution(person, Month(date_of(days[0])), date_of(LONG_AFTER))
            figures[person.office or ""].update(counts)
        counted = {office: dict(counts) for office, counts in figures.items() if counts}
        assert counted == count(year, days, (LONG_AFTER, 0)), days[0]
        outcomes.update(sum(figures.values(), Counter()))
    assert set(outcomes) == set(OUTCOMES)
    assert min(outcomes.values()) > 10
