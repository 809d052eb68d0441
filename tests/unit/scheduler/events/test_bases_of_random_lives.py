"""The bases of generated lives are what an independent model of them says (contract 4.4)."""

from __future__ import annotations

import pytest

from tests.reference.basis.compare import difference, life_of


@pytest.mark.parametrize("first", range(0, 200, 40))
def test_every_basis_that_stands_or_is_drafted_says_what_the_reference_model_says(
    first: int,
) -> None:
    """Of several employers and moved starts; `python -m tests.reference.basis.compare` lives more of them."""
    for number in range(first, first + 40):
        assert not difference(life_of(number)), f"life {number}"
