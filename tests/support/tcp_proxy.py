"""A TCP proxy that a test can break: it stands before PostgreSQL or Kafka and takes them away without harming them.

A Kafka broker sends its clients to the address that it advertises: start it with the proxy's port as that one
(`embedded_kafka(advertised_port=proxy.port)`), then say `proxy.target_port`.
"""

from __future__ import annotations

import asyncio
from typing import Self


class TcpProxy:
    """Listens on `port` of 127.0.0.1 and passes everything on to `target_port`, as `pass_on`, `refuse` and
    `swallow` say. Starts by passing on. Use with `async with`."""

    def __init__(self, target_port: int = 0) -> None:
        self.target_port = target_port
        self.port = 0
        self._server: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    async def pass_on(self) -> None:
        """Everything arrives, also what was held back."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]
        self._passing.set()

    async def swallow(self) -> None:
        """Connections are taken and stay open, but nothing arrives and nothing comes back."""
        await self.pass_on()
        self._passing.clear()

    async def refuse(self) -> None:
        """Open connections break, new ones are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.pass_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            await self._passing.wait()
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            ends.append(to_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, to_writer))
                both.create_task(self._pump(to_reader, writer))
        except* OSError:
            pass  # one side is gone: so is the other, below
        finally:
            for end in ends:
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            await self._passing.wait()
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
