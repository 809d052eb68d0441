"""A small HTTP server on the service's own event loop, so that a frozen loop does not answer.

Bounded: so many connections at once, so much of a request's head, so long for a connection that says nothing; what is
over it is answered with 503 or closed, and the service's own work goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

CONNECTIONS_MAX = 500
HEAD_BYTES_MAX = 16 * 1024
IDLE_CONNECTION_SECONDS = 5
STOP_SECONDS = 2


class HttpServer:
    """Serves an app from `start` to `stop`. Listens once it is constructed; raises OSError where the port is in use."""

    def __init__(self, app: Starlette, *, name: str, host: str, port: int) -> None:
        self._app = app
        self._name = name
        self._socket = socket.create_server((host, port), reuse_port=False)
        self.port: int = self._socket.getsockname()[1]
        """The port listened on; another than asked for only when that was 0."""
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",  # the one that can bound a request's head
                log_config=None,
                access_log=False,
                lifespan="off",
                limit_concurrency=CONNECTIONS_MAX,
                h11_max_incomplete_event_size=HEAD_BYTES_MAX,
                timeout_keep_alive=IDLE_CONNECTION_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    def add(self, routes: Sequence[BaseRoute]) -> None:
        """Answer these as well; what they are for is the service's to say."""
        self._app.router.routes.extend(routes)

    def start(self) -> None:
        """Answer until `stop`, on the running event loop."""
        self._serving = asyncio.create_task(
            self._server.serve(sockets=[self._socket]), name=self._name
        )

    async def stop(self) -> None:
        """Answer what has been asked, and take no more questions; returns once that is done."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    async def liveness(self) -> str | None:
        """A check: it still serves."""
        return "has ended" if self._serving is None or self._serving.done() else None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service, which stops its parts in order."""
        yield
