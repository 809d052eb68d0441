"""Letters as PDF in a folder that a print shop fetches from (contract 6.10, 14.8).

    <LETTER_FOLDER>/<delivery id>.pdf     the letter
    <LETTER_FOLDER>/<delivery id>.json    whom it goes to, until when it may be sent, and the letter's checksum

The print shop finds the address by the person's number, which stands in the ticket and in no file's name.
"""

from __future__ import annotations

import asyncio
import errno
import json
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import Field

from schemas.messages import LetterRequested
from schemas.norway import oslo_date
from services.notifier.domain.delivery import Failed, Outcome, Sent, State, TooLate
from services.notifier.domain.words.texts import Sender
from services.notifier.gateways.gateway_settings import GatewaySettings
from services.notifier.gateways.transport import ChannelParts, Transport
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.notifier.printing.folder import PickupFolder
from services.notifier.printing.pdf import NotPrintable, can_print, letter_pdf
from services.runtime.settings import InvalidSettings

_SAMPLE = LetterRequested(
    delivery_id="sample",
    person_id="sample",
    template="sample",
    language="nb",
    title="Prøve",
    body="Hei.",
)
_SAMPLE_DATED_ON = date(2026, 1, 2)


class LetterFolderSettings(GatewaySettings):
    """Read where LETTER_TRANSPORT=folder."""

    letter_folder: Path = Field(description="the folder that a print shop fetches letters from")


class LetterFolder:
    """Takes back what was not fetched; a letter that was fetched is on its way."""

    kind: Kind = "letter"
    closes: frozenset[State] = frozenset({"sent"})

    def __init__(self, folder: PickupFolder, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, outgoing: Outgoing) -> Outcome:
        letter = outgoing.message
        if not isinstance(letter, LetterRequested):
            raise TypeError("only letters are printed")
        try:
            await asyncio.to_thread(self._lay_out, letter, outgoing)
        except NotPrintable:
            return Failed(permanent=True, reason="not_printable")
        except OSError as error:
            out = await asyncio.to_thread(self._folder.has, letter.delivery_id)
            return Failed(permanent=False, reason=_code(error), uncertain=out)
        return Sent()

    async def close(self, recall: Recall) -> Outcome | TooLate:
        was_sent = recall.delivery.sent_at is not None
        try:
            taken_back = await asyncio.to_thread(
                self._folder.take_back, recall.delivery_id, was_sent=was_sent
            )
        except OSError as error:
            return Failed(permanent=False, reason=_code(error))
        return Sent() if taken_back else TooLate()

    def _lay_out(self, letter: LetterRequested, outgoing: Outgoing) -> None:
        name, dated_on = letter.delivery_id, oslo_date(outgoing.at)
        if self._folder.has(name):
            return
        pdf = letter_pdf(letter, sender=self._sender, dated_on=dated_on)
        ticket = letter.model_dump(mode="json", exclude={"body"}) | {
            "dated_on": dated_on.isoformat(),
            "not_after": outgoing.delivery.not_after.isoformat(),
            "file": f"{name}.pdf",
            "sha256": sha256(pdf).hexdigest(),
        }
        self._folder.put(name, pdf, json.dumps(ticket, ensure_ascii=False, indent=1).encode())


def _code(error: OSError) -> str:
    return f"folder:{errno.errorcode.get(error.errno or 0, type(error).__name__)}"


def build(settings: LetterFolderSettings, parts: ChannelParts) -> Channel:
    return LetterFolder(PickupFolder(settings.letter_folder), sender=parts.texts.sender.name)


def check(settings: LetterFolderSettings, sender: Sender) -> None:
    """Raises InvalidSettings where no letter could be laid out."""
    if not can_print():
        raise InvalidSettings("LETTER_TRANSPORT: folder needs stoppunkt[letters] to be installed.")
    try:
        PickupFolder(settings.letter_folder).check()
    except OSError as error:
        kind = type(error).__name__
        raise InvalidSettings(
            f"LETTER_FOLDER: is no folder that can be written to ({kind})."
        ) from None
    try:
        letter_pdf(_SAMPLE, sender=sender.name, dated_on=_SAMPLE_DATED_ON)
    except NotPrintable:
        raise InvalidSettings("SENDER_NAME: has a sign that cannot be printed.") from None


TRANSPORTS = (Transport("letter", "folder", LetterFolderSettings, build, check=check),)
