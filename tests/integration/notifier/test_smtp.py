"""E-mail against a real mail server on 127.0.0.1: over TLS, and with every way that it may fail (contract 14.8)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from schemas.messages import EmailRequested
from services.notifier.channels.canonical import KafkaAdviserTask, KafkaLetter, KafkaSms
from services.notifier.channels.smtp import Smtp, SmtpServer
from services.notifier.domain.delivery import Failed, Sent
from services.notifier.ports import Outgoing
from tests.support.channel_server import DELIVERY, outgoing
from tests.support.notifier_desk import MANAGER, anne, desk, due, manager, oslo, withdrawal
from tests.support.paths import LOCALHOST_PEM
from tests.support.waiting import SHORT_SECONDS

LOCALHOST = LOCALHOST_PEM
NOW = datetime(2026, 2, 24, 8, tzinfo=UTC)


class Mailbox:
    """Takes mail; `answers` are given to DATA one after the other, then 250."""

    def __init__(self, *answers: str, refuses: str | None = None) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self._answers = list(answers)
        self._refuses = refuses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names and arguments
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self._refuses:
            return self._refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append((envelope.rcpt_tos, parsed))
        answer = self._answers.pop(0) if self._answers else "250 OK"
        if answer == "hang":
            await asyncio.sleep(3600)
        return answer


@asynccontextmanager
async def listening(
    mailbox: Mailbox, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A mail server on a free port, until the end of the block."""
    factory: Callable[[], SMTP] = lambda: SMTP(  # noqa: E731
        mailbox, hostname="localhost", tls_context=starttls, require_starttls=starttls is not None
    )
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in asyncio.all_tasks():
            if "aiosmtpd" in repr(task.get_coro()) or "SMTP._handle_client" in repr(task):
                task.cancel()


def tls_of(mode: str) -> dict[str, ssl.SSLContext]:
    """How a server speaks TLS: from the first byte, or after STARTTLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    return {mode: context}


def email(to: str = "leder@example.invalid", subject: str = "Møte og plan") -> Outgoing:
    request = EmailRequested(
        delivery_id=DELIVERY,
        to=to,
        subject=subject,
        text="Hei\n\nLogg inn på nav.no.\n",
        not_after=NOW,
    )
    return outgoing(request, at=NOW)


def smtp(port: int, *, host: str = "localhost", **others: object) -> Smtp:
    known: dict[str, object] = {"sender": "ikke-svar@stoppunkt.invalid", "tls": "none"}
    return Smtp(SmtpServer(host=host, port=port, **(known | others)))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["tls", "starttls"])
async def test_mail_goes_out_over_tls_with_the_deliverys_id(mode: str) -> None:
    mailbox = Mailbox()
    async with listening(mailbox, **tls_of(mode)) as port:
        assert await smtp(port, tls=mode, ca_path=LOCALHOST).send(email()) == Sent()
    ((recipients, mail),) = mailbox.mails
    assert recipients == ["leder@example.invalid"]
    assert mail["Message-ID"] == "<0f0c5d0e-6a0f-5b6e-9d0a-6a2d7f1c9b11@stoppunkt.invalid>"
    assert mail["X-Idempotency-Key"] == "0f0c5d0e-6a0f-5b6e-9d0a-6a2d7f1c9b11"
    assert mail["Subject"] == "Møte og plan"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().split() == ["Hei", "Logg", "inn", "på", "nav.no."]


@pytest.mark.parametrize("mode", ["tls", "starttls"])
async def test_a_server_whose_certificate_nobody_knows_gets_nothing(mode: str) -> None:
    mailbox = Mailbox()
    async with listening(mailbox, **tls_of(mode)) as port:
        outcome = await smtp(port, tls=mode).send(email())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert mailbox.mails == []


async def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for() -> None:
    mailbox = Mailbox()
    async with listening(mailbox) as port:
        outcome = await smtp(port, tls="starttls").send(email())
    assert isinstance(outcome, Failed)
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("mailbox", "permanent", "reason"),
    [
        (Mailbox(refuses="550 no such user leder@example.invalid"), True, "smtp:550"),
        (Mailbox(refuses="450 try later"), False, "smtp:450"),
        (Mailbox("554 refused"), True, "smtp:554"),
        (Mailbox("451 busy"), False, "smtp:451"),
    ],
)
async def test_an_answer_tells_whether_to_try_again(
    mailbox: Mailbox, permanent: bool, reason: str
) -> None:
    """And what it quotes is not repeated."""
    async with listening(mailbox) as port:
        assert await smtp(port).send(email()) == Failed(permanent=permanent, reason=reason)


async def test_a_server_that_takes_the_mail_and_hangs_may_have_it() -> None:
    """contract 15: accept-then-hang; it is tried again with the same Message-ID, and labelled."""
    mailbox = Mailbox("hang")
    async with listening(mailbox) as port:
        channel = smtp(port, timeout_seconds=SHORT_SECONDS)
        first = await channel.send(email())
        assert first == Failed(permanent=False, reason="smtp:TimeoutError", uncertain=True)
        assert await channel.send(email()) == Sent()
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == 1


async def test_nobody_listening_is_certain() -> None:
    async with listening(Mailbox()) as port:
        pass
    outcome = await smtp(port).send(email())
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, outcome.uncertain) == (False, False)


@pytest.mark.parametrize(
    "to",
    [
        "a@example.invalid, b@example.invalid",
        "nobody",
        "",
        "a@example.invalid\r\nBcc: b@example.invalid",
    ],
)
async def test_only_exactly_one_recipient_is_written_to(to: str) -> None:
    mailbox = Mailbox()
    request = email().message.model_copy(update={"to": to})
    async with listening(mailbox) as port:
        outcome = await smtp(port).send(replace(email(), message=request))
    assert outcome == Failed(permanent=True, reason="bad_address")
    assert mailbox.mails == []


async def test_a_due_event_ends_in_the_line_managers_mailbox(database_url: str) -> None:
    """SMTP as the gateway, from the event to the mail."""
    tuesday = oslo("2026-02-24T09:00:00")
    mailbox = Mailbox("451 busy")
    async with listening(mailbox, **tls_of("starttls")) as port:
        channel = smtp(port, tls="starttls", ca_path=LOCALHOST)
        async with desk(database_url, tuesday) as it:
            it.parts["channels"] = [
                KafkaSms(it.out), channel, KafkaLetter(it.out), KafkaAdviserTask(it.out)
            ]  # fmt: skip
            it.notifier = it.another()
            event = due(at=tuesday, recipients=(MANAGER,))
            await it.receive_and_send(anne(), manager(), event)
            assert await it.states() == [("line_manager", "email", "waiting", "retry")]
            await it.until(tuesday + timedelta(minutes=5))
            (delivery,) = await it.deliveries()
            await it.receive_and_send(withdrawal(event, at=it.now))
            assert await it.states() == [("line_manager", "email", "sent", None)]
    mails = [mail for _, mail in mailbox.mails]
    assert [mail["Message-ID"] for mail in mails] == [
        f"<{delivery.delivery_id}@stoppunkt.invalid>"
    ] * 2
    assert {mail["To"] for mail in mails} == {"leder@example.invalid"}
    assert "Frist for møtet" in mails[0].get_content()
