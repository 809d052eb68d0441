"""The figures counted once more, from the lives of `figures_year`: nothing of the scheduler is used here.

It reads the contract from the other end: a calendar of sick days, day by day, and a list of what was known.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Dict = dict[str, Any]
KNOWN_REASONS = ("medical", "hospitalised", "recovery_expected_within_28_weeks", "ongoing_measure")
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def days_of(year: int, month: int) -> range:
    """The days of a month of 2025 or a later year; none of the years here is a leap year."""
    first = (year - 2025) * 365 + sum(LENGTHS[: month - 1])
    return range(first, first + LENGTHS[month - 1])


def count(lives: list[Dict], month: range, known_by: tuple[int, int]) -> dict[str, dict[str, int]]:
    """The month's figures by office ('' where none is known), of what had arrived by that instant."""
    figures: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for life in lives:
        known = sorted(
            (entry for entry in life["entries"] if entry["arrives"] <= known_by),
            key=lambda entry: (entry["published"], life["entries"].index(entry)),
        )
        for outcome in _outcomes(known, month, today=known_by[0]):
            figures[_office(known)][outcome] += 1
    return {office: dict(counts) for office, counts in figures.items()}


def _office(known: list[Dict]) -> str:
    said = [entry["office"] for entry in known if entry["kind"] == "office"]
    return (said[-1] if said else None) or ""


def _outcomes(known: list[Dict], month: range, *, today: int) -> list[str]:
    gone = {entry["named"] for entry in known if entry["kind"] == "withdrawn"}
    facts = [entry for entry in known if entry["id"] not in gone]
    calendar = _sick_days(known, facts)
    cases = _cases(sorted(calendar))
    died_on = _died_on(facts)
    found = []
    for number, (start, end) in enumerate(cases):
        following = cases[number + 1][0] if number + 1 < len(cases) else 10**6
        own = [fact for fact in facts if start <= fact["published"][0] < following]
        found += ["meetings_held" for day in _met(own) if day in month]
        day_182 = start + 181
        has_come = day_182 in month and day_182 < today
        if has_come and day_182 < died_on and _has_employer(calendar, start, min(end, day_182)):
            found += _became(own, day_182, is_sick_listed=day_182 <= end)
    return found


def _died_on(facts: list[Dict]) -> int:
    """The day, or one that never comes."""
    died_on = 10**6
    for fact in facts:
        if fact["kind"] == "died":
            died_on = fact["published"][0] if fact["on"] is None else fact["on"]
        if fact["kind"] == "annulled":
            died_on = 10**6
    return died_on


def _has_employer(calendar: dict[int, list[str | None]], start: int, day: int) -> bool:
    return any(calendar[max(sick for sick in calendar if start <= sick <= day)])


def _became(own: list[Dict], day_182: int, *, is_sick_listed: bool) -> list[str]:
    met = _met(own)
    if not is_sick_listed and not any(day < day_182 for day in met):
        return []
    if any(day <= day_182 for day in met):
        return ["held_in_time"]
    return [_exempted(own, day_182) or "neither"]


def _sick_days(known: list[Dict], facts: list[Dict]) -> dict[int, list[str | None]]:
    """Every sick day with the employers of its notes."""
    notes: dict[str, Dict] = {}
    for entry in known:
        if entry["kind"] in ("note", "no_note"):
            notes[entry["note_id"]] = entry
    calendar: dict[int, list[str | None]] = defaultdict(list)
    for note in notes.values():
        if note["kind"] == "no_note":
            continue
        back = [
            fact["from_"]
            for fact in facts
            if fact["kind"] == "resumed"
            and note["issued"] <= fact["published"][0]
            and fact["org"] in (None, note["employer"])
        ]
        days = list(note["certified"])
        for first, last, kind in note["periods"]:
            days += range(first, last + 1) if kind in ("full", "graded") else []
        for day in days:
            if not back or day < min(back):
                calendar[day].append(note["employer"])
    return calendar


def _cases(days: list[int]) -> list[tuple[int, int]]:
    cases: list[tuple[int, int]] = []
    for day in days:
        if cases and day - cases[-1][1] <= 16:
            cases[-1] = (cases[-1][0], day)
        else:
            cases.append((day, day))
    return cases


def _met(own: list[Dict]) -> list[int]:
    """The days on which meetings 2 were held, by what was said last of each."""
    last = {}
    for fact in own:
        if fact["kind"] in ("summoned", "held", "cancelled") and fact["meeting"] == 2:
            last[fact["meeting_id"]] = fact
    return [
        fact["published"][0] if fact["date"] is None else min(fact["date"], fact["published"][0])
        for fact in last.values()
        if fact["kind"] == "held"
    ]


def _exempted(own: list[Dict], day: int) -> str | None:
    granted = {}
    for fact in own:
        if fact["kind"] in ("granted", "revoked") and fact["published"][0] <= day:
            granted[fact["checkpoint"], fact["reason"], fact["org"]] = fact
    standing = [
        fact
        for (checkpoint, _, org), fact in granted.items()
        if checkpoint == "dialogue_meeting_2"
        and org is None
        and fact["kind"] == "granted"
        and (fact["until"] is None or day <= fact["until"])
    ]
    if not standing:
        return None
    newest = max(standing, key=lambda fact: fact["published"])
    reason = newest["reason"] if newest["reason"] in KNOWN_REASONS else "other"
    return f"exempted_{reason}"
