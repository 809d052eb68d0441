"""Which channel serves each kind, by the settings: transports, sides, and the registers that are asked first."""

from __future__ import annotations

from dataclasses import replace

from services.notifier.channels.canonical import (
    KafkaAdviserTask,
    KafkaEmail,
    KafkaLetter,
    KafkaSms,
)
from services.notifier.channels.smtp import Smtp, SmtpServer
from services.notifier.gateways.client import ONE_OF_SEVERAL_SECONDS, static_token
from services.notifier.gateways.transport import ChannelParts, Decode
from services.notifier.ports import Channel, ContactRegister, ManagerRegister
from services.notifier.registers.krr import KrrRegister, KrrSettings
from services.notifier.registers.line_managers import LineManagerRegister, LineManagerSettings
from services.notifier.settings import NotifierSettings
from services.notifier.transports import chosen
from services.notifier.wiring.asked_first import AskedFirst
from services.notifier.wiring.by_side import BySide
from services.records.relay import Publish
from services.runtime.settings import load_settings

Channels = dict[tuple[str, str], Channel]
"""By slot and name of their transport."""


def channels_for(
    settings: NotifierSettings, publisher: Publish, parts: ChannelParts | None = None
) -> list[Channel]:
    """One channel for each kind, by the transports that the settings name.

    Raises ValueError where parts are needed and there are none: a replay never calls anybody.
    """
    channels = _own_channels(settings, publisher)
    contacts: ContactRegister | None = None
    managers: ManagerRegister | None = None
    calls_somebody = {settings.contact_register, settings.line_manager_register} != {"kafka"}
    if calls_somebody or chosen(settings.transports):
        if parts is None:
            raise ValueError("these transports call somebody, and nobody gave them the means")
        contacts = _contact_register(settings, parts)
        managers = _manager_register(settings, parts)
        channels |= _others_channels(settings, replace(parts, managers=managers))
    return _assembled(settings, channels, contacts, managers)


def check_transports(settings: NotifierSettings) -> None:
    """Raises InvalidSettings where a chosen transport could not work with what it finds on this machine."""
    for transport in chosen(settings.transports).values():
        if transport.check is not None:
            transport.check(transport.load(), settings.sender)


def receipt_topics(settings: NotifierSettings) -> tuple[str, ...]:
    """Other teams' topics on which the chosen channels hear what became of their messages."""
    transports = chosen(settings.transports).values()
    return tuple(topic for transport in transports for topic in transport.topics)


def receipt_reading(settings: NotifierSettings, decode: Decode) -> Decode:
    """`decode`, which also reads those topics."""
    for transport in chosen(settings.transports).values():
        if transport.reading is not None:
            decode = transport.reading(transport.load(), decode)
    return decode


def _own_channels(settings: NotifierSettings, publisher: Publish) -> Channels:
    """Our own topics and the mail server: they need no variables but the notifier's, and no parts."""
    channels: Channels = {
        ("sms", "kafka"): KafkaSms(publisher),
        ("email", "kafka"): KafkaEmail(publisher),
        ("letter", "kafka"): KafkaLetter(publisher),
        ("adviser_task", "kafka"): KafkaAdviserTask(publisher),
    }
    if settings.email_transport == "smtp":
        channels["email", "smtp"] = Smtp(_smtp_server(settings))
    return channels


def _others_channels(settings: NotifierSettings, parts: ChannelParts) -> Channels:
    return {
        (slot, transport.name): transport.build(transport.load(), parts)
        for slot, transport in chosen(settings.transports).items()
    }


def _assembled(
    settings: NotifierSettings,
    channels: Channels,
    contacts: ContactRegister | None,
    managers: ManagerRegister | None,
) -> list[Channel]:
    def asked_first(slot: str, name: str) -> Channel:
        channel = channels[slot, name]
        if contacts is None and managers is None:
            return channel
        return AskedFirst(channel, contacts=contacts, managers=managers)

    email = asked_first("email", settings.email_transport)
    if settings.employer_transport != "email":
        # It asks for the line manager by itself, because its message names the manager's number too.
        to_employer = channels["employer", settings.employer_transport]
        email = BySide(to_employee=email, to_employer=to_employer)
    return [
        asked_first("sms", settings.sms_transport),
        email,
        channels["letter", settings.letter_transport],
        channels["adviser_task", settings.adviser_task_transport],
    ]


def _contact_register(settings: NotifierSettings, parts: ChannelParts) -> ContactRegister | None:
    if settings.contact_register != "krr":
        return None
    krr = load_settings(KrrSettings)
    token = static_token(krr.krr_token)
    return KrrRegister(
        parts.gateway("krr", krr.krr_url, token, timeout_seconds=ONE_OF_SEVERAL_SECONDS)
    )


def _manager_register(settings: NotifierSettings, parts: ChannelParts) -> ManagerRegister | None:
    if settings.line_manager_register != "nav":
        return None
    nav = load_settings(LineManagerSettings)
    token = static_token(nav.line_managers_token)
    return LineManagerRegister(
        parts.gateway(
            "managers", nav.line_managers_url, token, timeout_seconds=ONE_OF_SEVERAL_SECONDS
        )
    )


def _smtp_server(settings: NotifierSettings) -> SmtpServer:
    if settings.smtp_host is None or settings.smtp_sender is None:
        raise ValueError("SMTP needs a host and a sender")  # the settings have checked it
    password = settings.smtp_password
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        tls=settings.smtp_tls,
        ca_path=settings.smtp_ca_path,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
    )
