"""The reasons that a plan gives for a step's state, each with the words that `explain` has for it (contract 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NewType

Reason = Literal[
    "on_time",
    "late",
    "died",
    "case_withdrawn",
    "ended",
    "plan_made",
    "plan_shared",
    "held",
    "summoned",
    "moved",
    "cancelled",
    "assessed",
    "answered",
    "requested",
    "reassessment",
    "closed",
    "revoked",
    "minutes_sent",
    "moved_in_time",
    "exempted",
    "notes_end_before_due",
    "not_sick_listed",
    "no_employer",
    "graded",
    "not_graded",
    "nobody_asked",
    "not_exempted",
    "assessment_near",
    "disabled",
    "catch_up_passed",
    "recovered",
    "superseded",
    "due",
    "again",
    "overdue",
    "suspended",
]
"""A code; in a plan a detail may follow it after a colon, as in `exempted:medical`."""


WORDS: Mapping[Reason, str] = {
    "on_time": "told on time",
    "late": "told late",
    "died": "the person has died",
    "case_withdrawn": "no sick note makes this case any more",
    "ended": "the case is over",
    "plan_made": "a follow-up plan has been made",
    "plan_shared": "the follow-up plan has been shared",
    "held": "the meeting has been held",
    "summoned": "the meeting has been summoned",
    "moved": "the meeting has been moved",
    "cancelled": "the meeting has been cancelled",
    "assessed": "the activity requirement has been assessed",
    "answered": "the question has been answered",
    "requested": "the meeting has been asked for",
    "reassessment": "an adviser has set a date of their own",
    "closed": "an adviser has closed it",
    "revoked": "the exemption was revoked",
    "minutes_sent": "the minutes of the meeting have been sent",
    "moved_in_time": "the meeting has been moved to a date within the limit",
    "exempted": "exempted",
    "notes_end_before_due": "no sick note reaches the due date yet",
    "not_sick_listed": "not sick-listed on the due date",
    "no_employer": "no employer on the due date",
    "graded": "not fully away long enough",
    "not_graded": "not graded on the due date",
    "nobody_asked": "nothing calls for it yet",
    "not_exempted": "no such exemption",
    "assessment_near": "the assessment of meeting 2 shows the answer that asks for it",
    "disabled": "switched off in the rulebook",
    "catch_up_passed": "known too late to be of use",
    "recovered": "known late, and no longer sick-listed",
    "superseded": "known late, and a later step says it better",
    "due": "will be told",
    "again": "will be told again, for its ground has come back",
    "overdue": "is told at the next turn",
    "suspended": "suspended by the rulebook, and told the day after",
}
"""What `explain` says of a reason. A test looks for every code here."""


ReasonWithDetail = NewType("ReasonWithDetail", str)
ShownReason = Reason | ReasonWithDetail


def with_detail(reason: Reason, detail: object) -> ReasonWithDetail:
    """The reason with a detail, as a plan shows it: `exempted:medical`."""
    return ReasonWithDetail(f"{reason}:{detail}")


def in_words(shown: str) -> str:
    """A shown reason as a sentence's part; the detail behind its colon is kept. Unknown codes are given back."""
    name, _, detail = shown.partition(":")
    words = next((words for reason, words in WORDS.items() if reason == name), name)
    if name == "late":
        return f"{words}, by {detail} s"
    if name == "again":
        return f"{words} (generation {detail})"
    return f"{words} ({detail})" if detail else words
