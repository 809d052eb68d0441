"""For the tests of channels: a real HTTP server on this machine with prepared answers, and messages to send to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from jsonschema import Draft202012Validator, FormatChecker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.messages import (
    AdviserTaskOpened,
    EmailRequested,
    Language,
    LetterRequested,
    Role,
    SmsRequested,
)
from services.notifier.domain.delivery import ChannelName, State, planned
from services.notifier.gateways.client import Gateway
from services.notifier.ports import AboutDelivery, KnownEvent, Outgoing, Recall
from services.runtime.health import Health
from tests.support.notifier_desk import EMPLOYEE, KAFE, MANAGER, due
from tests.support.paths import CHANNEL_PAYLOADS

PAYLOADS = CHANNEL_PAYLOADS
DELIVERY = "0f0c5d0e-6a0f-5b6e-9d0a-6a2d7f1c9b11"
NOW = datetime(2026, 2, 24, 8, tzinfo=UTC)
SMS_TEXT = "Avtal med arbeidsgiveren din når dere har dialogmøte. Logg inn for å se mer."


def payload(name: str) -> Any:
    """A published example."""
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


def check(value: object, schema: Mapping[str, object]) -> None:
    """Raises where the value is not what the published facts demand."""
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)


def names(value: object) -> set[str]:
    """Every field name in it, at any depth."""
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in names(inner)}
    return set()


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """`hangs`: it takes the request and never answers. `drips`: a byte at a time, for ever."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    hangs: bool = False
    drips: bool = False


Handler = Callable[[Asked], Reply]
Message = SmsRequested | EmailRequested | LetterRequested | AdviserTaskOpened


@dataclass
class Server:
    """Gives `replies` one after the other, then asks `handler`."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    handler: Handler = lambda _: Reply()
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        asked = Asked(
            request.method,
            request.url.path,
            dict(request.headers),
            dict(request.query_params),
            json.loads(body) if body else None,
        )
        self.asked.append(asked)
        reply = self.replies.pop(0) if self.replies else self.handler(asked)
        if reply.hangs:
            await asyncio.Event().wait()
        if reply.drips:
            return _Dripping()
        if reply.text is not None:
            return Response(reply.text, reply.status, reply.headers)
        return JSONResponse(reply.body, reply.status, reply.headers)


class _Dripping(Response):
    """Sends a byte every 50 ms and never ends, so that a limit on each read alone would never be reached."""

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(*replies: Reply, handler: Handler | None = None) -> AsyncIterator[Server]:
    """A server on a free port, until the end of the block."""
    server = Server(replies=list(replies))
    if handler is not None:
        server.handler = handler
    route = Route("/{path:path}", server.answer, methods=["GET", "POST", "PATCH", "PUT"])
    config = uvicorn.Config(
        Starlette(routes=[route]), host="127.0.0.1", port=0, log_config=None, lifespan="off",
        timeout_graceful_shutdown=0,
    )  # fmt: skip
    http = uvicorn.Server(config)
    task = asyncio.create_task(http.serve())
    while not http.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    server.url = f"http://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        http.should_exit = http.force_exit = True
        await task


def nobody_listens() -> str:
    """An address that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def gateway(
    url: str, *, timeout_seconds: float = 5.0, **others: Any
) -> AsyncIterator[Gateway]:
    client = Gateway("gw", url, timeout_seconds=timeout_seconds, **others)
    try:
        yield client
    finally:
        await client.close()


def outgoing(
    message: Message,
    *,
    of: AboutDelivery | None = None,
    at: datetime = NOW,
    language: Language = "nb",
    notice: str | None = None,
) -> Outgoing:
    """A message as a turn hands it over; `of` is the delivery that it is for, and its event."""
    stored = of or about()
    known = KnownEvent(stored.event, stored.delivery.person, NOW, 1)
    return Outgoing(stored.delivery, known, message, language, at, notice)


def recall(reason: str = "done", at: datetime = NOW, *, of: AboutDelivery | None = None) -> Recall:
    """What was sent for that delivery is to be taken back."""
    return Recall((of or about(state="closing")).delivery, reason, at)


def sms(to: str = "+4790000001", *, at: datetime = NOW) -> Outgoing:
    message = SmsRequested(
        delivery_id=DELIVERY, to=to, text=SMS_TEXT, not_after=datetime(2026, 3, 10, tzinfo=UTC)
    )
    return outgoing(message, at=at)


def email(
    to: str = "leder@example.invalid",
    *,
    of: AboutDelivery | None = None,
    text: str = "Logg inn for å se hvem det gjelder.\n\nDu kan ikke svare & <dette>.",
    notice: str = "Logg inn for å se hvem det gjelder.",
) -> Outgoing:
    """To the line manager, unless `of` is another delivery."""
    message = EmailRequested(
        delivery_id=DELIVERY,
        to=to,
        subject="Hold dialogmøte",
        text=text,
        not_after=datetime(2026, 3, 10, tzinfo=UTC),
    )
    stored = of or about("line_manager", "email", org_number=KAFE)
    return outgoing(message, of=stored, notice=notice)


def about(
    role: Role = "employee",
    channel: ChannelName = "sms",
    *,
    org_number: str | None = None,
    delivery_id: str = DELIVERY,
    state: State = "sending",
    **others: Any,
) -> AboutDelivery:
    """A delivery of a due event about somebody made up, as the store would load it."""
    event = due(at=NOW, recipients=(EMPLOYEE, MANAGER))
    delivery = planned(
        event_id=event.event_id,
        person=b"p" * 32,
        role=role,
        org_number=org_number,
        channel=channel,
        purpose="step",
        now=NOW,
        not_after=NOW + timedelta(days=14),
    )
    stored = replace(delivery, delivery_id=delivery_id, state=state)
    return AboutDelivery(delivery=stored, event=event, **others)


@dataclass
class Known:
    """Deliveries by id."""

    of: dict[str, AboutDelivery] = field(default_factory=dict)

    async def about(self, delivery_id: str) -> AboutDelivery | None:
        return self.of.get(delivery_id)


class Lifetime:
    """As a service's life: what is to be closed, in order."""

    def __init__(self) -> None:
        self.health = Health()
        self.closes: list[Callable[[], Any]] = []

    def at_stop(self, _name: str, close: Callable[[], Any]) -> None:
        self.closes.append(close)

    async def stop(self) -> None:
        for close in reversed(self.closes):
            await close()
