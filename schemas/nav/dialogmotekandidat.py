"""`isdialogmotekandidat-dialogmotekandidat`: only exemptions from dialogue meeting 2 are read (JSON).

Who becomes a candidate is decided by the rulebook here, and the meetings' own topic says which were held.
IKKE_AKTUELL is ignored: the record gives no reason, and both parties are told of an exemption.
"""

from __future__ import annotations

from typing import Any

from schemas.codes import Code
from schemas.dates import Instant
from schemas.messages import ExemptionGranted
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import NavModel, PersonId, kafka_time, read_json
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record, type_of

EXEMPTED = "UNNTAK"

_REASONS = {
    "MEDISINSKE_GRUNNER": "medical",
    "INNLEGGELSE_INSTITUSJON": "hospitalised",
    "FORVENTET_FRISKMELDING_INNEN_28UKER": "recovery_expected_within_28_weeks",
    "DOKUMENTERT_TILTAK_FRISKMELDING": "ongoing_measure",
}
# An exemption ends the checkpoint whatever its reason (contract 4), also for a reason that is not in the table.
OTHER_REASON = "other"


class Candidate(NavModel):
    uuid: Code
    created_at: Instant | None = None
    person_ident_number: PersonId
    arsak: str
    unntak_arsak: Any = None


def decode(record: Record) -> Decoded:
    """The exemption that an adviser has granted; every other change of a candidate is ignored."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(Candidate, record)
    if isinstance(value, InvalidRecord):
        return invalid(ExemptionGranted, value)
    if value.arsak != EXEMPTED:
        return IgnoredRecord(type_of(ExemptionGranted), "Only exemptions are read from this topic.")
    reason = value.unntak_arsak if isinstance(value.unntak_arsak, str) else ""
    exemption = ExemptionGranted(
        person_id=value.person_ident_number,
        occurred_at=value.created_at or kafka_time(record),
        checkpoint="dialogue_meeting_2",
        reason=_REASONS.get(reason, OTHER_REASON),
        granted_by="adviser",
    )
    return envelope_of(exemption, record, value.uuid)


TOPICS = (
    JsonTopic("teamsykefravr.isdialogmotekandidat-dialogmotekandidat", "follow-up facts", decode),
)
