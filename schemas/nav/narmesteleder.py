"""`syfo-narmesteleder-leesah`: line managers, read by the notifier (JSON, key = the relation's id).

The manager's own number and telephone are not read. While the topic moves from one team to another both may
carry the same record, which changes nothing.
"""

from __future__ import annotations

from typing import Any

from schemas.messages import Day, Id, LineManagerChanged
from schemas.nav.reading.facts import dead
from schemas.nav.reading.fields import NavInstant, NavModel, PersonId, kafka_time, plain_text, read
from schemas.nav.reading.topics import JsonTopic
from schemas.nav_messages import LineManagerVersion
from schemas.wire import Decoded, Envelope, InvalidRecord, Record, note_id_of, type_of

DEACTIVATED = "DEAKTIVERT"
EMPLOYMENT_ENDED = "DEAKTIVERT_ARBEIDSFORHOLD"
EMAIL_CHARACTERS_MAX = 254


class Relation(NavModel):
    """`status` is a free string: two of its values are from 2026, and old records have none."""

    narmeste_leder_id: Id
    fnr: PersonId
    orgnummer: Id
    narmeste_leder_epost: Any = None
    aktiv_tom: Day | None = None
    timestamp: NavInstant | None = None
    status: Any = None


def decode(record: Record) -> Decoded:
    """The relation as it stands; a null value means that it is gone."""
    if record.value is None:
        return _gone(record)
    value = read(Relation, record)
    if isinstance(value, InvalidRecord):
        return dead(LineManagerChanged, value)
    status = value.status if isinstance(value.status, str) else ""
    # Any reason to deactivate, one of next year too, ends the relation; without a status its end date does.
    active = value.aktiv_tom is None and not status.startswith(DEACTIVATED)
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
        employment_ended=status == EMPLOYMENT_ENDED,
        ended_on=value.aktiv_tom,
    )
    return Envelope(version, type_of(LineManagerChanged))


def _gone(record: Record) -> Decoded:
    relation_id = note_id_of(record)
    if relation_id is None:
        return dead(LineManagerChanged, "The value is null and the key is not a relation's id.")
    version = LineManagerVersion(relation_id, None, kafka_time(record))
    return Envelope(version, type_of(LineManagerChanged))


TOPICS = (
    JsonTopic("teamsykmelding.syfo-narmesteleder-leesah", "line managers", decode),
    JsonTopic("team-esyfo.syfo-narmesteleder-leesah", "line managers", decode),
)
