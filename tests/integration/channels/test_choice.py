"""A transport is chosen by a setting, and its own variables are read where it is chosen (contract 6.10, 12)."""

from __future__ import annotations

import tempfile
from datetime import datetime

import pytest

from schemas.inbound import decode_inbound
from schemas.wire import IgnoredRecord, Record
from services.notifier.channels.altinn import Altinn
from services.notifier.channels.canonical import KafkaEmail
from services.notifier.channels.fager import Fager
from services.notifier.channels.http_sms import HttpSms
from services.notifier.channels.letter_folder import LetterFolder
from services.notifier.channels.minside import MinSide
from services.notifier.channels.oppgave import Oppgave
from services.notifier.channels.smtp import Smtp, SmtpServer
from services.notifier.domain.delivery import Sent
from services.notifier.gateways.transport import ChannelParts
from services.notifier.settings import NotifierSettings
from services.notifier.texts_folder import load_texts
from services.notifier.transports import TRANSPORTS
from services.notifier.wiring.asked_first import AskedFirst
from services.notifier.wiring.by_side import BySide
from services.notifier.wiring.choosing import channels_for, receipt_reading, receipt_topics
from services.runtime.clock import TurnedClock
from services.runtime.settings import InvalidSettings, load_settings
from tests.support.channel_server import NOW, Known, Lifetime, about, email, recall
from tests.support.notifier_desk import KAFE, Out

NEEDED = {
    "DATABASE_URL": "postgresql://notifier@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "PSEUDONYM_KEY": "a key that is for these tests alone",
}
VARIABLES: dict[tuple[str, str], dict[str, str]] = {
    ("sms", "http"): {"SMS_GATEWAY_URL": "https://sms.invalid", "SMS_GATEWAY_TOKEN": "a-secret"},
    ("sms", "minside"): {
        "MINSIDE_LINK": "https://www.nav.no/syk",
        "NAIS_CLUSTER_NAME": "dev-gcp",
        "NAIS_NAMESPACE": "team-demo",
        "NAIS_APP_NAME": "stoppunkt",
    },
    ("sms", "altinn"): {"ALTINN_URL": "https://altinn.invalid", "ALTINN_TOKEN": "a-secret"},
    ("email", "altinn"): {"ALTINN_URL": "https://altinn.invalid"},
    ("employer", "fager"): {
        "FAGER_URL": "https://fager.invalid",
        "FAGER_LABEL": "Oppfølging",
        "FAGER_RESOURCE_ID": "nav_syfo_dialogmote",
        "FAGER_LINK_URL": "https://www.nav.no/arbeidsgiver/sykmeldte",
    },
    ("letter", "folder"): {"LETTER_FOLDER": tempfile.gettempdir()},
    ("adviser_task", "oppgave"): {
        "OPPGAVE_URL": "https://oppgave.invalid",
        "OPPGAVE_TEMA": "SYM",
        "OPPGAVE_TYPE": "BEH_EL_SYM",
    },
}
CLASSES: dict[tuple[str, str], type] = {
    ("sms", "http"): HttpSms,
    ("sms", "minside"): MinSide,
    ("sms", "altinn"): Altinn,
    ("email", "altinn"): Altinn,
    ("employer", "fager"): BySide,
    ("letter", "folder"): LetterFolder,
    ("adviser_task", "oppgave"): Oppgave,
}
KINDS = ["sms", "email", "letter", "adviser_task"]


def settings(monkeypatch: pytest.MonkeyPatch, **env: str) -> NotifierSettings:
    for name, value in (NEEDED | env).items():
        monkeypatch.setenv(name, value)
    return load_settings(NotifierSettings)


def parts(life: Lifetime | None = None) -> ChannelParts:
    return ChannelParts(Out(), TurnedClock(NOW), Known(), load_texts(), life=life)


def test_every_transport_is_in_these_tests() -> None:
    assert (
        {(transport.slot, transport.name) for transport in TRANSPORTS}
        == set(VARIABLES)
        == set(CLASSES)
    )


@pytest.mark.parametrize("which", sorted(VARIABLES))
async def test_a_transport_takes_the_place_of_the_topic(
    monkeypatch: pytest.MonkeyPatch, which: tuple[str, str]
) -> None:
    """And what it opens is closed with the service."""
    slot, name = which
    chosen = settings(monkeypatch, **{f"{slot.upper()}_TRANSPORT": name}, **VARIABLES[which])
    life = Lifetime()
    found = channels_for(chosen, Out(), parts(life))
    assert [channel.kind for channel in found] == KINDS
    place = KINDS.index("email" if slot == "employer" else slot)
    assert isinstance(found[place], CLASSES[which])
    assert len(life.closes) == (0 if name in ("minside", "folder") else 1)
    await life.stop()
    assert chosen.weaknesses() == []


@pytest.mark.parametrize("which", sorted(VARIABLES))
def test_a_transport_without_its_variables_ends_the_start_and_names_them(
    monkeypatch: pytest.MonkeyPatch, which: tuple[str, str]
) -> None:
    slot, name = which
    with pytest.raises(InvalidSettings) as refused:
        settings(monkeypatch, **{f"{slot.upper()}_TRANSPORT": name})
    required = {name for name in VARIABLES[which] if not name.endswith("_TOKEN")}
    assert {line.partition(":")[0] for line in str(refused.value).splitlines()} == required


@pytest.mark.parametrize("slot", ["SMS", "EMAIL", "LETTER", "EMPLOYER", "ADVISER_TASK"])
def test_a_transport_that_nobody_built_is_refused(
    monkeypatch: pytest.MonkeyPatch, slot: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"^{slot}_TRANSPORT: must be one of "):
        settings(monkeypatch, **{f"{slot}_TRANSPORT": "pigeon"})


def test_where_nobody_may_be_called_nothing_that_calls_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = settings(monkeypatch, SMS_TRANSPORT="http", **VARIABLES["sms", "http"])
    with pytest.raises(ValueError, match="nobody gave them the means"):
        channels_for(chosen, Out())


def test_an_address_without_tls_is_a_weakness_and_a_token_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = {"SMS_GATEWAY_URL": "http://sms.invalid", "SMS_GATEWAY_TOKEN": "a-secret-word"}
    registers = {"CONTACT_REGISTER": "krr", "KRR_URL": "http://krr.invalid"}
    chosen = settings(monkeypatch, SMS_TRANSPORT="http", **variables, **registers)
    assert {
        "SMS_GATEWAY_URL carries personal data without TLS",
        "KRR_URL carries personal data without TLS",
    } <= set(chosen.weaknesses())
    shown = (
        f"{chosen!r} {[transport.load() for transport in TRANSPORTS if transport.name == 'http']}"
    )
    assert "a-secret-word" not in shown


async def test_registers_are_asked_by_whatever_sends_to_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    env = {
        "CONTACT_REGISTER": "krr",
        "KRR_URL": "https://krr.invalid",
        "LINE_MANAGER_REGISTER": "nav",
        "LINE_MANAGERS_URL": "https://managers.invalid",
        "EMPLOYER_TRANSPORT": "fager",
        **VARIABLES["employer", "fager"],
    }
    life = Lifetime()
    sms, by_side, letter, task = channels_for(settings(monkeypatch, **env), Out(), parts(life))
    assert isinstance(sms, AskedFirst)
    assert isinstance(by_side, BySide)
    assert isinstance(by_side._to_employee, AskedFirst)
    assert isinstance(by_side._to_employer, Fager)
    assert by_side._to_employer._managers is not None
    assert not isinstance(letter, AskedFirst)
    assert not isinstance(task, AskedFirst)
    assert len(life.closes) == 3
    await life.stop()


@pytest.mark.parametrize("register", ["CONTACT_REGISTER", "LINE_MANAGER_REGISTER"])
def test_a_register_without_its_address_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, register: str
) -> None:
    name, variable = {
        "CONTACT_REGISTER": ("krr", "KRR_URL"),
        "LINE_MANAGER_REGISTER": ("nav", "LINE_MANAGERS_URL"),
    }[register]
    with pytest.raises(InvalidSettings, match=variable):
        settings(monkeypatch, **{register: name})


async def test_each_side_gets_its_own_channel_for_sending_and_for_closing() -> None:
    employees, employers = Out(), Out()
    for role, out in (("employee", employees), ("line_manager", employers)):
        of = about(role, "email", org_number=KAFE)  # type: ignore[arg-type]
        both = BySide(to_employee=KafkaEmail(employees), to_employer=KafkaEmail(employers))
        assert both.closes == {"sent"}
        assert await both.send(email(of=of)) == Sent()
        assert await both.close(recall(of=of)) == Sent()
        assert len(out.records) == 2


def test_two_sides_that_cannot_take_back_the_same_do_not_go_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mail is out for good, and saying that it was closed would be false."""
    mail = Smtp(SmtpServer("127.0.0.1", 25, "a@example.invalid", tls="none"))
    with pytest.raises(ValueError, match="take back the same"):
        BySide(to_employee=mail, to_employer=KafkaEmail(Out()))
    with pytest.raises(InvalidSettings, match="EMAIL_TRANSPORT that can take back"):
        settings(
            monkeypatch,
            EMAIL_TRANSPORT="smtp",
            SMTP_HOST="mail.example.invalid",
            SMTP_SENDER="a@example.invalid",
            EMPLOYER_TRANSPORT="fager",
            **VARIABLES["employer", "fager"],
        )


def test_min_sides_events_are_read_where_min_side_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert receipt_topics(settings(monkeypatch)) == ()
    chosen = settings(monkeypatch, SMS_TRANSPORT="minside", **VARIABLES["sms", "minside"])
    (topic,) = receipt_topics(chosen)
    decode = receipt_reading(chosen, decode_inbound)
    at_ms = int(datetime.timestamp(NOW) * 1000)
    read = decode(Record(topic, b"k", b'{"namespace": "another"}', timestamp_ms=at_ms))
    assert isinstance(read, IgnoredRecord)
    assert read.reason == "Another team's notice."
    assert decode(Record("no.such.topic", b"k", b"x")) == decode_inbound(
        Record("no.such.topic", b"k", b"x")
    )
