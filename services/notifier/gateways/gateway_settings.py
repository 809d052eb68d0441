"""What the variables of every channel and register have in common: they are read where it is chosen."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class GatewaySettings(BaseSettings):
    """The variables of one channel, read only where that channel is chosen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    def weaknesses(self) -> list[str]:
        """One sentence for each address that is not TLS and not on this machine."""
        return [
            f"{name.upper()} carries personal data without TLS"
            for name in type(self).model_fields
            if name.endswith("_url") and in_the_clear(getattr(self, name))
        ]


def in_the_clear(url: str | None) -> bool:
    """Whether what is sent there can be read on the way."""
    parts = urlsplit(url or "")
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK
