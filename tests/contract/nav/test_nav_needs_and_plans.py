"""NAV's events about meeting need, plans and reassessments as canonical facts (contract 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import (
    FollowUpPlanShared,
    MeetingRequestClosed,
    MeetingRequested,
    ReassessmentClosed,
    ReassessmentRequested,
)
from schemas.wire import Envelope, IgnoredRecord, Record
from tests.contract.records.nav_examples import changed, message_of, reason_of, record_of

ANNE = "14838511253"


def envelope_of(record: Record) -> Envelope:
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope)
    return decoded


def test_a_wish_for_a_meeting_is_a_request_by_an_unknown_party() -> None:
    """A request for meeting 2, at the record's Kafka timestamp (contract 7)."""
    assert message_of(record_of("motebehov_01_svar_mottatt")) == MeetingRequested(
        person_id=ANNE,
        occurred_at=datetime(2026, 4, 27, 10, tzinfo=UTC),
        meeting=2,
        party="unknown",
    )


def test_a_wish_that_an_adviser_has_dealt_with_is_closed() -> None:
    message = message_of(record_of("motebehov_02_svar_behandlet"))
    assert isinstance(message, MeetingRequestClosed)
    assert message.meeting == 2


@pytest.mark.parametrize(
    "event", ["OPPFOLGINGSPLANLPS_BISTAND_MOTTATT", "DIALOGMOTESVAR_MOTTATT", "NOE_NYTT"]
)
def test_other_events_of_that_topic_are_ignored(event: str) -> None:
    record = changed("motebehov_01_svar_mottatt", hendelsetype=event)
    assert isinstance(decode_inbound(record), IgnoredRecord)


def test_a_plan_is_shared_with_the_office_on_the_day_that_it_was_sent() -> None:
    envelope = envelope_of(record_of("oppfolgingsplan_lps_01"))
    assert envelope.message == FollowUpPlanShared(
        person_id=ANNE,
        occurred_at=datetime(2026, 1, 29, 13, tzinfo=UTC),
        org_number="310200107",
        shared_with="office",
        shared_on=date(2026, 1, 29),
    )


def test_a_plan_sent_again_under_another_key_is_the_same_event() -> None:
    """A repeat is recognised by `uuid`."""
    record = record_of("oppfolgingsplan_lps_01")
    first, again = envelope_of(record), envelope_of(replace(record, key=b"another"))
    assert first.id == "c9b6ca18-1215-5b79-ab95-49a842645527"
    assert (first.source, first.id) == (again.source, again.id)


REMINDER = {
    "uuid": "5c2d7f10-8a3e-5b4c-9d6f-2e1a0b9c8d7e",
    "personIdent": ANNE,
    "veilederIdent": "Z999999",
    "tekst": "oppdiktet",
    "oppfolgingsgrunner": ["VURDER_DIALOGMOTE_SENERE"],
    "frist": "2026-05-20",
    "isActive": True,
    "createdAt": "2026-04-27T07:00:00.123456789Z",
    "updatedAt": "2026-04-28T09:00:00+02:00",
}


def reminder(**changes: object) -> Record:
    text = str(REMINDER | changes).replace("True", "true").replace("False", "false")
    value = text.replace("None", "null").replace("'", '"').encode()
    return Record("teamsykefravr.huskelapp", b"any", value, timestamp_ms=1777273200000)


def test_an_advisers_reminder_is_a_reassessment() -> None:
    expected = {
        "person_id": ANNE,
        "occurred_at": datetime(2026, 4, 28, 7, tzinfo=UTC),
        "reassessment_id": REMINDER["uuid"],
        "on": date(2026, 5, 20),
        "adviser_id": "Z999999",
    }
    assert message_of(reminder()) == ReassessmentRequested.model_validate(expected)
    assert message_of(reminder(isActive="true")) == ReassessmentRequested.model_validate(expected)
    assert message_of(reminder(isActive=False)) == ReassessmentClosed.model_validate(expected)


def test_a_reminder_may_have_no_date_and_no_times() -> None:
    message = message_of(reminder(frist=None, updatedAt=None, createdAt=None))
    assert isinstance(message, ReassessmentRequested)
    assert message.on is None
    assert message.occurred_at == datetime(2026, 4, 27, 7, tzinfo=UTC)


def test_a_reminder_that_is_neither_open_nor_closed_is_dead() -> None:
    assert (
        reason_of(decode_inbound(reminder(isActive=None))) == "isActive is neither true nor false."
    )
