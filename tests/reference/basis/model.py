"""What an adviser should read of a case, worked out without the domain's code (contract 4.4).

As of a day, from the dicts of `model_cases` and the story of `model`: dates, plans, refusals, and what is missing.
"""

from __future__ import annotations

from typing import Any

from tests.reference.model import Story, left
from tests.reference.model_cases import FULL, employers_on, grade_of, notes_on
from tests.reference.model_plan import last_day_of

Dict = dict[str, Any]
YEARS_LOOKED_BACK = 3
DAYS_OF_A_YEAR = 365


def basis_of(story: Story, case: Dict, scene: Dict, as_of: int) -> Dict:
    """The basis as of a day; `scene` is that of the case by now, `missing` a sorted list."""
    earlier = [other for other in story.cases if other["start"] < case["start"]]
    names = [
        *_plans_missing(case, scene, as_of),
        *_answers_missing(story, case, scene, as_of),
        *_activity_missing(case, scene, as_of),
        *_meeting_1_missing(case, scene, as_of),
    ]
    if not any(_is_recent(other, as_of) for other in earlier):
        names.append("history_unknown")
    return {
        "notes_until": case["end"],
        "summon_by": case["start"] + 160,
        "meet_by": case["start"] + 181,
        "weeks": max(as_of - case["start"], 0) // 7,
        "plans": _plans(scene),
        "refusals": {
            meeting["id"]: _refusals(scene, meeting["id"]) for meeting in scene["meetings"]
        },
        "missing": sorted(names),
    }


def _is_recent(case: Dict, as_of: int) -> bool:
    return bool(case["end"] >= as_of - YEARS_LOOKED_BACK * DAYS_OF_A_YEAR)


def _plans(scene: Dict) -> Dict:
    """For each employer: the last day of a plan made, shared with the practitioner, shared with the office."""
    plans: Dict = {}
    for fact in scene["facts"]:
        if fact["type"] in ("plan_made", "plan_shared"):
            plan = plans.setdefault(
                fact["org"], {"made": None, "practitioner": None, "office": None}
            )
            plan["made"] = max(fact["on"], plan["made"] if plan["made"] is not None else fact["on"])
            if fact["type"] == "plan_shared":
                plan[fact["with"]] = fact["on"]
    return plans


def _plans_missing(case: Dict, scene: Dict, as_of: int) -> list[str]:
    if as_of < case["start"] + 27:
        return []
    plans = _plans(scene)
    return [
        f"plan_not_shared:{org}"
        for org in employers_on(case, as_of)
        if org in employers_on(case, case["start"] + 27)
        and plans.get(org, {}).get("office") is None
        and not _exempted(scene, "follow_up_plan", org, as_of)
    ]


def _exempted(scene: Dict, checkpoint: str, org: str | None, as_of: int) -> bool:
    for exemption in scene["exemptions"]:
        until = last_day_of(exemption)
        reaches = exemption["org"] is None or (org is not None and exemption["org"] == org)
        if exemption["checkpoint"] == checkpoint and reaches and (until is None or as_of <= until):
            return True
    return False


def _answers_missing(story: Story, case: Dict, scene: Dict, as_of: int) -> list[str]:
    asked = _asked(story, case, as_of, scene["now"])
    names = []
    parties = [("employee", None), *(("employer", org) for org in employers_on(case, as_of))]
    for party, org in parties:
        name = party if org is None else f"{party}:{org}"
        who = ("employee", None) if org is None else ("line_manager", org)
        answers = _answers_of(scene, party, org)
        if not answers and who in asked:
            names.append(f"answer_{name}")
        # Of two at one instant the later version.
        if answers and not max(reversed(answers), key=lambda fact: fact["at"])["justified"]:
            names.append(f"reason_{name}")
    return names


def _answers_of(scene: Dict, party: str, org: str | None) -> list[Dict]:
    answers = [f for f in scene["facts"] if f["type"] == "need" and f["party"] == party]
    return [fact for fact in answers if party == "employee" or fact["org"] in (None, org)]


def _asked(story: Story, case: Dict, as_of: int, now: Any) -> set[Any]:
    """Whom a question went out to by then and still stands for, and whom one goes to by then."""
    asked = set()
    for event in story.events:
        day = (event["fired_at"] if event["caught_up"] else event["due_at"])[0]
        if event["case"] == case["number"] and _asks(event["path"]) and day <= as_of:
            asked |= set(left(event))
    for (number, path, _), timer in story.timers.items():
        day = max(timer["due_at"], now if timer["caught_up"] else timer["due_at"])[0]
        if number == case["number"] and _asks(path) and day <= as_of:
            asked |= set(timer["to"])
    return asked


def _asks(path: str) -> bool:
    return path.startswith("meeting_need.")


def _activity_missing(case: Dict, scene: Dict, as_of: int) -> list[str]:
    full = [day for day, days in case["full_for"].items() if day >= case["start"] + 55 and days]
    is_owed = bool(full) and as_of > min(full) and grade_of(notes_on(case, as_of)) == FULL
    is_known = any(fact["type"] == "assessed" for fact in scene["facts"])
    if is_owed and not is_known and not _exempted(scene, "activity_requirement", None, as_of):
        return ["activity_requirement_not_assessed"]
    return []


def _meeting_1_missing(case: Dict, scene: Dict, as_of: int) -> list[str]:
    owed_on = [
        day
        for day, days in case["full_for"].items()
        if days >= 49 and case["start"] + 48 <= day < as_of
    ]
    for org in employers_on(case, min(owed_on)) if owed_on else []:
        met = any(m["meeting"] == 1 and m["org"] in (None, org) for m in scene["meetings"])
        is_full = grade_of(notes_on(case, min(owed_on)), org) == FULL
        if is_full and not met and not _exempted(scene, "dialogue_meeting_1", org, as_of):
            return ["meeting_1_unknown"]
    return []


def _refusals(scene: Dict, meeting_id: str) -> int:
    """How often a party's last word on one of the meeting's dates was not that it is coming."""
    moves = [
        f["at"] for f in scene["facts"] if f["type"] == "moved" and f["meeting_id"] == meeting_id
    ]
    words: dict[Any, str] = {}
    answers = [
        f for f in scene["facts"] if f["type"] == "answered" and f["meeting_id"] == meeting_id
    ]
    for fact in sorted(answers, key=lambda answer: answer["at"]):
        date_number = sum(move < fact["at"] for move in moves)
        words[fact["party"], fact["org"], date_number] = fact["answer"]
    return sum(word != "coming" for word in words.values())
