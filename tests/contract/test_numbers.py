"""Which number a person has after changes of number: whatever the order in which they are looked at (contract 2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.numbers import NumberChange, current_number, numbers_after
from schemas.wire import Version

NUMBERS = st.sampled_from("ABCDE")
CHANGES = st.lists(
    st.builds(
        NumberChange,
        st.builds(Version, st.integers(0, 3), st.integers(0, 2)),
        NUMBERS,
        NUMBERS,
    ),
    max_size=8,
)


@given(changes=CHANGES, data=st.data())
def test_the_order_of_arrival_plays_no_part(
    changes: list[NumberChange[str]], data: st.DataObject
) -> None:
    became = numbers_after(changes)
    assert numbers_after(data.draw(st.permutations(changes))) == became


@given(changes=CHANGES, data=st.data())
def test_each_old_numbers_newest_change_is_all_that_has_to_be_kept(
    changes: list[NumberChange[str]], data: st.DataObject
) -> None:
    """The notifier keeps no more than that."""
    kept: dict[str, NumberChange[str]] = {}
    for change in data.draw(st.permutations(changes)):
        known = kept.get(change.old, change)
        kept[change.old] = max(known, change, key=lambda one: (one.version, one.new))
    assert numbers_after(kept.values()) == numbers_after(changes)


@given(changes=CHANGES)
def test_a_number_that_changed_leads_to_one_that_did_not(changes: list[NumberChange[str]]) -> None:
    became = numbers_after(changes)
    for old in became:
        assert current_number(old, became) not in became


def test_of_two_changes_of_one_number_the_newest_stands() -> None:
    first = NumberChange(Version(1, 5), "A", "B")
    second = NumberChange(Version(1, 6), "A", "C")
    assert numbers_after([first, second]) == numbers_after([second, first]) == {"A": "C"}


def test_a_ring_ends_at_the_new_number_of_its_newest_change() -> None:
    ring = [
        NumberChange(Version(3, 0), "C", "A"),
        NumberChange(Version(1, 0), "A", "B"),
        NumberChange(Version(2, 0), "B", "C"),
    ]
    assert numbers_after(ring) == {"B": "C", "C": "A"}
