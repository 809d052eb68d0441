"""`personoppgavehendelse`: of its events, only those about the need for a meeting are read (JSON).

MOTEBEHOV_SVAR_MOTTATT is published only when somebody wants a meeting, and does not say who: it becomes a
request for meeting 2 by an unknown party (contract 7), and not an answer to the question whether a meeting is
needed. MOTEBEHOV_SVAR_BEHANDLET says that an adviser, whom it does not name, has dealt with the request: it
closes it, and with it the adviser's task.
"""

from __future__ import annotations

from schemas.messages import FollowUpFact, MeetingRequestClosed, MeetingRequested
from schemas.nav.reading.facts import NULL_VALUE, envelope_of, invalid
from schemas.nav.reading.fields import NavModel, PersonId, kafka_time, read_json
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record

UNKNOWN_ADVISER = "unknown"

RECEIVED, HANDLED = "MOTEBEHOV_SVAR_MOTTATT", "MOTEBEHOV_SVAR_BEHANDLET"


class Event(NavModel):
    personident: PersonId
    hendelsetype: str


def decode(record: Record) -> Decoded:
    """A request for meeting 2, or that it is closed, at the record's Kafka timestamp: it has no other time."""
    if record.value is None:
        return NULL_VALUE
    value = read_json(Event, record)
    if isinstance(value, InvalidRecord):
        return invalid(MeetingRequested, value)
    at, person = kafka_time(record), value.personident
    message: FollowUpFact
    if value.hendelsetype == RECEIVED:
        message = MeetingRequested(person_id=person, occurred_at=at, meeting=2, party="unknown")
    elif value.hendelsetype == HANDLED:
        message = MeetingRequestClosed(
            person_id=person, occurred_at=at, meeting=2, adviser_id=UNKNOWN_ADVISER
        )
    else:
        return IgnoredRecord(None, "Of this topic only the events about meeting need are read.")
    return envelope_of(message, record)


TOPICS = (JsonTopic("teamsykefravr.personoppgavehendelse", "follow-up facts", decode),)
