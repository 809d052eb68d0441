"""Where Altinn asks, right before it sends, whether a delivery is still relevant (contract 6.6).

    GET /<delivery id>  ->  {"sendNotification": true | false}

Altinn asks once more a minute after an answer that it cannot use, and then sends. So an id that nobody knows is a
no, and only a database that does not answer is a 503. The question holds nothing but the id, and the answer nothing
but a yes or a no. Altinn asks long after the turn that sent the order, so this reads by id, as no channel does.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifier.domain.delivery import State
from services.notifier.domain.withdrawal import withdrawal_for
from services.notifier.gateways.transport import ChannelParts
from services.notifier.ports import AboutDelivery, DeliveryLookup
from services.runtime.clock import Clock
from services.runtime.http_server import HttpServer

_NAME = "altinn condition"
_LIVING: frozenset[State] = frozenset({"waiting", "sending", "sent", "delivered"})
# Altinn waits longer. A database that takes longer than this is treated as one that is away.
_ANSWER_SECONDS = 5.0


def still_relevant(about: AboutDelivery, now: datetime) -> bool:
    """Not withdrawn for this recipient, not too late, alive.

    A pause of the channel does not count: Altinn already has the order.
    """
    delivery = about.delivery
    return (
        delivery.state in _LIVING
        and delivery.withdrawn is None
        and now < delivery.not_after
        and withdrawal_for(delivery, about.withdrawals) is None
        and not (about.died_at is not None and about.died_at >= about.event.fired_at)
    )


def condition_app(deliveries: DeliveryLookup, clock: Clock) -> Starlette:
    """The endpoint; any trouble is a 503 without a text."""

    async def answer(request: Request) -> Response:
        try:
            # The id is the last part of the path: what stands before it belongs to the proxy in front of us.
            delivery_id = str(UUID(request.url.path.rpartition("/")[2]))
        except ValueError:
            return JSONResponse({"sendNotification": False})
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                about = await deliveries.about(delivery_id)
                now = await clock.now()
        except Exception:  # noqa: BLE001 - the database's trouble is reported by its own checks
            return Response(status_code=503)
        relevant = about is not None and still_relevant(about, now)
        return JSONResponse({"sendNotification": relevant})

    return Starlette(routes=[Route("/{path:path}", answer)])


def serve_condition(parts: ChannelParts, *, host: str, port: int) -> None:
    """Serve until the service stops: one server, also where both SMS and e-mail go through Altinn."""
    if parts.life is None or _NAME in parts.servers:
        return
    parts.servers.add(_NAME)
    app = condition_app(parts.deliveries, parts.clock)
    server = HttpServer(app, name=_NAME, settings_prefix="ALTINN_CONDITION", host=host, port=port)
    server.start()
    parts.life.at_stop(_NAME, server.stop)
    parts.life.health.watch(_NAME, liveness=server.liveness)
