"""`aapen-syfo-oppfolgingsplan-lps-nav-v2`: plans shared with the office from employers' own systems (JSON).

The key is another one each time the same plan is sent, so a repeat is known by `uuid`.
"""

from __future__ import annotations

from schemas.messages import FollowUpPlanShared, Id
from schemas.nav.reading.facts import NULL_VALUE, dead, fact
from schemas.nav.reading.fields import (
    DayNumber,
    NavModel,
    PersonId,
    day_of,
    kafka_time,
    read,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.norway import oslo_date
from schemas.wire import Decoded, InvalidRecord, Record


class SharedPlan(NavModel):
    """`opprettet` counts days since 1970, and is the day that the plan was sent."""

    uuid: Id
    fodselsnummer: PersonId
    virksomhetsnummer: Id
    opprettet: DayNumber | None = None


def decode(record: Record) -> Decoded:
    """The plan was shared with the office; when it was made is not told."""
    if record.value is None:
        return NULL_VALUE
    value = read(SharedPlan, record)
    if isinstance(value, InvalidRecord):
        return dead(FollowUpPlanShared, value)
    sent_at = kafka_time(record)
    shared = FollowUpPlanShared(
        person_id=value.fodselsnummer,
        occurred_at=sent_at,
        org_number=value.virksomhetsnummer,
        shared_with="office",
        shared_on=oslo_date(sent_at) if value.opprettet is None else day_of(value.opprettet),
    )
    return fact(shared, record, value.uuid)


TOPICS = (JsonTopic("team-esyfo.aapen-syfo-oppfolgingsplan-lps-nav-v2", "follow-up facts", decode),)
