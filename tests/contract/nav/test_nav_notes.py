"""NAV's sick notes, on four topics, as versions of notes (contract 2, 7)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import Employer, Period, SickNoteRegistered
from schemas.nav_messages import NoteStatusVersion, NoteVersion
from schemas.norway import OSLO
from schemas.wire import InvalidRecord, Record
from tests.contract.records.nav_examples import changed, message_of, reason_of, record_of

FIRST = "492b1888-e737-59fb-87ac-50c257310129"
PERIOD = "sykmelding__sykmeldingsperioder__0"
KAFE = Employer(org_number="310200107", name="SYNTETISK KAFE OSLO")


def version_of(record: Record) -> NoteVersion:
    message = message_of(record)
    assert isinstance(message, NoteVersion)
    return message


def note_of(record: Record) -> SickNoteRegistered:
    note = version_of(record).note
    assert note is not None
    return note


def status_of(record: Record) -> NoteStatusVersion:
    message = message_of(record)
    assert isinstance(message, NoteStatusVersion)
    return message


def period_of(nav_type: str, **fields: object) -> Period:
    changes: dict[str, Any] = {f"{PERIOD}__type": nav_type}
    changes |= {f"{PERIOD}__{name}": value for name, value in fields.items()}
    return note_of(changed("sendt_01_full_100", **changes)).periods[0]


def test_a_sent_note_has_its_person_its_employer_and_its_periods() -> None:
    assert message_of(record_of("sendt_01_full_100")) == NoteVersion(
        FIRST,
        SickNoteRegistered(
            note_id=FIRST,
            person_id="14838511253",
            employer=KAFE,
            form="digital",
            issued_on=date(2026, 1, 5),
            periods=(Period(from_=date(2026, 1, 5), to=date(2026, 2, 1), kind="full"),),
        ),
    )


def test_a_confirmed_note_has_no_employer_even_where_one_is_named() -> None:
    """An employee confirms a note without sending it where the address is confidential."""
    organisation = {"orgnummer": "310200107", "orgNavn": "SYNTETISK KAFE OSLO"}
    assert note_of(record_of("bekreftet_01_arbeidsledig")).employer is None
    named = changed("bekreftet_01_arbeidsledig", event__arbeidsgiver=organisation)
    assert note_of(named).employer is None


@pytest.mark.parametrize(
    "name", ["sendt_07_tombstone", "bekreftet_04_tombstone_etter_endret_status"]
)
def test_a_null_value_takes_the_note_from_its_own_topic(name: str) -> None:
    record = record_of(name)
    assert message_of(record) == NoteVersion((record.key or b"").decode(), None)


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", b"a" * 129, b"a\x00b"])
def test_a_null_value_without_a_note_id_is_dead(key: bytes | None) -> None:
    decoded = decode_inbound(replace(record_of("sendt_07_tombstone"), key=key))
    assert isinstance(decoded, InvalidRecord)
    assert "key" in decoded.reason


def test_period_types_are_the_kinds_that_they_mean() -> None:
    """A grade of 100 is full; a graded period may have travel allowance too (contract 7)."""
    assert period_of("AKTIVITET_IKKE_MULIG").kind == "full"
    assert period_of("AVVENTENDE").kind == "waiting"
    assert period_of("BEHANDLINGSDAGER", behandlingsdager=4).kind == "treatment_days"
    assert period_of("REISETILSKUDD", reisetilskudd=True).kind == "travel_allowance"
    assert period_of("GRADERT", gradert={"grad": 100}).kind == "full"
    half = period_of("GRADERT", gradert={"grad": 50, "reisetilskudd": True})
    assert (half.kind, half.grade) == ("graded", 50)


@pytest.mark.parametrize("grade", [0, 101, 120, -1, None, "50", True, 50.5])
def test_a_graded_period_without_a_grade_of_1_to_100_is_dead(grade: object) -> None:
    changes: dict[str, Any] = {f"{PERIOD}__type": "GRADERT", f"{PERIOD}__gradert": {"grad": grade}}
    reason = reason_of(decode_inbound(changed("sendt_01_full_100", **changes)))
    assert reason.startswith("sykmelding.sykmeldingsperioder.0: a graded period needs a grade")


def test_an_unknown_period_type_is_dead_and_not_guessed() -> None:
    reason = reason_of(
        decode_inbound(changed("sendt_01_full_100", **{f"{PERIOD}__type": "DELVIS"}))
    )
    assert (
        reason == "sykmelding.sykmeldingsperioder.0.type is not one of the values that are known."
    )


def test_a_period_of_over_400_days_is_dead() -> None:
    record = changed("sendt_01_full_100", **{f"{PERIOD}__tom": "2027-03-01"})
    assert "over 400 days" in reason_of(decode_inbound(record))


@pytest.mark.parametrize(
    "day", ["2026-02-30", "05.01.2026", "2026-01-05T00:00:00Z", 20458, "0026-01-05"]
)
def test_a_date_that_is_none_is_dead_with_its_field(day: object) -> None:
    reason = reason_of(decode_inbound(changed("sendt_01_full_100", **{f"{PERIOD}__fom": day})))
    assert reason.startswith("sykmelding.sykmeldingsperioder.0.fom is ")


@pytest.mark.parametrize("fraction", ["", ".4", ".48", ".481", ".847582066"])
@pytest.mark.parametrize("zone", ["Z", "+00:00", "+01:00"])
def test_timestamps_have_nought_to_nine_fraction_digits(fraction: str, zone: str) -> None:
    record = changed(
        "sendt_01_full_100", sykmelding__mottattTidspunkt=f"2026-01-05T08:13:22{fraction}{zone}"
    )
    assert note_of(record).issued_on == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-01-05T22:59:59.999999999Z", date(2026, 1, 5)),
        ("2026-01-05T23:00:00Z", date(2026, 1, 6)),
        ("2026-07-05T21:59:59Z", date(2026, 7, 5)),
        ("2026-07-05T22:00:00Z", date(2026, 7, 6)),
    ],
)
def test_a_note_is_issued_on_the_oslo_date_of_its_arrival(instant: str, day: date) -> None:
    record = changed("sendt_01_full_100", sykmelding__mottattTidspunkt=instant)
    assert note_of(record).issued_on == day


def test_a_note_without_a_time_of_arrival_was_issued_when_kafka_got_it() -> None:
    record = changed("sendt_01_full_100", sykmelding__mottattTidspunkt=None)
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, OSLO)
    assert note_of(record).issued_on == at.date()


@pytest.mark.parametrize(
    ("changes", "form"),
    [
        ({}, "digital"),
        ({"sykmelding__papirsykmelding": True}, "paper"),
        ({"sykmelding__papirsykmelding": "true"}, "paper"),
        ({"sykmelding__papirsykmelding": "false"}, "digital"),
        ({"sykmelding__papirsykmelding": None}, "digital"),
        ({"sykmelding__utenlandskSykmelding": {"land": "POL"}}, "foreign"),
    ],
)
def test_paper_and_foreign_notes_say_so(changes: dict[str, Any], form: str) -> None:
    assert note_of(changed("sendt_01_full_100", **changes)).form == form


def test_a_note_counts_until_its_backdating_is_refused() -> None:
    """It counts while it is under review (contract 7)."""
    assert version_of(record_of("sendt_04_tilbakedatert_under_behandling")).counts
    assert version_of(record_of("sendt_04b_tilbakedatert_avgjort")).counts
    refused = [{"type": "UGYLDIG_TILBAKEDATERING", "beskrivelse": None}]
    for remarks in (refused, [{"type": "DELVIS_GODKJENT"}, *refused]):
        version = version_of(
            changed("sendt_04b_tilbakedatert_avgjort", sykmelding__merknader=remarks)
        )
        assert not version.counts
        assert version.note is not None


def test_self_certified_days_are_a_list_inside_a_text() -> None:
    days = note_of(record_of("sendt_14_egenmeldingsdager")).self_certified_days
    assert days == tuple(date(2026, 3, 2) + timedelta(days=n) for n in range(3))


@pytest.mark.parametrize(
    "answer", ["i fjor", '["2026-03-02"', '{"fom": "2026-03-02"}', 3, ["2026-03-02"]]
)
def test_self_certified_days_that_cannot_be_read_are_dead(answer: object) -> None:
    """Without these days the case would begin on a wrong date."""
    record = changed("sendt_14_egenmeldingsdager", event__sporsmals__1__svar=answer)
    assert reason_of(decode_inbound(record)).startswith("event.sporsmals.1.svar is not ")


@pytest.mark.parametrize("answer", [None, "", "[]"])
def test_no_self_certified_days_are_none(answer: object) -> None:
    record = changed("sendt_14_egenmeldingsdager", event__sporsmals__1__svar=answer)
    assert note_of(record).self_certified_days == ()
    assert not version_of(record).keeps_self_certified_days


def test_a_change_of_number_keeps_the_days_that_it_leaves_out() -> None:
    """A record with `source: pdl` and without self-certified days keeps the known ones (contract 7)."""
    before, after = record_of("sendt_15_foer_identendring"), record_of("sendt_15b_identendring_pdl")
    assert note_of(before).self_certified_days == (date(2026, 1, 16),)
    assert not version_of(before).keeps_self_certified_days
    assert note_of(after).person_id == "12928618070"
    assert version_of(after).keeps_self_certified_days


def test_answers_from_anyone_else_replace_the_days_known() -> None:
    record = changed("sendt_15b_identendring_pdl", kafkaMetadata__source="syfosmregister")
    assert not version_of(record).keeps_self_certified_days


@pytest.mark.parametrize("number", ["51848815032", "12928618070", "00000000000"])
def test_eleven_digits_are_a_person_whatever_their_check_digits(number: str) -> None:
    """Also d-numbers, and test numbers with 40 or 80 added to the month."""
    assert note_of(changed("sendt_01_full_100", kafkaMetadata__fnr=number)).person_id == number


@pytest.mark.parametrize(
    "number", ["1000000000005", "1483851125", "1483851125a", "", "١٤٨٣٨٥١١٢٥٣"]
)
def test_anything_but_eleven_digits_is_dead(number: str) -> None:
    decoded = decode_inbound(changed("sendt_01_full_100", kafkaMetadata__fnr=number))
    assert reason_of(decoded) == "kafkaMetadata.fnr is not a person's number of 11 digits."


@pytest.mark.parametrize("name", ["", "x" * 501, "a\nb", 7, None, {"navn": "x"}])
def test_an_employers_name_may_be_anything(name: object) -> None:
    employer = note_of(changed("sendt_01_full_100", event__arbeidsgiver__orgNavn=name)).employer
    assert employer is not None
    assert employer.org_number == "310200107"


@pytest.mark.parametrize("answers", ["ja", 7, [], [None], {"a": {"b": [1]}}, None])
def test_the_workers_other_answers_may_be_anything(answers: object) -> None:
    """brukerSvar is not read: it has had several shapes, and a model of it would break on some."""
    assert note_of(changed("odd_10_brukersvar_skalar", event__brukerSvar=answers)).employer == KAFE


def test_a_status_says_what_the_worker_has_done() -> None:
    open_note = status_of(record_of("status_01_apen"))
    assert (open_note.status, open_note.employer, open_note.counts) == ("open", None, False)
    sent = status_of(record_of("status_02_sendt"))
    assert (sent.note_id, sent.person_id) == (FIRST, "14838511253")
    assert (sent.status, sent.employer, sent.counts) == ("sent", KAFE, True)
    assert not status_of(record_of("status_04_avbrutt")).counts


def test_a_note_confirmed_without_questions_was_refused() -> None:
    assert status_of(record_of("status_03b_bekreftet_avvist")).status == "rejected"
    answered = changed(
        "status_03b_bekreftet_avvist",
        event__sporsmals=[{"shortName": "ARBEIDSSITUASJON", "svar": "ARBEIDSLEDIG"}],
    )
    assert status_of(answered).counts


@pytest.mark.parametrize(("event", "status"), [("UTGATT", "expired"), ("SLETTET", "deleted")])
def test_an_expired_or_deleted_note_does_not_count(event: str, status: str) -> None:
    version = status_of(changed("status_01_apen", event__statusEvent=event))
    assert (version.status, version.counts) == (status, False)


def test_a_null_status_means_that_the_note_was_deleted() -> None:
    version = status_of(replace(record_of("status_02_sendt"), value=None))
    assert version == NoteStatusVersion(FIRST, None, "deleted")


def test_a_status_brings_the_self_certified_days() -> None:
    days = [{"shortName": "EGENMELDINGSDAGER", "svar": json.dumps(["2026-01-02"])}]
    version = status_of(changed("status_02_sendt", event__sporsmals=days))
    assert version.self_certified_days == (date(2026, 1, 2),)


def test_a_status_of_sent_without_an_employer_is_dead() -> None:
    reason = reason_of(decode_inbound(changed("status_02_sendt", event__arbeidsgiver=None)))
    assert reason.startswith("event.arbeidsgiver is missing")


def test_an_unknown_status_is_dead() -> None:
    reason = reason_of(decode_inbound(changed("status_02_sendt", event__statusEvent="VIDERESENDT")))
    assert reason == "event.statusEvent is not one of the values that are known."


def test_a_note_of_tsm_has_periods_and_no_employer() -> None:
    note = note_of(record_of("tsm_02_digital_gradert"))
    assert note.employer is None
    assert note.periods == (
        Period(from_=date(2026, 1, 12), to=date(2026, 2, 8), kind="graded", grade=50),
    )
    assert note.person_id == "02917920144"
    assert note.issued_on == date(2026, 1, 12)


def test_a_note_of_tsm_counts_until_it_is_found_invalid() -> None:
    assert version_of(record_of("tsm_01_digital_100")).counts
    assert version_of(record_of("tsm_04_digital_tilbakedatert_pending")).counts
    assert not version_of(record_of("tsm_04b_digital_tilbakedatert_invalid")).counts


@pytest.mark.parametrize(
    ("nav_type", "form"),
    [("DIGITAL", "digital"), ("XML", "digital"), ("PAPIR", "paper"), ("UTENLANDSK", "foreign")],
)
def test_a_note_of_tsm_says_how_it_was_made(nav_type: str, form: str) -> None:
    assert note_of(changed("tsm_01_digital_100", sykmelding__type=nav_type)).form == form


@pytest.mark.parametrize(
    "name",
    ["sendt_01_full_100", "bekreftet_01_arbeidsledig", "tsm_01_digital_100", "status_02_sendt"],
)
@pytest.mark.parametrize("key", [None, b"", b"another", b"\xff"])
def test_a_key_unlike_the_note_id_is_dead(name: str, key: bytes | None) -> None:
    """The reason says so (contract 8)."""
    decoded = decode_inbound(replace(record_of(name), key=key))
    assert isinstance(decoded, InvalidRecord)
    assert decoded.reason.startswith("The key is not ")
