"""Which channel serves each kind, by the settings: transports, sides, and the registers that are asked first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from services.notifier.channels.gateway import ONE_OF_SEVERAL_SECONDS, static_token
from services.notifier.channels.parts import Parts
from services.notifier.channels.wiring.asked_first import AskedFirst
from services.notifier.channels.wiring.by_side import BySide
from services.notifier.channels.wiring.transports import Decode, chosen
from services.notifier.ports import Channel
from services.notifier.registers.krr import KrrRegister, KrrSettings
from services.notifier.registers.line_managers import LineManagerRegister, LineManagerSettings
from services.notifier.settings import NotifierSettings
from services.runtime.settings import load_settings


def choose(
    settings: NotifierSettings, known: Mapping[tuple[str, str], Channel], parts: Parts | None
) -> list[Channel]:
    """One channel for each kind. `known` are those that need no parts, by slot and name.

    Raises ValueError where parts are needed and there are none: a replay never calls anybody.
    """
    extra = chosen(settings.transports)
    registers = {settings.contact_register, settings.line_manager_register}
    if extra or registers != {"kafka"}:
        if parts is None:
            raise ValueError("these transports call somebody, and nobody gave them the means")
        return _with_parts(settings, known, parts)
    return [known[slot, name] for slot, name in settings.transports if slot != "employer"]


def _with_parts(
    settings: NotifierSettings, known: Mapping[tuple[str, str], Channel], parts: Parts
) -> list[Channel]:
    look_up = partial(parts.gateway, timeout_seconds=ONE_OF_SEVERAL_SECONDS)
    contacts = managers = None
    if settings.contact_register == "krr":
        krr = load_settings(KrrSettings)
        contacts = KrrRegister(look_up("krr", krr.krr_url, static_token(krr.krr_token)))
    if settings.line_manager_register == "nav":
        nav = load_settings(LineManagerSettings)
        token = static_token(nav.line_managers_token)
        managers = LineManagerRegister(look_up("managers", nav.line_managers_url, token))
    parts = replace(parts, managers=managers)
    extra = chosen(settings.transports)
    made: dict[tuple[str, str], Channel] = {
        (slot, each.name): each.build(each.load(), parts) for slot, each in extra.items()
    }

    def asked(slot: str, name: str) -> Channel:
        channel = known[slot, name] if (slot, name) in known else made[slot, name]
        if contacts is None and managers is None:
            return channel
        return AskedFirst(channel, parts.deliveries, contacts=contacts, managers=managers)

    email = asked("email", settings.email_transport)
    if "employer" in extra:
        # It asks for the line manager by itself, for it wants the manager's number too.
        employer = made["employer", settings.employer_transport]
        email = BySide(parts.deliveries, to_employee=email, to_employer=employer)
    task = ("adviser_task", settings.adviser_task_transport)
    return [
        asked("sms", settings.sms_transport),
        email,
        known["letter", settings.letter_transport],
        known[task] if task in known else made[task],
    ]


def receipt_topics(settings: NotifierSettings) -> tuple[str, ...]:
    """Other teams' topics on which the chosen channels hear what became of their messages."""
    return tuple(topic for each in chosen(settings.transports).values() for topic in each.topics)


def receipt_reading(settings: NotifierSettings, decode: Decode) -> Decode:
    """`decode`, which also reads those topics."""
    for each in chosen(settings.transports).values():
        if each.reading is not None:
            decode = each.reading(each.load(), decode)
    return decode
