"""`syfo-narmesteleder-leesah`: line managers, read by the notifier (JSON, key = the relation's id).

The manager's own number and telephone are not read. The topic is moving from one team to another: both are
read, and a record that both carry changes nothing the second time.
"""

from __future__ import annotations

from typing import Any

from schemas.codes import BlankFreeCode, Code
from schemas.dates import Day, Instant
from schemas.messages import LineManagerChanged
from schemas.nav.reading.facts import invalid
from schemas.nav.reading.fields import (
    NavModel,
    PersonId,
    kafka_time,
    plain_text,
    read_json,
)
from schemas.nav.reading.topics import JsonTopic
from schemas.nav_messages import LineManagerVersion
from schemas.wire import Decoded, Envelope, InvalidRecord, Record, id_in_key, type_of

DEACTIVATED = "DEAKTIVERT"
EMPLOYMENT_ENDED = "DEAKTIVERT_ARBEIDSFORHOLD"
EMAIL_CHARACTERS_MAX = 254


class Relation(NavModel):
    """`status` is free text: two of its values are new in 2026, and old records have none."""

    narmeste_leder_id: Code
    fnr: PersonId
    orgnummer: BlankFreeCode
    narmeste_leder_epost: Any = None
    aktiv_tom: Day | None = None
    timestamp: Instant | None = None
    status: Any = None


def decode(record: Record) -> Decoded:
    """The relation as it stands; a null value means that it is gone."""
    if record.value is None:
        return _gone(record)
    value = read_json(Relation, record)
    if isinstance(value, InvalidRecord):
        return invalid(LineManagerChanged, value)
    status = value.status if isinstance(value.status, str) else ""
    employment_ended = status == EMPLOYMENT_ENDED
    # The relation ends at once with any status that begins so, also one that NAV adds later; else with its last day,
    # which may lie ahead, also where the employment is what ends then.
    active = not status.startswith(DEACTIVATED) or (
        employment_ended and value.aktiv_tom is not None
    )
    change = LineManagerChanged(
        person_id=value.fnr,
        org_number=value.orgnummer,
        email=plain_text(value.narmeste_leder_epost, EMAIL_CHARACTERS_MAX) or None,
        active=active,
    )
    version = LineManagerVersion(
        relation_id=value.narmeste_leder_id,
        change=change,
        occurred_at=value.timestamp or kafka_time(record),
        employment_ended=employment_ended,
        ended_on=value.aktiv_tom,
    )
    return Envelope(version, type_of(LineManagerChanged))


def _gone(record: Record) -> Decoded:
    relation_id = id_in_key(record)
    if relation_id is None:
        return invalid(LineManagerChanged, "The value is null and the key is not a relation's id.")
    version = LineManagerVersion(relation_id, None, kafka_time(record))
    return Envelope(version, type_of(LineManagerChanged))


TOPICS = (
    JsonTopic("teamsykmelding.syfo-narmesteleder-leesah", "line managers", decode),
    JsonTopic("team-esyfo.syfo-narmesteleder-leesah", "line managers", decode),
)
