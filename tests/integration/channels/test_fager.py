"""Employer notifications over GraphQL: a 200 proves nothing (contract 6.10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.notifier.channels.fager import Fager, FagerSettings
from services.notifier.domain.delivery import ChannelName, Failed, Outcome, Sent
from services.notifier.domain.words.dates import MessageDates
from services.notifier.ports import RegisteredManager
from services.notifier.texts_folder import load_texts
from tests.support.channel_server import (
    DELIVERY,
    NOW,
    Reply,
    Server,
    about,
    check,
    email,
    gateway,
    names,
    nobody_listens,
    payload,
    recall,
    serving,
)
from tests.support.notifier_desk import ANNE, KAFE
from tests.support.waiting import SHORT_SECONDS

LEADER = "02917220037"
UNREADABLE = Failed(permanent=False, reason="gw:unreadable", uncertain=True)
NOTHING_TO_READ: tuple[Any, ...] = (
    *(None, [], {}, {"data": None}, {"data": {"result": None}}, {"data": {"result": {}}}),
)
TEXT = {"type": "string", "minLength": 1}
RECIPIENT = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "altinnRessurs": {"type": "object", "required": ["ressursId"]},
        "naermesteLeder": {"type": "object", "required": ["naermesteLederFnr", "ansattFnr"]},
    },
}
# NyOppgaveInput, as far as we use it: what it demands, how long, and exactly one of each choice.
NEW_TASK = {
    "type": "object",
    "required": ["mottakere", "notifikasjon", "metadata"],
    "additionalProperties": False,
    "properties": {
        "mottakere": {"type": "array", "minItems": 1, "items": RECIPIENT},
        "notifikasjon": {
            "type": "object",
            "required": ["merkelapp", "tekst", "lenke"],
            "properties": {
                "merkelapp": TEXT,
                "tekst": {**TEXT, "maxLength": 300, "not": {"pattern": r"\d{11}"}},
                "lenke": TEXT,
            },
        },
        "frist": {"type": "string", "format": "date"},
        "metadata": {
            "type": "object",
            "required": ["virksomhetsnummer", "eksternId"],
            "properties": {
                "virksomhetsnummer": {"pattern": r"^\d{9}$"},
                "eksternId": TEXT,
                "hardDelete": {"type": "object", "minProperties": 1, "maxProperties": 1},
            },
        },
        "eksterneVarsler": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["epost"],
                "maxProperties": 1,
                "properties": {
                    "epost": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["mottaker", "epostTittel", "epostHtmlBody", "sendetidspunkt"],
                        "properties": {
                            "mottaker": {"type": "object", "required": ["kontaktinfo"]},
                            "epostTittel": TEXT,
                            "epostHtmlBody": TEXT,
                            "sendetidspunkt": {
                                "properties": {
                                    "sendevindu": {
                                        "enum": [
                                            "NKS_AAPNINGSTID",
                                            "DAGTID_IKKE_SOENDAG",
                                            "LOEPENDE",
                                        ]
                                    }
                                }
                            },
                        },
                    }
                },
            },
        },
        "paaminnelse": {"type": "object"},
    },
}


@dataclass
class Managers:
    """A register that gives this answer."""

    answer: RegisteredManager | None

    async def manager(
        self, person_id: str, org_number: str, at: datetime
    ) -> RegisteredManager | None:
        assert (person_id, org_number, at) == (ANNE, KAFE, NOW)
        return self.answer


def result(name: str, **others: Any) -> Reply:
    return Reply(200, {"data": {"result": {"__typename": name, **others}}})


@asynccontextmanager
async def fager(
    url: str, *, managers: Managers | None = None, **seconds: Any
) -> AsyncIterator[Fager]:
    settings = FagerSettings(
        fager_url=url,
        fager_token=SecretStr("t"),
        fager_label="Oppfølging",
        fager_resource_id="nav_syfo_dialogmote",
        fager_link_url="https://www.nav.no/arbeidsgiver/sykmeldte",
    )
    async with gateway(url, **seconds) as gw:
        yield Fager(gw, managers, settings)


async def send(
    *replies: Reply, managers: Managers | None = None, channel: ChannelName = "email"
) -> tuple[Outcome, Server]:
    async with serving(*replies) as server, fager(server.url, managers=managers) as fager_api:
        of = about("line_manager", channel, org_number=KAFE)
        return await fager_api.send(email(of=of)), server


def test_the_published_example_meets_the_demands_that_ours_is_held_to() -> None:
    check(payload("fager_nyOppgave")["variables"]["nyOppgave"], NEW_TASK)


async def test_a_line_manager_who_is_known_gets_the_notification_and_the_email() -> None:
    manager = Managers(RegisteredManager(LEADER, "ny-leder@example.invalid"))
    outcome, server = await send(result("NyOppgaveVellykket"), managers=manager)
    assert outcome == Sent()
    task = server.asked[0].body["variables"]["nyOppgave"]
    check(task, NEW_TASK)
    assert names(task) <= names(payload("fager_nyOppgave")) | {"altinnRessurs", "ressursId"}
    assert task["mottakere"] == [
        {"naermesteLeder": {"naermesteLederFnr": LEADER, "ansattFnr": ANNE}}
    ]
    assert task["metadata"]["eksternId"] == DELIVERY
    (external,) = task["eksterneVarsler"]
    # The address that stands in the register now, and not the one that we knew.
    assert (
        external["epost"]["mottaker"]["kontaktinfo"]["epostadresse"] == "ny-leder@example.invalid"
    )
    assert external["epost"]["epostHtmlBody"].endswith("&amp; &lt;dette&gt;.</body>")
    assert external["epost"]["epostHtmlBody"].count("<br>") == 2
    assert "frist" not in task
    assert server.asked[0].path == "/api/graphql"


@pytest.mark.parametrize("channel", ["email", "organisation_email"])
async def test_without_a_register_and_for_the_organisation_the_resource_decides_who_sees_it(
    channel: ChannelName,
) -> None:
    managers = Managers(None) if channel == "organisation_email" else None
    outcome, server = await send(result("NyOppgaveVellykket"), managers=managers, channel=channel)
    assert outcome == Sent()
    task = server.asked[0].body["variables"]["nyOppgave"]
    check(task, NEW_TASK)
    assert task["mottakere"] == [{"altinnRessurs": {"ressursId": "nav_syfo_dialogmote"}}]


@pytest.mark.parametrize("found", [None, RegisteredManager(LEADER, None)])
async def test_nobody_to_notify_is_the_next_channels_turn(found: RegisteredManager | None) -> None:
    outcome, server = await send(managers=Managers(found))
    assert outcome == Failed(permanent=True, reason="no_line_manager")
    assert server.asked == []


async def test_one_that_is_there_already_has_been_sent() -> None:
    """The second try of one whose answer was lost."""
    duplicate = result("DuplikatEksternIdOgMerkelapp", feilmelding="finnes", idTilEksisterende="1")
    outcome, _ = await send(duplicate)
    assert outcome == Sent()


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        (result("UgyldigMottaker"), Failed(permanent=True, reason="gw:UgyldigMottaker")),
        (result("UgyldigMerkelapp"), Failed(permanent=False, reason="gw:UgyldigMerkelapp")),
        (result("UkjentProdusent"), Failed(permanent=False, reason="gw:UkjentProdusent")),
        (result("14838511253 er ukjent"), Failed(permanent=False, reason="gw:unknown")),
        (
            Reply(200, {"errors": [{"message": "for 14838511253", "extensions": None}]}),
            Failed(permanent=False, reason="gw:errors", uncertain=True),
        ),
        (
            Reply(200, {"errors": [{"extensions": {"classification": "ValidationError"}}]}),
            Failed(permanent=False, reason="gw:errors"),
        ),
        (
            Reply(200, {"errors": [{}], "data": {"result": {"__typename": "NyOppgaveVellykket"}}}),
            Failed(permanent=False, reason="gw:errors", uncertain=True),
        ),
        *((Reply(200, body), UNREADABLE) for body in NOTHING_TO_READ),
        (Reply(400), Failed(permanent=True, reason="gw:400")),
        (Reply(401), Failed(permanent=False, reason="gw:401")),
        (Reply(500), Failed(permanent=False, reason="gw:500", uncertain=True)),
    ],
)
async def test_an_error_inside_a_200_is_an_error(reply: Reply, failed: Failed) -> None:
    outcome, _ = await send(reply)
    assert outcome == failed


async def test_hanging_and_refusing_are_tried_again_with_the_same_id() -> None:
    async with serving(Reply(hangs=True), result("NyOppgaveVellykket")) as server:
        async with fager(server.url, timeout_seconds=SHORT_SECONDS) as channel:
            first = await channel.send(email())
            assert isinstance(first, Failed)
            assert (first.permanent, first.uncertain) == (False, True)
            assert await channel.send(email()) == Sent()
        first_body, second_body = (asked.body for asked in server.asked)
        assert first_body == second_body
    async with fager(nobody_listens()) as channel:
        refused = await channel.send(email())
    assert refused == Failed(permanent=False, reason="gw:ConnectError")


@pytest.mark.parametrize(
    ("reason", "example", "answer"),
    [
        ("done:held", "fager_oppgaveUtfoert", "OppgaveUtfoertVellykket"),
        ("ended", "fager_oppgaveUtgaatt", "OppgaveUtgaattVellykket"),
        ("exempted:medical", "fager_oppgaveUtgaatt", "OppgavenErAlleredeUtfoert"),
    ],
)
async def test_it_is_closed_by_the_id_that_it_was_made_with(
    reason: str, example: str, answer: str
) -> None:
    async with serving(result(answer)) as server, fager(server.url) as channel:
        assert await channel.close(recall(reason)) == Sent()
    sent, published = server.asked[0].body, payload(example)
    assert sent["variables"] == {"merkelapp": "Oppfølging", "eksternId": DELIVERY}
    mutation = (
        "oppgaveUtfoertByEksternId_V2" if "Utfoert" in example else "oppgaveUtgaattByEksternId"
    )
    assert f"{mutation}(merkelapp:" in sent["query"]
    assert f"{mutation}(merkelapp:" in published["query"]


async def test_one_that_they_do_not_know_yet_is_asked_for_again_and_then_was_never_made() -> None:
    """Their reads may lag behind their writes."""
    unknown = result("NotifikasjonFinnesIkke")
    async with serving(unknown, unknown) as server, fager(server.url) as channel:
        early = await channel.close(recall("done"))
        assert early == Failed(permanent=False, reason="gw:NotifikasjonFinnesIkke")
        assert await channel.close(recall("done", NOW + timedelta(hours=1))) == Sent()


async def test_the_notice_has_the_date_that_its_email_has() -> None:
    texts = load_texts()
    async with serving(result("NyOppgaveVellykket")) as server, fager(server.url) as channel:
        event = about().event
        dates = MessageDates.of(event, NOW)
        words = texts.email(event.checkpoint, event.step, "line_manager", "nb", dates)
        assert await channel.send(email(text=words.text, notice=words.notice)) == Sent()
    assert server.asked[0].body["variables"]["nyOppgave"]["notifikasjon"]["tekst"] in words.text
