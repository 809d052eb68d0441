"""What an answer over HTTP means for a delivery, whoever gives it (contract 6.7, 15): against real sockets."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from pydantic import SecretStr

from services.notifier.channels.http_sms import HttpSms
from services.notifier.domain.delivery import Failed, Sent
from services.notifier.gateways.client import Answer, StaticToken, retry_after
from tests.support.channel_server import (
    DELIVERY,
    NOW,
    Reply,
    Server,
    gateway,
    nobody_listens,
    serving,
    sms,
)
from tests.support.waiting import SHORT_SECONDS


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_a_yes(status: int) -> None:
    async with serving(Reply(status, text="")) as server, gateway(server.url) as gw:
        assert await HttpSms(gw, sender="Nav").send(sms()) == Sent()
    (asked,) = server.asked
    assert asked.headers["idempotency-key"] == DELIVERY
    assert (asked.method, asked.path) == ("POST", "/messages")
    assert asked.body == {
        "reference": DELIVERY,
        "to": "+4790000001",
        "text": "Avtal med arbeidsgiveren din når dere har dialogmøte. Logg inn for å se mer.",
        "sender": "Nav",
        "valid_until": "2026-03-10T00:00:00+00:00",
    }


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 413, 422])
async def test_what_is_wrong_for_good_is_not_tried_again(status: int) -> None:
    async with serving(Reply(status)) as server, gateway(server.url) as gw:
        failed = await HttpSms(gw, sender="Nav").send(sms())
    assert failed == Failed(permanent=True, reason=f"gw:{status}")


@pytest.mark.parametrize(
    ("status", "uncertain"),
    [
        *((status, False) for status in (301, 302, 401, 403, 408, 409, 425, 429, 501, 503)),
        *((status, True) for status in (500, 502, 504)),
    ],
)
async def test_what_may_pass_is_tried_again(status: int, uncertain: bool) -> None:
    """A server that broke may have sent it first, and the delivery says so."""
    headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status < 400 else {}
    async with serving(Reply(status, headers=headers)) as server, gateway(server.url) as gw:
        failed = await HttpSms(gw, sender="Nav").send(sms())
    assert failed == Failed(permanent=False, reason=f"gw:{status}", uncertain=uncertain)


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(drips=True)])
async def test_a_gateway_that_takes_it_and_hangs_may_have_it(reply: Reply) -> None:
    """contract 15: accept-then-hang, and one that is slow beyond use; the second attempt has the same key."""
    async with serving(reply) as server, gateway(server.url, timeout_seconds=SHORT_SECONDS) as gw:
        channel = HttpSms(gw, sender="Nav")
        failed = await channel.send(sms())
        assert isinstance(failed, Failed)
        assert (failed.permanent, failed.uncertain) == (False, True)
        assert await channel.send(sms()) == Sent()
    assert {request.headers["idempotency-key"] for request in server.asked} == {DELIVERY}


async def test_nobody_listening_is_certain() -> None:
    async with gateway(nobody_listens()) as gw:
        failed = await HttpSms(gw, sender="Nav").send(sms())
    assert failed == Failed(permanent=False, reason="gw:ConnectError")


@pytest.mark.parametrize(
    ("header", "rest"),
    [("120", 120), ("Tue, 24 Feb 2026 08:05:00 GMT", 300), ("99999999999999999999", 3600)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_nobody_is_called_before_the_time_that_they_asked_for(
    status: int, header: str, rest: int
) -> None:
    busy = Reply(status, headers={"Retry-After": header})
    async with serving(busy) as server, gateway(server.url) as gw:
        channel = HttpSms(gw, sender="Nav")
        first = await channel.send(sms())
        just_before = NOW + timedelta(seconds=rest - 1)
        resting = await channel.send(sms(at=just_before))
        assert len(server.asked) == 1
        assert await channel.send(sms(at=NOW + timedelta(seconds=rest))) == Sent()
    assert first == Failed(permanent=False, reason=f"gw:{status}")
    assert resting == Failed(permanent=False, reason="gw:rests")


@pytest.mark.parametrize("header", ["", "soon", "-5", "١٢", "Tue, 99 Feb 2026 08:05:00 GMT"])
def test_a_wait_that_nobody_can_read_is_none(header: str) -> None:
    assert retry_after(header, NOW) is None


async def test_the_token_goes_along_and_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """contract 14.1: no token, number, text or body of an answer in a log line, a reason or a repr."""
    caplog.set_level(logging.DEBUG)
    token = StaticToken(SecretStr("very-secret-token"))
    echo = Reply(400, {"error": "cannot send to +4790000001"})
    async with serving(echo) as server, gateway(server.url, tokens=token) as gw:
        failed = await HttpSms(gw, sender="Nav").send(sms())
        answer = await gw.call("POST", "/other", at=NOW)
    assert server.asked[0].headers["authorization"] == "Bearer very-secret-token"
    shown = f"{caplog.text} {failed} {answer} {token!r} {vars(gw)}"
    assert "very-secret" not in shown
    assert "90000001" not in shown
    assert "arbeidsgiver" not in shown


async def test_a_token_never_follows_a_redirect() -> None:
    async with serving() as elsewhere:
        away = Reply(307, headers={"Location": f"{elsewhere.url}/messages"})
        async with serving(away) as server, gateway(server.url) as gw:
            assert isinstance(await HttpSms(gw, sender="Nav").send(sms()), Failed)
        assert elsewhere.asked == []


async def test_an_answer_that_is_no_json_has_no_body() -> None:
    replies = [Reply(text="<html>"), Reply(text="[" * 100_000), Reply(text="\xff\xfe")]
    async with serving(*replies) as server, gateway(server.url) as gw:
        for _ in replies:
            assert await gw.call("GET", "/", at=NOW) == Answer(200, None)
    assert isinstance(server, Server)


@pytest.mark.parametrize("to", ["", "nobody", "+47 900 00 001, +47 900 00 002"])
async def test_only_one_number_is_sent_to(to: str) -> None:
    async with serving() as server, gateway(server.url) as gw:
        failed = await HttpSms(gw, sender="Nav").send(sms(to))
    assert failed == Failed(permanent=True, reason="bad_number")
    assert server.asked == []
