"""Altinn 3 notification orders, and the endpoint where Altinn asks whether to send (contract 6.6, 6.10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.notifier.channels.altinn import Altinn, AltinnSettings, build_email, build_sms
from services.notifier.channels.canonical import KafkaAdviserTask, KafkaEmail, KafkaLetter
from services.notifier.domain.delivery import Failed, Outcome, Sent
from services.notifier.gateways.transport import ChannelParts
from services.notifier.ports import AboutDelivery, Kind, Outgoing
from services.notifier.store.lookup import StoredDeliveries
from services.notifier.texts_folder import load_texts
from services.runtime.clock import TurnedClock
from services.runtime.settings import InvalidSettings, load_settings
from tests.support.channel_server import (
    DELIVERY,
    NOW,
    Known,
    Lifetime,
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
    sms,
)
from tests.support.notifier_desk import Desk, Out, anne, desk, due, oslo, withdrawal
from tests.support.waiting import SHORT_SECONDS

TEXT = {"type": "string", "minLength": 1}
POLICY = {"enum": ["Anytime", "Daytime"]}
RECIPIENT = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "recipientSms": {
            "type": "object",
            "additionalProperties": False,
            "required": ["phoneNumber", "smsSettings"],
            "properties": {
                "phoneNumber": {"pattern": r"^\+\d{8,15}$"},
                "smsSettings": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["body"],
                    "properties": {"body": TEXT, "sender": TEXT, "sendingTimePolicy": POLICY},
                },
            },
        },
        "recipientEmail": {
            "type": "object",
            "additionalProperties": False,
            "required": ["emailAddress", "emailSettings"],
            "properties": {
                "emailAddress": {"type": "string", "format": "email"},
                "emailSettings": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["subject", "body"],
                    "properties": {
                        "subject": TEXT,
                        "body": TEXT,
                        "senderEmailAddress": TEXT,
                        "contentType": {"enum": ["Plain", "Html"]},
                        "sendingTimePolicy": {"const": "Anytime"},
                    },
                },
            },
        },
    },
}
MESSAGE = {"sendersReference": TEXT, "conditionEndpoint": TEXT, "recipient": RECIPIENT}
# An order as Altinn's schema has it: nothing beyond it is taken.
ORDER = {
    "type": "object",
    "required": ["idempotencyId", "recipient"],
    "additionalProperties": False,
    "properties": {
        **MESSAGE,
        "idempotencyId": TEXT,
        "requestedSendTime": {"type": "string", "format": "date-time"},
        "reminders": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["recipient", "delayDays"],
                "additionalProperties": False,
                "properties": {**MESSAGE, "delayDays": {"type": "integer", "minimum": 1}},
            },
        },
    },
}
CONDITION = "https://notifier.example.invalid/condition"


def receipt(status: int = 201, reference: str = DELIVERY) -> Reply:
    body = payload("altinn_order_response")
    body["notification"]["sendersReference"] = reference
    return Reply(status, body)


def settings(url: str, **others: Any) -> AltinnSettings:
    return AltinnSettings(altinn_url=url, **({"altinn_condition_url": CONDITION} | others))


@asynccontextmanager
async def altinn(
    url: str, kind: Kind = "sms", *, timeout_seconds: float = 5.0, **others: Any
) -> AsyncIterator[Altinn]:
    async with gateway(url, timeout_seconds=timeout_seconds) as gw:
        yield Altinn(kind, gw, settings(url, **others))


async def send(
    outgoing: Outgoing, *replies: Reply, kind: Kind = "sms", **others: Any
) -> tuple[Outcome, Server]:
    async with serving(*replies) as server, altinn(server.url, kind, **others) as channel:
        return await channel.send(outgoing), server


@pytest.mark.parametrize("name", ["altinn_order_sms", "altinn_order_email_with_reminder"])
def test_the_published_examples_meet_the_demands_that_ours_are_held_to(name: str) -> None:
    check(payload(name), ORDER)


async def test_an_sms_is_an_order_with_the_deliverys_id() -> None:
    outcome, server = await send(sms(), receipt())
    assert outcome == Sent()
    (asked,) = server.asked
    check(asked.body, ORDER)
    assert names(asked.body) <= names(payload("altinn_order_sms"))
    assert (asked.method, asked.path) == ("POST", "/notifications/api/v1/future/orders")
    assert (asked.body["idempotencyId"], asked.body["sendersReference"]) == (DELIVERY, DELIVERY)
    assert asked.body["conditionEndpoint"] == f"{CONDITION}/{DELIVERY}"


async def test_an_email_with_a_reminder_asks_twice_whether_to_go() -> None:
    outcome, server = await send(
        email(),
        receipt(),
        kind="email",
        altinn_reminder_days=7,
        altinn_email_sender="a@nav.invalid",
    )
    assert outcome == Sent()
    order = server.asked[0].body
    check(order, ORDER)
    example = names(payload("altinn_order_email_with_reminder"))
    assert names(order) <= example | {"senderEmailAddress"}
    (reminder,) = order["reminders"]
    assert (reminder["delayDays"], reminder["sendersReference"]) == (7, f"{DELIVERY}-r1")
    assert reminder["conditionEndpoint"] == order["conditionEndpoint"]
    assert reminder["recipient"] == order["recipient"]


@pytest.mark.parametrize(("days_ahead", "reminds"), [(6, False), (7, True), (8, True)])
async def test_altinn_does_not_say_a_date_again_that_has_passed_by_then(
    days_ahead: int, reminds: bool
) -> None:
    """contract 6.5: its reminder is the same words once more, seven days later."""
    named_on = NOW.date() + timedelta(days=days_ahead)
    outgoing = replace(email(), named_on=named_on)
    _, server = await send(outgoing, receipt(), kind="email", altinn_reminder_days=7)
    assert ("reminders" in server.asked[0].body) is reminds


def test_the_order_is_the_rulebooks_alone_unless_somebody_wants_reminders() -> None:
    """contract 6.1: reminders are steps of the rulebook."""
    assert settings("http://127.0.0.1").altinn_reminder_days is None
    with pytest.raises(ValueError, match="ALTINN_REMINDER_DAYS needs ALTINN_CONDITION_URL"):
        AltinnSettings(altinn_url="http://127.0.0.1", altinn_reminder_days=7)


async def test_an_order_that_altinn_has_seen_is_as_good_as_a_new_one() -> None:
    """200 with the old receipt, whatever the body says."""
    outcome, _ = await send(sms(), receipt(200))
    assert outcome == Sent()


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        (
            receipt(200, "somebody-elses"),
            Failed(permanent=False, reason="gw:unreadable", uncertain=True),
        ),
        (Reply(201, {}), Failed(permanent=False, reason="gw:unreadable", uncertain=True)),
        (Reply(201, text="ok"), Failed(permanent=False, reason="gw:unreadable", uncertain=True)),
        (Reply(499), Failed(permanent=False, reason="gw:unreadable", uncertain=True)),
        (Reply(400), Failed(permanent=True, reason="gw:400")),
        (Reply(422), Failed(permanent=True, reason="gw:422")),
        (Reply(401), Failed(permanent=False, reason="gw:401")),
        (Reply(429), Failed(permanent=False, reason="gw:429")),
        (Reply(503), Failed(permanent=False, reason="gw:503")),
        (Reply(500), Failed(permanent=False, reason="gw:500", uncertain=True)),
    ],
)
async def test_what_an_answer_means(reply: Reply, failed: Failed) -> None:
    outcome, _ = await send(sms(), reply)
    assert outcome == failed


async def test_taken_and_hung_is_tried_again_and_found_to_be_there() -> None:
    """contract 15: accept-then-hang; the second try meets the first one's order."""
    async with (
        serving(Reply(hangs=True), receipt(200)) as server,
        altinn(server.url, timeout_seconds=SHORT_SECONDS) as channel,
    ):
        first = await channel.send(sms())
        assert isinstance(first, Failed)
        assert (first.permanent, first.uncertain) == (False, True)
        assert await channel.send(sms()) == Sent()
    assert {asked.body["idempotencyId"] for asked in server.asked} == {DELIVERY}


async def test_refusing_is_certain() -> None:
    async with altinn(nobody_listens()) as channel:
        assert await channel.send(sms()) == Failed(permanent=False, reason="gw:ConnectError")


async def test_bad_addresses_never_leave() -> None:
    assert (await send(sms("nobody")))[0] == Failed(permanent=True, reason="bad_number")
    two = email("a@example.invalid, b@example.invalid")
    assert (await send(two, kind="email"))[0] == Failed(permanent=True, reason="bad_address")


async def test_nothing_is_taken_back_where_altinn_cannot_ask() -> None:
    async with altinn("http://127.0.0.1:9", altinn_condition_url=None) as channel:
        assert channel.closes == frozenset()
        closed = await channel.close(recall())
        assert closed == Failed(permanent=True, reason="cannot_be_taken_back")
    async with altinn("http://127.0.0.1:9") as channel:
        assert channel.closes == {"sent"}
        assert await channel.close(recall()) == Sent()


# --- the condition endpoint ---------------------------------------------------------------------------------


async def parts_of(deliveries: Any, at: datetime = NOW) -> tuple[ChannelParts, Lifetime]:
    life = Lifetime()
    return ChannelParts(Out(), TurnedClock(at), deliveries, load_texts(), life=life), life


@asynccontextmanager
async def endpoint(deliveries: Any, at: datetime = NOW) -> AsyncIterator[httpx.AsyncClient]:
    """Both of Altinn's channels, as the service builds them, with one endpoint between them."""
    parts, life = await parts_of(deliveries, at)
    chosen = settings("http://127.0.0.1:9", altinn_condition_port=0)
    build_sms(chosen, parts)
    build_email(chosen, parts)
    server = next(close.__self__ for close in life.closes if hasattr(close.__self__, "port"))  # type: ignore[attr-defined]
    assert await life.health.liveness() == {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        yield client
    await life.stop()
    assert await server.liveness() == "has ended"


async def ask(client: httpx.AsyncClient, delivery_id: str = DELIVERY) -> bool:
    answer = await client.get(f"/condition/{delivery_id}")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == set(payload("altinn_condition_response"))
    return bool(body["sendNotification"])


@pytest.mark.parametrize(
    ("known", "relevant"),
    [
        *((about(state=state), True) for state in ("waiting", "sending", "sent", "delivered")),
        *(
            (about(state=state), False)
            for state in ("closing", "closed", "cancelled", "expired", "failed")
        ),
        (about(died_at=NOW), False),
        (about(died_at=NOW - timedelta(days=1)), True),
    ],
)
async def test_altinn_is_told_whether_there_is_still_a_reason(
    known: AboutDelivery, relevant: bool
) -> None:
    async with endpoint(Known({DELIVERY: known})) as client:
        assert await ask(client) is relevant


async def test_what_is_withdrawn_or_too_late_is_not_sent() -> None:
    known = about(state="sent")
    late = Known({DELIVERY: known})
    async with endpoint(late, known.delivery.not_after) as client:
        assert not await ask(client)
    marked = replace(known, delivery=replace(known.delivery, withdrawn="done"))
    async with endpoint(Known({DELIVERY: marked})) as client:
        assert not await ask(client)
    withdrawn = replace(known, withdrawals=(withdrawal(known.event, at=NOW),))
    async with endpoint(Known({DELIVERY: withdrawn})) as client:
        assert not await ask(client)


@pytest.mark.parametrize(
    "unknown", ["0f0c5d0e-6a0f-5b6e-9d0a-000000000000", "x", "%00", "../health"]
)
async def test_an_id_that_nobody_knows_is_a_no(unknown: str) -> None:
    async with endpoint(Known({DELIVERY: about()})) as client:
        assert not await ask(client, unknown)


async def test_not_knowing_is_no_answer() -> None:
    """Altinn asks once more a minute later."""

    class Away:
        async def about(self, delivery_id: str) -> AboutDelivery | None:
            raise ConnectionError(delivery_id)

    async with endpoint(Away()) as client:
        answer = await client.get(f"/{DELIVERY}")
    assert (answer.status_code, answer.text) == (503, "")


async def test_a_delivery_that_is_withdrawn_after_altinn_took_it_is_stopped_there(
    database_url: str,
) -> None:
    """From the tables themselves: yes while it stands, no from the withdrawal on (contract 6.8)."""
    start = oslo("2026-02-24T09:00:00")
    async with (
        serving(handler=lambda asked: receipt(201, asked.body["idempotencyId"])) as server,
        desk(database_url, start) as it,
        altinn(server.url) as channel,
    ):
        give(it, channel)
        step = due(at=start)
        await it.receive_and_send(anne(), step)
        (order,) = server.asked
        async with endpoint(StoredDeliveries(it.pool), start) as client:
            assert await ask(client, order.body["idempotencyId"])
            await it.receive_and_send(withdrawal(step, at=start))
            assert not await ask(client, order.body["idempotencyId"])
        assert await it.states() == [("employee", "sms", "closed", "done:held")]


def give(it: Desk, channel: Altinn) -> None:
    it.parts["channels"] = [
        channel, KafkaEmail(it.out), KafkaLetter(it.out), KafkaAdviserTask(it.out)
    ]  # fmt: skip
    it.notifier = it.another()


async def test_the_endpoint_frees_its_port_when_the_service_stops() -> None:
    async with endpoint(Known()) as client:
        port = client.base_url.port
        assert port is not None
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize("url", ["ftp://x", "https://user:pw@x", "not an address", "https://x?a=b"])
def test_an_address_that_cannot_be_one_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("ALTINN_URL", url)
    with pytest.raises(InvalidSettings, match="ALTINN_URL: must be") as refused:
        load_settings(AltinnSettings)
    assert url not in str(refused.value)
