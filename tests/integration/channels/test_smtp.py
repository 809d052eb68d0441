"""Mail servers in a bad mood: greylisting, too slow, full up, gone in the middle (contract 6.7, 15)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.notifier.channels.smtp import Smtp, SmtpServer
from services.notifier.domain.delivery import Failed, Outcome, Sent
from tests.support.channel_server import DELIVERY, email
from tests.support.waiting import SHORT_SECONDS, SLOWNESS

WELL = {
    "EHLO": "250 localhost",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 ok",
}


@dataclass
class Mood:
    """What a server says to each command; `drips` says it a character at a time, "" hangs up."""

    greeting: str = "220 localhost"
    says: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    mails: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except ConnectionError:
            pass  # the client has had enough, which is what is tested
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, self.greeting)
        lines: list[str] | None = None
        while raw := await reader.readline():
            line = raw.decode().rstrip("\r\n")
            if lines is not None and line != ".":
                lines.append(line)
                continue
            command = "." if lines is not None else line.split(" ")[0].split(":")[0].upper()
            if lines is not None:
                self.mails.append("\n".join(lines))
                lines = None
            answer = self.says.get(command, WELL.get(command, "250 ok"))
            if not answer:
                return
            await self._say(writer, answer)
            if command == "DATA" and answer.startswith("354"):
                lines = []

    async def _say(self, writer: asyncio.StreamWriter, answer: str) -> None:
        for piece in answer if self.drips else [answer]:
            writer.write(piece.encode())
            await writer.drain()
            if self.drips:
                await asyncio.sleep(0.2)
        writer.write(b"\r\n")
        await writer.drain()


@asynccontextmanager
async def mail_server(mood: Mood) -> AsyncIterator[Smtp]:
    server = await asyncio.start_server(mood.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = "ikke-svar@stoppunkt.invalid"
    yield Smtp(SmtpServer("127.0.0.1", port, sender, tls="none", timeout_seconds=SHORT_SECONDS))
    server.close()
    for task in asyncio.all_tasks():
        if "Mood.talk" in repr(task.get_coro()):
            task.cancel()


async def sent_to(mood: Mood) -> Outcome:
    async with mail_server(mood) as channel:
        return await channel.send(email())


async def test_a_server_that_is_well_takes_one_mail() -> None:
    mood = Mood()
    assert await sent_to(mood) == Sent()
    assert len(mood.mails) == 1
    assert f"<{DELIVERY}@stoppunkt.invalid>" in mood.mails[0]


async def test_greylisting_is_a_matter_of_coming_again() -> None:
    """The first attempt is always refused, for good servers come back, with the same mail."""
    mood = Mood(says={"RCPT": "451 4.7.1 greylisted, come again"})
    async with mail_server(mood) as channel:
        assert await channel.send(email()) == Failed(permanent=False, reason="smtp:451")
        assert mood.mails == []
        mood.says = {}
        assert await channel.send(email()) == Sent()
    assert len(mood.mails) == 1


@pytest.mark.parametrize(
    ("mood", "failed"),
    [
        (
            Mood(greeting="421 too busy"),
            Failed(permanent=False, reason="smtp:421", uncertain=False),
        ),
        (Mood(says={"MAIL": "452 disk full"}), Failed(permanent=False, reason="smtp:452")),
        (Mood(says={"MAIL": "550 no such sender"}), Failed(permanent=True, reason="smtp:550")),
        (Mood(says={"DATA": "421 closing"}), Failed(permanent=False, reason="smtp:421")),
        (Mood(says={".": "452 disk full"}), Failed(permanent=False, reason="smtp:452")),
        (Mood(says={".": "552 too large"}), Failed(permanent=True, reason="smtp:552")),
    ],
)
async def test_a_refusal_says_whether_to_come_again(mood: Mood, failed: Failed) -> None:
    outcome = await sent_to(mood)
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, outcome.uncertain) == (failed.permanent, failed.uncertain)


async def test_a_server_that_is_slow_beyond_use_is_left() -> None:
    """Every character in time, and the whole never: our own limit is for all of it."""
    started = asyncio.get_running_loop().time()
    outcome = await sent_to(Mood(drips=True))
    assert asyncio.get_running_loop().time() - started < SLOWNESS * 3
    assert outcome == Failed(permanent=False, reason="smtp:TimeoutError", uncertain=True)


async def test_a_server_that_hangs_up_after_the_mail_may_have_it() -> None:
    mood = Mood(says={".": ""})
    outcome = await sent_to(mood)
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, outcome.uncertain) == (False, True)
    assert len(mood.mails) == 1
