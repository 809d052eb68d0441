"""Every transport there is besides our own topics and SMTP: adding one is a file in `channels` and a line here."""

from __future__ import annotations

from collections.abc import Iterable

from services.notifier.channels import altinn, fager, http_sms, letter_folder, minside, oppgave
from services.notifier.gateways.transport import Transport, TransportSlot

TRANSPORTS: tuple[Transport, ...] = (
    *http_sms.TRANSPORTS,
    *minside.TRANSPORTS,
    *altinn.TRANSPORTS,
    *fager.TRANSPORTS,
    *oppgave.TRANSPORTS,
    *letter_folder.TRANSPORTS,
)


def chosen(names: Iterable[tuple[TransportSlot, str]]) -> dict[TransportSlot, Transport]:
    """Those of the list that are named; what is named and not here is built elsewhere."""
    wanted = frozenset(names)
    return {
        transport.slot: transport
        for transport in TRANSPORTS
        if (transport.slot, transport.name) in wanted
    }


def names_of(slot: TransportSlot) -> tuple[str, ...]:
    """What a setting may name besides our own topic and SMTP."""
    return tuple(transport.name for transport in TRANSPORTS if transport.slot == slot)
