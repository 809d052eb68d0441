"""Sick days, cases and the facts of each case, worked out day by day without the domain's code (contract 2, 3).

Days are whole numbers (0 is Monday 5 January 2026), an instant is (day, minute of the day in Oslo). A life is a
dict of `notes` and `facts`, each list in the order of its versions. Written from the contract in plain dicts and
loops, so that a mistake of the domain's code is not repeated here and the two disagree.
"""

from __future__ import annotations

from typing import Any

Dict = dict[str, Any]
GAP_MAX = 15
FULL = 100


def known_by(life: Dict, now: tuple[int, int]) -> Dict:
    """The life as far as its records have arrived; a record without `arrives` has always been there."""
    return {
        kind: [entry for entry in life[kind] if entry.get("arrives", now) <= now]
        for kind in ("notes", "facts")
    }


def cases_of(life: Dict) -> list[Dict]:
    """The cases by start: `start`, `end`, `over`, and `days`, the notes that hold on every day from start to end."""
    standing = standing_facts(life)
    resumed = [fact for fact in standing if fact["type"] == "resumed"]
    sick: dict[int, list[Dict]] = {}
    for note in _standing_notes(life):
        for day, grade in _days_of(note):
            if not any(_cuts(report, note, day) for report in resumed):
                sick.setdefault(day, []).append({"employer": note["employer"], "grade": grade})
    cases = _runs(sick)
    for case in cases:
        case["full_for"] = _full_for(case)
        first_over = case["end"] + GAP_MAX + 1
        returns = [
            report["from"] for report in resumed if case["end"] < report["from"] < first_over
        ]
        case["over"] = min([first_over, *returns])
        case["ended_by_return"] = bool(returns)
    return cases


def _standing_notes(life: Dict) -> list[Dict]:
    """The last version of each note, but for those whose last version is a removal."""
    last: dict[Any, Dict] = {}
    for number, note in enumerate(life["notes"]):
        last[note.get("id", number)] = note
    return [note for note in last.values() if not note.get("gone")]


def _runs(sick: dict[int, list[Dict]]) -> list[Dict]:
    cases: list[Dict] = []
    last: int | None = None
    for day in sorted(sick):
        if last is None or day - last > GAP_MAX + 1:
            cases.append({"start": day, "days": {}, "sick_days": 0})
        else:
            for gap in range(last + 1, day):
                cases[-1]["days"][gap] = cases[-1]["days"][last]
        case = cases[-1]
        case["days"][day] = sick[day]
        case["sick_days"] += 1
        case["end"] = last = day
    return cases


def _full_for(case: Dict) -> dict[int, int]:
    """For every day of the case, how many days in a row the person has been on full leave by then."""
    full_for: dict[int, int] = {}
    for day in range(case["start"], case["end"] + 1):
        is_full = grade_of(case["days"][day]) == FULL
        full_for[day] = full_for.get(day - 1, 0) + 1 if is_full else 0
    return full_for


def _days_of(note: Dict) -> list[tuple[int, int]]:
    days = [(day, FULL) for day in note["certified"]]
    for first, last, kind, grade in note["periods"]:
        if kind in ("full", "graded"):
            days += [(day, FULL if kind == "full" else grade) for day in range(first, last + 1)]
    return days


def _cuts(resumed: Dict, note: Dict, day: int) -> bool:
    return bool(
        day >= resumed["from"]
        and note["issued"] <= resumed["at"][0]
        and resumed["org"] in (None, note["employer"])
    )


def standing_facts(life: Dict) -> list[Dict]:
    """The facts that no withdrawal names, in order of version; a withdrawal may stand before its fact."""
    named = {fact["id"] for fact in life["facts"] if fact["type"] == "withdrawn"}
    return [f for f in life["facts"] if f["type"] != "withdrawn" and f["id"] not in named]


def facts_of(life: Dict, cases: list[Dict], case: Dict) -> list[Dict]:
    """The facts of one case: of those begun on or before a fact's date, the last is the one that it belongs to."""
    facts = []
    for fact in standing_facts(life):
        on = fact["on"] if fact["type"].startswith("plan_") else fact["at"][0]
        cases_begun = [candidate for candidate in cases if candidate["start"] <= on]
        if cases_begun and cases_begun[-1] is case:
            facts.append(fact)
    return facts


def is_dead(life: Dict) -> bool:
    dead = False
    for fact in standing_facts(life):
        if fact["type"] in ("died", "annulled"):
            dead = fact["type"] == "died"
    return dead


def grade_of(notes: list[Dict], org: str | None = None) -> int:
    """The highest grade of a day's notes, of all or of one employer; 0 where there is none."""
    return max((n["grade"] for n in notes if org is None or n["employer"] == org), default=0)


def notes_on(case: Dict, day: int) -> list[Dict]:
    """The notes that hold on a day, outside the case those of its edge."""
    notes: list[Dict] = case["days"][min(max(day, case["start"]), case["end"])]
    return notes


def employers_on(case: Dict, day: int) -> list[str]:
    return sorted({note["employer"] for note in notes_on(case, day) if note["employer"]})


# --- identity (contract 3.4) ----------------------------------------------------------------------------------


def identified(
    cases: list[Dict], stored: list[Dict], used: int
) -> tuple[list[Dict], dict[int, int], int]:
    """Name the cases by number. Returns those stored from now on, what merged into what, and the numbers used."""
    free = sorted(stored, key=lambda old: (old["start"], old["number"]))
    after: list[Dict] = []
    for case in cases:
        mine = next((old for old in free if _is_near(case, old)), None)
        if mine is None:
            used += 1
            case["number"] = used
        else:
            free.remove(mine)
            case["number"] = mine["number"]
        after.append({"number": case["number"], "start": case["start"], "end": case["end"]})
    merged: dict[int, int] = {}
    for old in free:
        into = next((case["number"] for case in cases if _is_near(case, old)), None)
        if into is None:
            after.append(old)
        else:
            merged[old["number"]] = into
    return after, merged, used


def _is_near(case: Dict, old: Dict) -> bool:
    apart = max(case["start"] - old["end"], old["start"] - case["end"])
    return bool(apart <= GAP_MAX + 1)
