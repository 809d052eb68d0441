"""`huskelapp`: the date on which an adviser wants to look at a case again (JSON). Texts and reasons are not read.

A changed reminder is published again under the same uuid, so the newest record stands.
"""

from __future__ import annotations

from typing import Any

from schemas.codes import Code
from schemas.dates import Day, Instant
from schemas.messages import ReassessmentClosed, ReassessmentFact, ReassessmentRequested
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import (
    NavModel,
    PersonId,
    is_false,
    is_true,
    kafka_time,
    read_json,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, InvalidRecord, Record


class Reminder(NavModel):
    uuid: Code
    person_ident: PersonId
    veileder_ident: Code
    frist: Day | None = None
    is_active: Any = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


def decode(record: Record) -> Decoded:
    """The reassessment that the adviser asks for, or that it is closed."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(Reminder, record)
    if isinstance(value, InvalidRecord):
        return invalid(ReassessmentRequested, value)
    if not is_true(value.is_active) and not is_false(value.is_active):
        return invalid(ReassessmentRequested, "isActive is neither true nor false.")
    kind: type[ReassessmentFact] = (
        ReassessmentRequested if is_true(value.is_active) else ReassessmentClosed
    )
    message = kind(
        person_id=value.person_ident,
        occurred_at=value.updated_at or value.created_at or kafka_time(record),
        reassessment_id=value.uuid,
        on=value.frist,
        adviser_id=value.veileder_ident,
    )
    return envelope_of(message, record)


TOPICS = (JsonTopic("teamsykefravr.huskelapp", "follow-up facts", decode),)
