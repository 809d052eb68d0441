"""Phone numbers and e-mail addresses as they may be written to, or None (contract 14.8)."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address

_SEPARATORS = re.compile(r"[\s().-]")
_NORWEGIAN = re.compile(r"^\d{8}$")
_E164 = re.compile(r"^\+[1-9]\d{7,14}$")
# What RFC 5321 allows at most; anything longer is not an address.
_EMAIL_LENGTH_MAX = 254
_DOMAIN = re.compile(r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")


def phone_number(text: str | None) -> str | None:
    """The number in E.164, with 8 digits taken as Norwegian; None where it cannot be one."""
    digits = _SEPARATORS.sub("", text or "")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if _NORWEGIAN.match(digits):
        digits = "+47" + digits
    return digits if _E164.match(digits) else None


def email_address(text: str | None) -> str | None:
    """Exactly one address without a display name; None for none, for two, and for header tricks."""
    candidate = (text or "").strip()
    if not candidate or len(candidate) > _EMAIL_LENGTH_MAX or not candidate.isascii():
        return None
    try:
        address = Address(addr_spec=candidate)
    except (MessageError, ValueError, IndexError):
        return None
    return candidate if _DOMAIN.match(address.domain) and address.addr_spec == candidate else None
