"""`isdialogmotekandidat-dialogmotekandidat`: read for one thing, the exemption from meeting 2 (JSON).

That somebody has become a candidate is what our own rulebook says, and that a meeting was held is told on the
meeting's topic. IKKE_AKTUELL is ignored: its reason is not told, and an exemption would be announced to both
parties.
"""

from __future__ import annotations

from typing import Any

from schemas.messages import ExemptionGranted, Id
from schemas.nav.reading.facts import NULL_VALUE, dead, fact
from schemas.nav.reading.fields import NavInstant, NavModel, PersonId, kafka_time, read
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record, type_of

EXEMPTED = "UNNTAK"

_REASONS = {
    "MEDISINSKE_GRUNNER": "medical",
    "INNLEGGELSE_INSTITUSJON": "hospitalised",
    "FORVENTET_FRISKMELDING_INNEN_28UKER": "recovery_expected_within_28_weeks",
    "DOKUMENTERT_TILTAK_FRISKMELDING": "ongoing_measure",
}
# An exemption ends the checkpoint whatever its reason (contract 4), also one that nobody here has heard of.
OTHER_REASON = "other"


class Candidate(NavModel):
    uuid: Id
    created_at: NavInstant | None = None
    person_ident_number: PersonId
    arsak: str
    unntak_arsak: Any = None


def decode(record: Record) -> Decoded:
    """The exemption that an adviser has granted; every other change is ignored."""
    if record.value is None:
        return NULL_VALUE
    value = read(Candidate, record)
    if isinstance(value, InvalidRecord):
        return dead(ExemptionGranted, value)
    if value.arsak != EXEMPTED:
        return IgnoredRecord(type_of(ExemptionGranted), "Only exemptions are read from this topic.")
    reason = value.unntak_arsak if isinstance(value.unntak_arsak, str) else ""
    granted = ExemptionGranted(
        person_id=value.person_ident_number,
        occurred_at=value.created_at or kafka_time(record),
        checkpoint="dialogue_meeting_2",
        reason=_REASONS.get(reason, OTHER_REASON),
        granted_by="adviser",
    )
    return fact(granted, record, value.uuid)


TOPICS = (
    JsonTopic("teamsykefravr.isdialogmotekandidat-dialogmotekandidat", "follow-up facts", decode),
)
