"""Which number a person has after changes of number (contract 2): one rule for both services. Pure.

A number is whatever names a person: the scheduler follows national numbers, the notifier their keyed hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from schemas.wire import Version

N = TypeVar("N", str, bytes)


@dataclass(frozen=True, slots=True)
class NumberChange(Generic[N]):
    """One record that says that `old` is `new` from now on."""

    version: Version
    old: N
    new: N


def numbers_after(changes: Iterable[NumberChange[N]]) -> dict[N, N]:
    """Old number → the number that it became; chains are not followed, and no chain leads back to its beginning.

    Of several changes of one number the newest stands. Where those that stand lead round in a ring (a mistake put
    right), the newest in the ring ends it: its new number is in force. The order of `changes` plays no part.
    """
    newest: dict[N, NumberChange[N]] = {}
    for change in changes:
        known = newest.get(change.old)
        if known is None or _age(known) < _age(change):
            newest[change.old] = change
    for ring in _rings(newest):
        last = max((newest[number] for number in ring), key=_age)
        del newest[last.new]
    return {old: change.new for old, change in newest.items()}


def current_number(number: N, became: Mapping[N, N]) -> N:
    """Follow the chain of changes to the number that is in force."""
    seen = {number}
    while (following := became.get(number)) is not None and following not in seen:
        number = following
        seen.add(number)
    return number


def _age(change: NumberChange[N]) -> tuple[Version, N]:
    # Records of different partitions may have equal versions: the new number then decides, in either service's terms.
    return change.version, change.new


def _rings(newest: Mapping[N, NumberChange[N]]) -> list[list[N]]:
    """The numbers of every ring, each ring once; a number that became itself is a ring of one."""
    rings: list[list[N]] = []
    visited: set[N] = set()
    for start in newest:
        path: list[N] = []
        number = start
        while number in newest and number not in visited:
            visited.add(number)
            path.append(number)
            number = newest[number].new
        if number in path:
            rings.append(path[path.index(number) :])
    return rings
