"""E-mail straight to a mail server, over TLS (contract 6.10, 14.8)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import aiosmtplib

from schemas.messages import EmailRequested
from services.notifier.domain.addresses import email_address
from services.notifier.domain.delivery import Failed, Outcome, Sent, State
from services.notifier.ports import Kind, Outgoing, Recall

TlsMode = Literal["tls", "starttls", "none"]
# Below what a turn gives a message (senders.SEND_SECONDS), so that a slow server is a failure of its own,
# and not a turn that ran out of time.
TIMEOUT_SECONDS = 10.0
_PERMANENT_FROM = 500
# Nothing is wrong with the message: the server wants other credentials or is another protocol.
_OUR_OWN_FAULT = frozenset({530, 534, 535, 538, 500, 501, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail goes. `tls` speaks TLS from the first byte, `starttls` demands it before anything is said."""

    host: str
    port: int
    sender: str
    tls: TlsMode = "starttls"
    ca_path: Path | None = None
    username: str | None = None
    password: str | None = None
    timeout_seconds: float = TIMEOUT_SECONDS


class Smtp:
    """One connection a message. It cannot take anything back.

    A server knows a repeat by the Message-ID, which is the delivery's id; a crash between its answer and our
    writing it down may give one more mail with the same Message-ID.
    """

    kind: Kind = "email"
    closes: frozenset[State] = frozenset()

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._sender = Address(addr_spec=server.sender)
        # It verifies the certificate and the host name by default; nothing here turns that off.
        self._context = (
            ssl.create_default_context(cafile=server.ca_path) if server.tls != "none" else None
        )

    async def send(self, outgoing: Outgoing) -> Outcome:
        if not isinstance(outgoing.message, EmailRequested):
            raise TypeError("only e-mail goes to a mail server")
        recipient = email_address(outgoing.message.to)
        if recipient is None:
            return Failed(permanent=True, reason="bad_address")
        return await self._deliver(self._mail(outgoing, outgoing.message, recipient), recipient)

    async def close(self, recall: Recall) -> Outcome:  # noqa: ARG002 - as the protocol has it
        return Failed(permanent=True, reason="cannot_be_taken_back")

    def _mail(self, outgoing: Outgoing, request: EmailRequested, recipient: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["Message-ID"] = f"<{outgoing.delivery_id}@{self._sender.domain}>"
        mail["Date"] = format_datetime(outgoing.at)
        mail["From"] = self._sender
        mail["To"] = Address(addr_spec=recipient)
        mail["Subject"] = request.subject
        # Asks machines not to answer, out-of-office replies included (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Idempotency-Key"] = outgoing.delivery_id
        mail.set_content(request.text)
        return mail

    async def _deliver(self, mail: EmailMessage, recipient: str) -> Outcome:
        server = self._server
        try:
            # aiosmtplib's own time-out is for each step, of which a slow server has many.
            async with asyncio.timeout(server.timeout_seconds):
                await aiosmtplib.send(
                    mail,
                    sender=server.sender,
                    # Given for the envelope, so that nothing in a header can add a recipient.
                    recipients=[recipient],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.tls == "tls",
                    start_tls=server.tls == "starttls",
                    tls_context=self._context,
                    timeout=server.timeout_seconds,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            # Away, slow, or gone in the middle. The class alone: the text may quote an address.
            return Failed(
                permanent=False, reason=f"smtp:{type(error).__name__}", uncertain=_may_be_out(error)
            )
        return Sent()


def _refused(code: int) -> Failed:
    permanent = code >= _PERMANENT_FROM and code not in _OUR_OWN_FAULT
    return Failed(permanent=permanent, reason=f"smtp:{code}")


def _may_be_out(error: Exception) -> bool:
    """A server that could not be reached has taken nothing; any other silence may mean that it has."""
    return not isinstance(
        error, ConnectionRefusedError | aiosmtplib.SMTPConnectError | ssl.SSLError
    )
