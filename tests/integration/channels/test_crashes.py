"""Every point at which a send may be cut off, against gateways with and without a memory (contract 6, 15)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import pytest
from prometheus_client import REGISTRY

from services.notifier.channels.canonical import KafkaAdviserTask, KafkaEmail, KafkaLetter
from services.notifier.channels.http_sms import HttpSms
from services.notifier.domain.delivery import Outcome, State, TooLate
from services.notifier.gateways.client import Gateway
from services.notifier.ports import Channel, Kind, Outgoing, Recall
from services.notifier.sending.turns import LEASE
from tests.support.channel_server import Asked, Reply, Server, gateway, serving
from tests.support.notifier_desk import Desk, anne, desk, due, oslo
from tests.support.waiting import until

TUESDAY = oslo("2026-02-24T09:00:00")
Point = Literal["before it leaves", "before the answer", "before it is written down"]


@dataclass
class SmsGateway:
    """What has gone out to phones. With a memory, a key that was seen before sends nothing more.

    `hangs`: it does its work, and the answer never comes.
    """

    remembers: bool
    hangs: bool = False
    sent: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        key = asked.headers["idempotency-key"]
        assert key == asked.body["reference"]
        if not (self.remembers and key in self.sent):
            self.sent.append(key)
        return Reply(202, hangs=self.hangs)


@dataclass
class CutOff:
    """A channel whose process stands still before or after the call, until somebody kills it."""

    channel: Channel
    point: Point
    stands: asyncio.Event = field(default_factory=asyncio.Event)
    kind: Kind = "sms"
    closes: frozenset[State] = frozenset()

    async def send(self, outgoing: Outgoing) -> Outcome:
        if self.point == "before it leaves":
            await self._stand()
        outcome = await self.channel.send(outgoing)
        if self.point == "before it is written down":
            await self._stand()
        return outcome

    async def close(self, recall: Recall) -> Outcome | TooLate:
        return await self.channel.close(recall)

    async def _stand(self) -> None:
        self.stands.set()
        await asyncio.Event().wait()


def give(it: Desk, sms: Channel) -> None:
    it.parts["channels"] = [sms, KafkaEmail(it.out), KafkaLetter(it.out), KafkaAdviserTask(it.out)]
    it.notifier = it.another()


async def kill_at(it: Desk, gw: Gateway, server: Server, point: Point, phones: SmsGateway) -> None:
    """A process begins to send, gets as far as that point, and is gone."""
    before = len(server.asked)
    cut_off = CutOff(HttpSms(gw, sender="Nav"), point)
    give(it, cut_off)
    phones.hangs = point == "before the answer"
    doomed = asyncio.create_task(it.another().turn(it.now))

    def got_there() -> bool:
        if point == "before the answer":
            return len(server.asked) > before
        return cut_off.stands.is_set()

    await until(got_there)
    doomed.cancel()
    await asyncio.wait([doomed])
    phones.hangs = False


@asynccontextmanager
async def at_work(
    database_url: str, phones: Callable[[Asked], Reply]
) -> AsyncIterator[tuple[Desk, Gateway, Server]]:
    async with (
        serving(handler=phones) as server,
        gateway(server.url) as gw,
        desk(database_url, TUESDAY) as it,
    ):
        yield it, gw, server


def uncertain() -> float:
    return (
        REGISTRY.get_sample_value("stoppunkt_deliveries_uncertain_total", {"channel": "sms"}) or 0
    )


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize(
    "point", ["before it leaves", "before the answer", "before it is written down"]
)
@pytest.mark.parametrize("crashes", [1, 3])
async def test_a_process_that_is_killed_while_sending_costs_at_most_one_more(
    database_url: str, point: Point, crashes: int, remembers: bool
) -> None:
    """Exactly one where the gateway honours the key; else one more a crash at most, and labelled."""
    phones = SmsGateway(remembers)
    async with at_work(database_url, phones) as (it, gw, server):
        await it.receive(anne(), due(at=TUESDAY))
        labelled = uncertain()
        for _ in range(crashes):
            await kill_at(it, gw, server, point, phones)
            it.clock.turn(it.now + LEASE + timedelta(seconds=1))
        give(it, HttpSms(gw, sender="Nav"))
        await it.settle()
        (done,) = await it.deliveries()
        assert (done.state, done.attempts) == ("sent", 0)
        left_before = 0 if point == "before it leaves" else crashes
        assert len(phones.sent) == (1 if remembers else 1 + left_before)
        assert set(phones.sent) == {done.delivery_id}
        assert uncertain() - labelled == crashes


@pytest.mark.parametrize("remembers", [True, False])
async def test_one_that_was_written_down_never_leaves_again(
    database_url: str, remembers: bool
) -> None:
    phones = SmsGateway(remembers)
    async with at_work(database_url, phones) as (it, gw, server):
        give(it, HttpSms(gw, sender="Nav"))
        await it.receive_and_send(anne(), due(at=TUESDAY))
        it.notifier = it.another()
        await it.until(TUESDAY + timedelta(days=3))
    assert len(phones.sent) == len(server.asked) == 1


async def test_a_gateway_that_hangs_holds_up_nothing_else_and_is_tried_again(
    database_url: str,
) -> None:
    """contract 15: slow, then busy, then broken, then well: one message, one id, in the end."""
    answers = [Reply(429, headers={"Retry-After": "90"}), Reply(503), Reply(500), Reply(202)]
    keys: list[str] = []

    def moody(asked: Asked) -> Reply:
        keys.append(asked.headers["idempotency-key"])
        return answers[len(keys) - 1]

    async with at_work(database_url, moody) as (it, gw, _):
        give(it, HttpSms(gw, sender="Nav"))
        await it.receive_and_send(anne(), due(at=TUESDAY))
        assert await it.states() == [("employee", "sms", "waiting", "retry")]
        await it.until(TUESDAY + timedelta(hours=2))
        assert await it.states() == [("employee", "sms", "sent", None)]
    assert len(keys) == 4
    assert len(set(keys)) == 1
