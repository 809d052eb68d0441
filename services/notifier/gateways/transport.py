"""How a channel is declared: what it is chosen by, its variables, and what it is built of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from schemas.wire import Decoded, Record
from services.notifier.domain.words.texts import Sender, Texts
from services.notifier.gateways.client import TIMEOUT_SECONDS, Gateway, Tokens
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.ports import Channel, DeliveryLookup, ManagerRegister
from services.records.relay import Publish
from services.runtime.clock import Clock
from services.runtime.health import Health
from services.runtime.settings import load_settings

TransportSlot = Literal["sms", "email", "letter", "adviser_task", "employer"]
"""What a setting `<SLOT>_TRANSPORT` chooses a transport for: a kind of message, or `employer`, which is e-mail to
employers alone where that goes another way than e-mail to employees."""
Decode = Callable[[Record], Decoded]


class Lives(Protocol):
    """The service around the channels, as far as they use it (runtime's `Life`)."""

    health: Health

    def at_stop(self, name: str, close: Callable[[], Awaitable[object]]) -> None:
        """Call `close` when the service stops, the last registered first."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """What channels are built of. `deliveries` is for a server that others ask about a delivery, not for sending.

    Without a `life`, by hand and in a replay, nothing is served, and what is open is closed by the process's end.
    """

    publisher: Publish
    clock: Clock
    deliveries: DeliveryLookup
    texts: Texts
    managers: ManagerRegister | None = None
    life: Lives | None = None
    servers: set[str] = field(default_factory=set)
    """The servers that run already, where two channels share one."""

    def gateway(
        self,
        name: str,
        base_url: str,
        tokens: Tokens | None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Gateway:
        """A gateway that is closed with the service."""
        gateway = Gateway(name, base_url, tokens, timeout_seconds=timeout_seconds)
        if self.life is not None:
            self.life.at_stop(name, gateway.close)
        return gateway


@dataclass(frozen=True, slots=True)
class Transport:
    """A channel as a setting names it. `settings` are its own variables, read only where it is chosen.

    `topics` are those on which it hears what became of its messages, and `reading` adds them to a decoder.
    """

    slot: TransportSlot
    name: str
    settings: type[GatewaySettings]
    build: Callable[[Any, ChannelParts], Channel]
    topics: tuple[str, ...] = ()
    reading: Callable[[Any, Decode], Decode] | None = None
    check: Callable[[Any, Sender], None] | None = None
    """Asked at the start, before anything is opened; raises InvalidSettings."""

    def load(self) -> GatewaySettings:
        """Its variables from the environment; raises InvalidSettings."""
        return load_settings(self.settings)
