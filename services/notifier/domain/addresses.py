"""Phone numbers and e-mail addresses as they may be written to, or None (contract 14.8)."""

from __future__ import annotations

import re
import unicodedata
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
    """Exactly one address without a display name; None for none, for two, and for header tricks.

    A domain with letters such as æ, ø and å is given in its ASCII form (`xn--…`), which every mail server understands.
    """
    local, at, domain = (text or "").strip().rpartition("@")
    candidate = f"{local}{at}{_ascii_domain(domain)}"
    if len(candidate) > _EMAIL_LENGTH_MAX or not candidate.isascii():
        return None
    try:
        address = Address(addr_spec=candidate)
    except (MessageError, ValueError, IndexError):
        return None
    return candidate if _DOMAIN.match(address.domain) and address.addr_spec == candidate else None


def _ascii_domain(domain: str) -> str:
    """The domain in ASCII; unchanged where it is so already, empty where it has no such form."""
    if domain.isascii():
        return domain
    composed = unicodedata.normalize("NFC", domain).lower()
    try:
        encoded = composed.encode("idna")
        # Where the codec replaces a letter by others (ß by ss), the domain would be somebody else's.
        return encoded.decode("ascii") if encoded.decode("idna") == composed else ""
    except UnicodeError:
        return ""
