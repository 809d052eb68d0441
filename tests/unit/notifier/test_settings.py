"""The notifier's settings: a transport that cannot work ends the start (contract 12)."""

from __future__ import annotations

import pytest

from schemas.inbound import NOTIFIER_TOPICS
from services.notifier.app import TOPICS
from services.notifier.channels.canonical import KafkaEmail
from services.notifier.channels.smtp import Smtp
from services.notifier.settings import NotifierSettings
from services.notifier.wiring.choosing import channels_for
from services.runtime.settings import InvalidSettings, load_settings
from tests.support.notifier_desk import Out

NEEDED = {
    "DATABASE_URL": "postgresql://notifier@127.0.0.1:1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "PSEUDONYM_KEY": "a key that is for these tests alone",
}
SMTP = {
    "EMAIL_TRANSPORT": "smtp",
    "SMTP_HOST": "mail.example.invalid",
    "SMTP_SENDER": "ikke-svar@example.invalid",
}


def settings(monkeypatch: pytest.MonkeyPatch, **env: str) -> NotifierSettings:
    for name, value in (NEEDED | env).items():
        monkeypatch.setenv(name, value)
    return load_settings(NotifierSettings)


def test_each_kind_has_one_channel_and_kafka_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = channels_for(settings(monkeypatch), Out())
    assert [channel.kind for channel in found] == ["sms", "email", "letter", "adviser_task"]
    assert isinstance(found[1], KafkaEmail)


def test_a_mail_server_takes_the_place_of_the_email_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    found = channels_for(settings(monkeypatch, **SMTP), Out())
    assert [channel.kind for channel in found] == ["sms", "email", "letter", "adviser_task"]
    assert isinstance(found[1], Smtp)


@pytest.mark.parametrize(
    ("env", "fault"),
    [
        ({"EMAIL_TRANSPORT": "smtp"}, "EMAIL_TRANSPORT=smtp needs SMTP_HOST and SMTP_SENDER"),
        ({**SMTP, "SMTP_SENDER": "two@example.invalid, others"}, "SMTP_SENDER: must be one"),
        ({**SMTP, "SMTP_USERNAME": "u"}, "SMTP_USERNAME and SMTP_PASSWORD go together"),
        (
            {**SMTP, "SMTP_TLS": "none", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "secret-word"},
            "SMTP_PASSWORD is never sent without TLS",
        ),
        ({"SMS_TRANSPORT": "pigeon"}, "SMS_TRANSPORT"),
        ({"CHANNEL_CEILING_PER_HOUR": "0"}, "CHANNEL_CEILING_PER_HOUR"),
        ({"SENDER_NAME": " Nav"}, "SENDER_NAME: is empty, or begins or ends with a space"),
        ({"LOGIN_PLACE": "www.nav.no"}, "LOGIN_PLACE: has link-like text"),
        ({"LOGIN_PLACE_EMPLOYER": "A" * 61}, "LOGIN_PLACE_EMPLOYER: has 61 characters"),
    ],
)
def test_what_cannot_work_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], fault: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        settings(monkeypatch, **env)
    assert fault in str(refused.value)
    assert not any(secret in str(refused.value) for secret in ("secret-word", "others", "pigeon"))


def test_mail_in_the_clear_is_a_weakness(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = settings(monkeypatch, **SMTP, SMTP_TLS="none").weaknesses()
    assert "SMTP_TLS=none sends mail in the clear" in weak


def test_every_topic_that_is_read_has_a_place_for_its_dead_letters() -> None:
    """contract 8, 10."""
    for topic in NOTIFIER_TOPICS:
        own = topic in TOPICS
        assert (f"{topic}.dead" if own else f"stoppunkt.dead.{topic}") in TOPICS
    assert dict(TOPICS["stoppunkt.contacts.v1"].configs) == {"cleanup.policy": "compact"}
    assert TOPICS["stoppunkt.follow-up.v1"].configs["retention.ms"] == "-1"
    assert TOPICS["stoppunkt.sms.v1"].configs["retention.ms"] == "2592000000"
