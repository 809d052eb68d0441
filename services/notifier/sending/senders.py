"""Calls the channels: so many calls at once, for so long, and none of a gateway that keeps failing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.breaker import Breaker
from services.notifier.domain.delivery import (
    ChannelName,
    Delivery,
    Failed,
    Outcome,
    Sent,
    TooLate,
)
from services.notifier.ports import Channel, Kind, Outgoing, Recall

KINDS: Mapping[ChannelName, Kind] = {
    "sms": "sms",
    "email": "email",
    "organisation_email": "email",
    "letter": "letter",
    "adviser_task": "adviser_task",
}
# What one process asks of one gateway at the same time (policy).
AT_ONCE = 20
# A turn has 25 s in all (runtime/turning.py); what is not out by now is tried again later.
SEND_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Our own side failed while this was under way; it may be out, or not."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The turn's time ran out before this was begun."""


Job = Outgoing | Recall
Result = Outcome | TooLate | Trouble | NotBegun


class Senders:
    """One channel for each kind. Remembers nothing but how the gateways have answered lately, in this process alone."""

    def __init__(self, channels: Iterable[Channel], *, send_seconds: float = SEND_SECONDS) -> None:
        self._channels: dict[Kind, Channel] = {channel.kind: channel for channel in channels}
        self._breakers: dict[Kind, Breaker] = {}
        self._send_seconds = send_seconds

    def can_close(self, delivery: Delivery, now: datetime) -> bool:
        """Whether the channel can take this back.

        Past `not_after` nobody downstream would still send it; a task is open until it is closed.
        """
        kind = KINDS[delivery.channel]
        state = delivery.state if delivery.state in ("sent", "delivered") else "sent"
        timely = kind == "adviser_task" or now < delivery.not_after
        return timely and state in self._channels[kind].closes

    def rests_until(self, channel: ChannelName, now: datetime) -> datetime | None:
        """Until when the gateway is not called, None where it may be."""
        return self._breakers.get(KINDS[channel], Breaker()).blocks(now)

    async def run(self, jobs: Sequence[Job], now: datetime) -> list[Result]:
        """Do all of them, as far as there is time; one result for each, in their order."""
        gates = {kind: asyncio.Semaphore(AT_ONCE) for kind in self._channels}
        works = [
            _Work(self._channels[kind], job, gates[kind])
            for job, kind in ((job, KINDS[job.delivery.channel]) for job in jobs)
        ]
        tasks = [asyncio.create_task(work.do()) for work in works]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._send_seconds)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        results = [work.result(outcome) for work, outcome in zip(works, outcomes, strict=True)]
        for job, result in zip(jobs, results, strict=True):
            if isinstance(job, Outgoing):
                self._remember(KINDS[job.delivery.channel], result, now)
        return results

    def _remember(self, kind: Kind, result: Result, now: datetime) -> None:
        breaker = self._breakers.get(kind, Breaker())
        match result:
            case Sent():
                self._breakers[kind] = breaker.succeeded()
            case Failed(permanent=False):
                self._breakers[kind] = breaker.failed(now)
            case _:
                pass


class _Work:
    """One call of a channel, and whether it has begun."""

    def __init__(self, channel: Channel, job: Job, gate: asyncio.Semaphore) -> None:
        self._channel = channel
        self._job = job
        self._gate = gate
        self._begun = False

    async def do(self) -> Outcome | TooLate:
        async with self._gate:
            self._begun = True
            if isinstance(self._job, Outgoing):
                return await self._channel.send(self._job)
            return await self._channel.close(self._job)

    def result(self, outcome: Outcome | TooLate | BaseException) -> Result:
        if not isinstance(outcome, BaseException):
            return outcome
        if not self._begun:
            return NotBegun()
        cut = isinstance(outcome, asyncio.CancelledError)
        return Trouble(TimeoutError() if cut else outcome)
