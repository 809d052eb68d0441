"""`plan --by-person` (contract 11): the same plan, in memory that does not grow with the number of people."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.by_person import AT, MIB, Life, lives, measure
from services.cli.fold import DeadRecord, fold
from services.cli.output.plan_json import persons_of
from services.cli.record_files.by_person import groups_of
from services.cli.record_files.read import FiledRecord, read_records
from services.scheduler.rulebook_file import read_rulebook

FEW, MANY = 1_000, 6_000


def short_leaves(people: int) -> Iterator[str]:
    """One note of two weeks for each person: the memory that a person needs does not depend on the leave's length."""
    for index in range(people):
        first = date(2026, 3, 2) + timedelta(days=index % 150)
        life = Life(index, random.Random(index))  # noqa: S311 - no secret
        life.note(first, first + timedelta(days=13), first, "310200107", 100)
        yield from (json.dumps(members) + "\n" for _, members in life.records)


def test_six_times_the_people_take_no_more_memory() -> None:
    """One kilobyte held for each of the 5 000 further people would show as 5 MiB; the kernel measures the peak."""
    few = measure(FEW, short_leaves(FEW))
    many = measure(MANY, short_leaves(MANY))

    assert many.people == MANY
    assert many.records == MANY
    assert few.peak_bytes > 10 * MIB, "a command that takes no memory was not measured"
    assert many.peak_bytes - few.peak_bytes < 3 * MIB


@pytest.mark.parametrize("rulebook", ["standard", "nav-2026"])
def test_planned_person_by_person_or_all_together_everybody_has_the_same_plan(
    rulebook: str, tmp_path: Path
) -> None:
    """Leaves of months, with late notes, withdrawals, two employers, deaths and changes of number."""
    file = tmp_path / "lives.ndjson"
    file.write_text("".join(lives(150, seed=7)), "utf-8")
    filed = list(read_records(file))
    assert any(b"person.renumbered" in dict(entry.record.headers)["ce_type"] for entry in filed)

    one_by_one = [person for group in groups_of(filed) for person in _plans_of(group, rulebook)]
    together = _plans_of(filed, rulebook)

    assert len(together) == 150
    assert sorted(one_by_one, key=lambda person: person["person_id"]) == together


def _plans_of(filed: Iterable[FiledRecord], rulebook: str) -> list[dict[str, Any]]:
    dead: list[DeadRecord] = []
    result = fold(filed, read_rulebook(rulebook), datetime.fromisoformat(AT), dead.append)
    assert not dead
    return list(persons_of(result))
