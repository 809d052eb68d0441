"""An act, a condition, a fact anchor and a reason each stand in one table, and none is forgotten there (contract 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import get_args

import pytest

from services.scheduler.domain.plan.acts import ACTS
from services.scheduler.domain.plan.conditions import CONDITIONS
from services.scheduler.domain.plan.fact_anchors import ANCHORS
from services.scheduler.domain.plan.reasons import WORDS, Reason, in_words, with_detail
from services.scheduler.domain.rulebook.model import Act, ConditionName, FactAnchor

TABLES: dict[str, tuple[Iterable[str], Collection[str]]] = {
    "act of done_by": (get_args(Act), ACTS),
    "condition of when": (get_args(ConditionName), CONDITIONS),
    "fact anchor of on": (get_args(FactAnchor), ANCHORS),
    "reason that explain words": (get_args(Reason), WORDS),
    "reason of an act": ([row.reason for row in ACTS.values()], WORDS),
    "reason of a condition": ([row.reason for row in CONDITIONS.values()], WORDS),
}


def without_a_row(names: Iterable[str], table: Collection[str]) -> list[str]:
    """The names that a rulebook or a plan may use and for which the table has no row."""
    return [name for name in names if name not in table]


@pytest.mark.parametrize("what", TABLES)
def test_every_name_has_its_row(what: str) -> None:
    names, table = TABLES[what]
    assert without_a_row(names, table) == []


@pytest.mark.parametrize("what", TABLES)
def test_a_name_without_a_row_is_reported(what: str) -> None:
    names, table = TABLES[what]
    assert without_a_row([*names, "planted"], table) == ["planted"]


def test_a_reason_in_words_ends_with_its_detail() -> None:
    assert in_words(with_detail("exempted", "medical")) == "exempted (medical)"
    assert in_words(with_detail("late", 30)) == "told late, by 30 s"
    assert in_words("held") == "the meeting has been held"
