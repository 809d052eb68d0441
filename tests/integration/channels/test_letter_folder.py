"""A print shop fetches whole letters from a folder, and what is withdrawn before that is not there (contract 6.10)."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from schemas.messages import LetterRequested
from services.notifier.channels import letter_folder
from services.notifier.channels.canonical import KafkaAdviserTask, KafkaEmail, KafkaSms
from services.notifier.channels.letter_folder import LetterFolder, LetterFolderSettings, check
from services.notifier.domain.delivery import Failed, Sent, TooLate
from services.notifier.domain.words.dates import MessageDates
from services.notifier.domain.words.texts import NAV
from services.notifier.ports import Outgoing
from services.notifier.printing.folder import PickupFolder
from services.notifier.texts_folder import load_texts
from services.runtime.settings import InvalidSettings
from tests.support.channel_server import (
    DELIVERY,
    NOW,
    about,
    outgoing,
    recall,
    sms,
)
from tests.support.notifier_desk import ANNE, Desk, anne, desk, due, oslo, receipt, withdrawal

TUESDAY = oslo("2026-02-24T09:00:00")
PDF, TICKET = f"{DELIVERY}.pdf", f"{DELIVERY}.json"


def letter(delivery_id: str = DELIVERY, **others: Any) -> Outgoing:
    today = NOW.date()
    dated_on = today + timedelta(days=6)
    dates = MessageDates(today, today, legal_on=dated_on, leaves_on=today - timedelta(days=14))
    words = load_texts().letter("meeting_need", "question", "nb", dates)
    message = LetterRequested(
        delivery_id=delivery_id,
        person_id=ANNE,
        template="meeting_need.question",
        language="nb",
        title=words.title,
        body=words.body,
        due_on=words.due_on,
    )
    stored = about("employee", "letter", delivery_id=delivery_id)
    return replace(outgoing(message, of=stored), **others)


def channel(folder: Path) -> LetterFolder:
    return LetterFolder(PickupFolder(folder), sender="Nav")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(files(folder))


def fetched(folder: Path) -> dict[str, Any]:
    """As a print shop does it: the ticket first, then the letter that it names."""
    (path,) = folder.glob("*.json")
    ticket: dict[str, Any] = json.loads(path.read_text("utf-8"))
    path.unlink()
    pdf = folder / ticket["file"]
    assert sha256(pdf.read_bytes()).hexdigest() == ticket["sha256"]
    pdf.unlink()
    return ticket


@pytest.fixture(params=[0o000, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


async def test_a_letter_lies_there_with_a_ticket_that_says_whom_it_goes_to(tmp_path: Path) -> None:
    sent = letter()
    assert await channel(tmp_path).send(sent) == Sent()
    assert names(tmp_path) == [TICKET, PDF]
    pdf = (tmp_path / PDF).read_bytes()
    ticket = json.loads((tmp_path / TICKET).read_text("utf-8"))
    assert ticket == {
        "delivery_id": DELIVERY,
        "person_id": ANNE,
        "template": "meeting_need.question",
        "language": "nb",
        "title": "Ønsker du dialogmøte med Nav?",
        "due_on": "2026-03-02",
        "dated_on": "2026-02-24",
        "not_after": sent.delivery.not_after.isoformat(),
        "file": PDF,
        "sha256": sha256(pdf).hexdigest(),
    }
    page = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Nav 24. februar 2026" in page
    assert ANNE not in page


async def test_nobody_but_owner_and_group_may_read_it(tmp_path: Path, umask: None) -> None:
    """Whatever the process's umask is (contract 14.8)."""
    await channel(tmp_path).send(letter())
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in (PDF, TICKET)} == {0o640}


async def test_a_letter_that_lies_there_already_stays_as_it_is(tmp_path: Path) -> None:
    """A process that was killed before it wrote down the sending sends again, maybe on another day."""
    await channel(tmp_path).send(letter())
    before = files(tmp_path)
    assert await channel(tmp_path).send(letter(at=NOW + timedelta(days=1))) == Sent()
    assert files(tmp_path) == before


async def test_who_fetches_by_tickets_never_finds_half_a_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A print shop that looks before and after every step of the writing."""
    seen: list[list[str]] = []

    def look() -> None:
        whole = [name for name in names(tmp_path) if not name.startswith(".")]
        if TICKET in whole:
            ticket = json.loads((tmp_path / TICKET).read_text("utf-8"))
            assert sha256((tmp_path / ticket["file"]).read_bytes()).hexdigest() == ticket["sha256"]
        seen.append(whole)

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any) -> Any:
            look()
            result = step(*arguments)
            look()
            return result

        return watch

    monkeypatch.setattr(os, "fsync", watched(os.fsync))
    monkeypatch.setattr(Path, "rename", watched(Path.rename))
    assert await channel(tmp_path).send(letter()) == Sent()
    assert [whole for whole, _ in groupby(seen)] == [[], [PDF], [TICKET, PDF]]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.rename"])
@pytest.mark.parametrize("call", [1, 2])
async def test_a_full_disk_leaves_no_letter_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, call: int
) -> None:
    """At any point before the ticket has its name."""
    calls = 0
    original = os.fsync if step == "os.fsync" else Path.rename

    def full(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.ENOSPC, "no space left on device")
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(step, full)
        refused = await channel(tmp_path).send(letter())
    assert refused == Failed(permanent=False, reason="folder:ENOSPC", uncertain=False)
    assert TICKET not in names(tmp_path)
    assert not [name for name in names(tmp_path) if name.endswith(".part")]
    assert await channel(tmp_path).send(letter()) == Sent()
    assert fetched(tmp_path)["person_id"] == ANNE
    assert names(tmp_path) == []


async def test_a_failure_after_the_ticket_is_out_is_uncertain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(PickupFolder, "_sync", broken)
        refused = await channel(tmp_path).send(letter())
    assert refused == Failed(permanent=False, reason="folder:EIO", uncertain=True)
    assert await channel(tmp_path).send(letter()) == Sent()


async def test_a_folder_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    gone = tmp_path / "not mounted"
    assert await channel(gone).send(letter()) == Failed(permanent=False, reason="folder:ENOENT")
    gone.mkdir()
    assert await channel(gone).send(letter()) == Sent()


async def test_what_a_killed_process_left_goes_with_the_next_attempt(tmp_path: Path) -> None:
    (tmp_path / f".{DELIVERY}.0123abcd.part").write_text("half a ticket")
    (tmp_path / PDF).write_text("a letter without a ticket")
    await channel(tmp_path).send(letter())
    assert names(tmp_path) == [TICKET, PDF]
    assert fetched(tmp_path)["delivery_id"] == DELIVERY


async def test_a_letter_that_no_font_can_print_fails_for_good(tmp_path: Path) -> None:
    """Then the next channel is tried, which is an adviser's task."""
    sent = letter()
    assert isinstance(sent.message, LetterRequested)
    strange = replace(sent, message=sent.message.model_copy(update={"body": "漢"}))
    refused = await channel(tmp_path).send(strange)
    assert refused == Failed(permanent=True, reason="not_printable")
    assert names(tmp_path) == []
    with pytest.raises(TypeError):
        await channel(tmp_path).send(sms())


async def test_what_was_not_fetched_is_taken_back_and_what_was_is_not(tmp_path: Path) -> None:
    it = channel(tmp_path)
    sent = about("employee", "letter", state="closing")
    sent = replace(sent, delivery=replace(sent.delivery, sent_at=NOW))
    await it.send(letter())
    assert await it.close(recall(of=sent)) == Sent()
    assert names(tmp_path) == []
    assert await it.close(recall(of=sent)) == TooLate()
    # The shop has the ticket, and is about to take the letter.
    await it.send(letter())
    (tmp_path / TICKET).unlink()
    assert await it.close(recall(of=sent)) == TooLate()
    assert names(tmp_path) == [PDF]


async def test_from_a_folder_that_is_gone_nothing_was_fetched(tmp_path: Path) -> None:
    sent = about("employee", "letter", state="closing")
    for delivery in (sent.delivery, replace(sent.delivery, sent_at=NOW)):
        refused = await channel(tmp_path / "gone").close(
            recall(of=replace(sent, delivery=delivery))
        )
        assert refused == Failed(permanent=False, reason="folder:ENOENT")


async def test_what_may_never_have_been_laid_out_is_gone_after_it_was_taken_back(
    tmp_path: Path,
) -> None:
    """An attempt that was cut short: whatever it left goes, and nobody claims that a letter was fetched."""
    (tmp_path / f".{DELIVERY}.0123abcd.part").write_text("half a ticket")
    (tmp_path / PDF).write_text("a letter without a ticket")
    assert await channel(tmp_path).close(recall()) == Sent()
    assert names(tmp_path) == []


# --- the start ----------------------------------------------------------------------------------------------


def settings(folder: Path) -> LetterFolderSettings:
    return LetterFolderSettings(letter_folder=folder)


def test_a_service_starts_with_a_folder_that_it_can_write_to_and_leaves_nothing_in_it(
    tmp_path: Path,
) -> None:
    check(settings(tmp_path), NAV)
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["missing", "file", "not to be written to"])
def test_a_service_does_not_start_with_another_folder(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    # Root may write everywhere but here.
    path = Path("/proc") if kind == "not to be written to" else tmp_path / kind
    with pytest.raises(InvalidSettings) as refused:
        check(settings(path), NAV)
    assert str(refused.value).startswith("LETTER_FOLDER: is no folder that can be written to (")
    assert str(path) not in str(refused.value)


def test_a_service_does_not_start_under_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidSettings, match=r"^SENDER_NAME: has a sign that cannot be printed\.$"
    ):
        check(settings(tmp_path), replace(NAV, name="漢"))


def test_a_service_does_not_start_without_what_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter_folder, "can_print", lambda: False)
    with pytest.raises(InvalidSettings, match=r"^LETTER_TRANSPORT: .*stoppunkt\[letters\]"):
        check(settings(tmp_path), NAV)


# --- the notifier -------------------------------------------------------------------------------------------


def print_into(it: Desk, folder: Path) -> None:
    out = it.out
    it.parts["channels"] = [KafkaSms(out), KafkaEmail(out), channel(folder), KafkaAdviserTask(out)]
    it.notifier = it.another()


async def test_a_reserved_persons_letter_is_fetched_and_its_receipt_comes_back(
    database_url: str, tmp_path: Path
) -> None:
    async with desk(database_url, TUESDAY) as it:
        print_into(it, tmp_path)
        await it.receive_and_send(anne(may_be_notified=False), due(at=TUESDAY))
        ticket = fetched(tmp_path)
        assert (ticket["person_id"], ticket["template"]) == (ANNE, "dialogue_meeting_1.deadline")
        assert it.left() == []
        assert await it.states() == [("employee", "letter", "sent", None)]
        await it.receive_and_send(receipt(ticket["delivery_id"], "delivered", at=TUESDAY))
        assert await it.states() == [("employee", "letter", "delivered", None)]


async def test_a_letter_that_is_withdrawn_before_it_is_fetched_is_gone(
    database_url: str, tmp_path: Path
) -> None:
    async with desk(database_url, TUESDAY) as it:
        print_into(it, tmp_path)
        event = due(at=TUESDAY)
        await it.receive_and_send(anne(may_be_notified=False), event)
        assert len(names(tmp_path)) == 2
        await it.receive_and_send(withdrawal(event, at=TUESDAY))
        assert names(tmp_path) == []
        assert await it.states() == [("employee", "letter", "closed", "done:held")]


async def test_a_letter_that_was_fetched_stays_sent_and_the_withdrawal_is_told_beside_it(
    database_url: str, tmp_path: Path
) -> None:
    """contract 6.8: what is on its way cannot be taken back, and nobody is told that it was."""
    async with desk(database_url, TUESDAY) as it:
        print_into(it, tmp_path)
        event = due(at=TUESDAY)
        await it.receive_and_send(anne(may_be_notified=False), event)
        fetched(tmp_path)
        await it.receive_and_send(withdrawal(event, at=TUESDAY))
        (delivery,) = await it.deliveries()
        assert (delivery.state, delivery.withdrawn) == ("sent", "done:held")
        assert (delivery.ready_at, delivery.ended_at) == (None, None)
        assert names(tmp_path) == []


async def test_a_full_disk_holds_up_letters_alone_and_they_leave_when_there_is_room(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"
    async with desk(database_url, TUESDAY) as it:
        print_into(it, folder)
        await it.receive_and_send(anne(may_be_notified=False), due(at=TUESDAY))
        (delivery,) = await it.deliveries()
        assert (delivery.state, delivery.reason) == ("waiting", "folder:ENOENT")
        folder.mkdir()
        await it.until(TUESDAY + timedelta(minutes=2))
        assert fetched(folder)["person_id"] == ANNE
        assert await it.states() == [("employee", "letter", "sent", None)]
