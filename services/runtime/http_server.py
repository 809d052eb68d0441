"""A small HTTP server on the service's own event loop, so that a frozen loop does not answer.

Bounded: so many connections at once, so much of a request's head, so long for a connection that says nothing; what is
over it is answered with 503 or closed, and the service's own work goes on.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from services.runtime.settings import InvalidSettings

CONNECTIONS_MAX = 500
HEAD_BYTES_MAX = 16 * 1024
IDLE_CONNECTION_SECONDS = 5
STOP_SECONDS = 2

_NO_HOST = "HOST: is neither an IPv4 address nor a name that leads to one"
_CANNOT_LISTEN = {
    # create_server raises a failed look-up as a plain OSError with the look-up's own number.
    socket.EAI_NONAME: _NO_HOST,
    socket.EAI_NODATA: _NO_HOST,
    socket.EAI_ADDRFAMILY: _NO_HOST,
    socket.EAI_AGAIN: _NO_HOST,
    socket.EAI_FAIL: _NO_HOST,
    errno.EADDRINUSE: "PORT: another program listens there; give this one another port",
    errno.EACCES: "PORT: may not be listened on by this user; ports from 1024 on may",
    errno.EADDRNOTAVAIL: "HOST: is no address of this machine",
}


class HttpServer:
    """Serves an app from `start` to `stop`. Listens once it is constructed; raises InvalidSettings where it cannot.

    `<settings_prefix>_HOST` and `<settings_prefix>_PORT` are the variables that `host` and `port` come from.
    """

    def __init__(
        self, app: Starlette, *, name: str, settings_prefix: str, host: str, port: int
    ) -> None:
        self._app = app
        self._name = name
        self._socket = _listening(settings_prefix, host, port)
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


def _listening(settings_prefix: str, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), reuse_port=False)
    except UnicodeError:
        fault = _NO_HOST
    except OSError as error:
        fault = _CANNOT_LISTEN.get(
            error.errno or 0, f"PORT: cannot be listened on ({type(error).__name__})"
        )
    raise InvalidSettings(f"{settings_prefix}_{fault}.")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service, which stops its parts in order."""
        yield
