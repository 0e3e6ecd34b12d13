"""The server's side of an HTTP/1.1 connection, for the router and for model servers: kept alive, one request at a time.

A fifth of the price of an ASGI server's, which counts where a model answers in 100 microseconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import httptools

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOINED = 64 * 1024
Headers = list[tuple[bytes, bytes]]


class Incoming:
    """A request as it came. `size` is its body's true length, of which only the connection's limit is kept."""

    __slots__ = ("body", "headers", "keep", "method", "size", "target")

    def __init__(self, method: bytes, target: bytes, headers: Headers) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = b""
        self.size = 0
        self.keep = True


class ServerConnection(asyncio.Protocol):
    """A subclass answers what `take` is given, with `write` and then `done`."""

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpRequestParser(self)
        self.transport: Any = None
        self._target = b""
        self._headers: Headers = []
        self._parts: list[bytes] = []
        self._incoming: Incoming | None = None
        self._limit: int | None = None
        self._queue: deque[Incoming] = deque()
        self.busy = False
        self.keep = True

    def take(self, incoming: Incoming) -> None:
        """Answer a request."""
        raise NotImplementedError

    def refuse(self, why: str) -> None:
        """Answer what is no HTTP; the connection ends with that."""
        raise NotImplementedError

    def limit(self, incoming: Incoming) -> int | None:
        """How many bytes of a request's body are kept; None: all."""
        return None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has come."""
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """The caller has gone; what it asked for last is done all the same."""
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._bad("there is no protocol to upgrade to")
        except httptools.HttpParserError as error:
            self._bad(str(error))

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target, self._headers, self._parts = b"", [], []

    def on_url(self, url: bytes) -> None:
        """Its target, or a part of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        incoming = self._incoming = Incoming(self._parser.get_method(), self._target, self._headers)
        self._limit = self.limit(incoming)
        if (b"expect", b"100-continue") in self._headers:
            self.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        incoming = self._incoming
        assert incoming is not None
        incoming.size += len(body)
        if self._limit is None or incoming.size <= self._limit:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """It is complete."""
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        parts = self._parts
        incoming.body = parts[0] if len(parts) == 1 else b"".join(parts)
        incoming.keep = self._parser.should_keep_alive()
        if self.busy:
            self._queue.append(incoming)
            self.transport.pause_reading()
        else:
            self._start(incoming)

    def write(self, data: bytes) -> None:
        """Send, if the caller is still there."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def answer(self, head: bytes, body: bytes) -> None:
        """Send a whole answer."""
        if len(body) < _JOINED:
            self.write(head + body)
        else:
            self.write(head)
            self.write(body)
        self.done()

    def done(self) -> None:
        """The answer is complete: on to the next request."""
        self.busy = False
        if not self.keep:
            self.transport.close()
        elif self._queue:
            incoming = self._queue.popleft()
            if not self._queue:
                self.transport.resume_reading()
            self._start(incoming)

    def _start(self, incoming: Incoming) -> None:
        self.busy, self.keep = True, incoming.keep
        self.take(incoming)

    def _bad(self, why: str) -> None:
        if self.busy or self.transport.is_closing():
            self.transport.close()
            return
        self.busy, self.keep = True, False
        self.refuse(why)
