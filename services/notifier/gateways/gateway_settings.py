"""What the variables of every channel and register have in common: they are read where it is chosen, and their
addresses are web addresses.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class GatewaySettings(BaseSettings):
    """The variables of one channel, read only where that channel is chosen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    @field_validator("*")
    @classmethod
    def _is_an_address(cls, value: object, info: ValidationInfo) -> object:
        named_so = (info.field_name or "").endswith("_url")
        return web_address(value) if named_so and isinstance(value, str) else value

    def weaknesses(self) -> list[str]:
        """One sentence for each address that is not TLS and not on this machine."""
        return [
            f"{name.upper()} carries personal data without TLS"
            for name in type(self).model_fields
            if name.endswith("_url") and in_the_clear(getattr(self, name))
        ]


def web_address(url: str) -> str:
    """The address without a slash at its end; ValueError for what is no plain http(s) address."""
    parts = urlsplit(url)
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("must be http(s)://host/path, with no user and no query")
    return url.rstrip("/")


def in_the_clear(url: str | None) -> bool:
    """Whether what is sent there can be read on the way."""
    parts = urlsplit(url or "")
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK
