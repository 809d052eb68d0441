"""E-mail addresses as they may be written to; domains with letters beyond ASCII are domains (contract 14.8)."""

from __future__ import annotations

import pytest

from services.notifier.domain.addresses import email_address

ADDRESSES = {
    "leder@kafe.example": "leder@kafe.example",
    "leder@blåbær.example": "leder@xn--blbr-roah.example",
    "leder@BLÅBÆR.example": "leder@xn--blbr-roah.example",
    "  leder@blåbær.example\n": "leder@xn--blbr-roah.example",
    # The same letters, each written as a letter and a mark.
    "leder@bla\u030abær.example": "leder@xn--blbr-roah.example",
    "leder@post.blåbær.example": "leder@post.xn--blbr-roah.example",
}
NO_ADDRESSES = [
    "",
    "leder",
    "@blåbær.example",
    "leder@å",
    "leder@blåbær..example",
    "leder@blåbær.example, ond@blåbær.example",
    "leder@kafe.example, ond@blåbær.example",
    "leder@kafe@blåbær.example",
    "Leder <leder@blåbær.example>",
    "leder@blåbær.example\nbcc: ond@kafe.example",
    # A mail server that cannot do SMTPUTF8 has no such mailbox.
    "ålesund@kafe.example",
    # Not the domain strasse.example, to which an old rule would turn it.
    "leder@straße.example",
    "leder@blå\u200bbær.example",
    "leder@" + "å" * 70 + ".example",
]


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items())
def test_an_address_is_given_with_its_domain_in_ascii(text: str, address: str) -> None:
    assert email_address(text) == address
    assert email_address(address) == address


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_not_exactly_one_address_is_none(text: str) -> None:
    assert email_address(text) is None
