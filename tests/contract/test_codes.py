"""Codes instead of texts, blanks that mean nothing, and nulls for lists and notes (contract 2)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from schemas.inbound import CANONICAL_TOPICS, JSON_TOPICS, decode_inbound
from schemas.messages import KINDS, SickNoteRegistered, SickNoteWithdrawn
from schemas.nav_messages import NoteStatusVersion, NoteVersion
from schemas.wire import Envelope, IgnoredRecord, InvalidRecord, Record
from tests.contract.records import nav_examples
from tests.contract.records.golden_messages import BY_NAME, MESSAGES, record_of

CODE_FAULT = "is not a code of at most 64 letters A-Z, digits and the signs _ . : -"
NO_CODES = [
    "somebody has an illness, telephone 90000001",
    "medical reasons",
    "pålagt",
    "a@b",
    "a/b",
    "medical\n",
    "<b>",
    "x" * 65,
]
# Names and addresses, and texts of ours for people.
NO_CODES_BY_MEANING = {
    *("name", "phone", "email", "to", "text", "subject", "title", "body"),
    # Of rulebooks, which name themselves; and of a receipt, whose reason is dropped where it is no code.
    *("version", "reason"),
}
BLANKS = ["\u00a0", "\u202f", "\t", "\n", " ", "\u200b", "\ufeff", "\u3000", "\u00ad"]

FACT_FIELDS = [
    (kind, field)
    for kind, message in BY_NAME.items()
    if message.topic
    in ("stoppunkt.sick-notes.v1", "stoppunkt.follow-up.v1", "stoppunkt.contacts.v1")
    for field, value in json.loads(record_of(message).value or b"").items()
    if isinstance(value, str)
    and field not in NO_CODES_BY_MEANING - {"reason"}
    and not field.endswith(("_on", "_at", "_by", "_date", "until", "from"))
]


def changed(kind: str, field: str, value: object) -> Record:
    record = record_of(BY_NAME[kind])
    members = json.loads(record.value or b"") | {field: value}
    return replace(record, value=json.dumps(members).encode())


def reason_of(record: Record) -> str:
    decoded = decode_inbound(record)
    assert isinstance(decoded, InvalidRecord), decoded
    return decoded.reason


def message_of(record: Record) -> Any:
    decoded = decode_inbound(record)
    assert isinstance(decoded, Envelope), decoded
    return decoded.message


def test_fields_of_every_topic_of_facts_are_looked_at() -> None:
    assert len(FACT_FIELDS) > 60
    assert ("exemption.granted.v1", "reason") in FACT_FIELDS


@pytest.mark.parametrize("text", NO_CODES)
@pytest.mark.parametrize(("kind", "field"), FACT_FIELDS)
def test_a_text_where_a_code_is_expected_is_dead_and_not_quoted(
    kind: str, field: str, text: str
) -> None:
    if field.endswith(("person_id", "org_number")):
        # There, blanks alone mean nothing.
        text = "".join(character if character.strip() else "!" for character in text)
    reason = reason_of(changed(kind, field, text))
    assert reason.startswith(f"{field} is not ")
    assert text.strip() not in reason


def test_the_sentence_for_a_text_says_what_a_code_is() -> None:
    reason = reason_of(changed("exemption.granted.v1", "reason", "on account of an illness"))
    assert reason == f"reason {CODE_FAULT}."
    assert reason_of(changed("exemption.granted.v1", "reason", "")) == "reason is empty."


@pytest.mark.parametrize("code", ["medical", "x" * 64, "A.b:c_d-9", "0219"])
def test_a_code_of_nobodys_list_is_accepted(code: str) -> None:
    assert message_of(changed("exemption.granted.v1", "reason", code)).reason == code


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_in_or_around_an_organisation_number_or_a_persons_id_are_taken_out(
    blank: str,
) -> None:
    org = blank.join(["", "310", "200", "107", ""])
    person = f"{blank}148385{blank}11253{blank}{blank}"
    plan = changed("follow_up_plan.made.v1", "org_number", org)
    assert message_of(plan).org_number == "310200107"
    note: SickNoteRegistered = message_of(
        changed("sick_note.registered.v1", "employer", {"org_number": org})
    )
    assert note.employer is not None
    assert note.employer.org_number == "310200107"
    assert message_of(changed("work.resumed.v1", "person_id", person)).person_id == "14838511253"
    assert message_of(changed("adviser.changed.v1", "org_numbers", [org])).org_numbers == (
        "310200107",
    )


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_mean_nothing_in_navs_numbers_either(blank: str) -> None:
    members = json.loads(json.dumps(nav_examples.members_of("sendt_01_full_100")))
    value = members["value"]
    number, org = value["kafkaMetadata"]["fnr"], value["event"]["arbeidsgiver"]["orgnummer"]
    value["kafkaMetadata"]["fnr"] = f"{number[:6]}{blank}{number[6:]}{blank}"
    value["event"]["arbeidsgiver"]["orgnummer"] = f"{blank}{org[:3]}{blank}{org[3:]}"
    version: NoteVersion = message_of(
        Record(members["topic"], members["key"].encode(), json.dumps(value).encode())
    )
    assert version.note is not None
    assert version.note.employer is not None
    assert (version.note.person_id, version.note.employer.org_number) == (number, org)


@pytest.mark.parametrize("blank", BLANKS)
def test_several_words_are_no_organisation_number_and_no_id(blank: str) -> None:
    """Without the blanks between them they would be a code, and say what they say."""
    message = BY_NAME["follow_up_plan.made.v1"]
    record = record_of(message)
    for field in ("org_number", "person_id"):
        for text in (f"ill{blank}back", f"310{blank}200{blank}x"):
            value = json.loads(record.value or b"") | {field: text}
            decoded = decode_inbound(replace(record, value=json.dumps(value).encode()))
            assert isinstance(decoded, InvalidRecord)
            assert decoded.reason.startswith(f"{field} is not a code")


def test_a_number_of_blanks_alone_is_dead() -> None:
    assert reason_of(changed("work.resumed.v1", "person_id", " \u00a0")) == "person_id is empty."


def test_a_note_id_with_blanks_is_no_code() -> None:
    record = replace(changed("sick_note.registered.v1", "note_id", "a b"), key=b"a b")
    assert reason_of(record) == f"note_id {CODE_FAULT}."


def test_a_null_where_a_list_is_expected_is_an_empty_list() -> None:
    note = message_of(changed("sick_note.registered.v1", "self_certified_days", None))
    assert note.self_certified_days == ()
    adviser = message_of(changed("adviser.changed.v1", "org_numbers", None))
    assert not adviser.org_numbers
    without = reason_of(changed("sick_note.registered.v1", "periods", None))
    assert without == "periods: the note has no period."
    assert without == reason_of(changed("sick_note.registered.v1", "periods", []))


@pytest.mark.parametrize("text", [b"null", b" null\n", b"null\r\n"])
def test_the_text_null_withdraws_a_note_on_every_topic_that_has_notes(text: bytes) -> None:
    canonical = Record("stoppunkt.sick-notes.v1", b"n1", text)
    assert message_of(canonical) == SickNoteWithdrawn(note_id="n1")
    for topic in ("syfo-sendt-sykmelding", "syfo-bekreftet-sykmelding"):
        version: NoteVersion = message_of(Record(f"teamsykmelding.{topic}", b"n1", text))
        assert version == NoteVersion("n1", None)
    assert message_of(Record("tsm.sykmeldinger", b"n1", text)) == NoteVersion("n1", None)
    status: NoteStatusVersion = message_of(
        Record("teamsykmelding.sykmeldingstatus-leesah", b"n1", text)
    )
    assert status.status == "deleted"


@pytest.mark.parametrize("topic", [*CANONICAL_TOPICS, *JSON_TOPICS])
def test_the_text_null_means_what_a_null_value_means(topic: str) -> None:
    assert decode_inbound(Record(topic, b"n1", b"null")) == decode_inbound(
        Record(topic, b"n1", None)
    )


def test_a_key_that_is_no_code_withdraws_nothing() -> None:
    reason = reason_of(Record("stoppunkt.sick-notes.v1", b"somebody is ill", None))
    assert reason == "The value is null and the key is not a note_id."


def test_a_cloud_event_in_structured_mode_is_named_as_such() -> None:
    event = {"specversion": "1.0", "id": "1", "type": "no.stoppunkt.x.v1", "data": {}}
    record = Record(
        "stoppunkt.sick-notes.v1",
        b"n1",
        json.dumps(event).encode(),
        (("Content-Type", b"application/cloudevents+json; charset=utf-8"),),
    )
    assert "structured mode" in reason_of(record)
    assert "binary mode" in reason_of(record)


def test_every_kind_has_a_message_here() -> None:
    assert len(MESSAGES) == len(KINDS)
    assert isinstance(decode_inbound(Record("another", None, None)), IgnoredRecord)
