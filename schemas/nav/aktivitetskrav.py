"""`aktivitetskrav-vurdering`: the activity requirement as NAV's advisers assess it (JSON).

Each record is the present state of one requirement, so the newest stands. Two statuses are ignored because
nobody has assessed anything: NY, where the requirement was set up with the case, and LUKKET, where a clean-up
closed one that nobody had looked at for nine months. (As a decision, LUKKET of a sick leave of long ago would
end the requirement of today's.) NY_VURDERING opens an assessed requirement again: the old assessment no
longer stands, and the new one is not final and has no date to reply by.
"""

from __future__ import annotations

from typing import Any, Literal

from schemas.dates import Day, Instant
from schemas.messages import ActivityRequirementAssessed, Outcome
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import (
    NavModel,
    PersonId,
    code_or_none,
    kafka_time,
    read_json,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record, type_of

Assessed = Literal[
    "NY_VURDERING",
    "AVVENT",
    "FORHANDSVARSEL",
    "UNNTAK",
    "OPPFYLT",
    "AUTOMATISK_OPPFYLT",
    "INNSTILLING_OM_STANS",
    "IKKE_OPPFYLT",
    "IKKE_AKTUELL",
]
NotAssessed = Literal["NY", "LUKKET"]

_OUTCOMES: dict[str, Outcome] = {
    "NY_VURDERING": "waiting",
    "AVVENT": "waiting",
    "FORHANDSVARSEL": "warned",
    "UNNTAK": "exempted",
    "OPPFYLT": "met",
    "AUTOMATISK_OPPFYLT": "met",
    "INNSTILLING_OM_STANS": "stop_recommended",
    "IKKE_OPPFYLT": "not_met",
    "IKKE_AKTUELL": "not_relevant",
}
_NOT_FINAL = ("NY_VURDERING", "AVVENT", "FORHANDSVARSEL")
_REPLY_AWAITED = ("AVVENT", "FORHANDSVARSEL")


class Assessment(NavModel):
    """`isFinal` is not read: whether an assessment is final follows from its status."""

    person_ident: PersonId
    status: Literal[Assessed, NotAssessed]
    sist_vurdert: Instant | None = None
    frist: Day | None = None
    updated_by: Any = None


def decode(record: Record) -> Decoded:
    """The assessment that stands; ignored where there is none yet."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(Assessment, record)
    if isinstance(value, InvalidRecord):
        return invalid(ActivityRequirementAssessed, value)
    if value.status not in _OUTCOMES:
        return IgnoredRecord(
            type_of(ActivityRequirementAssessed),
            "Nobody has assessed the requirement in this status.",
        )
    assessment = ActivityRequirementAssessed(
        person_id=value.person_ident,
        # Not createdAt: the requirement was set up months before anybody assessed it.
        occurred_at=value.sist_vurdert or kafka_time(record),
        outcome=_OUTCOMES[value.status],
        final=value.status not in _NOT_FINAL,
        reply_by=value.frist if value.status in _REPLY_AWAITED else None,
        adviser_id=code_or_none(value.updated_by),
    )
    return envelope_of(assessment, record)


TOPICS = (JsonTopic("teamsykefravr.aktivitetskrav-vurdering", "follow-up facts", decode),)
