"""Whatever a publisher in a loop sends, the person stays within bounds and all else goes on (contract 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import FactWithdrawn, PersonDied
from schemas.wire import encode
from services.scheduler.domain.facts import bounds
from services.scheduler.domain.facts.facts import NoteSlot, death_of, not_withdrawn
from services.scheduler.domain.facts.intake import Observation
from tests.reference.floods import FLOODS
from tests.reference.life import ANNE, BJORN, Arrival, Life, at, fact, gone

# Small bounds, so that a short flood passes them: what holds of five holds of two hundred.
SMALL = {
    "NOTES_MAX": 5,
    "EMPLOYERS_MAX": 3,
    "CASES_MAX": 4,
    "NUMBERS_MAX": 3,
    "THINGS_MAX": 3,
    "FACTS_MAX": 5,
}
LARGEST_EVENT_BYTES = 512 * 1024

floods = st.lists(
    st.tuples(
        st.sampled_from(sorted(FLOODS)),
        st.sampled_from([ANNE, ANNE, ANNE, BJORN]),
        st.integers(0, 3),
        st.integers(1, 12),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module", autouse=True)
def small_bounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(bounds, name, value)
        yield


def taken(life: Life, arrival: Arrival, number: int) -> bool:
    """Whether it gets in."""
    return not life.simulation.arrive([life._observation(arrival, at(number))], at(number))


def batches_of(
    life: Life, flooded: list[tuple[str, str, int, int, bool]]
) -> list[list[Observation]]:
    """One batch for each flood; a loop is stuck on one name, or counts on."""
    return [
        [
            life._observation(FLOODS[kind](person, first + (0 if stuck else number)), at(1))
            for number in range(count)
        ]
        for kind, person, first, count, stuck in flooded
    ]


@settings(max_examples=60)
@given(flooded=floods)
def test_the_person_is_as_if_what_was_refused_had_never_come(
    flooded: list[tuple[str, str, int, int, bool]],
) -> None:
    life, other = Life(), Life()
    for batch in batches_of(life, [("note", ANNE, 0, 1, True), *flooded]):
        refusals = life.simulation.arrive(batch, at(1))
        refused = {id(refusal.observation) for refusal in refusals}
        other.simulation.arrive([one for one in batch if id(one) not in refused], at(1))
    for name in ("people", "slots", "owners", "renumbered", "tied", "seen"):
        assert getattr(life.known_people, name) == getattr(other.known_people, name)
    assert life.simulation.sent == other.simulation.sent
    for _, message in life.simulation.sent:
        record = encode(message, event_id="x", source="x", at=at(1))
        assert len(record.value or b"") < LARGEST_EVENT_BYTES


@settings(max_examples=60)
@given(flooded=floods)
def test_nobody_has_more_than_the_bounds_allow(
    flooded: list[tuple[str, str, int, int, bool]],
) -> None:
    life = Life()
    for batch in batches_of(life, [flood for flood in flooded if flood[0] != "renumbered"]):
        life.simulation.arrive(batch, at(1))
    for person in life.known_people.people.values():
        counts = Counter(type(known.message) for known in person.facts)
        for kind, count in counts.items():
            is_free = kind.kind in ("person.died", "person.death_annulled", "fact.withdrawn")
            assert is_free or count <= SMALL["FACTS_MAX"]
        assert len({slot.note_id for slot in person.slots}) <= SMALL["NOTES_MAX"]
        assert len(person.cases) <= SMALL["CASES_MAX"]


@settings(max_examples=60)
@given(flooded=floods, data=st.data())
def test_deaths_and_withdrawals_and_what_replaces_a_note_get_in_after_any_flood(
    flooded: list[tuple[str, str, int, int, bool]], data: st.DataObject
) -> None:
    life = Life()
    for batch in batches_of(life, [("note", ANNE, 0, 1, True), *flooded]):
        life.simulation.arrive(batch, at(1))
    number = life.known_people.number_of(ANNE)
    person = life.known_people.people[number]

    standing = not_withdrawn(person.facts)
    if standing:
        mistake = data.draw(st.sampled_from(standing))
        withdrawal = FactWithdrawn(person_id=ANNE, occurred_at=at(2), fact_id=mistake.id)
        assert taken(life, fact(withdrawal, source=mistake.source), 2)
        person = life.known_people.people[life.known_people.number_of(ANNE)]
        assert mistake not in not_withdrawn(person.facts)
    person = life.known_people.people[life.known_people.number_of(ANNE)]
    for slot in person.slots:
        if slot.note is not None:
            newer = slot.note.model_copy(update={"form": "paper"})
            again = NoteSlot(slot.source, slot.note_id, slot.version, newer)
            assert taken(life, again, 3)
        assert taken(life, gone(slot.note_id), 3)
    taken(life, PersonDied(person_id=ANNE, occurred_at=at(4)), 4)
    person = life.known_people.people[life.known_people.number_of(ANNE)]
    assert death_of(not_withdrawn(person.facts)) is not None
