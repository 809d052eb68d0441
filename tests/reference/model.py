"""Cases and plans of the steps that count from the start, worked out day by day without the domain's code.

Days are whole numbers (0 is Monday 5 January 2026), an instant is (day, minute of the day in Oslo). A life is a
dict of `notes` and `facts`, in the order of their versions. Written from contract 2-4 in plain dicts and loops, so
that a mistake of the domain's code is not repeated here and the two disagree.
"""

from __future__ import annotations

from typing import Any

from tests.reference import calendar

Dict = dict[str, Any]
DAY_0 = calendar.number_of(calendar.Ymd(2026, 1, 5))
NINE = 9 * 60

EMPLOYEE = ["sick", "employee"]
M2 = ["medical", "hospitalised", "ongoing_measure"]
RECOVERY = "recovery_expected_within_28_weeks"


def _step(
    path: str, offset: int, catch_up: int, to: list[str], done: list[str], **more: Any
) -> Dict:
    default = {"full": 0, "before": False, "when": EMPLOYEE, "gives_way_to": [], "meeting": None}
    return (
        {"path": path, "offset": offset, "catch_up": catch_up, "to": to, "done": done}
        | default
        | more
    )


BOTH = ["line_manager", "employee"]
PLAN_DONE = ["plan_made", "plan_shared"]
STEPS = [
    _step("follow_up_plan.reminder", 21, 6, BOTH, PLAN_DONE, gives_way_to=["follow_up_plan.deadline"]),
    _step(
        "follow_up_plan.deadline", 27, 14, BOTH, PLAN_DONE,
        before=True, gives_way_to=["dialogue_meeting_1.deadline"],
    ),
    _step(
        "dialogue_meeting_1.reminder", 34, 14, BOTH, ["held", "summoned"],
        full=35, meeting=1, gives_way_to=["dialogue_meeting_1.deadline"],
    ),
    _step(
        "dialogue_meeting_1.deadline", 48, 28, BOTH, ["held"],
        full=49, before=True, meeting=1, gives_way_to=["dialogue_meeting_2_assessment.assess"],
    ),
    _step(
        "activity_requirement.notice", 42, 13, BOTH, ["assessed"],
        full=1, when=["sick"], gives_way_to=["activity_requirement.assess"],
    ),
    _step("activity_requirement.assess", 55, 182, ["adviser"], ["assessed"], full=1, when=["sick"]),
    _step(
        "meeting_need.question", 105, 56, ["employee", "line_manager"], ["answered", "requested"],
        meeting=2, when=[*EMPLOYEE, "not_summoned"],
        gives_way_to=["dialogue_meeting_2_summons.last_day"],
    ),
    _step(
        "meeting_need.reminder", 109, 14, ["employee", "line_manager"], ["answered", "requested"],
        meeting=2, when=[*EMPLOYEE, "not_summoned"],
        gives_way_to=["dialogue_meeting_2_summons.last_day"],
    ),
    _step(
        "dialogue_meeting_2_assessment.assess", 112, 182, ["adviser"],
        ["held", "summoned", "reassessment"], meeting=2,
    ),
    _step(
        "dialogue_meeting_2_summons.last_day", 160, 182, ["adviser"], ["held", "summoned"],
        before=True, meeting=2, gives_way_to=["dialogue_meeting_2.deadline"],
    ),
    _step("dialogue_meeting_2.deadline", 181, 182, ["adviser"], ["held"], before=True, meeting=2),
    _step(
        "dialogue_meeting_2.lapsed", 195, 182, ["adviser"], ["held"],
        meeting=2, when=[*EMPLOYEE, "exempted"],
    ),
]  # fmt: skip


# --- cases --------------------------------------------------------------------------------------------------


def cases_of(life: Dict) -> list[Dict]:
    """The cases by start: `start`, `end`, `over`, and `days`, the notes that hold on every day from start to end."""
    standing = standing_facts(life)
    resumed = [fact for fact in standing if fact["type"] == "resumed"]
    sick: dict[int, list[Dict]] = {}
    for note in life["notes"]:
        for day, grade in _days_of(note):
            if not any(_cuts(report, note, day) for report in resumed):
                sick.setdefault(day, []).append({"employer": note["employer"], "grade": grade})
    cases = _runs(sick)
    for case in cases:
        returns = [
            report["from"] for report in resumed if case["end"] < report["from"] < case["end"] + 16
        ]
        case["over"] = min([case["end"] + 16, *returns])
    return cases


def _runs(sick: dict[int, list[Dict]]) -> list[Dict]:
    cases: list[Dict] = []
    well = 16
    for day in range(min(sick, default=0), max(sick, default=-1) + 1):
        if day not in sick:
            well += 1
            continue
        if well >= 16:
            cases.append({"start": day, "days": {}, "sick_days": 0})
            well = 0
        case = cases[-1]
        for gap in range(day - well, day):
            case["days"][gap] = case["days"][day - well - 1]
        case["days"][day] = sick[day]
        case["sick_days"] += 1
        case["end"] = day
        well = 0
    return cases


def _days_of(note: Dict) -> list[tuple[int, int]]:
    days = [(day, 100) for day in note["certified"]]
    for first, last, kind, grade in note["periods"]:
        if kind in ("full", "graded"):
            days += [(day, 100 if kind == "full" else grade) for day in range(first, last + 1)]
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


def _facts_of(life: Dict, cases: list[Dict], case: Dict) -> list[Dict]:
    facts = []
    for fact in standing_facts(life):
        on = fact["on"] if fact["type"].startswith("plan_") else fact["at"][0]
        cases_begun = [candidate for candidate in cases if candidate["start"] <= on]
        if cases_begun and cases_begun[-1] is case:
            facts.append(fact)
    return facts


# --- plans --------------------------------------------------------------------------------------------------


def plan_of(life: Dict, now: tuple[int, int]) -> list[Dict]:
    """For each case, by start: path → {state, reason, due_on, due_at, to}, as if all records arrived at `now`."""
    cases = cases_of(life)
    plans = []
    for case in cases:
        scene = scene_of(life, cases, case, now)
        assessments = {step["path"]: _assess(step, scene) for step in STEPS}
        plans.append(_late(assessments, scene))
    return plans


def scene_of(life: Dict, cases: list[Dict], case: Dict, now: tuple[int, int]) -> Dict:
    facts = _facts_of(life, cases, case)
    is_dead = False
    for fact in standing_facts(life):
        if fact["type"] in ("died", "annulled"):
            is_dead = fact["type"] == "died"
    meetings: dict[str, list[Dict]] = {}
    slots: dict[Any, Dict] = {}
    for fact in facts:
        if fact["type"] in ("summoned", "held", "cancelled", "moved"):
            meetings.setdefault(fact["meeting_id"], []).append(fact)
        if fact["type"] in ("granted", "revoked"):
            slots[fact["checkpoint"], fact["reason"], fact["org"]] = fact
    return {
        "case": case,
        "now": now,
        "facts": facts,
        "dead": is_dead,
        "over": is_dead or now[0] >= case["over"],
        "meetings": [_meeting(versions) for versions in meetings.values()],
        "exemptions": [f for f in slots.values() if f["type"] == "granted"],
    }


def _meeting(versions: list[Dict]) -> Dict:
    date = None
    for version in versions:
        if version["date"] is not None or version["type"] == "moved":
            date = version["date"]
    last = versions[-1]
    return {"meeting": last["meeting"], "type": last["type"], "date": date, "org": last["org"]}


def _sent_on(step: Dict, due_on: int) -> int:
    number = DAY_0 + due_on
    return (calendar.last_working_day(number) if step["before"] else number) - DAY_0


def _due(step: Dict, case: Dict) -> tuple[int, bool]:
    plain = case["start"] + step["offset"]
    if not step["full"]:
        return plain, True
    for day in range(plain, case["end"] + 1):
        row = range(day - step["full"] + 1, day + 1)
        if all(
            full_day in case["days"] and _grade(case["days"][full_day]) == 100 for full_day in row
        ):
            return day, True
    return plain, False


def _grade(notes: list[Dict], org: str | None = None) -> int:
    return max((n["grade"] for n in notes if org is None or n["employer"] == org), default=0)


def _employers(step: Dict, case: Dict, due_on: int, *, graded: bool) -> list[str]:
    notes = case["days"][min(max(due_on, case["start"]), case["end"])]
    orgs = sorted({note["employer"] for note in notes if note["employer"]})
    if step["meeting"] == 1 and not graded:
        orgs = [org for org in orgs if _grade(notes, org) == 100]
    return orgs


def _assess(step: Dict, scene: Dict) -> Dict:
    case, (today, _) = scene["case"], scene["now"]
    due_on, is_full = _due(step, case)
    due_at = (_sent_on(step, due_on), NINE)
    if step["path"] == "dialogue_meeting_2.deadline":
        due_at = max([due_at, *_after_meetings(scene, due_on)])
    assessment: Dict = {"due_on": due_on, "due_at": due_at, "to": [], "from": due_on}
    if scene["dead"]:
        return assessment | {"state": "not_applicable", "reason": "died"}
    closed, resumes = _closed(step, scene, due_on, graded=False)
    to = [who for who, reason in closed.items() if reason is None]
    if to and all(who in resumes for who in to):
        again = min(resumes[who] for who in to)
        assessment["due_at"] = max(due_at, (again, NINE))
        assessment["from"] = assessment["due_at"][0]
    applies_on = max(due_on, assessment["from"])
    if scene["over"] and applies_on >= case["over"]:
        return assessment | {"state": "not_applicable", "reason": "ended"}
    if not closed:
        graded, _ = _closed(step, scene, due_on, graded=True)
        closed = graded if graded and all(graded.values()) else {}
    if closed and not to:
        return assessment | {"state": "done", "reason": _first(list(closed.values()))}
    if applies_on > case["end"] and applies_on >= today:
        return assessment | {"state": "waiting", "reason": "notes_end_before_due"}
    fails = _fails(step, scene, applies_on, is_full=is_full, has_recipients=bool(closed))
    if fails:
        return assessment | {"state": "not_applicable", "reason": fails}
    return assessment | {"state": "open", "reason": "", "to": to}


def _after_meetings(scene: Dict, due_on: int) -> list[tuple[int, int]]:
    return [
        (meeting["date"] + 1, NINE)
        for meeting in scene["meetings"]
        if meeting["meeting"] == 2
        and meeting["type"] in ("summoned", "moved")
        and meeting["date"] is not None
        and meeting["date"] <= due_on
    ]


def _fails(step: Dict, scene: Dict, day: int, *, is_full: bool, has_recipients: bool) -> str:
    case = scene["case"]
    if not case["start"] <= day <= case["end"]:
        return "not_sick_listed"
    if "employee" in step["when"] and not any(note["employer"] for note in case["days"][day]):
        return "no_employer"
    if not is_full:
        return "graded"
    if "exempted" in step["when"]:
        recoveries = [
            exemption
            for exemption in scene["exemptions"]
            if _reaches(step, exemption)
            and exemption["org"] is None
            and (_until(exemption) is None or day <= _until(exemption))
        ]
        if not recoveries:
            return "not_exempted"
    if "not_summoned" in step["when"]:
        for meeting in scene["meetings"]:
            if meeting["meeting"] == 2 and meeting["type"] != "cancelled":
                return "summoned"
    if not has_recipients:
        return "graded" if any(note["employer"] for note in case["days"][day]) else "no_employer"
    return ""


Who = tuple[str, str | None]


def _closed(
    step: Dict, scene: Dict, due_on: int, *, graded: bool
) -> tuple[dict[Who, str | None], dict[Who, int]]:
    """Each recipient with the reason that it is not asked, and the day from which it is asked after an exemption."""
    orgs = _employers(step, scene["case"], due_on, graded=graded)
    managers: list[Who] = [("line_manager", org) for org in orgs]
    whole: list[Who] = [*managers, ("employee", None), ("adviser", None)]
    reasons = {who: _reason(step, scene, due_on, who) for who in whole}
    again = {who: _again(step, scene, due_on, who) for who in whole}
    if step["meeting"] == 1 or step["path"].startswith("follow_up_plan"):
        _share(managers, reasons, again)
    asked = [who for who in whole if who[0] in step["to"]]
    if step["meeting"] == 1 and not orgs:
        asked = []
    return {who: reasons[who] for who in asked}, {
        who: after for who in asked if (after := again[who]) and reasons[who] is None
    }


def _share(
    managers: list[Who], reasons: dict[Who, str | None], again: dict[Who, int | None]
) -> None:
    """The employee's part of a duty ends when every employer's has ended, and returns with the first that returns."""
    mine: Who = ("employee", None)
    theirs = [reasons[who] for who in managers]
    if reasons[mine] is None and theirs and all(theirs):
        reasons[mine] = _first(theirs)
    after = [again[who] for who in managers if again[who] and reasons[who] is None]
    again[mine] = again[mine] or min((day for day in after if day), default=None)


def closed_of(path: str, scene: Dict) -> dict[Who, str | None]:
    """Each recipient of a step, with the reason that it is not asked now; the due date is the one of today's facts."""
    for step in STEPS:
        if step["path"] == path:
            due_on, _ = _due(step, scene["case"])
            return _closed(step, scene, due_on, graded=False)[0]
    return {}  # A step of the second part.


ORDER = ["plan_made", "plan_shared", "held", "summoned", "assessed", "answered", "requested"]
ORDER += ["reassessment"]


def _first(reasons: list[str | None]) -> str:
    for code in ORDER:
        if code in reasons:
            return code
    return next(reason for reason in reasons if reason)


def _reason(step: Dict, scene: Dict, due_on: int, who: tuple[str, str | None]) -> str | None:
    for act in ORDER:
        if act in step["done"] and _happened(act, step, scene, who):
            return act
    today = scene["now"][0]
    for exemption in scene["exemptions"]:
        until = _until(exemption)
        if _meant(step, exemption, who) and (until is None or (today <= until and due_on <= until)):
            return f"exempted:{exemption['reason']}"
    return None


def _happened(act: str, step: Dict, scene: Dict, who: tuple[str, str | None]) -> bool:
    role, org = who
    facts = scene["facts"]
    if act in PLAN_DONE:
        return role == "line_manager" and any(f["type"] == act and f["org"] == org for f in facts)
    if act in ("held", "summoned"):
        return _has_met(act, step, scene, who)
    if act == "assessed":
        decisions = [f for f in facts if f["type"] == "assessed"]
        return (
            bool(decisions)
            and max(enumerate(decisions), key=lambda e: (e[1]["at"], e[0]))[1]["final"]
        )
    if act == "reassessment":
        return any(f["type"] == "reassessment" for f in facts)
    party = "employee" if role == "employee" else "employer"
    types = ("need",) if act == "answered" else ("requested",)
    return any(
        f["type"] in types
        and f["party"] == party
        and f.get("meeting", 2) == 2
        and (role != "line_manager" or f["org"] in (None, org))
        for f in facts
    )


def _has_met(act: str, step: Dict, scene: Dict, who: tuple[str, str | None]) -> bool:
    role, org = who
    types = ("held",) if act == "held" else ("summoned", "moved")
    for meeting in scene["meetings"]:
        if meeting["meeting"] == step["meeting"] and meeting["type"] in types:
            mine = meeting["meeting"] != 1 or meeting["org"] is None or role == "adviser"
            if mine or (role == "line_manager" and meeting["org"] == org):
                return True
    return False


def _until(exemption: Dict) -> Any:
    if exemption["until"] is None and exemption["reason"] == "too_ill_for_now":
        return exemption["at"][0] + 28
    return exemption["until"]


def _reaches(step: Dict, exemption: Dict) -> bool:
    if step["meeting"] and exemption["checkpoint"] == f"dialogue_meeting_{step['meeting']}":
        reached = True
    else:
        reached = exemption["checkpoint"] == step["path"].split(".")[0]
    if not reached:
        return False
    return "exempted" not in step["when"] or exemption["reason"] == RECOVERY


def _meant(step: Dict, exemption: Dict, who: tuple[str, str | None]) -> bool:
    if "exempted" in step["when"]:
        # The step `lapsed`: an expected recovery is its condition, so only the other reasons end it.
        if exemption["reason"] not in M2 or exemption["checkpoint"] != "dialogue_meeting_2":
            return False
    elif not _reaches(step, exemption):
        return False
    return exemption["org"] is None or who == ("line_manager", exemption["org"])


def _again(step: Dict, scene: Dict, due_on: int, who: tuple[str, str | None]) -> int | None:
    """The day after the exemption under which the step fell due; after the last, where one follows on another."""
    again = None
    falls_due = due_on
    for _ in scene["exemptions"]:
        for exemption in scene["exemptions"]:
            until = _until(exemption)
            if until is None or until >= scene["now"][0] or not _meant(step, exemption, who):
                continue
            if exemption["at"][0] <= falls_due <= until:
                again = falls_due = until + 1
    return again


def _late(assessments: dict[str, Dict], scene: Dict) -> Dict:
    late = {
        step["path"]: _missed(step, assessments, scene)
        for step in STEPS
        if assessments[step["path"]]["state"] == "open"
        and assessments[step["path"]]["due_at"] <= scene["now"]
    }
    for checkpoint in {path.split(".")[0] for path in late}:
        firing = [p for p, why in late.items() if not why and p.split(".")[0] == checkpoint]
        latest = max(firing, key=lambda path: assessments[path]["due_at"], default="")
        for path in firing:
            if assessments[path]["due_at"] < assessments[latest]["due_at"]:
                late[path] = f"superseded:{latest}"
    plan = {}
    for path, assessment in assessments.items():
        plan[path] = assessment | {"to": []}
        if assessment["state"] == "open":
            reason = (late[path] or "overdue") if path in late else "due"
            is_missed = bool(late.get(path))
            to = [] if is_missed else assessment["to"]
            state = "missed" if is_missed else "armed"
            plan[path] = assessment | {"state": state, "reason": reason, "to": to}
    return plan


def _missed(step: Dict, assessments: dict[str, Dict], scene: Dict) -> str:
    """Why a step whose date has passed when it is first planned does not fire; empty where it does."""
    today, case, assessment = scene["now"][0], scene["case"], assessments[step["path"]]
    if today - assessment["from"] > step["catch_up"]:
        return "catch_up_passed"
    if not case["start"] <= today <= case["end"]:
        return "recovered"
    for path in step["gives_way_to"]:
        if assessments[path]["state"] == "open" and assessments[path]["due_at"] <= scene["now"]:
            return f"superseded:{path}"
    return ""
