"""What the facts of a life have settled by an instant, so that nobody may be asked for it (contract 4, 4.3).

Read from the life's own dicts, without the plan's code or the reference model's plan: each rule here is one sentence
of the contract. A message about something settled may still be on its way when the fact comes, but must not leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.reference.model_cases import cases_of, facts_of, is_dead, known_by

Dict = dict[str, Any]
MEETING_OF = {
    "dialogue_meeting_1": 1,
    "meeting_need": 2,
    "dialogue_meeting_2_assessment": 2,
    "dialogue_meeting_2_summons": 2,
    "dialogue_meeting_2": 2,
}
TOO_ILL_DAYS = 28


def settled(
    life: Dict, start: int, path: str, role: str, org: str | None, now: tuple[int, int]
) -> str:
    """Why a message of that step must not leave for that recipient at that instant; empty where it may.

    `start` is the first day of the case that the message is about, counted as in the life.
    """
    known = known_by(life, now)
    if is_dead(known):
        return "the person has died"
    cases = cases_of(known)
    mine = [case for case in cases if case["start"] - 16 <= start <= case["end"] + 16]
    if len(mine) != 1:
        return (
            ""  # The case has become two, or is none any more: the plan's own tests are about that.
        )
    facts = facts_of(known, cases, mine[0])
    return next(_grounds(facts, path, role, org, now), "")


def _grounds(
    facts: list[Dict], path: str, role: str, org: str | None, now: tuple[int, int]
) -> Iterator[str]:
    checkpoint, _, step = path.partition(".")
    if any(_is_exempted(facts, path, role, org, now[0])):
        yield "an exemption stands"
    match checkpoint:
        case "follow_up_plan" if role == "line_manager":
            yield from _plan(facts, step, org)
        case "dialogue_meeting_1" if role == "line_manager" and step != "requested":
            yield from _meeting_1(facts, step, org)
        case "meeting_need":
            yield from _meeting_2(facts, path)
            yield from _answer(facts, role, org)
        case _ if MEETING_OF.get(checkpoint) == 2:
            yield from _meeting_2(facts, path)


def _plan(facts: list[Dict], step: str, org: str | None) -> Iterator[str]:
    own = [fact for fact in facts if fact.get("org") == org]
    if step != "to_practitioner" and any(f["type"] in ("plan_made", "plan_shared") for f in own):
        yield "the employer has made the plan"
    shared = [fact for fact in own if fact["type"] == "plan_shared"]
    if step == "to_practitioner" and any(fact["with"] == "practitioner" for fact in shared):
        yield "the practitioner has the plan"


def _meeting_1(facts: list[Dict], step: str, org: str | None) -> Iterator[str]:
    own = [meeting for meeting in _meetings(facts, 1) if meeting["org"] in (None, org)]
    if any(meeting["held"] for meeting in own):
        yield "the employer has held the meeting"
    if step == "reminder" and any(meeting["stands"] for meeting in own):
        yield "the employer has summoned to the meeting"


def _meeting_2(facts: list[Dict], path: str) -> Iterator[str]:
    meetings = _meetings(facts, 2)
    if any(meeting["held"] for meeting in meetings):
        yield "the meeting was held"
    if not path.startswith("dialogue_meeting_2.") and any(m["stands"] for m in meetings):
        yield "the parties are summoned"


def _answer(facts: list[Dict], role: str, org: str | None) -> Iterator[str]:
    party = "employee" if role == "employee" else "employer"
    for fact in facts:
        is_request = fact["type"] == "requested" and fact["meeting"] == 2
        is_own = fact.get("party") == party and (
            role == "employee" or fact.get("org") in (None, org)
        )
        if is_own and (fact["type"] == "need" or is_request):
            yield "the party has answered"


def _is_exempted(
    facts: list[Dict], path: str, role: str, org: str | None, today: int
) -> Iterator[bool]:
    """Whether each of the standing exemptions ends the step for the recipient."""
    checkpoint = path.partition(".")[0]
    last: dict[Any, Dict] = {}
    for fact in facts:
        if fact["type"] in ("granted", "revoked"):
            last[fact["checkpoint"], fact["reason"], fact["org"]] = fact
    for fact in last.values():
        number = MEETING_OF.get(checkpoint)
        covers = fact["checkpoint"] == checkpoint or (
            number is not None and fact["checkpoint"] == f"dialogue_meeting_{number}"
        )
        until = fact["until"]
        if until is None and fact["reason"] == "too_ill_for_now":
            until = fact["at"][0] + TOO_ILL_DAYS
        waits = (
            path == "dialogue_meeting_2.lapsed"
            and fact["reason"] == "recovery_expected_within_28_weeks"
        )
        reaches = fact["org"] is None or (role == "line_manager" and fact["org"] == org)
        stands = fact["type"] == "granted" and (until is None or until >= today)
        yield covers and reaches and stands and not waits


def _meetings(facts: list[Dict], number: int | None) -> list[Dict]:
    """The meetings of that number as their last facts have them: held, or called for a date."""
    meetings: dict[str, Dict] = {}
    for fact in facts:
        if fact["type"] in ("summoned", "moved", "held", "cancelled") and fact["meeting"] == number:
            meetings[fact["meeting_id"]] = {
                "org": fact["org"],
                "held": fact["type"] == "held",
                "stands": fact["type"] in ("summoned", "moved"),
            }
    return list(meetings.values())
