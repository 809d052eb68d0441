"""Adviser tasks in the Oppgave API: looked for, made, marked, closed (contract 6.10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from schemas.messages import AdviserTaskOpened, TaskCase
from services.notifier.channels.oppgave import Oppgave, OppgaveSettings
from services.notifier.domain.delivery import Failed, Sent
from services.notifier.ports import Outgoing
from services.notifier.texts_folder import load_texts
from tests.support.channel_server import (
    DELIVERY,
    Asked,
    Reply,
    about,
    check,
    gateway,
    names,
    nobody_listens,
    outgoing,
    payload,
    recall,
    serving,
)
from tests.support.notifier_desk import ANNE
from tests.support.waiting import SHORT_SECONDS

OFFICE = {"type": "string", "minLength": 4, "maxLength": 4}
# OpprettOppgaveRequest and PatchOppgaveRequest of the published OpenAPI document.
CREATE = {
    "type": "object",
    "required": ["aktivDato", "oppgavetype", "prioritet", "tema"],
    "additionalProperties": False,
    "properties": {
        "personident": {"type": "string", "minLength": 11, "maxLength": 13},
        "orgnr": {"type": "string", "maxLength": 9},
        "tildeltEnhetsnr": OFFICE,
        "opprettetAvEnhetsnr": OFFICE,
        "journalpostId": {"type": "string", "maxLength": 40},
        "behandlesAvApplikasjon": {"type": "string", "maxLength": 40},
        # No header, nobody's number.
        "beskrivelse": {"type": "string", "not": {"pattern": r"---|\d{6}"}},
        "tema": {"type": "string", "maxLength": 255},
        "behandlingstema": {"type": "string", "maxLength": 255},
        "oppgavetype": {"type": "string", "maxLength": 255},
        "behandlingstype": {"type": "string", "maxLength": 255},
        "aktivDato": {"type": "string", "format": "date"},
        "fristFerdigstillelse": {"type": "string", "format": "date"},
        "prioritet": {"enum": ["HOY", "NORM", "LAV"]},
    },
}
PATCH = {
    "type": "object",
    "required": ["versjon"],
    "additionalProperties": False,
    "properties": {
        "versjon": {"type": "integer"},
        "status": {"enum": ["FERDIGSTILT"]},
        "endretAvEnhetsnr": OFFICE,
        "tilordnetRessurs": {"type": "string", "maxLength": 7},
        "saksreferanse": {"type": "string"},
        "kommentar": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"tekst": {"type": "string"}, "automatiskGenerert": {"type": "boolean"}},
        },
    },
}
UNREADABLE = Failed(permanent=False, reason="gw:unreadable", uncertain=True)


@dataclass
class Book:
    """The API's tasks, and what it does out of order before it answers as it should.

    `first` has replies by (method, path), each given once.
    """

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    first: dict[tuple[str, str], list[Reply]] = field(default_factory=dict)
    done_before_reply: bool = False

    def __call__(self, asked: Asked) -> Reply:
        UUID(asked.headers["x-correlation-id"])
        kind = "" if asked.path.endswith("/oppgaver") else "/{id}"
        waiting = self.first.get((asked.method, kind), [])
        if waiting:
            if self.done_before_reply:
                self._serve(asked)
            return waiting.pop(0)
        return self._serve(asked)

    def _serve(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/oppgaver" and asked.method == "GET":
            wanted = asked.query["saksreferanse"]
            found = [task for task in self.tasks.values() if task["saksreferanse"] == wanted]
            return Reply(200, {"antallTreffTotalt": len(found), "oppgaver": found})
        if asked.path == "/api/v1/oppgaver" and asked.method == "POST":
            check(asked.body, CREATE)
            task_id = 5436732 + len(self.tasks)
            fresh = {"id": task_id, "versjon": 1, "status": "OPPRETTET", "saksreferanse": None}
            self.tasks[task_id] = {**asked.body, **fresh}
            return Reply(201, self.tasks[task_id], {"Location": f"/api/v1/oppgaver/{task_id}"})
        task = self.tasks.get(int(asked.path.rpartition("/")[2]))
        if task is None:
            return Reply(404)
        if asked.method == "PATCH":
            check(asked.body, PATCH)
            if asked.body["versjon"] != task["versjon"]:
                return Reply(409)
            task |= asked.body | {"versjon": task["versjon"] + 1}
        return Reply(200, task)


def settings(url: str) -> OppgaveSettings:
    return OppgaveSettings(
        oppgave_url=url,
        oppgave_tema="SYM",
        oppgave_type="BEH_EL_SYM",
        oppgave_behandlingstype="ae0239",
        oppgave_behandles_av="FS22",
    )


@asynccontextmanager
async def oppgave(url: str, *, timeout_seconds: float = 5.0) -> AsyncIterator[Oppgave]:
    async with gateway(url, timeout_seconds=timeout_seconds) as gw:
        yield Oppgave(gw, load_texts(), settings(url))


def opened(**others: Any) -> Outgoing:
    known: dict[str, Any] = {
        "task_id": DELIVERY,
        "person_id": ANNE,
        "case_id": "a-case",
        "checkpoint": "dialogue_meeting_2",
        "step": "deadline",
        "office": "0219",
        "adviser_id": "Z990001",
        "due_on": date(2026, 2, 25),
        "legal_on": date(2026, 2, 26),
        "case": TaskCase(start=date(2025, 8, 28), end=date(2026, 3, 31), day=181, week=26),
        "priority": "high",
        "basis": None,
    }
    task = AdviserTaskOpened(**(known | others))
    return outgoing(task, of=about("adviser", "adviser_task"))


CLOSE = recall("done:held")


def test_the_published_examples_meet_the_demands_that_ours_are_held_to() -> None:
    check(payload("oppgave_create"), CREATE)
    check(payload("oppgave_close"), PATCH)


async def test_a_task_is_looked_for_made_and_given_its_reference_and_its_adviser() -> None:
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        assert await channel.send(opened()) == Sent()
    assert [asked.method for asked in server.asked] == ["GET", "POST", "PATCH"]
    created = server.asked[1].body
    check(created, CREATE)
    assert names(created) <= names(payload("oppgave_create")) | {"tildeltEnhetsnr"}
    assert created["beskrivelse"] == "Frist for dialogmøte 2. Siste frist er 26. februar 2026."
    assert (created["aktivDato"], created["fristFerdigstillelse"]) == ("2026-02-24", "2026-02-25")
    assert (created["prioritet"], created["tildeltEnhetsnr"]) == ("HOY", "0219")
    (task,) = book.tasks.values()
    assert (task["saksreferanse"], task["tilordnetRessurs"]) == (DELIVERY, "Z990001")
    assert ANNE not in server.asked[0].path + str(server.asked[0].query)


@pytest.mark.parametrize(
    ("legal_on", "words"),
    [
        (date(2026, 2, 24), " Siste frist er 24. februar 2026."),
        (date(2026, 2, 23), " Siste frist var 23. februar 2026."),
        (None, ""),
    ],
)
async def test_a_date_that_has_passed_is_not_told_as_one_to_come(
    legal_on: date | None, words: str
) -> None:
    """It opens on 24 February."""
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        assert await channel.send(opened(legal_on=legal_on)) == Sent()
    (task,) = book.tasks.values()
    assert task["beskrivelse"] == f"Frist for dialogmøte 2.{words}"


@pytest.mark.parametrize("step", ["no_line_manager", "protected", "undelivered"])
async def test_a_task_that_stands_in_for_somebody_says_which_kind_it_is(step: str) -> None:
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        created = opened(step=step, office=None, adviser_id=None, legal_on=None, priority="normal")
        assert await channel.send(created) == Sent()
    (stored,) = book.tasks.values()
    assert stored["beskrivelse"] == load_texts().task_title(step, "nb") + "."
    assert "tildeltEnhetsnr" not in stored
    assert "tilordnetRessurs" not in stored


async def test_a_task_that_is_there_is_not_made_again() -> None:
    """The Oppgave API has no idempotency key: search, then create."""
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        assert await channel.send(opened()) == Sent()
        assert await channel.send(opened()) == Sent()
        async with oppgave(server.url) as another_process:
            assert await another_process.send(opened()) == Sent()
    assert len(book.tasks) == 1


@pytest.mark.parametrize("reply", [Reply(500), Reply(400), Reply(403), Reply(hangs=True)])
async def test_a_mark_that_fails_makes_no_second_task(reply: Reply) -> None:
    """Once the task is there, nothing ends the delivery, and the mark alone is tried again."""
    book = Book(first={("PATCH", "/{id}"): [reply]})
    async with (
        serving(handler=book) as server,
        oppgave(server.url, timeout_seconds=SHORT_SECONDS) as channel,
    ):
        first = await channel.send(opened())
        assert isinstance(first, Failed)
        assert (first.permanent, first.uncertain) == (False, True)
        assert await channel.send(opened()) == Sent()
    (task,) = book.tasks.values()
    assert task["saksreferanse"] == DELIVERY


async def test_killed_between_making_and_marking_there_is_one_more_and_not_two() -> None:
    """contract 6: at most one more for a crash, where there is no idempotency key."""
    book = Book(first={("PATCH", "/{id}"): [Reply(503)]})
    async with serving(handler=book) as server:
        async with oppgave(server.url) as killed:
            assert isinstance(await killed.send(opened()), Failed)
        for _ in range(2):
            async with oppgave(server.url) as another:
                assert await another.send(opened()) == Sent()
    assert len(book.tasks) == 2


@pytest.mark.parametrize(
    ("where", "reply", "failed"),
    [
        (("POST", ""), Reply(400), Failed(permanent=True, reason="gw:400")),
        (("POST", ""), Reply(401), Failed(permanent=False, reason="gw:401")),
        (("POST", ""), Reply(500), Failed(permanent=False, reason="gw:500", uncertain=True)),
        (("POST", ""), Reply(429), Failed(permanent=False, reason="gw:429")),
        (("POST", ""), Reply(201, {"id": "x"}), UNREADABLE),
        (("GET", ""), Reply(500), Failed(permanent=False, reason="gw:500", uncertain=True)),
        (("GET", ""), Reply(200, text="<html>"), UNREADABLE),
        (("GET", ""), Reply(200, {"oppgaver": [{"id": 1}]}), UNREADABLE),
        # Tasks without a reference may be anybody's: the search may have ignored it.
        (
            ("GET", ""),
            Reply(200, {"oppgaver": [{"id": 1, "versjon": 1, "status": "OPPRETTET"}]}),
            UNREADABLE,
        ),
    ],
)
async def test_what_an_answer_means(where: tuple[str, str], reply: Reply, failed: Failed) -> None:
    async with (
        serving(handler=Book(first={where: [reply]})) as server,
        oppgave(server.url) as channel,
    ):
        assert await channel.send(opened()) == failed


async def test_refusing_is_certain() -> None:
    async with oppgave(nobody_listens()) as channel:
        assert await channel.send(opened()) == Failed(permanent=False, reason="gw:ConnectError")


# --- closing ------------------------------------------------------------------------------------------------


async def test_a_task_is_closed_by_its_reference() -> None:
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        await channel.send(opened())
        assert await channel.close(CLOSE) == Sent()
    closing = server.asked[-1].body
    check(closing, PATCH)
    assert set(closing) == set(payload("oppgave_close"))
    assert (closing["versjon"], closing["status"], closing["endretAvEnhetsnr"]) == (
        2,
        "FERDIGSTILT",
        "9999",
    )
    assert "held" not in str(closing)


async def test_somebody_who_writes_at_the_same_time_keeps_what_was_written() -> None:
    """409 is a stale version and not a yes: read again, and close what stands then."""
    book = Book(first={("PATCH", "/{id}"): [Reply(200), Reply(409)]})
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        await channel.send(opened())
        (task,) = book.tasks.values()
        task |= {"saksreferanse": DELIVERY, "versjon": 7, "beskrivelse": "Skrevet av en veileder."}
        assert await channel.close(CLOSE) == Sent()
    assert (task["status"], task["versjon"], task["beskrivelse"]) == (
        "FERDIGSTILT",
        8,
        "Skrevet av en veileder.",
    )


async def test_one_that_is_never_left_alone_is_closed_later() -> None:
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        await channel.send(opened())
        book.first = {("PATCH", "/{id}"): [Reply(409)] * 3}
        assert await channel.close(CLOSE) == Failed(permanent=False, reason="gw:409")
        assert await channel.close(CLOSE) == Sent()


@pytest.mark.parametrize("status", ["FERDIGSTILT", "FEILREGISTRERT"])
@pytest.mark.parametrize("noticed", ["when looked for", "while closing"])
async def test_one_that_is_closed_already_is_fine(status: str, noticed: str) -> None:
    book = Book()
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        await channel.send(opened())
        (task,) = book.tasks.values()
        if noticed == "while closing":
            seen = {**task}
            book.first = {("GET", ""): [Reply(200, {"oppgaver": [seen]})]}
        task |= {"status": status, "versjon": 9}
        assert await channel.close(CLOSE) == Sent()
    assert (task["status"], task["versjon"]) == (status, 9)


async def test_one_that_is_gone_is_fine_and_others_are_left_alone() -> None:
    book = Book()
    other = {"id": 1, "versjon": 1, "status": "OPPRETTET", "saksreferanse": "another"}
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        await channel.send(opened())
        book.first = {("PATCH", "/{id}"): [Reply(404)]}
        assert await channel.close(CLOSE) == Sent()
        book.tasks = {1: other}
        # A search that heeds no reference.
        book.first = {("GET", ""): [Reply(200, {"oppgaver": [other]})]}
        assert await channel.close(CLOSE) == Sent()
    assert other["status"] == "OPPRETTET"


async def test_a_task_that_was_never_marked_is_closed_by_the_process_that_made_it() -> None:
    book = Book(first={("PATCH", "/{id}"): [Reply(500)]})
    async with serving(handler=book) as server, oppgave(server.url) as channel:
        assert isinstance(await channel.send(opened()), Failed)
        assert await channel.close(CLOSE) == Sent()
    (task,) = book.tasks.values()
    assert task["status"] == "FERDIGSTILT"
