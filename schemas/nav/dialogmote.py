"""`isdialogmote-dialogmote-statusendring`: NAV's own dialogue meetings (Avro, also the key).

NAV does not number its meetings; each becomes a dialogue meeting 2. LUKKET is a clean-up long after a meeting
that nobody reported on, so the meeting counts as cancelled and not as held. FERDIGSTILT is what an adviser brings
about by sending the minutes: the meeting was held, and its minutes are sent. It comes again when the minutes are
changed; a meeting that was held already stays as it is.
"""

from __future__ import annotations

from typing import Literal

from schemas.codes import BlankFreeCode, Code
from schemas.messages import (
    DialogueMeetingCancelled,
    DialogueMeetingFact,
    DialogueMeetingHeld,
    DialogueMeetingMinutesSent,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
)
from schemas.nav.avro import WriterSchemaOf
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import Millis, NavModel, PersonId, instant_of, read_avro
from schemas.nav.reading.topics import AvroTopic
from schemas.norway import oslo_date
from schemas.wire import Decoded, InvalidRecord, Record

_KINDS: dict[str, tuple[type[DialogueMeetingFact], ...]] = {
    "INNKALT": (DialogueMeetingSummoned,),
    "NYTT_TID_STED": (DialogueMeetingMoved,),
    "FERDIGSTILT": (DialogueMeetingHeld, DialogueMeetingMinutesSent),
    "AVLYST": (DialogueMeetingCancelled,),
    "LUKKET": (DialogueMeetingCancelled,),
}


class StatusChange(NavModel):
    """One change of a meeting's state. Who was invited is not read."""

    dialogmote_uuid: Code
    dialogmote_tidspunkt: Millis
    status_endring_type: Literal["INNKALT", "NYTT_TID_STED", "FERDIGSTILT", "AVLYST", "LUKKET"]
    status_endring_tidspunkt: Millis
    person_ident: PersonId
    virksomhetsnummer: BlankFreeCode


def decode(record: Record, writer_schema_of: WriterSchemaOf | None = None) -> Decoded:
    """What happened to the meeting. Its id is read from the value, because the key is Avro too."""
    if record.value is None:
        return NULL_VALUE
    value = read_avro(StatusChange, record, writer_schema_of)
    if isinstance(value, InvalidRecord):
        return invalid(DialogueMeetingSummoned, value)
    messages = [
        kind(
            person_id=value.person_ident,
            occurred_at=instant_of(value.status_endring_tidspunkt),
            meeting=2,
            meeting_id=value.dialogmote_uuid,
            org_number=value.virksomhetsnummer,
            takes_place_on=oslo_date(instant_of(value.dialogmote_tidspunkt)),
        )
        for kind in _KINDS[value.status_endring_type]
    ]
    return envelope_of(messages, record)


TOPICS = (
    AvroTopic(
        "teamsykefravr.isdialogmote-dialogmote-statusendring",
        "follow-up facts",
        decode,
        has_avro_key=True,
    ),
)
