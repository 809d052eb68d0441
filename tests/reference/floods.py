"""What a publisher in a loop sends about one person: facts of every type, each under a new name or the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemas.messages as m
from tests.reference.life import ADVISER, Arrival, at, day, gone, note

EMOJI_NAME = "\N{GRINNING FACE}" * 500
"""No name takes more bytes: 500 characters of four bytes each."""


def longest(prefix: str, number: int) -> str:
    """A code of 64 characters, the longest there is."""
    return f"{prefix}-{number:0{63 - len(prefix)}}"


def _meeting(model: type[m.DialogueMeetingFact], prefix: str, **more: object) -> Make:
    return lambda person, number: model.model_validate(
        {
            **_base(person),
            "meeting": 2 + number % 2,
            "meeting_id": longest(prefix, number),
            "org_number": longest("o", number),
            "takes_place_on": day(40 + number % 300),
            **more,
        }
    )


def _fact(model: type[m.FollowUpFact], **named: Callable[[int], object]) -> Make:
    return lambda person, number: model.model_validate(
        _base(person) | {name: value_of(number) for name, value_of in named.items()}
    )


def _base(person: str) -> dict[str, Any]:
    return {"person_id": person, "occurred_at": at(1)}


def _org(number: int) -> str:
    return longest("o", number)


def _office_on(number: int) -> Any:
    return day(20 + number % 100)


Make = Callable[[str, int], Arrival]

FLOODS: dict[str, Make] = {
    "plan made": _fact(m.FollowUpPlanMade, org_number=_org, made_on=_office_on),
    "plan shared": _fact(
        m.FollowUpPlanShared,
        org_number=_org,
        made_on=_office_on,
        shared_on=_office_on,
        shared_with=lambda number: ("practitioner", "office")[number % 2],
    ),
    "plan requested": _fact(
        m.FollowUpPlanRequested, org_number=_org, adviser_id=lambda _: longest("a", 0)
    ),
    # Each type of meeting under ids of its own: more meetings there cannot be.
    "summoned": _meeting(m.DialogueMeetingSummoned, "s"),
    "moved": _meeting(m.DialogueMeetingMoved, "m"),
    "held": _meeting(m.DialogueMeetingHeld, "h"),
    "cancelled": _meeting(m.DialogueMeetingCancelled, "c"),
    "minutes": _meeting(m.DialogueMeetingMinutesSent, "h"),
    "refused": _meeting(m.DialogueMeetingAnswered, "s", party="employee", answer="other_time"),
    "exempted": _fact(
        m.ExemptionGranted,
        checkpoint=lambda number: ("dialogue_meeting_2", longest("c", 0))[number % 2],
        reason=lambda number: longest("r", number),
        granted_by=lambda _: "adviser",
        until=lambda number: day(30 + number % 100),
    ),
    "revoked": _fact(
        m.ExemptionRevoked,
        checkpoint=lambda _: "dialogue_meeting_2",
        reason=lambda number: longest("v", number),
        granted_by=lambda _: "employer",
    ),
    "assessed": _fact(
        m.ActivityRequirementAssessed,
        outcome=lambda _: "warned",
        final=lambda _: False,
        reply_by=lambda number: day(60 + number % 50),
    ),
    "answered": _fact(
        m.MeetingNeedAnswered,
        party=lambda _: "employer",
        org_number=_org,
        wants_meeting=lambda _: True,
        justified=lambda _: False,
    ),
    "requested": _fact(
        m.MeetingRequested,
        meeting=lambda _: 2,
        party=lambda _: "employer",
        org_number=_org,
    ),
    "request closed": _fact(
        m.MeetingRequestClosed, meeting=lambda number: 1 + number % 3, adviser_id=lambda _: ADVISER
    ),
    "reassessment": _fact(
        m.ReassessmentRequested,
        reassessment_id=lambda number: longest("l", number),
        on=lambda number: day(50 + number % 200),
        adviser_id=lambda _: longest("a", 0),
    ),
    "reassessment closed": _fact(
        m.ReassessmentClosed,
        reassessment_id=lambda number: longest("l", 1_000 + number),
        adviser_id=lambda _: ADVISER,
    ),
    "work resumed": _fact(
        m.WorkResumed, org_number=lambda number: longest("w", number), from_=lambda _: day(200)
    ),
    "died": _fact(m.PersonDied),
    "annulled": _fact(m.DeathAnnulled),
    "withdrawn": _fact(m.FactWithdrawn, fact_id=lambda number: f"fact-{number}"),
    "renumbered": lambda person, number: m.PersonRenumbered(
        old_person_id=person, new_person_id=longest("p", number), occurred_at=at(1)
    ),
    "note": lambda person, number: note(
        0, 300, note_id=longest("n", number), person=person, employer=_org(number % 50)
    ),
    "note of a case": lambda person, number: note(
        -17 * (number + 2), -17 * (number + 2), note_id=longest("k", number), person=person
    ),
    "note of an employer": lambda person, number: note(
        0, 100, note_id=longest("e", number), person=person, employer=longest("e", number)
    ),
    "null": lambda _, number: gone(longest("n", number)),
}
