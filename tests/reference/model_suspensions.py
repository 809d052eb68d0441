"""Suspensions in the reference model: which are in force, which step they reach, and until when it waits (contract 4).

A life's `suspensions` are dicts of `steps` (patterns), `from` and `until` (days, both included), `office` (None: for
all), and the instants `known` and `gone` between which the rulebook in force has them (`gone` None: for good).
"""

from __future__ import annotations

from typing import Any

Dict = dict[str, Any]
Instant = tuple[int, int]
NINE = 9 * 60


def in_force(life: Dict, now: Instant) -> list[Dict]:
    """Those that the rulebook in force has for the person's office."""
    offices = [office for since, office in life.get("offices", ()) if since <= now]
    mine = offices[-1] if offices else None
    return [
        stop
        for stop in life.get("suspensions", ())
        if stop["known"] <= now
        and (stop["gone"] is None or now < stop["gone"])
        and (stop["office"] is None or stop["office"] == mine)
    ]


def changes(life: Dict) -> set[Instant]:
    """When another rulebook is put in force, or the person comes to another office."""
    stops = life.get("suspensions", ())
    moves = {since for since, _ in life.get("offices", ())}
    return moves | {stop["known"] for stop in stops} | {stop["gone"] for stop in stops} - {None}


def reaching(path: str, stops: list[Dict], *, over_by: int | None = None) -> list[Dict]:
    """Those of a step; where a day is given, only those that were over by then."""
    return [
        stop
        for stop in stops
        if any(_means(pattern, path) for pattern in stop["steps"])
        and (over_by is None or stop["until"] < over_by)
    ]


def _means(pattern: str, path: str) -> bool:
    """The lives write a star at the end of the checkpoint, or in place of the step, or both."""
    checkpoint, step = path.split(".")
    of_checkpoint, of_step = pattern.split(".")
    begins = of_checkpoint.endswith("*") and checkpoint.startswith(of_checkpoint[:-1])
    return (begins or of_checkpoint == checkpoint) and of_step in ("*", step)


def holds(stops: list[Dict], day: int) -> bool:
    return any(stop["from"] <= day <= stop["until"] for stop in stops)


def first_free_day(stops: list[Dict], day: int) -> int:
    while holds(stops, day):
        day += 1
    return day


def lifted_on(stops: list[Dict], now: Instant) -> int | None:
    """The day on which at nine what is held back now may be told; None where nothing is held back."""
    today, minute = now
    if holds(stops, today):
        return first_free_day(stops, today)
    return today if holds(stops, today - 1) and minute <= NINE else None
