"""Settings say which variable is wrong and never what was in it (contract 12, 14.1)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.runtime.settings import InvalidSettings, ServiceSettings, load_settings

GOOD = {
    "DATABASE_URL": "postgresql://scheduler:hemmelig-ord@127.0.0.1:5432/stoppunkt",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "PSEUDONYM_KEY": "a key that is for these tests alone",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for field in ServiceSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_three_variables_are_enough(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(ServiceSettings)
    assert settings.kafka_idempotence is True
    assert settings.topic_prefix == ""
    assert settings.clock_offset_seconds == 0
    assert settings.weaknesses() == []


def test_an_empty_variable_counts_as_not_given(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CLOCK_OFFSET_SECONDS", "")
    assert load_settings(ServiceSettings).clock_offset_seconds == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://root:hemmelig-ord@db/x"),
        ("DATABASE_URL", "postgresql://root:hemmelig-ord@db"),
        ("KAFKA_BOOTSTRAP_SERVERS", "hemmelig-ord"),
        ("KAFKA_IDEMPOTENCE", "hemmelig-ord"),
        ("KAFKA_SECURITY_PROTOCOL", "hemmelig-ord"),
        ("TOPIC_PREFIX", "hemmelig ord/"),
        ("CLOCK_OFFSET_SECONDS", "hemmelig-ord"),
        ("LOG_LEVEL", "hemmelig-ord"),
        ("HEALTH_PORT", "hemmelig-ord"),
        ("GRACEFUL_TIMEOUT_SECONDS", "-3"),
    ],
)
def test_a_fault_names_its_variable_and_not_its_value(
    environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(InvalidSettings) as caught:
        load_settings(ServiceSettings)
    assert str(caught.value).startswith(variable + ": ")
    assert "hemmelig" not in str(caught.value)
    # Nor may the cause, which a traceback would print.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_every_fault_has_its_line(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    environment.setenv("PSEUDONYM_KEY", "   ")
    with pytest.raises(InvalidSettings) as caught:
        load_settings(ServiceSettings)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "DATABASE_URL",
        "PSEUDONYM_KEY",
    ]


def test_sasl_without_a_name_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(InvalidSettings, match="KAFKA_SASL_USERNAME"):
        load_settings(ServiceSettings)


def test_health_data_in_the_clear_is_said_aloud(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092,broker.example.invalid:9092")
    assert load_settings(ServiceSettings).weaknesses() == [
        "KAFKA_SECURITY_PROTOCOL sends health data to another host in the clear"
    ]


def test_no_secret_is_in_what_a_settings_object_shows(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PSEUDONYM_KEY", "hemmelig-nøkkel-" * 4)
    settings = load_settings(ServiceSettings)
    assert "hemmelig" not in repr(settings) + str(settings) + str(settings.model_dump())


def test_settings_do_not_change_after_the_start(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(ServiceSettings)
    with pytest.raises(ValidationError):
        settings.__setattr__("topic_prefix", "other.")
