"""The steps of the rulebook `standard` as rows, and what in a case asks for those that hang on a fact (contract 4).

An *ask* is one timer that a fact asks for: its `subject`, the instant `at` of the fact, the day `base` that a date is
counted from, the employers `orgs` (None: all), the `adviser`, `done` (why nobody is asked any more), `met` (why one
employer is not), `meeting`, and `renewed`: an instant and an act after which an earlier due event no longer holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.reference import calendar
from tests.reference.model_cases import employers_on

Dict = dict[str, Any]
DAY_0 = calendar.number_of(calendar.Ymd(2026, 1, 5))
MIDNIGHT_NEXT = 24 * 60
REPLY_DAYS = 14
NOTICE_DAYS = 21
LAST_DAY_2 = 181
RECOVERY = "recovery_expected_within_28_weeks"

EMPLOYEE = ("sick", "employee")
OPEN = ()
BOTH = ("line_manager", "employee")
PLAN = ("plan_made", "plan_shared")


def _row(
    path: str,
    to: tuple[str, ...],
    done: tuple[str, ...],
    when: tuple[str, ...],
    catch_up: int = 182,
    **more: Any,
) -> Dict:
    default = {
        "path": path,
        "to": to,
        "done": done,
        "when": when,
        "catch_up": catch_up,
        "offset": None,
        "full": 0,
        "before": False,
        "gives_way_to": (),
        "meeting": None,
        "asks": None,
        "days": None,
        "working": 0,
    }
    return default | more


def day_number(day: int) -> int:
    return DAY_0 + day


# --- what asks ----------------------------------------------------------------------------------------------


def _ask(subject: str, at: tuple[int, int], **more: Any) -> Dict:
    default: Dict = {
        "base": None,
        "orgs": None,
        "adviser": None,
        "done": None,
        "met": {},
        "answers": [],
    }
    return (
        {"subject": subject, "at": at} | default | {"meeting": None, "renewed": None, "step": ""}
    ) | more


def held_at(meeting: Dict) -> tuple[int, int]:
    """When a meeting was held: when that was reported, or at the end of the date that the report names."""
    at: tuple[int, int] = meeting["at"]
    on = meeting["reported_for"]
    return at if on is None else min(at, (on, MIDNIGHT_NEXT - 1))


def _requests(*numbers: int) -> Callable[[Dict], list[Dict]]:
    def asks(scene: Dict) -> list[Dict]:
        slots: dict[Any, Dict] = {}
        for fact in scene["facts"]:
            if fact["type"] == "requested" and fact["meeting"] in numbers:
                slots[fact["meeting"], fact["party"], fact["org"]] = fact
        requests = [*slots.values(), *(_wishes(scene) if 2 in numbers else [])]
        return [
            _request(number, [r for r in requests if r["meeting"] == number], scene)
            for number in sorted({request["meeting"] for request in requests})
        ]

    return asks


def _wishes(scene: Dict) -> list[Dict]:
    """Of the last answers about meeting need those that want a meeting: each is a request for meeting 2 too."""
    last: dict[Any, Dict] = {}
    for fact in scene["facts"]:
        if fact["type"] == "need":
            key = (fact["party"], fact["org"])
            if key not in last or last[key]["at"] <= fact["at"]:
                last[key] = fact
    return [
        fact | {"meeting": 2, "is_answer": True} for fact in last.values() if fact["wants_meeting"]
    ]


def _request(number: int, requests: list[Dict], scene: Dict) -> Dict:
    closings = [
        f["at"] for f in scene["facts"] if f["type"] == "closed" and f["meeting"] == number != 1
    ]
    closed_at = max(closings, default=None)
    kept = [r for r in requests if closed_at is None or r["at"] > closed_at]
    waiting = [r for r in kept if not _is_answered(r, number, scene)]
    done = None
    if not waiting:
        done = "held" if kept else "closed"
    elif number != 1 and any(is_summoned(m) for m in scene["meetings"] if m["meeting"] == number):
        done = "summoned"
    shown = _shown(waiting or kept or [max(requests, key=lambda r: r["at"])])
    return _ask(
        "" if number == 1 else str(number),
        shown[0]["at"],
        orgs=_orgs_of(shown),
        done=done,
        met=_met(kept, scene) if number == 1 else {},
        answers=_answers_at(shown),
        renewed=_last_end(number, closed_at, scene),
    )


def _shown(requests: list[Dict]) -> list[Dict]:
    """By time; what somebody has asked for in so many words leaves out the answers."""
    said = [request for request in requests if "is_answer" not in request]
    return sorted(said or requests, key=lambda request: request["at"])


def _answers_at(shown: list[Dict]) -> list[tuple[int, int]]:
    return [request["at"] for request in shown if "is_answer" in request]


def _last_end(number: int, closed_at: tuple[int, int] | None, scene: Dict) -> Any:
    ended = [(closed_at, "closed")] if closed_at is not None else []
    ended += [(held_at(m), "held") for m in scene["meetings"] if _is_held(m, number)]
    return max(ended, default=None)


def _orgs_of(facts: list[Dict]) -> list[str] | None:
    orgs = {fact["org"] for fact in facts}
    return None if None in orgs else sorted(orgs)


def _is_held(meeting: Dict, number: int) -> bool:
    return bool(meeting["meeting"] == number and meeting["type"] == "held")


def _is_answered(request: Dict, number: int, scene: Dict) -> bool:
    """Whether a meeting was held after the request; meeting 1 with every employer whom it concerns."""
    held = [m for m in scene["meetings"] if _is_held(m, number) and request["at"] <= held_at(m)]
    if number != 1:
        return bool(held)
    concerned: list[str | None] = [request["org"]]
    if request["org"] is None and scene["case"] is not None:
        concerned = [*employers_on(scene["case"], request["at"][0])] or [None]
    return all(any(m["org"] in (None, org) for m in held) for org in concerned)


def _met(requests: list[Dict], scene: Dict) -> dict[str, str]:
    """The employers with whom every request that concerns them has been answered by a meeting 1."""
    met = {}
    for org in scene["orgs"]:
        concerning = [r for r in requests if r["org"] in (None, org)]
        if concerning and all(
            any(
                _is_held(m, 1) and m["org"] in (None, org) and r["at"] <= held_at(m)
                for m in scene["meetings"]
            )
            for r in concerning
        ):
            met[org] = "held"
    return met


def is_summoned(meeting: Dict) -> bool:
    return meeting["type"] in ("summoned", "moved")


def _summonses(*numbers: int, short: bool = False) -> Callable[[Dict], list[Dict]]:
    def asks(scene: Dict) -> list[Dict]:
        found = []
        for meeting in scene["meetings"]:
            first = next((v for v in meeting["versions"] if v["type"] == "summoned"), None)
            # Known only as moved, it was summoned all the same.
            first = first or next((v for v in meeting["versions"] if v["type"] == "moved"), None)
            if meeting["meeting"] not in numbers or first is None:
                continue
            if short and (first["date"] is None or first["date"] - first["at"][0] >= NOTICE_DAYS):
                continue
            found.append(
                _ask(
                    meeting["id"],
                    first["at"],
                    base=meeting["date"],
                    orgs=[meeting["org"]] if meeting["org"] else None,
                    done="cancelled" if meeting["type"] == "cancelled" else None,
                    meeting=meeting,
                )
            )
        return found

    return asks


def _after_limit(scene: Dict) -> list[Dict]:
    """The meetings 2 that were ever put after the last day of the law, each from when it stayed there."""
    limit = scene["case"]["start"] + LAST_DAY_2 if scene["case"] is not None else None
    found = []
    for ask in _summonses(2)(scene):
        puts = [
            v for v in ask["meeting"]["versions"] if v["type"] in ("summoned", "moved", "cancelled")
        ]
        late = [
            limit is not None
            and v["type"] != "cancelled"
            and v["date"] is not None
            and v["date"] > limit
            for v in puts
        ]
        if not any(late):
            continue
        if not late[-1]:
            if ask["base"] is not None:
                found.append(ask | {"done": ask["done"] or "moved_in_time"})
            continue
        first = max((place for place, is_late in enumerate(late) if not is_late), default=-1) + 1
        found.append(ask | {"at": puts[first]["at"]})
    return found


def _outcomes(*numbers: int) -> Callable[[Dict], list[Dict]]:
    def asks(scene: Dict) -> list[Dict]:
        return [
            ask | {"renewed": (moved, "moved") if (moved := moved_at(ask["meeting"])) else None}
            for ask in _summonses(*numbers)(scene)
        ]

    return asks


def _held(*numbers: int) -> Callable[[Dict], list[Dict]]:
    """The meetings held, each with the day on which it was; done once its minutes are sent."""

    def asks(scene: Dict) -> list[Dict]:
        sent = {fact["meeting_id"] for fact in scene["facts"] if fact["type"] == "minutes"}
        return [
            _ask(
                meeting["id"],
                meeting["at"],
                base=held_at(meeting)[0],
                done="minutes_sent" if meeting["id"] in sent else None,
                meeting=meeting,
            )
            for meeting in scene["meetings"]
            if meeting["type"] == "held" and meeting["meeting"] in numbers
        ]

    return asks


def moved_at(meeting: Dict | None) -> tuple[int, int] | None:
    moves = [v["at"] for v in meeting["versions"] if v["type"] == "moved"] if meeting else []
    return max(moves, default=None)


def _refusals(scene: Dict) -> list[Dict]:
    """A refusal asks for itself, also where nothing else is known of its meeting."""
    slots: dict[Any, Dict] = {}
    for fact in scene["facts"]:
        if fact["type"] == "answered":
            key = (fact["meeting_id"], fact["party"], fact["org"])
            if key not in slots or slots[key]["at"] <= fact["at"]:
                slots[key] = fact
    found = []
    for meeting_id in sorted({fact["meeting_id"] for fact in slots.values()}):
        answers = [f for f in slots.values() if f["meeting_id"] == meeting_id]
        meeting = next((m for m in scene["meetings"] if m["id"] == meeting_id), None)
        number = meeting["meeting"] if meeting else answers[-1]["meeting"]
        refused = sorted(f["at"] for f in answers if f["answer"] != "coming")
        if number in (2, 3) and refused:
            found.append(_refusal(meeting_id, meeting, refused))
    return found


def _refusal(meeting_id: str, meeting: Dict | None, refused: list[tuple[int, int]]) -> Dict:
    moved = moved_at(meeting)
    after = [at for at in refused if moved is None or at > moved]
    done = None if after else "moved"
    if meeting and meeting["type"] == "cancelled":
        done = "cancelled"
    at = after[0] if after else refused[-1]
    renewed = (moved, "moved") if moved else None
    return _ask(meeting_id, at, done=done, meeting=meeting, renewed=renewed)


def _reassessments(scene: Dict) -> list[Dict]:
    asked: dict[str, Dict] = {}
    last: dict[str, str] = {}
    for fact in scene["facts"]:
        if fact["type"] in ("reassessment", "reassessed"):
            last[fact["id_"]] = fact["type"]
            if fact["type"] == "reassessment":
                asked[fact["id_"]] = fact
    return [
        _ask(
            name,
            fact["at"],
            base=fact["on"],
            adviser=fact["adviser"],
            done="closed" if last[name] == "reassessed" else None,
        )
        for name, fact in asked.items()
    ]


def _plan_requests(scene: Dict) -> list[Dict]:
    last = {fact["org"]: fact for fact in scene["facts"] if fact["type"] == "plan"}
    return [
        _ask(
            org,
            fact["at"],
            base=fact["reply_by"] if fact.get("reply_by") else fact["at"][0] + REPLY_DAYS,
            orgs=[org],
            adviser=fact["adviser"],
        )
        for org, fact in last.items()
    ]


def _grants(scene: Dict, checkpoint: str = "exemption_notice") -> list[Dict]:
    """One ask a reason for an exemption from meeting 2, of the day of its grant, also once it is revoked."""
    found = []
    by_reason: dict[str, list[Dict]] = {}
    for slot in scene["grants"]:
        ends = slot["grant"]["until"] is not None or slot["grant"]["reason"] == "too_ill_for_now"
        if checkpoint == "exemption_review" and ends:
            continue
        if slot["grant"]["checkpoint"] in ("dialogue_meeting_2", checkpoint):
            by_reason.setdefault(slot["grant"]["reason"], []).append(slot)
    for reason, slots in by_reason.items():
        standing = [slot for slot in slots if not slot["revoked"]]
        grants = [slot["grant"] for slot in standing or slots]
        orgs = {grant["org"] for grant in grants}
        found.append(
            _ask(
                reason,
                min(grant["at"] for grant in grants),
                orgs=None if None in orgs else sorted(orgs),
                done=None if standing else "revoked",
            )
        )
    return found


def _grants_to_review(scene: Dict) -> list[Dict]:
    """Those without an end; a date to look again that was asked for since the grant's day ends the review."""
    dates = [fact["at"][0] for fact in last_of_reassessments(scene["facts"])]
    return [
        ask | {"base": ask["at"][0], "done": ask["done"] or _review_done(ask, dates, scene)}
        for ask in _grants(scene, "exemption_review")
    ]


def _review_done(ask: Dict, dates: list[int], scene: Dict) -> str | None:
    types = [meeting["type"] for meeting in scene["meetings"] if meeting["meeting"] == 2]
    if "held" in types:
        return "held"
    if "summoned" in types or "moved" in types:
        return "summoned"
    return "reassessment" if any(date >= ask["at"][0] for date in dates) else None


def last_of_reassessments(facts: list[Dict]) -> list[Dict]:
    """The last request of each reassessment."""
    return list({fact["id_"]: fact for fact in facts if fact["type"] == "reassessment"}.values())


def _replies(scene: Dict) -> list[Dict]:
    """The last assessment that waits for a reply; a later one of any kind ends it."""
    decisions = assessments(scene)
    asking = [f for f in decisions if f.get("reply_by") is not None and not f["final"]]
    if not asking:
        return []
    last = asking[-1]
    return [
        _ask(
            "",
            last["at"],
            base=last["reply_by"],
            done=None if last is decisions[-1] else "assessed",
            renewed=(last["at"], "assessed") if len(asking) > 1 else None,
        )
    ]


def assessments(scene: Dict) -> list[Dict]:
    """In the order in which they happened; of two at one instant the later version is the later."""
    decisions = [f for f in scene["facts"] if f["type"] == "assessed"]
    return [f for _, _, f in sorted((f["at"], n, f) for n, f in enumerate(decisions))]


# --- the rows -----------------------------------------------------------------------------------------------

_A2 = "dialogue_meeting_2_assessment.assess"
_LAST = "dialogue_meeting_2_summons.last_day"
ADVISER = ("adviser",)
MANAGER = ("line_manager",)
NEED = {"meeting": 2, "gives_way_to": (_LAST,)}
EITHER = ("employee", "line_manager")
STEPS = [
    _row(
        "follow_up_plan.reminder",
        BOTH,
        PLAN,
        EMPLOYEE,
        6,
        offset=21,
        gives_way_to=("follow_up_plan.deadline",),
    ),
    _row(
        "follow_up_plan.deadline",
        BOTH,
        PLAN,
        EMPLOYEE,
        14,
        offset=27,
        before=True,
        gives_way_to=("dialogue_meeting_1.deadline",),
    ),
    _row(
        "follow_up_plan.to_practitioner",
        MANAGER,
        ("plan_shared_with_practitioner",),
        (*EMPLOYEE, "plan_made"),
        14,
        offset=27,
        before=True,
    ),
    _row(
        "dialogue_meeting_1.reminder",
        BOTH,
        ("held", "summoned"),
        EMPLOYEE,
        14,
        offset=34,
        full=35,
        meeting=1,
        gives_way_to=("dialogue_meeting_1.deadline",),
    ),
    _row(
        "dialogue_meeting_1.deadline",
        BOTH,
        ("held", "summoned_in_time"),
        EMPLOYEE,
        28,
        offset=48,
        full=49,
        before=True,
        meeting=1,
        gives_way_to=(_A2,),
    ),
    _row(
        "dialogue_meeting_1.requested",
        MANAGER,
        ("held",),
        (*EMPLOYEE, "graded"),
        28,
        meeting=1,
        asks=_requests(1),
        gives_way_to=(_A2,),
    ),
    _row(
        "activity_requirement.notice",
        BOTH,
        ("assessed",),
        ("sick",),
        13,
        offset=42,
        full=1,
        gives_way_to=("activity_requirement.assess",),
    ),
    _row(
        "activity_requirement.assess",
        ADVISER,
        ("assessed",),
        ("sick",),
        offset=55,
        full=1,
        before=True,
    ),
    _row("activity_requirement.reply", ADVISER, (), ("sick",), asks=_replies, days=1),
    _row(
        "meeting_need.question",
        EITHER,
        ("answered", "requested"),
        (*EMPLOYEE, "not_summoned"),
        56,
        offset=105,
        **NEED,
    ),
    _row(
        "meeting_need.reminder",
        EITHER,
        ("answered", "requested"),
        (*EMPLOYEE, "not_summoned"),
        14,
        offset=109,
        **NEED,
    ),
    _row(_A2, ADVISER, ("held", "summoned", "reassessment"), EMPLOYEE, offset=112, meeting=2),
    _row(
        _LAST,
        ADVISER,
        ("held", "summoned"),
        EMPLOYEE,
        offset=160,
        before=True,
        meeting=2,
        gives_way_to=("dialogue_meeting_2.deadline",),
    ),
    _row(
        "dialogue_meeting_2.deadline",
        ADVISER,
        ("held",),
        EMPLOYEE,
        offset=181,
        before=True,
        meeting=2,
    ),
    _row(
        "dialogue_meeting_2.lapsed",
        ADVISER,
        ("held",),
        (*EMPLOYEE, "exempted"),
        offset=195,
        meeting=2,
    ),
    _row("reassessment.look_again", ADVISER, (), OPEN, asks=_reassessments, days=0),
    _row("requested_meeting.requested", ADVISER, (), ("not_near",), asks=_requests(2, 3)),
    _row(
        "meeting_plan.first",
        MANAGER,
        ("plan_shared_with_office", "held"),
        ("employee",),
        asks=_summonses(2, 3),
        days=-14,
        before=True,
    ),
    _row(
        "meeting_plan.second",
        MANAGER,
        ("plan_shared_with_office", "held"),
        ("employee",),
        asks=_summonses(2, 3),
        days=-7,
        before=True,
    ),
    _row("meeting_notice.notice", ADVISER, (), OPEN, asks=_summonses(2, 3, short=True)),
    _row("meeting_notice.after_limit", ADVISER, ("held",), OPEN, meeting=2, asks=_after_limit),
    _row("meeting_minutes.minutes", ADVISER, (), OPEN, asks=_held(2, 3), working=5),
    _row("meeting_outcome.outcome", MANAGER, ("held",), OPEN, asks=_outcomes(1), working=1),
    _row("meeting_outcome.outcome", ADVISER, ("held",), OPEN, asks=_outcomes(2, 3), working=1),
    _row("meeting_answer.answer", ADVISER, ("held",), OPEN, asks=_refusals),
    _row(
        "plan_requested.requested", MANAGER, ("plan_shared_with_office",), OPEN, asks=_plan_requests
    ),
    _row(
        "plan_requested.reminder",
        MANAGER,
        ("plan_shared_with_office",),
        OPEN,
        asks=_plan_requests,
        days=-3,
        gives_way_to=("plan_requested.requested", "plan_requested.overdue"),
    ),
    _row(
        "plan_requested.overdue",
        ADVISER,
        ("plan_shared_with_office",),
        OPEN,
        asks=_plan_requests,
        days=1,
    ),
    _row("exemption_notice.notice", EITHER, (), OPEN, asks=_grants),
    _row("exemption_review.review", ADVISER, (), EMPLOYEE, asks=_grants_to_review, days=56),
]
