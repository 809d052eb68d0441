"""`aapen-syfo-oppfolgingsplan-lps-nav-v2`: follow-up plans that employers' own systems share with the office (JSON).

The same plan has another key each time it is sent, so a repeat is recognised by `uuid`.
"""

from __future__ import annotations

from schemas.codes import BlankFreeCode, Code
from schemas.messages import FollowUpPlanShared
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import (
    DayNumber,
    NavModel,
    PersonId,
    day_of,
    kafka_time,
    read_json,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.norway import oslo_date
from schemas.wire import Decoded, InvalidRecord, Record


class SharedPlan(NavModel):
    """`opprettet` is the date on which the plan was sent."""

    uuid: Code
    fodselsnummer: PersonId
    virksomhetsnummer: BlankFreeCode
    opprettet: DayNumber | None = None


def decode(record: Record) -> Decoded:
    """The plan was shared with the office. The record does not say when the plan was made."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(SharedPlan, record)
    if isinstance(value, InvalidRecord):
        return invalid(FollowUpPlanShared, value)
    sent_at = kafka_time(record)
    plan = FollowUpPlanShared(
        person_id=value.fodselsnummer,
        occurred_at=sent_at,
        org_number=value.virksomhetsnummer,
        shared_with="office",
        shared_on=oslo_date(sent_at) if value.opprettet is None else day_of(value.opprettet),
    )
    return envelope_of(plan, record, value.uuid)


TOPICS = (JsonTopic("team-esyfo.aapen-syfo-oppfolgingsplan-lps-nav-v2", "follow-up facts", decode),)
