"""NAV's assessments and meetings as canonical facts (contract 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import (
    ActivityRequirementAssessed,
    DialogueMeetingAnswered,
    DialogueMeetingCancelled,
    DialogueMeetingFact,
    DialogueMeetingHeld,
    DialogueMeetingMinutesSent,
    DialogueMeetingMoved,
    DialogueMeetingSummoned,
    ExemptionGranted,
)
from schemas.wire import Envelope, IgnoredRecord, Record
from tests.contract.records.nav_examples import changed, message_of, reason_of, record_of

ANNE, MEETING = "14838511253", "fbcb48be-16d5-5f21-af6a-6d915cebd59d"


def assessment_of(record: Record) -> ActivityRequirementAssessed:
    message = message_of(record)
    assert isinstance(message, ActivityRequirementAssessed)
    return message


def envelope_of(record: Record) -> Envelope:
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope)
    return decoded


def meetings_in(envelope: Envelope) -> list[DialogueMeetingFact]:
    messages = [part.message for part in envelope.split()]
    return [message for message in messages if isinstance(message, DialogueMeetingFact)]


def test_an_assessment_happened_when_it_was_made_and_not_when_the_requirement_was_set_up() -> None:
    assert message_of(record_of("aktivitetskrav_04_oppfylt")) == ActivityRequirementAssessed(
        person_id=ANNE,
        occurred_at=datetime(2026, 3, 30, 9, tzinfo=UTC),
        outcome="met",
        final=True,
        adviser_id="Z999999",
    )
    automatic = record_of("aktivitetskrav_08_automatisk_oppfylt")
    at = datetime.fromtimestamp(automatic.timestamp_ms / 1000, UTC)
    assert assessment_of(automatic).occurred_at == at


@pytest.mark.parametrize(
    ("status", "outcome", "final"),
    [
        ("UNNTAK", "exempted", True),
        ("OPPFYLT", "met", True),
        ("AUTOMATISK_OPPFYLT", "met", True),
        ("INNSTILLING_OM_STANS", "stop_recommended", True),
        ("IKKE_OPPFYLT", "not_met", True),
        ("IKKE_AKTUELL", "not_relevant", True),
        ("AVVENT", "waiting", False),
        ("FORHANDSVARSEL", "warned", False),
        ("NY_VURDERING", "waiting", False),
    ],
)
def test_what_is_final_follows_from_the_status(status: str, outcome: str, final: bool) -> None:
    """The record's own isFinal is not read (contract 7)."""
    for claim in (True, False, "true", None):
        record = changed("aktivitetskrav_04_oppfylt", status=status, isFinal=claim)
        assessment = assessment_of(record)
        assert (assessment.outcome, assessment.final) == (outcome, final)


@pytest.mark.parametrize("status", ["AVVENT", "FORHANDSVARSEL"])
def test_a_wait_and_a_warning_have_a_date_to_reply_by(status: str) -> None:
    assert assessment_of(changed("aktivitetskrav_02_avvent", status=status)).reply_by == date(
        2026, 3, 17
    )
    without = changed("aktivitetskrav_02_avvent", status=status, frist=None)
    assert assessment_of(without).reply_by is None


def test_an_opened_requirement_has_no_date_and_undoes_what_was_final() -> None:
    opened = assessment_of(changed("aktivitetskrav_10_ny_vurdering", frist="2026-05-01"))
    assert (opened.final, opened.reply_by) == (False, None)


@pytest.mark.parametrize("status", ["NY", "LUKKET"])
def test_a_requirement_that_nobody_assessed_is_ignored(status: str) -> None:
    assert isinstance(decode_inbound(changed("aktivitetskrav_01_ny", status=status)), IgnoredRecord)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("INNKALT", DialogueMeetingSummoned),
        ("NYTT_TID_STED", DialogueMeetingMoved),
        ("AVLYST", DialogueMeetingCancelled),
        ("LUKKET", DialogueMeetingCancelled),
    ],
)
def test_a_meetings_change_is_a_fact_about_meeting_2(
    change: str, kind: type[DialogueMeetingSummoned]
) -> None:
    """LUKKET means cancelled and not held (contract 7)."""
    record = changed("dialogmote_01_innkalt", statusEndringType=change)
    assert message_of(record) == kind(
        person_id=ANNE,
        occurred_at=datetime(2026, 5, 18, 7, tzinfo=UTC),
        meeting=2,
        meeting_id=MEETING,
        org_number="310200107",
        takes_place_on=date(2026, 6, 10),
    )


def test_a_meeting_late_in_the_evening_is_on_its_oslo_date() -> None:
    late = int(datetime(2026, 6, 9, 22, 30, tzinfo=UTC).timestamp() * 1000)
    message = message_of(changed("dialogmote_01_innkalt", dialogmoteTidspunkt=late))
    assert isinstance(message, DialogueMeetingSummoned)
    assert message.takes_place_on == date(2026, 6, 10)


def test_a_meeting_held_twice_is_two_records_of_one_meeting() -> None:
    """FERDIGSTILT may come again. It has no event id, so the newest record stands (contract 7)."""
    again = envelope_of(changed("dialogmote_03_ferdigstilt", statusEndringTidspunkt=1781950000000))
    first = envelope_of(record_of("dialogmote_03_ferdigstilt"))
    assert [fact.meeting_id for fact in meetings_in(first) + meetings_in(again)] == 4 * [MEETING]
    assert first.id is None


def test_a_finished_meeting_was_held_and_its_minutes_are_sent() -> None:
    """FERDIGSTILT is what sending the minutes brings about: one record, two facts (contract 7)."""
    finished = envelope_of(record_of("dialogmote_03_ferdigstilt"))
    held, minutes = meetings_in(finished)
    assert isinstance(held, DialogueMeetingHeld)
    assert minutes == DialogueMeetingMinutesSent(**held.model_dump())
    assert finished.type == "no.stoppunkt.dialogue_meeting.held.v1"


@pytest.mark.parametrize(
    ("sender", "party"),
    [("ARBEIDSTAKER", "employee"), ("ARBEIDSGIVER", "employer"), ("BEHANDLER", "practitioner")],
)
@pytest.mark.parametrize(
    ("given", "answer"),
    [("KOMMER", "coming"), ("NYTT_TID_STED", "other_time"), ("KOMMER_IKKE", "not_coming")],
)
def test_an_answer_belongs_to_the_meeting_of_its_key(
    sender: str, party: str, given: str, answer: str
) -> None:
    message = message_of(
        changed("dialogmotesvar_02_arbeidsgiver_nytt_tid", senderType=sender, svarType=given)
    )
    assert isinstance(message, DialogueMeetingAnswered)
    assert (message.party, message.answer, message.meeting_id) == (party, answer, MEETING)
    assert message.occurred_at == datetime(2026, 5, 20, 6, 20, tzinfo=UTC)


def test_an_answer_without_a_meetings_id_is_dead() -> None:
    record = replace(record_of("dialogmotesvar_02_arbeidsgiver_nytt_tid"), key=None)
    assert reason_of(decode_inbound(record)) == "The key is not a meeting's id."


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("MEDISINSKE_GRUNNER", "medical"),
        ("INNLEGGELSE_INSTITUSJON", "hospitalised"),
        ("FORVENTET_FRISKMELDING_INNEN_28UKER", "recovery_expected_within_28_weeks"),
        ("DOKUMENTERT_TILTAK_FRISKMELDING", "ongoing_measure"),
        ("ARBEIDSFORHOLD_OPPHORT", "other"),
        (None, "other"),
    ],
)
def test_an_advisers_exemption_is_one_from_meeting_2(given: str | None, reason: str) -> None:
    message = message_of(
        changed("dialogmotekandidat_04_ikke_aktuell", arsak="UNNTAK", unntakArsak=given)
    )
    assert isinstance(message, ExemptionGranted)
    assert (message.checkpoint, message.reason) == ("dialogue_meeting_2", reason)
    assert message.granted_by == "adviser"
