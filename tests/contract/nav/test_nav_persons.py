"""NAV's events about persons and their line managers (contract 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import (
    DeathAnnulled,
    LineManagerChanged,
    PersonDied,
    PersonRenumbered,
)
from schemas.nav.avro import frame_value
from schemas.nav_messages import LineManagerVersion
from schemas.wire import Envelope, IgnoredRecord, Record
from tests.contract.records.nav_examples import changed, message_of, reason_of, record_of

ANNE = "14838511253"


def relation_of(record: Record) -> LineManagerVersion:
    message = message_of(record)
    assert isinstance(message, LineManagerVersion)
    return message


def envelope_of(record: Record) -> Envelope:
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope)
    return decoded


def test_a_death_and_its_annulment() -> None:
    died = envelope_of(record_of("personhendelse_01_doedsfall"))
    assert died.message == PersonDied(
        person_id="28826139058",
        occurred_at=datetime(2026, 3, 1, 5, tzinfo=UTC),
        on=date(2026, 2, 27),
    )
    assert died.id == "0b4f5760-caa7-5302-b138-6a3933769eac"
    assert message_of(record_of("personhendelse_02_doedsfall_annullert")) == DeathAnnulled(
        person_id="28826139058", occurred_at=datetime(2026, 3, 2, 5, tzinfo=UTC)
    )


def test_a_death_may_be_known_without_its_date() -> None:
    message = message_of(changed("personhendelse_01_doedsfall", doedsfall={"doedsdato": None}))
    assert isinstance(message, PersonDied)
    assert message.on is None


def test_a_death_becomes_one_message_for_each_number_and_none_for_an_aktor_id() -> None:
    """`personidenter` holds numbers of 11 digits and aktør ids of 13."""
    record = changed(
        "personhendelse_01_doedsfall",
        personidenter=["1000000000005", "12928610118", "12928618070"],
    )
    envelopes = envelope_of(record).split()
    assert [getattr(envelope.message, "person_id", None) for envelope in envelopes] == [
        "12928610118",
        "12928618070",
    ]
    assert len({envelope.id for envelope in envelopes}) == len(envelopes)
    assert {envelope.type for envelope in envelopes} == {"no.stoppunkt.person.died.v1"}


def test_a_death_without_a_persons_number_is_dead() -> None:
    record = changed("personhendelse_01_doedsfall", personidenter=["1000000000005"])
    assert reason_of(decode_inbound(record)).startswith("personidenter has no ")


def test_other_events_about_persons_are_ignored() -> None:
    record = changed(
        "personhendelse_01_doedsfall", opplysningstype="BOSTEDSADRESSE_V1", doedsfall=None
    )
    assert isinstance(decode_inbound(record), IgnoredRecord)


def numbers(*identifiers: tuple[str, str, bool]) -> Record:
    value = {
        "identifikatorer": [
            {"idnummer": number, "type": kind, "gjeldende": current}
            for number, kind, current in identifiers
        ]
    }
    framed = frame_value("pdl.aktor-v2", value)
    return Record("pdl.aktor-v2", b"any", framed, timestamp_ms=1769911200000)


AKTOR = ("1000000000009", "AKTORID", True)
NEW, OLD = ("12928618070", "FOLKEREGISTERIDENT", True), ("12928610118", "FOLKEREGISTERIDENT", False)


def test_a_former_number_belongs_to_the_current_one() -> None:
    assert message_of(numbers(NEW, OLD, AKTOR)) == PersonRenumbered(
        old_person_id=OLD[0],
        new_person_id=NEW[0],
        occurred_at=datetime(2026, 2, 1, 2, tzinfo=UTC),
    )


def test_each_of_several_former_numbers_belongs_to_the_current_one() -> None:
    older = ("52928610118", "FOLKEREGISTERIDENT", False)
    messages = [envelope.message for envelope in envelope_of(numbers(NEW, OLD, older)).split()]
    assert {getattr(message, "old_person_id", None) for message in messages} == {OLD[0], older[0]}
    assert {getattr(message, "new_person_id", None) for message in messages} == {NEW[0]}


@pytest.mark.parametrize("identifiers", [(NEW, AKTOR), (OLD,), (AKTOR,), ()])
def test_a_person_whose_number_did_not_change_is_ignored(
    identifiers: tuple[tuple[str, str, bool], ...],
) -> None:
    assert isinstance(decode_inbound(numbers(*identifiers)), IgnoredRecord)


def test_two_current_numbers_are_dead_and_not_guessed() -> None:
    record = numbers(NEW, (OLD[0], OLD[1], True))
    assert "several current" in reason_of(decode_inbound(record))


def test_a_new_line_manager_is_one_with_an_email_and_no_number() -> None:
    assert relation_of(record_of("narmesteleder_01_ny_leder")) == LineManagerVersion(
        relation_id="27b6ea56-bc21-5ec8-898a-7c576acb8111",
        change=LineManagerChanged(
            person_id=ANNE, org_number="310200107", email="leder@example.invalid", active=True
        ),
        occurred_at=datetime(2026, 1, 6, 8, 0, 0, 433859, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("DEAKTIVERT_ARBEIDSTAKER", False),
        ("DEAKTIVERT_LEDER", False),
        ("DEAKTIVERT_NY_LEDER", False),
        ("DEAKTIVERT_LPS", False),
        ("DEAKTIVERT_PERSONALLEDER", False),
        ("DEAKTIVERT_AV_NOE_NYTT", False),
        ("DEAKTIVERT_ARBEIDSFORHOLD", True),
    ],
)
def test_a_deactivated_manager_is_gone_but_only_one_status_ends_the_employment(
    status: str, ended: bool
) -> None:
    """DEAKTIVERT_ARBEIDSFORHOLD ends the employer's duties as well, and with the day that it names (contract 7)."""
    for last_day in ("2026-02-20", None):
        version = relation_of(
            changed("narmesteleder_04_arbeidsforhold_avsluttet", status=status, aktivTom=last_day)
        )
        assert version.change is not None
        assert version.change.active == (ended and last_day is not None)
        assert version.employment_ended == ended
        assert version.ended_on == (date(2026, 2, 20) if last_day else None)


def test_a_relation_with_a_last_day_is_active_until_then() -> None:
    version = relation_of(changed("narmesteleder_01_ny_leder", aktivTom="2026-06-30"))
    assert version.change is not None
    assert (version.change.active, version.employment_ended) == (True, False)
    assert version.ended_on == date(2026, 6, 30)


@pytest.mark.parametrize("forskutterer", [True, "false", None, 7])
def test_an_old_record_without_status_is_active_until_its_end(forskutterer: object) -> None:
    record = changed("narmesteleder_05_status_mangler", arbeidsgiverForskutterer=forskutterer)
    version = relation_of(record)
    assert version.change is not None
    assert version.change.active


def test_a_relation_that_is_gone_is_known_by_its_id_alone() -> None:
    record = replace(record_of("narmesteleder_01_ny_leder"), value=None)
    version = relation_of(record)
    assert (version.relation_id, version.change) == ("27b6ea56-bc21-5ec8-898a-7c576acb8111", None)


def test_both_of_the_topics_that_line_managers_move_between_are_read() -> None:
    record = record_of("narmesteleder_01_ny_leder")
    moved = replace(record, topic="team-esyfo.syfo-narmesteleder-leesah")
    assert message_of(moved) == message_of(record)
