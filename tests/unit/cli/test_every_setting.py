"""Every variable of both services has a value that cannot be used, and a sentence of ours for it (contract 12)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from services.cli.access.environment import OperatorSettings
from services.cli.commands.settings import variables
from services.cli.fold import PUBLIC_PSEUDONYM_KEY
from services.notifier.registers.krr import KrrSettings
from services.notifier.registers.line_managers import LineManagerSettings
from services.notifier.settings import NotifierSettings
from services.notifier.transports import TRANSPORTS
from services.runtime.settings import InvalidSettings, load_settings
from services.scheduler.settings import SchedulerSettings
from tests.support.paths import TESTS

KINDS: tuple[type[BaseSettings], ...] = (
    SchedulerSettings,
    NotifierSettings,
    OperatorSettings,
    KrrSettings,
    LineManagerSettings,
    *dict.fromkeys(transport.settings for transport in TRANSPORTS),
)
TLS = TESTS / "tls"
PEM = TLS / "localhost.pem"
USABLE = {
    "DATABASE_URL": "postgresql://role:hemmelig@db:5432/stoppunkt",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "PSEUDONYM_KEY": "a key that is for these tests alone",
    "SMS_GATEWAY_URL": "https://sms.example.invalid/api",
    "KRR_URL": "https://krr.example.invalid",
    "LINE_MANAGERS_URL": "https://managers.example.invalid",
    "ALTINN_URL": "https://altinn.example.invalid",
    "FAGER_URL": "https://fager.example.invalid",
    "FAGER_LABEL": "label",
    "FAGER_RESOURCE_ID": "resource",
    "FAGER_LINK_URL": "https://arbeidsgiver.nav.no",
    "OPPGAVE_URL": "https://oppgave.example.invalid",
    "OPPGAVE_TEMA": "OPP",
    "OPPGAVE_TYPE": "VUR",
    "LETTER_FOLDER": "/letters",
    "MINSIDE_LINK": "https://www.nav.no/min-side",
    "NAIS_CLUSTER_NAME": "dev",
    "NAIS_NAMESPACE": "team",
    "NAIS_APP_NAME": "notifier",
}
ADDRESS = "must be http(s)://host:port/path, with a port from 1 to 65535, no user and no query"
HOST = "must be the name or the address of a host, and nothing else"
TOKEN = "must have letters, digits and signs of ASCII only, and no blank or line break"
SHORT_RETENTION = (
    "advisers are shown the cases of the last 36 months, and what is forgotten never comes back"
)
FOLDER = "names a file that cannot be read (IsADirectoryError)"
UNUSABLE: dict[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(
        ("DATABASE_URL", "NOTIFIER_DATABASE_URL"),
        (
            ("mysql://root:hemmelig@db/x", "must be postgresql://… with the name of a database"),
            ("postgresql://u:hemmelig@db", "must be postgresql://… with the name of a database"),
            ("postgresql://u:hemmelig@db:65536/x", "must have a port from 1 to 65535"),
            ("postgresql://u:hemmelig@db:hemmelig/x", "must have a port from 1 to 65535"),
            ("postgresql://u:hemmelig@d b/x", "must have the name or the address of a host"),
            (
                "postgresql://u:hemmelig@db/x?sslmode=verify-full&sslrootcert=/no/ca.pem",
                "names in sslrootcert a file that is not there",
            ),
        ),
    ),
    "KAFKA_BOOTSTRAP_SERVERS": (
        ("kafka", "must be host:port, separated by commas"),
        ("kafka:9092,", "must be host:port, separated by commas"),
        ("PLAINTEXT://kafka:9092", "must be host:port, separated by commas"),
        ("kafka:9092,other:0", "must have ports from 1 to 65535"),
        ("kafka:65536", "must have ports from 1 to 65535"),
    ),
    "KAFKA_IDEMPOTENCE": (("perhaps", "must be true or false"),),
    "KAFKA_SECURITY_PROTOCOL": (
        ("TLS", "must be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
    ),
    "KAFKA_CA_PATH": (
        ("/no/such/ca.pem", "names a file that is not there"),
        (str(TESTS), FOLDER),
        (__file__, "names a file without a certificate in PEM form"),
    ),
    "KAFKA_CERTIFICATE_PATH": (
        ("/no/such/cert.pem", "names a file that is not there"),
        (__file__, "names a file without a certificate in PEM form"),
    ),
    "KAFKA_PRIVATE_KEY_PATH": (("/no/such/key.pem", "names a file that is not there"),),
    "KAFKA_SASL_MECHANISM": (("GSSAPI", "must be 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'"),),
    "TOPIC_PREFIX": (
        ("hemmelig/", "may have letters, digits, '.', '_' and '-' only, at most 100"),
    ),
    "PSEUDONYM_KEY": (
        ("hemmelig", "must have 32 characters or more"),
        ("k" * 64, "is too easily guessed; make one with `openssl rand -hex 32`"),
        ("hemmeli" * 5, "is too easily guessed; make one with `openssl rand -hex 32`"),
        (
            "change-me-change-me-change-me-change-me",
            "is an example's; make one with `openssl rand -hex 32`",
        ),
        (PUBLIC_PSEUDONYM_KEY, "is an example's; make one with `openssl rand -hex 32`"),
    ),
    "RETENTION_MONTHS": (
        ("36", f"must be 37 or more: {SHORT_RETENTION}"),
        ("-37", f"must be 37 or more: {SHORT_RETENTION}"),
        ("three years", "must be a whole number"),
        ("1201", "must be 1200 or less"),
    ),
    "CLOCK_OFFSET_SECONDS": (
        ("soon", "must be a number"),
        ("nan", "must be 3162240000 or less"),
        ("-4e9", "must be -3162240000 or more"),
    ),
    "SCHEMA_REGISTRY_URL": (
        ("registry:8081", ADDRESS),
        ("https://u:hemmelig@registry", ADDRESS),
        ("http://registry:70000", ADDRESS),
        ("http://registry /", ADDRESS),
        ("http://a..b", "must have the name or the address of a host after http(s)://"),
    ),
    "LOG_LEVEL": (("LOUD", "must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),),
    "LOG_FORM": (("xml", "must be 'json' or 'console'"),),
    "HEALTH_HOST": (("http://hemmelig", HOST), ("1.2.3.400", HOST)),
    "HEALTH_PORT": (
        ("http", "must be a whole number"),
        ("80.5", "must be a whole number"),
        ("-1", "must be 0 or more"),
        ("65536", "must be 65535 or less"),
    ),
    "GRACEFUL_TIMEOUT_SECONDS": (
        ("0", "must be more than 0"),
        ("nan", "must be 300 or less"),
        ("301", "must be 300 or less"),
    ),
    "OPERATOR_TOKEN": (
        ("hemmelig", "must have 32 characters or more"),
        ("hemmelig, but with many blanks in it", TOKEN),
    ),
    "SENDER_NAME": (
        ("Nav ", "is empty, or begins or ends with a space"),
        ("N" * 61, "has 61 characters, and 60 are allowed"),
    ),
    "LOGIN_PLACE": (
        ("www.nav.no", "has link-like text"),
        ("Min\nside", "has a control character"),
    ),
    "LOGIN_PLACE_EMPLOYER": (
        ("ring 55 55 33 33", "has digits that may be a person, an employer or a phone"),
    ),
    "SMS_TRANSPORT": (("pigeon", "must be one of kafka, http, minside, altinn"),),
    "EMAIL_TRANSPORT": (("pigeon", "must be one of kafka, smtp, altinn"),),
    "EMPLOYER_TRANSPORT": (("pigeon", "must be one of email, fager"),),
    "LETTER_TRANSPORT": (("pigeon", "must be one of kafka, folder"),),
    "ADVISER_TASK_TRANSPORT": (("pigeon", "must be one of kafka, oppgave"),),
    "CONTACT_REGISTER": (("paper", "must be 'kafka' or 'krr'"),),
    "LINE_MANAGER_REGISTER": (("paper", "must be 'kafka' or 'nav'"),),
    "SMTP_HOST": (("smtp://mail", HOST), ("mail:25", HOST), ("mail server", HOST)),
    "SMTP_PORT": (("0", "must be 1 or more"), ("65536", "must be 65535 or less")),
    "SMTP_TLS": (("ssl", "must be 'tls', 'starttls' or 'none'"),),
    "SMTP_CA_PATH": (
        ("/no/such/ca.pem", "names a file that is not there"),
        (__file__, "names a file without a certificate in PEM form"),
    ),
    "SMTP_SENDER": (("nobody", "must be one e-mail address"),),
    "SPECIAL_OFFICE": (("the special one", "must be the number of an office"),),
    "CONTACT_INTERVAL_HOURS": (
        ("-1", "must be 0 or more"),
        ("1e300", "must be 8784 or less"),
    ),
    "CHANNEL_CEILING_PER_HOUR": (("0", "must be 1 or more"),),
    **dict.fromkeys(
        ("SMS_GATEWAY_URL", "KRR_URL", "LINE_MANAGERS_URL", "ALTINN_URL", "OPPGAVE_URL"),
        (("gateway", ADDRESS), ("https://u:hemmelig@gateway", ADDRESS)),
    ),
    **dict.fromkeys(
        ("ALTINN_CONDITION_URL", "FAGER_URL", "FAGER_LINK_URL"),
        (("ftp://gateway", ADDRESS), ("https://gateway:0", ADDRESS)),
    ),
    **dict.fromkeys(
        (
            "SMS_GATEWAY_TOKEN",
            "KRR_TOKEN",
            "LINE_MANAGERS_TOKEN",
            "ALTINN_TOKEN",
            "FAGER_TOKEN",
            "OPPGAVE_TOKEN",
        ),
        (("hemmelig\n", TOKEN), ("hemmelig æ", TOKEN)),
    ),
    "SMS_SENDER": (("twelve signs", "must have 11 characters or fewer"),),
    "ALTINN_SMS_SENDER": (("twelve signs", "must have 11 characters or fewer"),),
    "ALTINN_EMAIL_SENDER": (("nobody", "must be one e-mail address"),),
    "ALTINN_CONDITION_HOST": (("http://here", HOST),),
    "ALTINN_CONDITION_PORT": (("65536", "must be 65535 or less"),),
    "ALTINN_REMINDER_DAYS": (("31", "must be 30 or less"), ("a week", "must be a whole number")),
    "OPPGAVE_TEMA": (("TO", "must have 3 characters or more"),),
    "OPPGAVE_TYPE": (("T" * 21, "must have 20 characters or fewer"),),
    "OPPGAVE_BEHANDLINGSTYPE": (("T" * 8, "must have 7 characters or fewer"),),
    "OPPGAVE_BEHANDLES_AV": (("T" * 41, "must have 40 characters or fewer"),),
    "MINSIDE_LINK": (
        ("https://nav.no.example.invalid", "must be https, on nav.no, at most 200 characters"),
        ("https://[nav.no", "must be https, on nav.no, at most 200 characters"),
    ),
    "MINSIDE_NOTICE": (("letter", "must be 'oppgave' or 'beskjed'"),),
}
ANY_TEXT = {
    # What a server over there makes of them, it alone knows.
    *("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "SMTP_USERNAME", "SMTP_PASSWORD"),
    *("FAGER_LABEL", "FAGER_RESOURCE_ID"),
    *("NAIS_CLUSTER_NAME", "NAIS_NAMESPACE", "NAIS_APP_NAME"),
    "LETTER_FOLDER",  # looked at when the notifier starts: tests/integration/channels/test_letter_folder.py
    "RULEBOOK",  # read when the scheduler starts: tests/integration/cli/test_refused_starts.py
}
NAMES_SOMETHING = (
    "_URL",
    "_PATH",
    "_HOST",
    "_PORT",
    "_SERVERS",
    "_KEY",
    "_TOKEN",
    "_LINK",
    "_SENDER",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in variables():
        monkeypatch.delenv(variable.name, raising=False)
    for name, value in USABLE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_every_variable_is_in_this_table() -> None:
    names = {variable.name for variable in variables()}
    assert names == UNUSABLE.keys() | ANY_TEXT
    assert not UNUSABLE.keys() & ANY_TEXT
    assert not [name for name in ANY_TEXT if name.endswith(NAMES_SOMETHING)]


CASES = [(name, value, words) for name, pairs in UNUSABLE.items() for value, words in pairs]


@pytest.mark.parametrize(("name", "value", "words"), CASES)
def test_what_cannot_be_used_is_refused_in_our_own_words(
    name: str, value: str, words: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    of = [kind for kind in KINDS if name.lower() in kind.model_fields]
    assert of
    for kind in of:
        with pytest.raises(InvalidSettings) as caught:
            load_settings(kind)
        assert str(caught.value) == f"{name}: {words}."
        # Nor may the cause, which a traceback would print.
        assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_given_is_named(
    kind: type[BaseSettings], environment: pytest.MonkeyPatch
) -> None:
    required = [name.upper() for name, field in kind.model_fields.items() if field.is_required()]
    for name in required:
        environment.delenv(name)
    if required:
        with pytest.raises(InvalidSettings) as caught:
            load_settings(kind)
        assert str(caught.value).splitlines() == [f"{name}: is not given." for name in required]


def test_what_can_be_used_is_taken(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_CA_PATH", str(PEM))
    environment.setenv("KAFKA_CERTIFICATE_PATH", str(PEM))
    environment.setenv("KAFKA_PRIVATE_KEY_PATH", str(PEM))
    environment.setenv("SCHEMA_REGISTRY_URL", "http://registry_1.svc:8081/")
    environment.setenv("OPERATOR_TOKEN", "a-token-that-is-for-these-tests-alone")
    for name, value in (
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9092, [::1]:9093,10.0.0.1:65535"),
        ("DATABASE_URL", "postgresql://role:p%40ss@db-1:5432,db-2/stoppunkt?sslmode=require"),
        ("HEALTH_HOST", "0.0.0.0"),  # noqa: S104 - as the image sets it
    ):
        environment.setenv(name, value)
    settings = load_settings(SchedulerSettings)
    assert settings.schema_registry_url == "http://registry_1.svc:8081"
    assert settings.kafka_bootstrap_servers == "kafka-1:9092,[::1]:9093,10.0.0.1:65535"
    environment.setenv("DATABASE_URL", "postgresql:///stoppunkt?host=/var/run/postgresql")
    load_settings(SchedulerSettings)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (TLS / "another-key.pem", "is not the key of the certificate"),
        (TLS / "encrypted-key.pem", "names an encrypted key, and its password cannot be given"),
        (__file__, "names a file without a private key in PEM form"),
    ],
)
def test_a_private_key_belongs_to_its_certificate(
    file: Path | str, words: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("KAFKA_CERTIFICATE_PATH", str(PEM))
    environment.setenv("KAFKA_PRIVATE_KEY_PATH", str(file))
    with pytest.raises(InvalidSettings) as caught:
        load_settings(SchedulerSettings)
    assert str(caught.value) == f"KAFKA_PRIVATE_KEY_PATH: {words}."
