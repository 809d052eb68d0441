"""Lives by Python's own generator: each is made by its number, and lived through time with records out of order.

Hypothesis limits the choices of an example to far fewer than these lives need, and chooses most of them small. Here
several employers, starts that move, facts without the one before them, and exemptions that begin and end beside the
dates of the rulebook are the rule and not the exception.
"""

from __future__ import annotations

import random
from typing import Any

from tests.reference.life import ADVISER, BYGG, KAFE

Dict = dict[str, Any]
KONTOR = "310202304"
REASONS = ["medical", "recovery_expected_within_28_weeks", "too_ill_for_now", "measures_working"]
REASONS += ["a_reason_of_the_offices_own"]
CHECKPOINTS = ["dialogue_meeting_2", "dialogue_meeting_1", "follow_up_plan", "activity_requirement"]
# The days of the rulebook, beside which things happen, and on the eve of which exemptions end.
DAYS = [21, 27, 34, 42, 48, 55, 105, 109, 112, 160, 181, 195]
# Kinds of facts that cluster about one of these days.
DAY_OF = {"meeting_1": 48, "plans": 27, "late_meeting": 181, "need": 112}
FIRST_MEETING_FROM, SECOND_MEETING_FROM = 55, 115
FRIDAY = 4
KINDS = ["exemption"] * 6 + ["meeting"] * 4 + ["request"] * 3 + ["late_meeting"] * 3
KINDS += ["meeting_between_requests"] * 2 + ["plan"] * 2
KINDS += ["meeting_1", "plans"] * 2
KINDS += [
    "need",
    "need",
    "need",
    "need",
    "assessed",
    "reassessment",
    "plan_request",
    "resumed",
    "death",
    "answer",
]
SUSPENDED = [
    *([["*.*"]] * 3),
    ["dialogue_meeting_*.*", "meeting_*.*", "requested_meeting.*"],
    ["dialogue_meeting_2*.*", "meeting_need.*"],
    ["follow_up_plan.*", "activity_requirement.*", "plan_requested.*"],
    ["dialogue_meeting_1.deadline", "follow_up_plan.reminder", "meeting_need.question"],
    ["dialogue_meeting_1.reminder", "follow_up_plan.deadline", "meeting_need.reminder"],
]
# No record arrives at these minutes, so that it is no matter which comes first.
REPLANNED_AT = [333, 545, 1000]
MINUTES = [0, 539, 540, 541, 600, 720, 720, 720, 900, 1439]


def life_by(number: int) -> Dict:
    """The life of that number, each record with `arrives`, and `now`: the instant to look at it."""
    chance = random.Random(number)  # noqa: S311 - a life to try, not a secret
    start = chance.choice(
        [chance.randrange(40), 7 * chance.randrange(6)]
    )  # Every other on a Monday.
    orgs: list[Any] = chance.choice(
        [[KAFE], [KAFE, BYGG], [KAFE, BYGG], [KAFE, BYGG, KONTOR], [KAFE, None]]
    )
    focus = chance.choice(DAYS)
    notes = _notes(chance, start, orgs)
    if chance.random() < 0.25:
        notes = _late_start(chance, start, focus)
    facts = [
        fact
        for _ in range(chance.choice([0, 1, 2, 3, 4, 6]))
        for fact in _facts(chance, start, focus, orgs)
    ]
    facts.sort(key=lambda fact: (fact["at"][0] + chance.choice([0] * 8 + [-20, 20]), fact["at"][1]))
    for index, fact in enumerate(facts):
        fact["id"] = f"fact-{index}"
    facts += _mistakes(chance, facts)
    last = max(entry["arrives"][0] for entry in (*notes, *facts))
    end = chance.choice([start + focus, start + focus + 5, last, 300, 420])
    life = {"notes": notes, "facts": facts, "now": (max(end, 0), chance.choice(MINUTES))}
    life |= {"suspensions": [], "offices": []} | _suspended(chance, start + focus)
    return life | (_stopped(chance, start, start + focus) if chance.random() < 0.1 else {})


def _suspended(chance: random.Random, near: int) -> Dict:
    """Suspensions about that day, of all or an office, known beforehand or put in force later, and taken out again."""
    if chance.random() < 0.6:
        return {}
    suspensions: list[Dict] = []
    first = near + chance.randrange(-20, 8)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        last = first + chance.choice([0, 2, 9, 25, 60])
        known = (-900, 0)
        if chance.random() < 0.4:
            on = chance.choice([first - 30, first - 1, first + 1, near + 1, near + 1, near + 4])
            known = (on, chance.choice(REPLANNED_AT))
        gone = None
        if chance.random() < 0.2:
            gone = (max(known[0], first) + chance.choice([1, 5, 12, 40]), REPLANNED_AT[0] - 1)
        suspensions.append(
            {"steps": chance.choice(SUSPENDED), "from": first, "until": last}
            | {"office": chance.choice([None, None, "0219"]), "known": known, "gone": gone}
        )
        first = last + chance.choice([1, 1, 2, -5, 20])
    offices = []
    if chance.random() < 0.7:
        offices.append(((-800, 0), chance.choice(["0219", "0219", "0301"])))
        if chance.random() < 0.3:
            moved_on = near + chance.randrange(-20, 40)
            offices.append(((moved_on, REPLANNED_AT[0] - 2), chance.choice(["0219", "0301"])))
    if chance.random() < 0.3:
        # Known as it was, once more, on the morning after.
        offices.append(((suspensions[0]["until"] + 1, 400), offices[-1][1] if offices else "0301"))
    offices.sort()
    chance.shuffle(suspensions)
    suspended: Dict = {"suspensions": suspensions, "offices": offices}
    if chance.random() < 0.3:
        suspended["now"] = (max(suspensions[0]["until"] - chance.choice([0, 1, 5]), 0), 600)
    return suspended


def _stopped(chance: random.Random, start: int, near: int) -> Dict:
    """A step falls due in a stop that is put in force days later, or in which an exemption ends; little else occurs."""
    first, last = near - chance.choice([0, 2, 5]), near + chance.choice([9, 25])
    note = _note(chance, 0, KAFE, start, near + chance.choice([8, 60, 60]))
    note["periods"] = [(*note["periods"][0][:2], "full", None)]
    stop = {"steps": ["*.*"], "from": first, "until": last, "office": None, "gone": None}
    stop["known"] = chance.choice([(-900, 0), (near + 1, 333), (near + 1, 333)])
    until = chance.choice([last - 5, last, last + 4])
    exemption = _exemption(chance, near - 8, near, None)[0]
    exemption |= {"org": None, "until": until, "arrives": (near - 8, 720), "id": "fact-0"}
    return {
        "notes": [note | {"arrives": (start, 720)}],
        "facts": [exemption] if chance.random() < 0.5 else [],
        "suspensions": [stop],
        "offices": [],
        "now": (chance.choice([until - 1, last, last + 1, 420]), 600),
    }


def _mistakes(chance: random.Random, facts: list[Dict]) -> list[Dict]:
    """Withdrawals of facts, which may come before them."""
    wrong = [fact for fact in facts if chance.random() < 0.06]
    return [
        {"type": "withdrawn", "id": fact["id"], "at": fact["at"], "on": 0}
        | {"arrives": (fact["arrives"][0] + chance.choice([-3, 1, 5, 20]), chance.choice(MINUTES))}
        for fact in wrong
    ]


# --- notes --------------------------------------------------------------------------------------------------


def _notes(chance: random.Random, start: int, orgs: list[Any]) -> list[Dict]:
    notes: list[Dict] = []
    for org in orgs:
        first = start if org == orgs[0] else start + chance.choice([-5, 0, 0, 10, 30])
        last = start + chance.choice([15, 40, 60, 130, 200, 230])
        while first <= last:
            length = chance.choice([14, 28, 30, 60, 100, 200])
            notes.append(_note(chance, len(notes), org, first, min(first + length - 1, last)))
            first += length + chance.choice([0] * 12 + [1, 10, 15, 16, 30])
    return notes + _corrections(chance, notes, start)


def _late_start(chance: random.Random, start: int, focus: int) -> list[Dict]:
    """A note known only when a step is late, and a day or a few later another that began the leave earlier or later."""
    first = _note(chance, 0, KAFE, start, start + focus + chance.choice([20, 60, 150]))
    first["periods"] = [(*first["periods"][0][:2], "full", None)]
    known_on = start + focus + chance.choice([0, 1, 2, 3, 5, 8])
    first["arrives"] = (known_on, chance.choice(MINUTES))
    then = (known_on + chance.choice([0, 1, 1, 2, 5]), 1439)
    if chance.random() < 0.7:
        before = start - chance.choice([3, 6, 7, 8, 9, 13, 15])
        earlier = _note(chance, 1, KAFE, before, start - 1)
        earlier["periods"] = [(before, start - 1, "full", None)]
        return [first, earlier | {"arrives": then}]
    later = start + chance.choice([1, 2, 4, 6])
    return [first, first | {"periods": [(later, *first["periods"][0][1:])], "arrives": then}]


def _note(
    chance: random.Random,
    number: int,
    org: str | None,
    first: int,
    last: int,
    *,
    late: bool = False,
) -> Dict:
    kind = chance.choice(["full"] * 7 + ["graded"] * 4 + ["waiting"])
    delay = chance.randrange(10, 60) if late else chance.choice([-2, 0, 0, 1, 1, 3, 8, 40])
    return {
        "id": f"note-{number}", "employer": org, "issued": first,
        "periods": [(first, last, kind, chance.choice([20, 50, 80]) if kind == "graded" else None)],
        "certified": [first - 1] if chance.random() < 0.06 else [],
        "arrives": (first + delay, chance.choice(MINUTES)),
    }  # fmt: skip


def _corrections(chance: random.Random, notes: list[Dict], start: int) -> list[Dict]:
    """Later versions of notes and notes that come late: they move a start, an end or a grade, or remove a note."""
    corrections: list[Dict] = []
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        note = chance.choice(notes)
        first, last, kind, grade = note["periods"][0]
        on = chance.choice([first, start + chance.choice(DAYS)]) + chance.randrange(-2, 9)
        arrives = (on, chance.choice(MINUTES))
        match chance.randrange(5):
            case 0:  # The leave began earlier than was known.
                before = first - chance.choice([1, 3, 7, 8, 15, 20])
                corrections.append(
                    _note(chance, 100 + len(corrections), note["employer"], before, first - 1)
                    | {"arrives": arrives}
                )
            case 1:  # It began later, or a little earlier.
                first += chance.choice([-9, -3, 1, 3, 6, 9, 20])
                corrections.append(
                    note | {"periods": [(min(first, last), last, kind, grade)], "arrives": arrives}
                )
            case 2:
                last += chance.choice([-40, -10, 10, 40])
                corrections.append(
                    note | {"periods": [(first, max(first, last), kind, grade)], "arrives": arrives}
                )
            case 3:
                other = ("graded", 50) if kind == "full" else ("full", None)
                corrections.append(note | {"periods": [(first, last, *other)], "arrives": arrives})
            case _:
                corrections.append({"id": note["id"], "gone": True, "arrives": arrives})
                if chance.random() < 0.5:
                    back = (on, min(arrives[1] + chance.choice([5, 30]), 1439))
                    corrections.append(note | {"arrives": back})
    return corrections


# --- facts --------------------------------------------------------------------------------------------------


def _facts(chance: random.Random, start: int, focus: int, orgs: list[Any]) -> list[Dict]:
    """One thing that happened, of one fact or of several that belong together, each of which may be unknown."""
    near = start + chance.choice([focus, focus, chance.choice(DAYS)])
    org = chance.choice([None, *orgs])
    kind = chance.choice(KINDS)
    near = start + DAY_OF.get(kind, near - start)
    on = near + chance.randrange(-12, 12)
    found = globals()[f"_{kind}"](chance, on, near, org)
    whole = [fact for fact in found if len(found) == 1 or chance.random() < 0.8]
    for fact in whole:
        day, minute = fact["at"]
        late = fact.pop("late", None) or chance.choice([0] * 6 + [1, 4, 12, 40])
        fact["arrives"] = (day + late, minute if not late else chance.choice(MINUTES))
    return whole


def _at(chance: random.Random, day: int) -> Dict:
    return {"at": (day, chance.choice(MINUTES)), "adviser": ADVISER}


def _exemption(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    of = {
        "checkpoint": chance.choice([*CHECKPOINTS, *([_checkpoint_near(near)] * 4)]),
        "reason": chance.choice(REASONS),
        "org": chance.choice([None, None, org]),
    }
    until = chance.choice(
        [None, None, near + chance.randrange(-4, 2), near + chance.choice([6, 10]), on + 30, on - 1]
    )
    if near % 7 > FRIDAY and chance.random() < 0.5:
        # Of a legal date on a weekend that is told on the Friday before.
        until, on = near - near % 7 + FRIDAY, min(on, near - 2)
    found = [_at(chance, on) | of | {"type": "granted", "until": until}]
    if chance.random() < 0.25:
        revoked_on = on + chance.choice([0, 2, 9, 30])
        found.append(_at(chance, revoked_on) | of | {"type": "revoked", "until": None})
    if chance.random() < 0.2:
        again = {"type": "granted", "until": chance.choice([None, on + 20])}
        found.append(_at(chance, on + chance.choice([1, 10, 35])) | of | again)
    if chance.random() < 0.3:
        look = {"type": "reassessment", "id_": chance.choice("rs"), "on": on + 40}
        found.append(_at(chance, on + chance.choice([-9, -1, 0, 20])) | look)
    return found


def _checkpoint_near(near: int) -> str:
    """A checkpoint that is likely to be due about then, with starts in the first weeks."""
    if near < FIRST_MEETING_FROM:
        return "follow_up_plan"
    return "dialogue_meeting_1" if near < SECOND_MEETING_FROM else "dialogue_meeting_2"


def _meeting(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    number = chance.choice([1, 1, 2, 2, 2, 3])
    of = {"meeting": number, "meeting_id": f"m{number}{chance.choice('ab')}"}
    of["org"] = org if number == 1 else chance.choice([None, None, org])
    date = on + chance.choice([0, 10, 20, 21, 40])
    found = [_at(chance, on) | of | {"type": "summoned", "date": chance.choice([date, date, None])}]
    while chance.random() < 0.6:
        on += chance.choice([0, 3, 10, 20])
        kind = chance.choice(["moved", "moved", "held", "held", "cancelled", "summoned"])
        date = {"moved": on + chance.choice([3, 14, 24]), "summoned": date + 7}.get(
            kind, on - chance.choice([0, 0, 4])
        )
        known = chance.choice([date, date, date, None])
        found.append(_at(chance, on) | of | {"type": kind, "date": known})
        if kind == "held" and chance.random() < 0.5:
            sent_on = on + chance.choice([0, 0, 4, 7, 12])
            found.append(_at(chance, sent_on) | of | {"type": "minutes", "date": None})
    return found


def _late_meeting(chance: random.Random, on: int, limit: int, org: str | None) -> list[Dict]:
    """A meeting 2 that is put to and fro about the last day of the law, now and then beside an exemption."""
    on = limit - chance.choice([5, 20, 40, 70])
    of = {"meeting": 2, "meeting_id": f"m2{chance.choice('ab')}", "org": chance.choice([None, org])}
    found: list[Dict] = []
    kind = "summoned"
    while kind:
        date = chance.choice([*(limit + days for days in (-3, 0, 1, 1, 9)), None])
        found.append(_at(chance, on) | of | {"type": kind, "date": date})
        on += chance.choice([0, 2, 9])
        kind = chance.choice(["moved", "moved", "cancelled", "summoned", "held", "", ""])
    if chance.random() < 0.4:
        granted: Dict = {"type": "granted", "checkpoint": "dialogue_meeting_2"}
        granted |= {"reason": REASONS[0]}
        granted |= {"org": chance.choice([None, None, org]), "until": chance.choice([None, on + 4])}
        found.append(_at(chance, on - chance.choice([1, 8, 30])) | granted)
    return found


def _meeting_1(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    """Summoned for a date about the last day for it, and then perhaps moved, cancelled or held."""
    of = {"meeting": 1, "meeting_id": f"m1{chance.choice('ab')}", "org": org}
    dates = [near - 8, near - 1, near, near, near + 1, near + 6, None]
    found = [_at(chance, on) | of | {"type": "summoned", "date": chance.choice(dates)}]
    if chance.random() < 0.5:
        on += chance.choice([1, 4, 9])
        kind = chance.choice(["moved", "moved", "cancelled", "held"])
        found.append(_at(chance, on) | of | {"type": kind, "date": chance.choice(dates)})
    return found


def _answer(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    number = chance.choice([2, 2, 3])
    answer = {
        "type": "answered",
        "meeting": number,
        "meeting_id": f"m{number}{chance.choice('ab')}",
        "answer": chance.choice(["coming", "not_coming", "other_time"]),
    }
    party = chance.choice(["employee", "employer"])
    return [
        _at(chance, on) | answer | {"party": party, "org": org if party == "employer" else None}
    ]


def _request(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    number = chance.choice([1, 1, 2, 2, 3])
    party = chance.choice(["employee", "employer"])
    of = {"meeting": number, "party": party, "org": org if party == "employer" else None}
    found = [_at(chance, on) | of | {"type": "requested"}]
    if chance.random() < 0.6:
        at = on + chance.choice([-6, 0, 4, 9])
        meeting = {
            "type": "held",
            "meeting": number,
            "meeting_id": f"m{number}{chance.choice('ab')}",
        }
        met_on = chance.choice([at, at, at - 2, None])
        found.append(
            _at(chance, at) | meeting | {"date": met_on, "org": chance.choice([None, org])}
        )
    if chance.random() < 0.4:
        found.append(
            _at(chance, on + chance.choice([1, 8])) | {"type": "closed", "meeting": number}
        )
    if chance.random() < 0.5:
        found.append(_at(chance, on + chance.choice([2, 12, 20])) | of | {"type": "requested"})
    return found


def _meeting_between_requests(
    chance: random.Random, on: int, near: int, org: str | None
) -> list[Dict]:
    """One asks for a meeting, it is held, the same one asks again; and the meeting may be known last."""
    number = chance.choice([1, 2, 2, 3])
    of = {"type": "requested", "meeting": number, "party": "employee", "org": None}
    held = {"type": "held", "meeting": number, "meeting_id": f"m{number}{chance.choice('ab')}"}
    held |= {"date": None, "org": chance.choice([None, None, org]), "late": chance.choice([0, 20])}
    return [_at(chance, on) | of, _at(chance, on + 5) | held, _at(chance, on + 12) | of]


def _plan(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    shared = {"org": org or KAFE, "on": on - chance.choice([0, 0, 3])}
    kind = chance.choice(["plan_made", "plan_shared"])
    return [
        _at(chance, on) | shared | {"type": kind, "with": chance.choice(["practitioner", "office"])}
    ]


def _plans(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    """A plan made about the last day for it, and sent to the practitioner then, later or never."""
    of = {"org": org or KAFE, "with": "practitioner"}
    sent_on = on + chance.choice([0, 1, 4, 9])
    found = [_at(chance, on) | of | {"type": "plan_made", "on": on - chance.choice([0, 0, 3])}]
    if chance.random() < 0.5:
        found.append(_at(chance, sent_on) | of | {"type": "plan_shared", "on": sent_on})
    return found


def _plan_request(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    asked = {"type": "plan", "org": org or KAFE, "reply_by": chance.choice([None, on + 2, on + 20])}
    shared = {"type": "plan_shared", "org": org or KAFE, "with": "office"}
    later = on + chance.choice([-1, 0, 8, 25])
    return [_at(chance, on) | asked, _at(chance, later) | shared | {"on": later}]


def _assessed(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    first = {"type": "assessed", "final": chance.random() < 0.4}
    first["reply_by"] = chance.choice([None, on + 14, on + 21])
    second = {"type": "assessed", "final": chance.random() < 0.6, "reply_by": None}
    return [_at(chance, on) | first, _at(chance, on + chance.choice([5, 16, 30])) | second]


def _need(chance: random.Random, on: int, week_17: int, org: str | None) -> list[Dict]:
    """Answers about meeting need, most of them near the assessment, and what an adviser does about them."""
    if chance.random() < 0.4:
        return _answers_around_an_act(chance, week_17, org)
    on = week_17 - chance.choice([*([14] * 6), 13, 15, -40, -3, 2, 40])
    found: list[Dict] = []
    while not found or chance.random() < 0.5:
        party = chance.choice(["employee", "employer"])
        answered: Dict = {"type": "need", "party": party, "justified": on % 2 == 0}
        answered["org"] = org if party == "employer" else None
        answered["wants_meeting"] = chance.random() < 0.7
        found.append(_at(chance, on) | answered)
        on += chance.choice([0, 3, 14, 30])
    of_meeting_2 = {"checkpoint": "dialogue_meeting_2", "reason": "medical", "org": None}
    acts: list[Dict] = [
        {"type": "closed", "meeting": 2},
        {"type": "granted", "until": chance.choice([None, on + 20]), **of_meeting_2},
        {"type": "reassessment", "id_": "r", "on": on + 30},
        {"type": "requested", "meeting": 2, "party": "employee", "org": None},
    ]
    for act in acts:
        if chance.random() < 0.2:
            at = chance.choice([on, on + 2, week_17 + 1, week_17 + 9, on - 30])
            found.append(_at(chance, at) | act)
    return found


def _answers_around_an_act(chance: random.Random, week_17: int, org: str | None) -> list[Dict]:
    """One wants a meeting, the adviser decides otherwise, and the other party, or the same one, wants it after that."""
    wish: Dict = {"type": "need", "wants_meeting": True, "justified": chance.random() < 0.5}
    employees, employers = {"party": "employee", "org": None}, {"party": "employer", "org": org}
    act: Dict = {"type": "reassessment", "id_": "r", "on": week_17 + 50}
    if chance.random() < 0.5:
        act = {"type": "granted", "checkpoint": "dialogue_meeting_2", "org": None}
        act |= {"reason": "medical", "until": None}
    return [
        _at(chance, week_17 + chance.choice([-3, 2])) | wish | employees,
        _at(chance, week_17 + 5) | act,
        _at(chance, week_17 + chance.choice([4, 9])) | wish | chance.choice([employers, employees]),
    ]


def _reassessment(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    of = {"id_": chance.choice("rs"), "on": on + chance.choice([0, 7, 30])}
    closed = _at(chance, on + chance.choice([1, 10, 40])) | of | {"type": "reassessed"}
    return [_at(chance, on) | of | {"type": "reassessment"}, closed]


def _resumed(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    back = {"type": "resumed", "from": on + chance.choice([-3, 0, 1])}
    return [_at(chance, on) | back | {"org": chance.choice([None, org])}]


def _death(chance: random.Random, on: int, near: int, org: str | None) -> list[Dict]:
    died = _at(chance, on) | {"type": "died", "on": on}
    annulled = _at(chance, on + chance.choice([0, 4])) | {"type": "annulled", "on": on}
    return [died, annulled]


# --- years of one person ------------------------------------------------------------------------------------


def long_life(seed: int) -> Dict:
    """Years of one person: hundreds of random notes, overlapping or apart, of several employers, and facts between."""
    chance = random.Random(seed)  # noqa: S311 - a life to try, not a secret
    sick_notes = [
        _note_by(chance, chance.randrange(0, 3_000)) for _ in range(chance.randrange(100, 301))
    ]
    happened = [_fact_by(chance, number) for number in range(chance.randrange(20, 101))]
    return {"notes": sick_notes, "facts": happened}


def _note_by(chance: random.Random, first: int) -> Dict:
    kind = chance.choice(["full"] * 6 + ["graded"] * 3 + ["waiting", "travel_allowance"])
    length = chance.choice([1, 5, 14, 28, 60, 150])
    grade = chance.randrange(1, 100) if kind == "graded" else None
    return {
        "employer": chance.choice([KAFE, KAFE, BYGG, None]),
        "issued": first + chance.randrange(-3, 20),
        "periods": [(first, first + length - 1, kind, grade)],
        "certified": sorted({first - chance.randrange(1, 20) for _ in range(chance.randrange(3))}),
    }


def _fact_by(chance: random.Random, number: int) -> Dict:
    on = chance.randrange(-40, 3_000)
    fact: Dict = {"id": f"fact-{number}", "at": (on, chance.randrange(1_440))}
    match chance.randrange(4):
        case 0:
            fact |= {
                "type": "plan_made",
                "org": chance.choice([KAFE, BYGG]),
                "on": on,
                "with": "office",
            }
        case 1:
            fact |= {"type": "held", "meeting": chance.choice([1, 2]), "meeting_id": f"m{number}"}
            fact |= {"date": on, "org": chance.choice([None, KAFE])}
        case 2:
            fact |= {"type": "granted", "checkpoint": chance.choice(CHECKPOINTS), "org": None}
            fact |= {"reason": "medical", "until": chance.choice([None, on + 30])}
        case _:
            fact |= {"type": "resumed", "from": on + chance.randrange(-5, 5), "org": None}
    return fact
