"""The registers over HTTP are asked at every attempt, and without an answer nothing is sent (contract 6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.channels.canonical import KafkaAdviserTask, KafkaEmail, KafkaLetter, KafkaSms
from services.notifier.ports import (
    RegisteredContact,
    RegisteredManager,
    RegisterUnavailable,
)
from services.notifier.registers.krr import KrrRegister
from services.notifier.registers.line_managers import LineManagerRegister
from services.notifier.wiring.asked_first import AskedFirst
from tests.support.channel_server import (
    NOW,
    Asked,
    Reply,
    check,
    gateway,
    nobody_listens,
    payload,
    serving,
)
from tests.support.notifier_desk import (
    ANNE,
    KAFE,
    MANAGER,
    Desk,
    Left,
    anne,
    desk,
    due,
    manager,
    oslo,
)
from tests.support.notifier_desk import organisation as post_of
from tests.support.waiting import SHORT_SECONDS

PERSON = "14838510036"
TUESDAY = oslo("2026-02-24T09:00:00")
LOOKUP = {
    "type": "object",
    "required": ["employeeNationalIdentificationNumber", "organizationNumber"],
    "additionalProperties": False,
    "properties": {
        "employeeNationalIdentificationNumber": {"pattern": r"^\d{11}$"},
        "organizationNumber": {"pattern": r"^\d{9}$"},
    },
}
UNUSABLE = [
    *(Reply(status) for status in (301, 400, 401, 403, 404, 429, 500, 503)),
    Reply(200, text="<html>"),
    Reply(200, []),
    Reply(hangs=True),
    Reply(drips=True),
]


def krr(**others: Any) -> Reply:
    """The published answer, about the person of these tests."""
    person = payload("krr_response")["personer"][PERSON] | {"personident": ANNE} | others
    return Reply(200, {"personer": {ANNE: person}, "feil": {}})


# --- the registers by themselves ----------------------------------------------------------------------------


async def test_krrs_answer_is_read() -> None:
    replies = [Reply(200, payload(name)) for name in ("krr_response", "krr_response_reserved")]
    async with serving(*replies) as server, gateway(server.url) as gw:
        register = KrrRegister(gw)
        assert await register.contact(PERSON, NOW) == RegisteredContact(
            may_be_notified=True, phone="+4799999999", email="person@example.org"
        )
        assert await register.contact(PERSON, NOW) == RegisteredContact(
            may_be_notified=False, phone=None, email=None
        )
    assert server.asked[0].body == payload("krr_request")
    assert (server.asked[0].method, server.asked[0].path) == ("POST", "/rest/v1/personer")
    assert PERSON not in str(server.asked[0].query)


@pytest.mark.parametrize(
    "body",
    [
        {"personer": {}, "feil": {PERSON: "person_ikke_funnet"}},
        {"personer": {}},
        {"feil": {PERSON: "fortrolig_adresse"}},
    ],
)
async def test_somebody_whom_krr_does_not_know_has_no_record(body: object) -> None:
    async with serving(Reply(200, body)) as server, gateway(server.url) as gw:
        assert await KrrRegister(gw).contact(PERSON, NOW) is None


@pytest.mark.parametrize(
    "reply",
    [
        *UNUSABLE,
        Reply(200, {"personer": []}),
        Reply(200, {"personer": {PERSON: {}}}),
        Reply(200, {"personer": {PERSON: {"kanVarsles": "ja"}}}),
        Reply(200, {"personer": {PERSON: None}}),
    ],
)
async def test_krr_without_an_answer_that_can_be_used_is_away(reply: Reply) -> None:
    async with serving(reply) as server, gateway(server.url, timeout_seconds=SHORT_SECONDS) as gw:
        with pytest.raises(RegisterUnavailable) as away:
            await KrrRegister(gw).contact(PERSON, NOW)
    assert PERSON not in str(away.value)


async def test_both_words_for_a_reservation_count() -> None:
    async with serving(krr(kanVarsles=True, reservert=True)) as server, gateway(server.url) as gw:
        contact = await KrrRegister(gw).contact(ANNE, NOW)
    assert contact is not None
    assert not contact.may_be_notified


async def test_the_line_managers_answer_is_read() -> None:
    names = ("nl_lookup_response", "nl_lookup_response_none")
    replies = [Reply(200, payload(name)) for name in names]
    async with serving(*replies) as server, gateway(server.url) as gw:
        register = LineManagerRegister(gw)
        known = await register.manager(PERSON, "310000108", NOW)
        assert known == RegisteredManager("02917220037", "leder@example.org")
        assert await register.manager(PERSON, "310000108", NOW) is None
    assert server.asked[0].body == payload("nl_lookup_request")
    check(server.asked[0].body, LOOKUP)
    assert server.asked[0].path == "/internal/api/v1/lookup"


@pytest.mark.parametrize(
    ("addresses", "email"),
    [
        ([], None),
        (["", "no address", "a@example.invalid", "b@example.invalid"], "a@example.invalid"),
    ],
)
async def test_of_a_managers_addresses_the_first_that_is_one_is_used(
    addresses: list[str], email: str | None
) -> None:
    body = {"lineManager": {"nationalIdentificationNumber": "1", "emailAddresses": addresses}}
    async with serving(Reply(200, body)) as server, gateway(server.url) as gw:
        found = await LineManagerRegister(gw).manager(PERSON, KAFE, NOW)
    assert found is not None
    assert found.email == email


@pytest.mark.parametrize(
    "reply",
    [
        *UNUSABLE,
        Reply(200, {}),
        Reply(200, {"lineManager": {}}),
        Reply(200, {"lineManager": {"nationalIdentificationNumber": "1", "emailAddresses": None}}),
    ],
)
async def test_line_managers_without_an_answer_that_can_be_used_are_away(reply: Reply) -> None:
    async with serving(reply) as server, gateway(server.url, timeout_seconds=SHORT_SECONDS) as gw:
        with pytest.raises(RegisterUnavailable):
            await LineManagerRegister(gw).manager(PERSON, KAFE, NOW)


async def test_registers_that_refuse_are_away() -> None:
    async with gateway(nobody_listens()) as gw:
        with pytest.raises(RegisterUnavailable, match="gw:ConnectError"):
            await KrrRegister(gw).contact(PERSON, NOW)
        with pytest.raises(RegisterUnavailable, match="gw:ConnectError"):
            await LineManagerRegister(gw).manager(PERSON, KAFE, NOW)


# --- asked by a notifier ------------------------------------------------------------------------------------


@dataclass
class Registers:
    """Both registers at one address; `krr` and `managers` are their answers until they are changed."""

    krr: Reply = field(default_factory=krr)
    managers: Reply = field(default_factory=lambda: Reply(200, payload("nl_lookup_response")))
    asked: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        return self.krr if "personer" in asked.path else self.managers


@asynccontextmanager
async def asking(database_url: str, registers: Registers) -> AsyncIterator[Desk]:
    """A notifier whose SMS and e-mail ask first."""
    async with (
        serving(handler=registers) as server,
        gateway(server.url, timeout_seconds=SHORT_SECONDS) as gw,
        desk(database_url, TUESDAY) as it,
    ):
        by = {"contacts": KrrRegister(gw), "managers": LineManagerRegister(gw)}
        it.parts["channels"] = [
            AskedFirst(KafkaSms(it.out), **by),  # type: ignore[arg-type]
            AskedFirst(KafkaEmail(it.out), **by),  # type: ignore[arg-type]
            KafkaLetter(it.out),
            KafkaAdviserTask(it.out),
        ]
        it.notifier = it.another()
        yield it


def types(left: list[Left]) -> list[str]:
    return [message.type.removesuffix(".requested") for message in left]


async def test_the_register_has_the_last_word_on_the_address(database_url: str) -> None:
    registers = Registers(krr(mobiltelefonnummer="900 00 099"))
    async with asking(database_url, registers) as it:
        await it.receive_and_send(anne(phone="+4790000001"), due(at=TUESDAY))
        (sms,) = it.left()
        assert sms.data["to"] == "+4790000099"


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (krr(kanVarsles=False), ["letter"]),
        (krr(mobiltelefonnummer=None), ["email"]),
        (krr(mobiltelefonnummer=None, epostadresse=None), ["letter"]),
    ],
)
async def test_a_no_of_the_registers_is_the_next_channels_turn(
    database_url: str, answer: Reply, then: list[str]
) -> None:
    """Reserved since the contacts topic last said anything: nothing digital leaves."""
    async with asking(database_url, Registers(answer)) as it:
        await it.receive_and_send(anne(), due(at=TUESDAY))
        assert types(it.left()) == then


@pytest.mark.parametrize("away", [Reply(500), Reply(401), Reply(hangs=True), Reply(200, [])])
async def test_a_register_that_is_away_is_asked_again_and_nothing_is_sent_anyway(
    database_url: str, away: Reply
) -> None:
    """Not to the old address, and not on paper either; no attempt is spent however long it takes."""
    registers = Registers(away)
    async with asking(database_url, registers) as it:
        await it.receive(anne(), due(at=TUESDAY))
        for round_ in range(12):
            it.clock.turn(TUESDAY + timedelta(minutes=round_))
            with pytest.raises(RegisterUnavailable):
                await it.notifier.turn(it.now)
        assert it.left() == []
        (waiting,) = await it.deliveries()
        assert (waiting.state, waiting.attempts) == ("waiting", 0)
        registers.krr = krr()
        await it.until(TUESDAY + timedelta(minutes=20))
        assert types(it.left()) == ["sms"]


async def test_every_attempt_asks_again(database_url: str) -> None:
    """Reserved between two attempts: the second does not leave."""
    registers = Registers()
    async with asking(database_url, registers) as it:
        it.out.fails = 1
        await it.receive(anne(), due(at=TUESDAY))
        with pytest.raises(ConnectionError):
            await it.notifier.turn(it.now)
        registers.krr = krr(kanVarsles=False)
        await it.until(TUESDAY + timedelta(hours=1))
        assert types(it.left()) == ["letter"]
        # Twice for the SMS, and once for the e-mail that would have come next.
        assert registers.asked.count("/rest/v1/personer") == 3


async def test_somebody_without_a_record_is_asked_for_a_day_at_most_and_gets_a_letter(
    database_url: str,
) -> None:
    unknown = Reply(200, {"personer": {}, "feil": {ANNE: "person_ikke_funnet"}})
    registers = Registers(unknown)
    async with asking(database_url, registers) as it:
        await it.receive_and_send(anne(), due(at=TUESDAY))
        assert it.left() == []
        await it.until(TUESDAY + timedelta(days=2))
        assert types(it.left()) == ["letter"]
        assert len(registers.asked) > 10


async def test_a_manager_who_was_replaced_is_not_written_to(database_url: str) -> None:
    async with asking(database_url, Registers()) as it:
        mail = due(at=TUESDAY, recipients=(MANAGER,))
        await it.receive_and_send(anne(), manager(email="before@example.invalid"), mail)
        (sent,) = it.left()
        assert (sent.type, sent.data["to"]) == ("email.requested", "leder@example.org")


async def test_without_a_manager_in_the_register_the_organisation_is_written_to(
    database_url: str,
) -> None:
    """And the organisation's own address is asked for nowhere."""
    registers = Registers(managers=Reply(200, payload("nl_lookup_response_none")))
    async with asking(database_url, registers) as it:
        await it.receive_and_send(
            anne(), manager(), post_of(), due(at=TUESDAY, recipients=(MANAGER,))
        )
        (sent,) = it.left()
        assert sent.data["to"] == "post@kafe.example.invalid"
        assert registers.asked == ["/internal/api/v1/lookup"]


async def test_managers_that_cannot_be_asked_for_are_waited_for(database_url: str) -> None:
    registers = Registers(managers=Reply(503))
    async with asking(database_url, registers) as it:
        await it.receive(anne(), manager(), post_of(), due(at=TUESDAY, recipients=(MANAGER,)))
        with pytest.raises(RegisterUnavailable):
            await it.notifier.turn(it.now)
        assert it.left() == []
