"""Every example record is accepted, ignored on purpose, or dead with a reason that names the fault (contract 7, 8)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.inbound import decode_inbound
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord
from services.cli.record_files.read import read_records
from tests.contract.records import nav_examples as examples

NOT_READ = {
    "friskmelding_til_arbeidsformidling_01_fattet",
    "ok_sykmelding_01_received",
    "oppfolgingstilfelle_02_forlenget",
    "oppfolgingstilfelle_03_forkortet",
    "oppfolgingstilfelle_05_doed",
    "oppfolgingstilfelle_06_uten_arbeidsgiver",
    "syketilfellebit_01_sendt",
    "syketilfellebit_02_tombstone",
}
CHANGES_NOTHING = {
    "aktivitetskrav_01_ny",
    "aktivitetskrav_11_lukket",
    "dialogmotekandidat_01_stoppunkt",
    "dialogmotekandidat_02_ferdigstilt",
    "dialogmotekandidat_04_ikke_aktuell",
    "dialogmotekandidat_05_lukket",
}

# The reason of each bad record names the field by the publisher's own path.
REASONS = {
    "bad_01_tom_foer_fom": r"sykmelding\.sykmeldingsperioder\.0: the period ends before it begins",
    "bad_02_sendt_uten_arbeidsgiver": r"event\.arbeidsgiver is missing",
    "bad_04_ingen_perioder": r"sykmelding\.sykmeldingsperioder has no period",
    "bad_05_nokkel_ulik_id": r"key is not sykmelding\.id",
    "bad_07_fnr_ugyldig": r"kafkaMetadata\.fnr is not a person's number of 11 digits",
    "bad_08_grad_utenfor_0_100": r"sykmeldingsperioder\.0: a graded period needs a grade from 1 to 99",
    "bad_11_avkuttet_json": r"not valid JSON",
}


@pytest.mark.parametrize("name", examples.GOOD)
def test_a_valid_record_is_accepted_or_ignored_on_purpose(name: str) -> None:
    assert examples.members_of(name)["valid"] is True
    decoded = decode_inbound(examples.record_of(name))
    ignored = name in NOT_READ | CHANGES_NOTHING
    assert isinstance(decoded, IgnoredRecord if ignored else Envelope), decoded


@pytest.mark.parametrize("name", examples.BAD)
def test_a_bad_record_is_dead_with_field_and_fault(name: str) -> None:
    assert examples.members_of(name)["valid"] is False
    decoded = decode_inbound(examples.record_of(name))
    assert isinstance(decoded, InvalidRecord)
    assert re.search(REASONS[name], decoded.reason)


@pytest.mark.parametrize("name", examples.BAD)
def test_a_reason_shows_nothing_of_the_record(name: str) -> None:
    """No number, name, e-mail address or payload is in a reason (contract 8)."""
    members = examples.members_of(name)
    reason = examples.reason_of(decode_inbound(examples.record_of(name)))
    assert not re.search(r"\d{9}", reason)
    assert "@" not in reason
    texts = {text for text in examples.texts_in(members.get("value")) if len(text) > 3}
    assert not {text for text in texts if text in reason}
    assert members["key"] not in reason


@pytest.mark.parametrize("path", examples.SCENARIOS, ids=lambda path: path.stem)
def test_no_record_of_a_scenario_is_dead(path: Path) -> None:
    records = [filed.record for filed in read_records(path)]
    assert records
    assert not [record for record in records if isinstance(decode_inbound(record), InvalidRecord)]


def test_other_teams_topics_that_nobody_reads_are_ignored() -> None:
    decoded = decode_inbound(examples.record_of("ok_sykmelding_01_received"))
    assert decoded == IgnoredRecord(None, "This topic is not read.")
