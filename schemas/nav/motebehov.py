"""`personoppgavehendelse`: of its many events, those about meeting need (JSON).

MOTEBEHOV_SVAR_MOTTATT comes only when somebody wants a meeting and does not say who: a request for meeting 2
by an unknown party (contract 7), which answers nobody's question. MOTEBEHOV_SVAR_BEHANDLET says that an adviser
has dealt with it, and so closes the request: an open task to deal with it would be untrue. Which adviser is
not told.
"""

from __future__ import annotations

from schemas.messages import FollowUpFact, MeetingRequestClosed, MeetingRequested
from schemas.nav.reading.facts import NULL_VALUE, dead, fact
from schemas.nav.reading.fields import NavModel, PersonId, kafka_time, read
from schemas.nav.reading.topics import JsonTopic
from schemas.wire import Decoded, IgnoredRecord, InvalidRecord, Record

UNKNOWN_ADVISER = "unknown"

RECEIVED, HANDLED = "MOTEBEHOV_SVAR_MOTTATT", "MOTEBEHOV_SVAR_BEHANDLET"


class Event(NavModel):
    personident: PersonId
    hendelsetype: str


def decode(record: Record) -> Decoded:
    """A request for meeting 2, or that it was dealt with; there is no time inside but the record's own."""
    if record.value is None:
        return NULL_VALUE
    value = read(Event, record)
    if isinstance(value, InvalidRecord):
        return dead(MeetingRequested, value)
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
    return fact(message, record)


TOPICS = (JsonTopic("teamsykefravr.personoppgavehendelse", "follow-up facts", decode),)
