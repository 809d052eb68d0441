"""What the facts say of one step of one case, and which of those left open fire late (contract 4.1, 4.2).

A *scene* is one case at one instant: `case` (None once no note makes it), `now`, `facts`, `meetings`, `grants`,
`exemptions` (those not revoked), `orgs` (every employer of the case), `stops` (suspensions), `dead` and `over`.
"""

from __future__ import annotations

from typing import Any

from tests.reference import calendar
from tests.reference.model_cases import employers_on, grade_of, notes_on
from tests.reference.model_steps import (
    RECOVERY,
    assessments,
    day_number,
    is_summoned,
)
from tests.reference.model_suspensions import first_free_day, holds, reaching

Dict = dict[str, Any]
NINE = 9 * 60
TOO_ILL_DAYS = 28
NEAR = 14
Who = tuple[str, str | None]
ORDER = ["plan_made", "plan_shared", "held", "summoned", "assessed", "answered", "requested"]
ORDER += [
    "reassessment",
    "closed",
    "moved",
    "cancelled",
    "revoked",
    "minutes_sent",
    "moved_in_time",
]


def scene_of(
    case: Dict | None,
    facts: list[Dict],
    now: tuple[int, int],
    *,
    dead: bool,
    stops: list[Dict],
) -> Dict:
    facts = _without_replaced_plans(facts)
    versions: dict[str, list[Dict]] = {}
    slots: dict[Any, list[Dict]] = {}
    for fact in facts:
        if fact["type"] in ("summoned", "held", "cancelled", "moved"):
            versions.setdefault(fact["meeting_id"], []).append(fact)
        if fact["type"] in ("granted", "revoked"):
            slot = (fact["checkpoint"], fact["reason"], fact["org"])
            # What was never granted cannot be revoked.
            if fact["type"] == "granted" or slot in slots:
                slots.setdefault(slot, []).append(fact)
    grants = [
        {"grant": [f for f in slot if f["type"] == "granted"][-1], "revoked": slot[-1]["type"] == "revoked"}
        for slot in slots.values()
    ]  # fmt: skip
    return {
        "case": case,
        "now": now,
        "facts": facts,
        "dead": dead,
        "stops": stops,
        "over": case is not None and (dead or now[0] >= case["over"]),
        "meetings": [_meeting(meeting_id, found) for meeting_id, found in versions.items()],
        "grants": grants,
        "exemptions": [slot["grant"] for slot in grants if not slot["revoked"]],
        "orgs": sorted({n["employer"] for day in case["days"].values() for n in day if n["employer"]})
        if case is not None
        else [],
    }  # fmt: skip


def _without_replaced_plans(facts: list[Dict]) -> list[Dict]:
    """Of the plans of one employer that were made, or shared with the same, the last version stands."""
    last = {(f["type"], f["org"], f["with"]): f for f in facts if f["type"] == "plan_shared"}
    last |= {(f["type"], f["org"], ""): f for f in facts if f["type"] == "plan_made"}
    plans = {id(fact) for fact in last.values()}
    return [f for f in facts if not f["type"].startswith("plan_") or id(f) in plans]


def _meeting(meeting_id: str, versions: list[Dict]) -> Dict:
    date = None
    for version in versions:
        if version["date"] is not None or version["type"] == "moved":
            date = version["date"]
    last = versions[-1]
    return {
        "id": meeting_id,
        "meeting": last["meeting"],
        "type": last["type"],
        "date": date,
        "org": last["org"],
        "at": last["at"],
        "reported_for": last["date"],
        "versions": versions,
    }


# --- when it is due -------------------------------------------------------------------------------------------


def _due(step: Dict, ask: Dict | None, scene: Dict, given: int | None) -> Dict:
    """`on`, `at` and `is_full`; `given` judges a step that counts from the start as if it were due on that day."""
    if step["asks"] is not None:
        return _due_of_ask(step, ask) | {"is_full": True}
    case = scene["case"]
    if case is None:
        return {"on": None, "at": None, "is_full": True}
    on, is_full = _first_day(step, case)
    if given is not None:
        on, is_full = given, not step["full"] or case["full_for"].get(given, 0) >= step["full"]
    at = (_sent_on(step, on), NINE)
    if step["path"] == "dialogue_meeting_2.deadline":
        at = max([at, *_after_meetings(scene, on)])
    return {"on": on, "at": at, "is_full": is_full}


def _due_of_ask(step: Dict, ask: Dict | None) -> Dict:
    if ask is None:
        return {"on": None, "at": None}
    if step["working"] and ask["base"] is not None:
        number = day_number(ask["base"])
        for _ in range(step["working"]):
            number = calendar.next_working_day(number)
        on = number - day_number(0)
        return {"on": on, "at": (on, NINE)}
    if step["days"] is not None and ask["base"] is not None:
        on = ask["base"] + step["days"]
        return {"on": on, "at": (_sent_on(step, on), NINE)}
    if step["days"] is None and not step["working"]:
        return {"on": ask["at"][0], "at": ask["at"]}
    return {"on": None, "at": None}


def is_at_once(step: Dict) -> bool:
    return step["asks"] is not None and step["days"] is None and not step["working"]


def _sent_on(step: Dict, due_on: int) -> int:
    number = day_number(due_on)
    return (calendar.last_working_day(number) if step["before"] else number) - day_number(0)


def _first_day(step: Dict, case: Dict) -> tuple[int, bool]:
    plain = case["start"] + step["offset"]
    if not step["full"]:
        return plain, True
    for day in range(plain, case["end"] + 1):
        if case["full_for"][day] >= step["full"]:
            return day, True
    return plain, False


def _after_meetings(scene: Dict, due_on: int) -> list[tuple[int, int]]:
    return [
        (meeting["date"] + 1, NINE)
        for meeting in scene["meetings"]
        if meeting["meeting"] == 2
        and is_summoned(meeting)
        and meeting["date"] is not None
        and meeting["date"] <= due_on
    ]


# --- what the facts say ---------------------------------------------------------------------------------------


def assess(
    step: Dict,
    ask: Dict | None,
    scene: Dict,
    *,
    withdrawn_for: frozenset[str] = frozenset(),
    given: int | None = None,
    sent_on: int | None = None,
    held_until: int | None = None,
) -> Dict:
    """`state` (not_applicable, done, waiting or open), `reason`, the dates, whom it is for and who is not asked.

    Of an event planned for the day `sent_on` only suspensions count that were over by then. `held_until` is the day for
    which something waits that is late already.
    """
    due = _due(step, ask, scene, given)
    answer: Dict = {"due_on": due["on"], "due_at": due["at"], "from": due["on"]}
    answer |= {"to": [], "closed": {}, "resumed": False, "suspended": None}
    if scene["dead"]:
        return answer | {"state": "not_applicable", "reason": "died"}
    if scene["case"] is None:
        return answer | {"state": "not_applicable", "reason": "case_withdrawn"}
    if due["on"] is None:
        return answer | {"state": "not_applicable", "reason": "nobody_asked"}
    question = {"step": step, "ask": ask, "scene": scene, "due_on": due["on"]}
    question |= {"told_on": due["at"][0], "withdrawn_for": withdrawn_for, "judged_on": due["on"]}
    question |= {
        "stops": reaching(step["path"], scene["stops"], over_by=sent_on),
        "sent_on": sent_on,
    }
    told_on = held_until or first_free_day(question["stops"], due["at"][0])
    if told_on != due["at"][0]:
        answer |= {"due_at": (told_on, NINE), "from": told_on, "resumed": True}
        question["told_on"] = told_on
        if held_until is None:
            question["judged_on"] = max(due["on"], told_on)
    asked, again = _asked(question, everybody=False)
    to = [who for who, reason in asked.items() if reason is None]
    if to and all(who in again for who in to):
        answer["due_at"] = max(answer["due_at"], (min(again[who] for who in to), NINE))
        answer |= {"from": answer["due_at"][0], "resumed": True}
        question["judged_on"] = max(due["on"], answer["from"])
        asked, _ = _asked(question, everybody=False)
    answer["suspended"] = _suspended_until(question, answer)
    answer["to"] = [who for who, reason in asked.items() if reason is None]
    answer["closed"] = {who: why for who, why in asked.items() if why}
    return answer | _verdict(question, answer, asked, is_full=due["is_full"])


def _suspended_until(question: Dict, answer: Dict) -> int | None:
    """The last day of the suspension that it waits for, where it does."""
    day = int(answer["due_at"][0]) - 1
    return day if answer["resumed"] and holds(question["stops"], day) else None


def _verdict(question: Dict, answer: Dict, asked: dict[Who, str | None], *, is_full: bool) -> Dict:
    scene, case = question["scene"], question["scene"]["case"]
    applies_on = question["judged_on"]
    if scene["over"] and applies_on >= case["over"]:
        return {"state": "not_applicable", "reason": "ended"}
    closed = answer["closed"]
    if not asked:
        # Nobody is asked for want of a grade or a plan; what every employer has done is shown as done all the same.
        others, _ = _asked(question, everybody=True)
        closed = answer["closed"] = others if others and all(others.values()) else {}
    if closed and not answer["to"]:
        return {"state": "done", "reason": first(list(closed.values()))}
    waits = "sick" in question["step"]["when"]
    if waits and applies_on > case["end"] and applies_on >= scene["now"][0]:
        return {"state": "waiting", "reason": "notes_end_before_due"}
    fails = _fails(question, applies_on, is_full=is_full, has_recipients=bool(asked))
    if fails:
        return {"state": "not_applicable", "reason": fails}
    return {"state": "open", "reason": ""}


def _fails(question: Dict, day: int, *, is_full: bool, has_recipients: bool) -> str:
    step, scene = question["step"], question["scene"]
    case = scene["case"]
    if "sick" in step["when"] and not case["start"] <= day <= case["end"]:
        return "not_sick_listed"
    if "employee" in step["when"] and not employers_on(case, day):
        return "no_employer"
    if not is_full:
        return "graded"
    if "plan_made" in step["when"] and not _employers(question, everybody=False):
        return "nobody_asked"
    if "exempted" in step["when"] and not _waits_out_recovery(scene, day):
        return "not_exempted"
    meetings = [m for m in scene["meetings"] if m["meeting"] == 2 and m["type"] != "cancelled"]
    if "not_summoned" in step["when"] and meetings:
        return "summoned"
    if "not_near" in step["when"] and _is_near(question):
        return "assessment_near"
    if not has_recipients:
        if not employers_on(case, question["due_on"]):
            return "no_employer"
        return "not_graded" if "graded" in step["when"] else "graded"
    return ""


def _is_near(question: Dict) -> bool:
    """Whether every answer that asks for a meeting is shown to the adviser by an assessment of about that time."""
    answers = question["ask"]["answers"]
    asked_on = question["sent_on"]
    if asked_on is None:
        asked_on = max(question["scene"]["now"][0], question["told_on"])
    asked = question["scene"]["assessments"]
    by_then = [ended for day, ended in asked if day <= asked_on + NEAR]
    return bool(answers) and all(
        any(ended is None or ended >= answered for ended in by_then) for answered in answers
    )


def assessments_asked(assess_step: Dict, events: list[Dict], scene: Dict) -> list[tuple[int, Any]]:
    """The day of each assessment of meeting 2 that went out or is to go out, and when an act has ended it."""
    asked: list[tuple[int, Any]] = []
    for event in events:
        if None not in (who for who, *_ in event["gone"]):
            asked.append((event["fired_at"][0], None))
        elif event["gone"][-1][1] in ("done", "exempted"):
            asked.append((event["fired_at"][0], event["gone_at"]))
    is_armed = assess_step["state"] == "open" and not scene["over"]
    if is_armed and not (assess_step["late"] and _missed(assess_step, [], scene)):
        asked.append((assess_step["due_at"][0], None))
    return asked


def _waits_out_recovery(scene: Dict, day: int) -> bool:
    return any(
        exemption["reason"] == RECOVERY
        and exemption["checkpoint"] == "dialogue_meeting_2"
        and exemption["org"] is None
        and (last_day_of(exemption) is None or day <= last_day_of(exemption))
        for exemption in scene["exemptions"]
    )


# --- who is asked ---------------------------------------------------------------------------------------------


def _employers(question: Dict, *, everybody: bool) -> list[str]:
    """The employers of the due date; of meeting 1 those of full work, of its request those of graded work.

    Of a plan that is to be sent on those that have made one.
    """
    step, case, ask = question["step"], question["scene"]["case"], question["ask"]
    orgs = employers_on(case, question["due_on"])
    if ask is not None and ask["orgs"] is not None:
        orgs = sorted(ask["orgs"])
    if everybody:
        return orgs
    if "plan_made" in step["when"]:
        plans = ("plan_made", "plan_shared")
        made = {f["org"] for f in question["scene"]["facts"] if f["type"] in plans}
        return [org for org in orgs if org in made]
    if step["meeting"] != 1:
        return orgs
    notes = notes_on(case, question["judged_on"])
    if "graded" in step["when"]:
        return [org for org in orgs if 0 < grade_of(notes, org) < 100]
    return [org for org in orgs if grade_of(notes, org) == 100]


def _asked(question: Dict, *, everybody: bool) -> tuple[dict[Who, str | None], dict[Who, int]]:
    """Each recipient with the reason that it is not asked, and the day from which it is asked after an exemption."""
    step, ask = question["step"], question["ask"]
    orgs = _employers(question, everybody=everybody)
    managers: list[Who] = [("line_manager", org) for org in orgs]
    adviser: Who = ("adviser", ask["adviser"] if ask is not None else None)
    whole: list[Who] = [*managers, ("employee", None), adviser]
    reasons = {who: _reason(question, who) for who in whole}
    again = {who: _again(question, who) for who in whole}
    if step["meeting"] == 1 or step["path"].startswith("follow_up_plan"):
        _share(managers, reasons, again)
    asked = [who for who in whole if who[0] in step["to"]]
    if step["meeting"] == 1 and not orgs:
        asked = []
    if step["path"] == "exemption_notice.notice" and ask is not None and ask["orgs"] is not None:
        asked = managers  # An employer's own exemption says nothing to the employee.
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
        reasons[mine] = first(theirs)
    after = [again[who] for who in managers if again[who] and reasons[who] is None]
    again[mine] = again[mine] or min((day for day in after if day), default=None)


def first(reasons: list[str | None]) -> str:
    for code in ORDER:
        if code in reasons:
            return code
    return next(reason for reason in reasons if reason)


def _reason(question: Dict, who: Who) -> str | None:
    step, ask, scene = question["step"], question["ask"], question["scene"]
    if ask is not None and ask["done"]:
        return str(ask["done"])
    if ask is not None and who[0] == "line_manager" and who[1] in ask["met"]:
        return str(ask["met"][who[1]])
    if "plan_shared_with_office" in step["done"] and _has_office_plan(question, who):
        return "plan_shared"
    if "plan_shared_with_practitioner" in step["done"] and _practitioner_has_plan(scene, who):
        return "plan_shared"
    for act in ORDER:
        if act == "summoned" and _is_summoned_in_time(question, who):
            return act
        if act in step["done"] and _happened(act, question, who):
            return act
    for exemption in scene["exemptions"]:
        until = last_day_of(exemption)
        stands = until is None or (scene["now"][0] <= until and question["told_on"] <= until)
        if stands and _meant(step, exemption, who):
            return f"exempted:{exemption['reason']}"
    return None


def _has_office_plan(question: Dict, who: Who) -> bool:
    role, org = who
    asked = question["ask"]["orgs"] if role == "adviser" else [org]
    return role != "employee" and any(
        f["type"] == "plan_shared"
        and f["with"] == "office"
        and f["org"] in (asked or [f["org"]])
        and f["on"] >= question["ask"]["at"][0]
        for f in question["scene"]["facts"]
    )


def _practitioner_has_plan(scene: Dict, who: Who) -> bool:
    return any(
        f["type"] == "plan_shared"
        and f["with"] == "practitioner"
        and who == ("line_manager", f["org"])
        for f in scene["facts"]
    )


def _is_summoned_in_time(question: Dict, who: Who) -> bool:
    return "summoned_in_time" in question["step"]["done"] and any(
        meeting["date"] is not None
        and meeting["date"] <= question["due_on"]
        and meeting["meeting"] == question["step"]["meeting"]
        and _counts_as("summoned", meeting, who)
        for meeting in question["scene"]["meetings"]
    )


def _happened(act: str, question: Dict, who: Who) -> bool:
    role, org = who
    step, scene = question["step"], question["scene"]
    facts = scene["facts"]
    if step["asks"] is not None:
        # Of the acts in rows that hang on a fact only *held* is left, and means the fact's own meeting.
        meeting = question["ask"]["meeting"] if question["ask"] is not None else None
        return bool(act == "held" and meeting and _counts_as(act, meeting, who))
    if act in ("plan_made", "plan_shared"):
        return role == "line_manager" and any(f["type"] == act and f["org"] == org for f in facts)
    if act in ("held", "summoned"):
        return any(
            _counts_as(act, meeting, who)
            for meeting in scene["meetings"]
            if meeting["meeting"] == step["meeting"]
        )
    if act == "assessed":
        return any(decision["final"] for decision in assessments(scene)[-1:])
    if act == "reassessment":
        return any(f["type"] == "reassessment" for f in facts)
    return _has_spoken(act, facts, who)


def _has_spoken(act: str, facts: list[Dict], who: Who) -> bool:
    """Whether the party has answered about meeting need, or asked for meeting 2."""
    role, org = who
    party = "employee" if role == "employee" else "employer"
    types = ("need",) if act == "answered" else ("requested",)
    return any(
        f["type"] in types
        and f["party"] == party
        and f.get("meeting", 2) == 2
        and (role != "line_manager" or f["org"] in (None, org))
        for f in facts
    )


def _counts_as(act: str, meeting: Dict, who: Who) -> bool:
    role, org = who
    if meeting["type"] not in (("held",) if act == "held" else ("summoned", "moved")):
        return False
    everybodys = meeting["meeting"] != 1 or meeting["org"] is None or role == "adviser"
    return everybodys or (role == "line_manager" and meeting["org"] == org)


def last_day_of(exemption: Dict) -> Any:
    """The last day on which an exemption stands; None where it has no end."""
    if exemption["until"] is None and exemption["reason"] == "too_ill_for_now":
        return exemption["at"][0] + TOO_ILL_DAYS
    return exemption["until"]


def last_days(scene: Dict) -> list[int]:
    """The last days of the exemptions: on the day after one, time alone changes the plan."""
    return [until for e in scene["exemptions"] if (until := last_day_of(e)) is not None]


def _meant(step: Dict, exemption: Dict, who: Who) -> bool:
    """Whether an exemption ends the step for somebody; *lapsed* is ended by all but the one that it waits for."""
    if step["path"] in ("exemption_notice.notice", "exemption_review.review"):
        return False
    meeting = step["meeting"] and exemption["checkpoint"] == f"dialogue_meeting_{step['meeting']}"
    if not meeting and exemption["checkpoint"] != step["path"].split(".")[0]:
        return False
    if "exempted" in step["when"] and exemption["reason"] == RECOVERY:
        return False
    return exemption["org"] is None or who == ("line_manager", exemption["org"])


def _again(question: Dict, who: Who) -> int | None:
    """The day after the exemption in which the step was to be told, or for which it was withdrawn.

    After the last, where one follows on another.
    """
    again = None
    falls = question["told_on"]
    mine = [e for e in question["scene"]["exemptions"] if _meant(question["step"], e, who)]
    ended = sorted(
        (last_day_of(e), e["at"][0], e["reason"])
        for e in mine
        if last_day_of(e) is not None
        and question["told_on"] <= last_day_of(e) < question["scene"]["now"][0]
    )
    for until, granted_on, reason in ended:
        if granted_on <= falls or reason in question["withdrawn_for"]:
            again = falls = first_free_day(question["stops"], until + 1)
    return again


# --- late (contract 4.2) --------------------------------------------------------------------------------------


def settle(candidates: list[Dict], scene: Dict) -> None:
    """Give every candidate its `state` and `reason`; one whose `state` is open is armed or missed."""
    missed: dict[int, str] = {}
    for number, candidate in enumerate(candidates):
        if candidate["state"] == "open" and candidate["late"]:
            missed[number] = _missed(candidate, candidates, scene)
    for number, candidate in enumerate(candidates):
        if candidate["state"] == "open" and not missed.get(number):
            _give_way(candidate, number, candidates, missed, scene)
    for number, candidate in enumerate(candidates):
        if candidate["state"] != "open":
            continue
        why = missed.get(number, "")
        if not why and "gives_way" in candidate:
            why = f"superseded:{candidate['gives_way']}"
        if not why and scene["over"]:
            why = "ended"
        candidate.update({"state": "missed", "reason": why} if why else {"state": "armed"})


def _give_way(
    candidate: Dict, number: int, candidates: list[Dict], missed: dict[int, str], scene: Dict
) -> None:
    if is_at_once(candidate["step"]):
        return
    rivals = [
        other
        for place, other in enumerate(candidates)
        if _is_of_same_checkpoint(candidate, other)
        and (_day(other), place) > (_day(candidate), number)
        and not missed.get(place)
        and _says_it_better(candidate, other, scene["now"][0])
    ]
    if rivals:
        latest = max(rivals, key=lambda other: (_day(other), candidates.index(other)))
        candidate["gives_way"] = latest["step"]["path"]


def _is_of_same_checkpoint(one: Dict, other: Dict) -> bool:
    checkpoints = {c["step"]["path"].split(".")[0] for c in (one, other)}
    return (
        one is not other
        and len(checkpoints) == 1
        and one["subject"] == other["subject"]
        and not is_at_once(other["step"])
        and other["planned_on"] is not None
        and not _is_for_others(one, other)
    )


def _is_for_others(one: Dict, other: Dict) -> bool:
    """Whether both go to managers, and to none who is the same: what one of them hears says nothing to the other."""
    managers = [{who for who in c["to"] if who[0] == "line_manager"} for c in (one, other)]
    return all(managers) and not set.intersection(*managers)


def _day(candidate: Dict) -> int:
    """The day that today's start gives, also where a due event went out for another."""
    return int(candidate["planned_on"])


def _says_it_better(candidate: Dict, other: Dict, today: int) -> bool:
    """Whether of two steps of a checkpoint the later is the one that people hear.

    Either both are late, or this one is and the later is told today or was told after its own date; then what gave way
    to a step that has fired is missed for good, though the start move. Or an exemption has held this one up until a
    morning on which, or after which, the later one is told.
    """
    if other["state"] not in ("open", "fired"):
        return False
    if other["state"] == "fired":
        put_off = other["due_at"][0] > other["due_on"]
    else:
        put_off = other["resumed"] and other["due_at"][0] <= today
    if candidate["late"] and (other["late"] or put_off):
        return True
    if not candidate["resumed"]:
        return False
    if other["state"] == "fired":
        is_after = other["due_at"] >= candidate["due_at"] or candidate["suspended"] is not None
        return bool(other["of_this_start"] and is_after)
    is_told_before = candidate["suspended"] is not None and other["due_at"] < candidate["due_at"]
    return bool(other["due_at"] == candidate["due_at"] or is_told_before)


def _missed(candidate: Dict, candidates: list[Dict], scene: Dict) -> str:
    """Why a step whose date has passed when it is first planned does not fire; empty where it does."""
    step, (today, _), case = candidate["step"], scene["now"], scene["case"]
    # Where a suspension holds it back, it is judged by the day that it waits for.
    today = max(today, candidate["due_at"][0])
    if today - candidate["from"] > step["catch_up"]:
        return "catch_up_passed"
    waits = "sick" in step["when"] and not is_at_once(step)
    if waits and not case["start"] <= today <= case["end"]:
        return "recovered"
    if scene["over"]:
        return "ended"
    for path in step["gives_way_to"]:
        for other in candidates:
            if other["step"]["path"] != path or other["subject"] not in ("", candidate["subject"]):
                continue
            told_at = max(scene["now"], candidate["planned_at"])
            fell_due = other["state"] == "open" and other["planned_at"] <= told_at
            fell_due = fell_due or (other["state"] == "fired" and other["of_this_start"])
            if fell_due and (not is_at_once(step) or _is_after(other, candidate)):
                return f"superseded:{path}"
    return ""


def _is_after(other: Dict, candidate: Dict) -> bool:
    at = other["planned_at"]
    return at is not None and bool(at > candidate["planned_at"])
