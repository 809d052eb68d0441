"""`dialogmotesvar`: answers to a summons to NAV's meeting (JSON, key = meeting id)."""

from __future__ import annotations

from typing import Literal

from schemas.dates import Instant
from schemas.messages import DialogueMeetingAnswered, MeetingParty
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import NavModel, PersonId, kafka_time, read_json
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, InvalidRecord, Record, id_in_key

_PARTIES: dict[str, MeetingParty] = {
    "ARBEIDSTAKER": "employee",
    "ARBEIDSGIVER": "employer",
    "BEHANDLER": "practitioner",
}
_ANSWERS: dict[str, Literal["coming", "other_time", "not_coming"]] = {
    "KOMMER": "coming",
    "NYTT_TID_STED": "other_time",
    "KOMMER_IKKE": "not_coming",
}


class Ident(NavModel):
    """The sick-listed person, also where somebody else answers."""

    value: PersonId


class Answer(NavModel):
    """The answer's text is not read."""

    ident: Ident
    svar_type: Literal["KOMMER", "NYTT_TID_STED", "KOMMER_IKKE"]
    sender_type: Literal["ARBEIDSTAKER", "ARBEIDSGIVER", "BEHANDLER"]
    svar_received_at: Instant | None = None


def decode(record: Record) -> Decoded:
    """One party's answer. Only the key says which meeting it is for."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(Answer, record)
    if isinstance(value, InvalidRecord):
        return invalid(DialogueMeetingAnswered, value)
    meeting_id = id_in_key(record)
    if meeting_id is None:
        return invalid(DialogueMeetingAnswered, "The key is not a meeting's id.")
    answer = DialogueMeetingAnswered(
        person_id=value.ident.value,
        occurred_at=value.svar_received_at or kafka_time(record),
        meeting=2,
        meeting_id=meeting_id,
        party=_PARTIES[value.sender_type],
        answer=_ANSWERS[value.svar_type],
    )
    return envelope_of(answer, record)


TOPICS = (JsonTopic("teamsykefravr.dialogmotesvar", "follow-up facts", decode),)
