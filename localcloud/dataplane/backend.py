"""Connections to model servers: kept alive, one call at a time on each."""

from __future__ import annotations

import asyncio
import select
import time
from typing import Any, Protocol

import httptools

# Servers close idle connections when they like, gunicorn after 2 seconds: one that was idle for longer is not used.
_IDLE_SECONDS = 1.0
_CONNECT_SECONDS = 5.0
_READ_HIGH = 1 << 20


class Exchange(Protocol):
    """What a connection tells of the answer to one request."""

    def on_head(self, status: int, headers: dict[bytes, bytes]) -> None:
        """The head has come; header names are in lower case."""

    def on_chunk(self, chunk: bytes) -> None:
        """A part of the body has come."""

    def on_end(self) -> None:
        """The answer is complete."""

    def on_broken(self, why: str) -> None:
        """The connection ended before the answer did."""


class Connection(asyncio.Protocol):
    """One connection to a server."""

    __slots__ = ("_headers", "_parser", "_poll", "_pool", "_whole", "exchange", "idle_since", "transport")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser: Any = None
        self._headers: dict[bytes, bytes] = {}
        self._whole = False
        self.exchange: Exchange | None = None
        self.transport: Any = None
        self.idle_since = 0.0
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self.transport = transport
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def usable(self) -> bool:
        """Whether the server still holds it: what a dead process leaves can be read at once on this machine."""
        return (
            time.monotonic() - self.idle_since < _IDLE_SECONDS
            and not self.transport.is_closing()
            and not self._poll.poll(0)
        )

    def send(self, request: bytes, exchange: Exchange) -> None:
        """Send a request, whose answer goes to `exchange`."""
        self.exchange = exchange
        self._headers = {}
        self._whole = False
        self._parser = httptools.HttpResponseParser(self)
        self.transport.write(request)

    def abort(self) -> None:
        """Give up the request under way; nothing is told of it any more."""
        self.exchange = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if self.exchange is None:
            self.transport.abort()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._break(f"it does not speak HTTP: {error}")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """The answer's head is complete."""
        if self.exchange is not None:
            self.exchange.on_head(self._parser.get_status_code(), self._headers)

    def on_body(self, body: bytes) -> None:
        """A part of the answer's body."""
        if self.exchange is not None:
            self.exchange.on_chunk(body)

    def on_message_complete(self) -> None:
        """The answer is complete; the connection can be used again if the server says so."""
        if self._parser.get_status_code() < 200:  # noqa: PLR2004 (100 Continue: the answer is yet to come)
            return
        self._whole = True
        exchange, self.exchange = self.exchange, None
        if self._parser.should_keep_alive():
            self._pool.give(self)
        else:
            self._pool.answered = time.monotonic()
            self.transport.close()
        if exchange is not None:
            exchange.on_end()

    def connection_lost(self, error: Exception | None) -> None:
        """A body without a length ends here; everything else is broken off."""
        self._pool.drop(self)
        if self.exchange is None:
            return
        unbounded = b"content-length" not in self._headers and b"transfer-encoding" not in self._headers
        if self._headers and unbounded and error is None:
            exchange, self.exchange = self.exchange, None
            self._pool.answered = time.monotonic()
            exchange.on_end()
        else:
            self._break(str(error) if error else "it ended")

    def _break(self, why: str) -> None:
        exchange, self.exchange = self.exchange, None
        self.transport.abort()
        if exchange is not None:
            exchange.on_broken(why)


class Pool:
    """The idle connections to one port of 127.0.0.1, the last used first; and when the server there last answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered = 0.0
        self._silent = 0.0
        self._idle: list[Connection] = []
        self._closed = False

    def take(self) -> Connection | None:
        """An open connection, if there is one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable():
                return connection
            connection.transport.abort()
        return None

    async def connect(self) -> Connection:
        """A new connection; raises OSError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.port)
        return connection

    def give(self, connection: Connection) -> None:
        """Take back a connection after its answer."""
        connection.idle_since = self.answered = time.monotonic()
        if self._closed:
            connection.transport.close()
            return
        self._idle.append(connection)

    def give_up(self, seconds: float) -> None:
        """A request had no answer for so many seconds, which were all that it had."""
        now = time.monotonic()
        if self.answered < now - seconds:
            self._silent = now

    def is_silent(self, seconds: float) -> bool:
        """Whether a request was given up within these seconds, and none was answered since it was sent."""
        return self._silent > max(self.answered, time.monotonic() - seconds)

    def prune(self) -> None:
        """Close what is not used any more: a server of one thread may listen to that alone."""
        for connection in [each for each in self._idle if not each.usable()]:
            self._idle.remove(connection)
            connection.transport.abort()

    def drop(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close the idle connections, and the others when their answers have come."""
        self._closed = True
        for connection in self._idle:
            connection.transport.close()
        self._idle.clear()
