"""Notices on Min side in NAV's own format, and what comes back about them (contract 6.7, 6.8, 6.10)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.inbound import decode_inbound
from schemas.messages import DeliveryReceipt, Language, SmsRequested
from schemas.wire import Envelope, IgnoredRecord, Record
from services.notifier.channels.minside import MinSide, MinSideSettings, NoticeType
from services.notifier.channels.minside_receipts import TOPIC, reading
from services.notifier.domain.delivery import Failed, Sent
from services.notifier.domain.words.dates import MessageDates
from services.notifier.ports import AboutDelivery, Outgoing
from services.notifier.texts_folder import load_texts
from services.runtime.settings import InvalidSettings, load_settings
from tests.support.channel_server import (
    DELIVERY,
    NOW,
    about,
    check,
    names,
    outgoing,
    payload,
    recall,
)
from tests.support.notifier_desk import ANNE, anne, desk, due, oslo

TEXTS = load_texts()
PRODUCER = {"cluster": "prod-gcp", "namespace": "team-demo", "appnavn": "sykefravaer-notifier"}
LINK = "https://www.nav.no/syk"
# What tms-varsel-authority demands of a notice, as far as its documentation and its validation show.
NOTICE = {
    "type": "object",
    "required": [
        *("@event_name", "type", "varselId", "ident", "tekster", "sensitivitet", "produsent")
    ],
    "additionalProperties": False,
    "properties": {
        "@event_name": {"const": "opprett"},
        "type": {"enum": ["beskjed", "oppgave"]},
        "varselId": {"format": "uuid", "pattern": "^[0-9a-f-]{36}$"},
        "ident": {"type": "string", "minLength": 11, "maxLength": 11},
        "tekster": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["spraakkode", "tekst"],
                "properties": {
                    "spraakkode": {"pattern": "^[a-zA-Z]{2,8}$"},
                    "tekst": {"type": "string", "minLength": 1, "maxLength": 300},
                    "default": {"type": "boolean"},
                },
            },
        },
        "link": {"type": "string", "maxLength": 200, "pattern": r"^https://[a-z.]*nav\.no/"},
        "sensitivitet": {"enum": ["high", "substantial"]},
        "aktivFremTil": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "eksternVarsling": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "prefererteKanaler": {
                    "type": "array",
                    "items": {"enum": ["SMS", "EPOST", "BETINGET_SMS"]},
                },
                "smsVarslingstekst": {"pattern": r"^(?!.*\w\.\w)(?=.*\S).{1,160}$"},
                "epostVarslingstittel": {"pattern": r"^(?=.*\S).{1,40}$"},
                "epostVarslingstekst": {"type": "string", "minLength": 1, "maxLength": 4000},
                "kanBatches": {"type": "boolean"},
                "utsettSendingTil": {"type": "string"},
            },
        },
        "produsent": {"type": "object", "required": ["cluster", "namespace", "appnavn"]},
        "metadata": {"type": "object"},
    },
}


@dataclass
class Topic:
    records: list[Record] = field(default_factory=list)

    async def publish(self, records: Sequence[Record]) -> None:
        self.records.extend(records)


def min_side(topic: Topic, notice: NoticeType = "oppgave") -> MinSide:
    return MinSide(topic, link=LINK, notice=notice, producer=PRODUCER)


def sms(language: Language = "nb", *, of: AboutDelivery | None = None) -> Outgoing:
    event = due(at=NOW)
    text = TEXTS.sms(
        event.checkpoint, event.step, "employee", language, MessageDates.of(event, NOW)
    )
    message = SmsRequested(
        delivery_id=DELIVERY,
        to="+4790000001",
        text=text,
        not_after=datetime(2026, 3, 10, tzinfo=UTC),
    )
    return outgoing(message, of=of, language=language)


def value(record: Record) -> dict[str, Any]:
    assert record.topic == "min-side.aapen-brukervarsel-v1"
    assert record.key == DELIVERY.encode()
    found: dict[str, Any] = json.loads(record.value or b"")
    return found


@pytest.mark.parametrize(
    ("days_ahead", "shown_for_days", "kind"),
    [(6, 14, "beskjed"), (7, 14, "oppgave"), (6, 7, "oppgave")],
)
async def test_nav_does_not_say_a_date_again_that_has_passed_by_then(
    days_ahead: int, shown_for_days: int, kind: str
) -> None:
    """contract 6.5: an `oppgave` that is shown for longer is notified of again after seven days, in the same words."""
    topic = Topic()
    outgoing = sms()
    message = outgoing.message.model_copy(
        update={"not_after": outgoing.at + timedelta(days=shown_for_days)}
    )
    named_on = outgoing.at.date() + timedelta(days=days_ahead)
    await min_side(topic).send(replace(outgoing, message=message, named_on=named_on))
    assert value(topic.records[0])["type"] == kind


@pytest.mark.parametrize("name", ["minside_opprett_oppgave", "minside_opprett_beskjed"])
def test_the_published_examples_meet_the_demands_that_ours_are_held_to(name: str) -> None:
    check(payload(name), NOTICE)


@pytest.mark.parametrize("notice", ["oppgave", "beskjed"])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
async def test_an_sms_becomes_a_notice_in_its_own_language(
    language: Language, notice: NoticeType
) -> None:
    topic = Topic()
    assert await min_side(topic, notice).send(sms(language)) == Sent()
    (record,) = topic.records
    sent = value(record)
    check(sent, NOTICE)
    # The example has what a library of NAV's adds about itself.
    assert names(sent) <= names(payload("minside_opprett_oppgave"))
    assert (sent["type"], sent["ident"], sent["varselId"]) == (
        notice,
        ANNE,
        DELIVERY,
    )
    assert sent["tekster"] == [
        {"spraakkode": language, "tekst": sms(language).message.text, "default": True}  # type: ignore[union-attr]
    ]
    assert sent["aktivFremTil"] == "2026-03-10T00:00:00Z"
    # No address of ours: NAV knows where its own people are reached.
    assert "90000001" not in (record.value or b"").decode()


async def test_a_repeat_is_the_same_notice_byte_for_byte() -> None:
    topic = Topic()
    for _ in range(2):
        await min_side(topic).send(sms())
    first, second = topic.records
    assert first == second


async def test_a_notice_is_taken_back_by_the_id_that_it_was_made_with() -> None:
    topic = Topic()
    channel = min_side(topic)
    assert channel.closes == {"sent", "delivered"}
    assert await channel.close(recall("done:held")) == Sent()
    sent = value(topic.records[0])
    example = payload("minside_inaktiver")
    assert sent == {"@event_name": "inaktiver", "varselId": DELIVERY, "produsent": PRODUCER}
    assert set(sent) == set(example) - {"metadata"}


async def test_somebody_without_a_national_number_is_reached_another_way() -> None:
    known = about()
    foreign = known.event.model_copy(update={"person_id": "an-opaque-id"})
    topic = Topic()
    failed = await min_side(topic).send(sms(of=replace(known, event=foreign)))
    assert failed == Failed(permanent=True, reason="no_national_number")
    assert topic.records == []


# --- what comes back ----------------------------------------------------------------------------------------


def event(**others: Any) -> Record:
    known = payload("minside_hendelse_ekstern_status_sendt") | {"varselId": DELIVERY}
    data = {name: content for name, content in (known | others).items() if content is not None}
    timestamp_ms = int(NOW.timestamp() * 1000)
    return Record(TOPIC, b"k", json.dumps(data).encode(), timestamp_ms=timestamp_ms)


def read(record: Record) -> object:
    decoded = reading(decode_inbound, namespace="team-demo", app_name="sykefravaer-notifier")(
        record
    )
    return decoded.message if isinstance(decoded, Envelope) else decoded


def test_an_sms_that_was_sent_is_a_receipt() -> None:
    assert read(event()) == DeliveryReceipt(delivery_id=DELIVERY, outcome="delivered", at=NOW)
    receipt = read(event(tidspunkt="2026-02-24T09:30:00.123+01:00"))
    assert isinstance(receipt, DeliveryReceipt)
    assert receipt.at == datetime(2026, 2, 24, 8, 30, 0, 123000, tzinfo=UTC)


def test_one_that_failed_has_failed_for_good_and_says_no_more() -> None:
    receipt = read(
        event(status="feilet", kanal=None, feilmelding="mottaker 14838511253 er reservert")
    )
    assert receipt == DeliveryReceipt(
        delivery_id=DELIVERY, outcome="failed", permanent=True, reason="minside:feilet", at=NOW
    )


@pytest.mark.parametrize(
    "others",
    [
        {"appnavn": "another"},
        {"namespace": "another"},
        {"status": "bestilt"},
        {"status": "venter"},
        {"status": ["sendt"]},
        {"@event_name": "opprettet"},
        {"varselId": "no id"},
        {"varselId": None},
    ],
)
def test_the_rest_of_the_topic_is_nobodys_dead_letter(others: dict[str, Any]) -> None:
    assert isinstance(read(event(**others)), IgnoredRecord)


@pytest.mark.parametrize("raw", [None, b"", b"null", b"[1]", b"\xff", b"{", b"[" * 100_000])
def test_bytes_that_nobody_understands_are_passed_by(raw: bytes | None) -> None:
    assert isinstance(read(Record(TOPIC, b"k", raw)), IgnoredRecord)


async def test_a_failed_sms_of_min_sides_goes_another_way(database_url: str) -> None:
    """contract 6.7: receipts from channels move deliveries on."""
    start = oslo("2026-02-24T09:00:00")
    decode = reading(decode_inbound, namespace="team-demo", app_name="sykefravaer-notifier")
    async with desk(database_url, start, decode=decode) as it:
        await it.receive_and_send(anne(), due(at=start))
        (sms,) = it.left("sms.requested")
        await it.notifier.handle([event(status="feilet", varselId=sms.data["delivery_id"])])
        await it.settle()
        assert [message.type for message in it.left()] == ["sms.requested", "email.requested"]


@pytest.mark.parametrize(
    "link",
    ["http://www.nav.no/", "https://nav.no.example.invalid/", "https://www.nav.no/" + "x" * 200],
)
def test_a_link_that_min_side_would_refuse_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    for name, text in (
        ("MINSIDE_LINK", link),
        ("NAIS_CLUSTER_NAME", "dev-gcp"),
        ("NAIS_NAMESPACE", "team-demo"),
        ("NAIS_APP_NAME", "app"),
    ):
        monkeypatch.setenv(name, text)
    with pytest.raises(InvalidSettings, match="MINSIDE_LINK: must be"):
        load_settings(MinSideSettings)
