"""Every transport there is besides the canonical topics and SMTP: adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from schemas.wire import Decoded, Record
from services.notifier.channels import altinn, fager, http_sms, minside, minside_receipts, oppgave
from services.notifier.channels.gateway import GatewaySettings
from services.notifier.channels.parts import Parts
from services.notifier.ports import Channel
from services.runtime.settings import load_settings

# "employer" is e-mail to employers alone, where that goes another way than e-mail to employees.
Slot = Literal["sms", "email", "letter", "adviser_task", "employer"]
Decode = Callable[[Record], Decoded]


@dataclass(frozen=True, slots=True)
class Transport:
    """`settings` are the channel's own variables, read only where it is chosen.

    `topics` are those on which it hears what became of its messages, and `reading` adds them to a decoder.
    """

    slot: Slot
    name: str
    settings: type[GatewaySettings]
    build: Callable[[Any, Parts], Channel]
    topics: tuple[str, ...] = ()
    reading: Callable[[Any, Decode], Decode] | None = None

    def load(self) -> GatewaySettings:
        """Its variables from the environment; raises InvalidSettings."""
        return load_settings(self.settings)


TRANSPORTS: tuple[Transport, ...] = (
    Transport("sms", "http", http_sms.HttpSmsSettings, http_sms.build),
    Transport(
        "sms",
        "minside",
        minside.MinSideSettings,
        minside.build,
        topics=(minside_receipts.TOPIC,),
        reading=minside_receipts.reading_for,
    ),
    Transport("sms", "altinn", altinn.AltinnSettings, altinn.build_sms),
    Transport("email", "altinn", altinn.AltinnSettings, altinn.build_email),
    Transport("employer", "fager", fager.FagerSettings, fager.build),
    Transport("adviser_task", "oppgave", oppgave.OppgaveSettings, oppgave.build),
)


def chosen(names: Iterable[tuple[Slot, str]]) -> dict[Slot, Transport]:
    """Those of the list that are named; what is named and not here is built elsewhere."""
    wanted = frozenset(names)
    return {each.slot: each for each in TRANSPORTS if (each.slot, each.name) in wanted}


def names_of(slot: Slot) -> tuple[str, ...]:
    """What a setting may name besides what it always could."""
    return tuple(each.name for each in TRANSPORTS if each.slot == slot)
