"""What a channel may be built of, and where its own parts are ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from services.notifier.channels.gateway import TIMEOUT_SECONDS, Gateway, Tokens
from services.notifier.domain.words.texts import Texts
from services.notifier.ports import Clock, Publish
from services.notifier.registers.ports import Deliveries, ManagerRegister
from services.runtime.health import Health


class Lives(Protocol):
    """The service around the channels, as far as they use it (runtime's `Life`)."""

    health: Health

    def at_stop(self, name: str, close: Callable[[], Awaitable[object]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """`deliveries` and `texts` are for formats that want to know more than the message says.

    Without a `life`, by hand and in a replay, nothing is served, and the process's end closes what is open.
    """

    publisher: Publish
    clock: Clock
    deliveries: Deliveries
    texts: Texts
    managers: ManagerRegister | None = None
    life: Lives | None = None
    served: set[str] = field(default_factory=set)
    """What is served already, where two channels share a server."""

    def gateway(
        self,
        name: str,
        base_url: str,
        tokens: Tokens | None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Gateway:
        """A gateway that is closed with the service."""
        made = Gateway(name, base_url, tokens, timeout_seconds=timeout_seconds)
        if self.life is not None:
            self.life.at_stop(name, made.close)
        return made
