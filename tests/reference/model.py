"""A life lived through: what is sent, what is withdrawn, and the plan that stands at an instant (contract 4.3).

The second implementation of the scheduler's rules. It shares no code with the first, and only reads the dicts that
`tests/reference/lives.py` turns into records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference import calendar
from tests.reference.model_cases import cases_of, facts_of, identified, is_dead, known_by
from tests.reference.model_plan import assess, assessments_asked, last_days, scene_of, settle
from tests.reference.model_steps import STEPS, day_number
from tests.reference.model_suspensions import changes, in_force, lifted_on, reaching

Dict = dict[str, Any]
Instant = tuple[int, int]
Ground = tuple[str, str | None, bool]
"""The reason of a withdrawal, its detail, and whether notes brought it about."""
SETTLE_MINUTES = 15
TIMED = ("generation", "due_on", "due_at", "to", "caught_up", "start")
MOVED_DAYS = 7
ASSESSMENT = "dialogue_meeting_2_assessment.assess"
DAY_MINUTES = 24 * 60
AT_ONCE = ("summoned", "not_exempted", "nobody_asked", "disabled")
"""Conditions that acts decide, so that what fails by them does not wait for the notes to settle."""


@dataclass
class Story:
    """All that has happened by now. `events` are due events, `plans` the plan of each case by its number."""

    stored: list[Dict] = field(default_factory=list)
    numbers_used: int = 0
    events: list[Dict] = field(default_factory=list)
    timers: dict[Any, Dict] = field(default_factory=dict)
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    plans: dict[int, list[Dict]] = field(default_factory=dict)
    cases: list[Dict] = field(default_factory=list)
    wakes: set[Instant] = field(default_factory=set)


def live(life: Dict, until: Instant) -> Story:
    """The life up to and with that instant, everything fired at its own."""
    story = Story()
    ticks = {e["arrives"] for e in (*life["notes"], *life["facts"])} | changes(life)
    ticks = {tick for tick in ticks if tick <= until}
    while ticks:
        now = min(ticks)
        _replan(story, known_by(life, now), now, in_force(life, now))
        _fire(story, now)
        ticks = {tick for tick in ticks if tick > now}
        ticks |= {tick for tick in _wakes(story) if now < tick <= until}
    _replan(story, known_by(life, until), until, in_force(life, until))
    return story


def plan_of(life: Dict, now: Instant) -> Story:
    """The plan where every record arrives at that instant and nothing has fired yet."""
    story = Story()
    _replan(story, life, now, in_force(life, now))
    return story


def _wakes(story: Story) -> set[Instant]:
    """When time changes something: a timer is due, notes have settled, a case or an exemption ends."""
    settled = {
        _later(event["doubted"], SETTLE_MINUTES) for event in story.events if event["doubted"]
    }
    return story.wakes | settled | {timer["due_at"] for timer in story.timers.values()}


def _later(instant: Instant, minutes: int) -> Instant:
    return instant[0] + (instant[1] + minutes) // DAY_MINUTES, (instant[1] + minutes) % DAY_MINUTES


def _replan(story: Story, life: Dict, now: Instant, stops: list[Dict]) -> None:
    cases = cases_of(life)
    story.stored, merged, story.numbers_used = identified(cases, story.stored, story.numbers_used)
    by_number = {case["number"]: case for case in cases}
    # An event is told of in the case that it went out for, and judged in the one that has taken its history over.
    for event in story.events:
        event["case"] = merged.get(event["case"], event["case"])
    timers: dict[Any, Dict] = {}
    story.plans, story.cases, story.wakes = {}, cases, set()
    for old in story.stored:
        case = by_number.get(old["number"])
        facts = facts_of(life, cases, case) if case is not None else []
        scene = scene_of(case, facts, now, dead=is_dead(life), stops=stops)
        candidates = _candidates(story, scene, old["number"])
        settle(candidates, scene)
        _arm(candidates, timers, scene, old["number"])
        story.plans[old["number"]] = candidates
        if case is not None:
            story.wakes |= {(case["over"], 0), *((day + 1, 0) for day in last_days(scene))}
    story.timers = timers


# --- one step after what it has been through --------------------------------------------------------------------


def _candidates(story: Story, scene: Dict, number: int) -> list[Dict]:
    mine = [event for event in story.events if event["case"] == number]
    # Of two merged histories the earlier generation stands, of two alike what fired first, the case's own before.
    mine.sort(key=lambda e: (e["generation"], e["fired_at"], e["of"] != number))
    candidates: list[Dict] = []
    named: set[tuple[str, str]] = set()
    for step in STEPS:
        for subject, ask in _subjects(step, scene, mine, named):
            named.add((step["path"], subject))
            history = [e for e in mine if (e["path"], e["subject"]) == (step["path"], subject)]
            timer = story.timers.get((number, step["path"], subject))
            candidate = _candidate(story, step, ask, scene, history, timer) | {"subject": subject}
            candidates.append(candidate)
            if step["path"] == ASSESSMENT:
                scene["assessments"] = assessments_asked(candidate, history, scene)
    return candidates  # fmt: skip


def _subjects(
    step: Dict, scene: Dict, mine: list[Dict], named: set[tuple[str, str]]
) -> list[tuple[str, Dict | None]]:
    """The timers of a step: one, or one for each fact that asks, and for each that asked when it fired."""
    if step["asks"] is None:
        return [("", None)]
    asks = {ask["subject"]: ask for ask in step["asks"](scene)}
    found: list[tuple[str, Dict | None]] = list(asks.items())
    rest = [row for row in STEPS if row["path"] == step["path"] and row is not step]
    elsewhere = {ask["subject"] for row in rest for ask in row["asks"](scene)}
    for event in mine:
        subject = event["subject"]
        is_open = event["path"] == step["path"] and (step["path"], subject) not in named
        if is_open and subject not in asks and subject not in elsewhere:
            asks[subject] = None
            found.append((subject, None))
    one = step["path"] in ("dialogue_meeting_1.requested", "activity_requirement.reply")
    return found or ([("", None)] if one else [])


def _candidate(
    story: Story,
    step: Dict,
    ask: Dict | None,
    scene: Dict,
    history: list[Dict],
    timer: Dict | None,
) -> Dict:
    standing = [event for event in history if left(event)]
    for twin in standing[1:]:
        grounds: dict[Any, Ground] = dict.fromkeys(left(twin), ("case_withdrawn", None, True))
        _withdraw(story, twin, grounds, scene["now"])
    if standing:
        _review(story, step, ask, scene, standing[0], _exempted_by(history))
    stands = standing[0]["due_at"][0] if standing and left(standing[0]) else None
    answer = assess(step, ask, scene, withdrawn_for=_exempted_by(history), sent_on=stands)
    answer["late"] = answer["state"] == "open" and not _is_in_time(answer["due_at"], scene, timer)
    if answer["late"]:
        answer |= _held_back(step, ask, scene, history)
    last = max(history, key=lambda event: event["generation"], default=None)
    candidate = answer | {
        "step": step,
        "planned_on": answer["due_on"],
        "planned_at": answer["due_at"],
        "of_this_start": False,
        "generation": last["generation"] if last else 1,
        "last": last,
    }
    if standing and left(standing[0]):
        return candidate | _fired(standing[0], scene)
    ended = last is not None and _ended_with_case(last)
    if last is not None and ended and (scene["over"] or answer["state"] != "open"):
        return candidate | _fired(last, scene)
    return candidate | {"stays": last if ended else None}  # fmt: skip


def _held_back(step: Dict, ask: Dict | None, scene: Dict, history: list[Dict]) -> Dict:
    """Of what would be told now, late, what a suspension makes of it: told once it is over, and counted as ever."""
    held_until = lifted_on(reaching(step["path"], scene["stops"]), scene["now"])
    if held_until is None:
        return {}
    answer = assess(step, ask, scene, withdrawn_for=_exempted_by(history), held_until=held_until)
    del answer["from"]
    return answer | {"late": answer["state"] == "open"}


def _ended_with_case(event: Dict) -> bool:
    return not left(event) and bool(event["gone"]) and event["gone"][-1][1] == "ended"


def _exempted_by(history: list[Dict]) -> frozenset[str]:
    """The reasons of the exemptions for which the step was ever withdrawn."""
    parts = [part for event in history for part in event["gone"]]
    return frozenset(detail for _, reason, detail in parts if reason == "exempted")


def _is_in_time(due_at: Instant, scene: Dict, timer: Dict | None) -> bool:
    """Not due before now, or armed before it fell due and not moved into the past since."""
    if due_at >= scene["now"]:
        return True
    if timer is None or timer["caught_up"]:
        return False
    return bool(timer["due_at"] == due_at or timer["due_at"] <= scene["now"])


def _fired(event: Dict, scene: Dict) -> Dict:
    late = _unix(event["fired_at"]) - _unix(event["due_at"])
    start = scene["case"]["start"] if scene["case"] is not None else None
    return {
        "state": "fired",
        "reason": f"late:{late}" if late else "on_time",
        "due_on": event["due_on"],
        "due_at": event["due_at"],
        "to": event["to"],
        "generation": event["generation"],
        "late": event["caught_up"],
        "of_this_start": event["start"] == start,
    }


def date_of(day: int) -> str:
    """The date of a day as people write it."""
    year, month, of_month = calendar.ymd(day_number(day))
    return f"{year}-{month:02}-{of_month:02}"


def _unix(instant: Instant) -> int:
    return calendar.in_oslo(day_number(instant[0]), instant[1])


# --- arming and firing ------------------------------------------------------------------------------------------


def _arm(candidates: list[Dict], timers: dict[Any, Dict], scene: Dict, number: int) -> None:
    for candidate in candidates:
        if candidate["state"] == "missed" and candidate["stays"]:
            # Withdrawn only because its case ended, and too late to be sent again.
            candidate.update(_fired(candidate["stays"], scene))
        if candidate["state"] != "armed":
            continue
        generation = candidate["generation"] + 1 if candidate["last"] else 1
        is_due = candidate["due_at"] <= scene["now"]
        candidate["generation"] = generation
        candidate["reason"] = "overdue" if is_due else "due"
        if candidate["suspended"] is not None and not is_due:
            candidate["reason"] = f"suspended:{date_of(candidate['suspended'])}"
        elif generation > 1:
            candidate["reason"] = f"again:{generation}"
        timers[number, candidate["step"]["path"], candidate["subject"]] = {
            "generation": generation,
            "due_on": candidate["due_on"],
            "due_at": candidate["due_at"],
            "to": candidate["to"],
            "caught_up": candidate["late"],
            "start": scene["case"]["start"],
            "over": (scene["case"]["over"], 0),
        }


def _fire(story: Story, now: Instant) -> None:
    due = [
        (timer["due_at"], key, timer)
        for key, timer in story.timers.items()
        if timer["due_at"] <= now < timer["over"]
    ]
    for _, key, timer in sorted(due, key=lambda found: found[:2]):
        number, path, subject = key
        del story.timers[key]
        story.events.append(
            {
                "case": number,
                "of": number,
                "path": path,
                "subject": subject,
                "fired_at": now,
                "gone": [],
                "doubted": None,
                **{k: timer[k] for k in TIMED},
            }
        )
        story.sent.append(
            ("due", now, number, path, subject, timer["generation"], timer["due_on"],
             timer["due_at"], tuple(sorted(timer["to"], key=str)))
        )  # fmt: skip


# --- second thoughts (contract 4.3) -------------------------------------------------------------------------------


def left(event: Dict) -> list[Any]:
    """The recipients for whom a due event still holds."""
    gone = [who for who, _, _ in event["gone"]]
    return [] if None in gone else [who for who in event["to"] if who not in gone]


def _review(
    story: Story,
    step: Dict,
    ask: Dict | None,
    scene: Dict,
    event: Dict,
    withdrawn_for: frozenset[str],
) -> None:
    of_event: Dict = {"withdrawn_for": withdrawn_for, "sent_on": event["due_at"][0]}
    today = assess(step, ask, scene, **of_event)
    then = today
    if step["asks"] is None:
        then = assess(step, ask, scene, given=event["due_on"], **of_event)
    grounds = {}
    for who in left(event):
        ground = _ground(step, ask, scene, event, who, today, then)
        if ground is not None:
            grounds[who] = ground
    _withdraw(story, event, grounds, scene["now"])


def _ground(
    step: Dict, ask: Dict | None, scene: Dict, event: Dict, who: Any, today: Dict, then: Dict
) -> Ground | None:
    """`today` is what the facts say for the day that they give now, `then` for the one that the event names."""
    case, now = scene["case"], scene["now"]
    if scene["dead"]:
        return "died", None, False
    if case is None:
        return "case_withdrawn", None, True
    if ask is not None and ask["renewed"] and event["fired_at"] < ask["renewed"][0] <= now:
        return "done", ask["renewed"][1], False
    for answer in (today, then):
        if who in answer["closed"]:
            why = answer["closed"][who]
            if why.startswith("exempted:"):
                return "exempted", why.split(":", 1)[1], False
            return "done", why, False
    if scene["over"]:
        was_shortened = now[0] > case["over"] and not case["ended_by_return"]
        return "ended", None, was_shortened
    if today["due_on"] is not None and today["due_on"] - now[0] > MOVED_DAYS:
        return "moved", None, step["asks"] is None
    if any(a["state"] == "open" and who in a["to"] for a in (today, then)):
        return None
    return _no_longer(step, today if today["state"] == "not_applicable" else then)


def _no_longer(step: Dict, answer: Dict) -> Ground:
    detail = {"not_applicable": answer["reason"], "open": "no_employer"}.get(
        answer["state"], "not_sick_listed"
    )
    limit_may_have_moved = step["path"] == "meeting_notice.after_limit"
    at_once = detail in AT_ONCE and not (limit_may_have_moved and detail == "nobody_asked")
    return "not_applicable", detail, not at_once


def _withdraw(story: Story, event: Dict, grounds: dict[Any, Ground], now: Instant) -> None:
    """Withdraw what acts have brought about, and what notes have once they have settled."""
    waits = any(by_notes for _, _, by_notes in grounds.values())
    since = (event["doubted"] or now) if waits else None
    has_settled = since is not None and now >= _later(since, SETTLE_MINUTES)
    event["doubted"] = None if has_settled else since
    certain = {who: g[:2] for who, g in grounds.items() if has_settled or not g[2]}
    if certain and len(set(certain.values())) == 1 and set(certain) == set(left(event)):
        parts = [(None, *next(iter(certain.values())))]
    else:
        parts = [(who, *why) for who, why in certain.items()]
    event["gone"] += parts
    event["gone_at"] = now if parts else event.get("gone_at")
    for who, reason, detail in parts:
        story.sent.append(
            ("withdrawn", now, event["of"], event["path"], event["subject"], event["generation"],
             who, reason, detail)
        )  # fmt: skip
