"""The server's side of an HTTP/1.1 connection, for the router and for model servers: kept alive, one request at a time.

A fifth of the price of an ASGI server's, which counts where a model answers in 100 microseconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

import httptools

_log = logging.getLogger(__name__)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOINED = 64 * 1024
Headers = list[tuple[bytes, bytes]]


class Incoming:
    """A request as it came. `size` is its body's true length, of which only the connection's limit is kept."""

    __slots__ = ("body", "headers", "invited", "keep", "method", "size", "target")

    def __init__(self, method: bytes, target: bytes, headers: Headers) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = b""
        self.size = 0
        self.keep = True
        self.invited = False


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
        # What waits for the answers before it; None is what could not be read (`_fault`).
        self._queue: deque[Incoming | None] = deque()
        self._fault = ""
        self._is_taking = False
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

    def eof_received(self) -> bool:
        """The caller has nothing more to say, and still gets the answers that it is owed."""
        if self._queue:
            last = self._queue[-1]
            if last is not None:
                last.keep = False
        elif self.busy:
            self.keep = False
        return self.busy

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        while data:
            try:
                self._parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade(data[upgrade.args[0] :])
            except httptools.HttpParserCallbackError:
                _log.exception("a request could not be taken")
                self.transport.close()
                return
            except httptools.HttpParserError as error:
                self._bad(str(error))
                return
        if self._incoming is not None:
            self._invite()

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
        if self._parser.should_upgrade():
            return  # it is read once more
        incoming = self._incoming = Incoming(self._parser.get_method(), self._target, self._headers)
        self._limit = self.limit(incoming)

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
        if incoming is None:
            return
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
            self._take_queued()
        elif self._incoming is not None:
            self._invite()

    def _start(self, incoming: Incoming) -> None:
        self.busy, self.keep = True, incoming.keep
        self.take(incoming)

    def _take_queued(self) -> None:
        """Take what waits, one after the other: `take` may have its answer at once, and come back to here."""
        if self._is_taking:
            return
        self._is_taking = True
        try:
            while self._queue and not self.busy and not self.transport.is_closing():
                incoming = self._queue.popleft()
                if incoming is None:
                    self.busy, self.keep = True, False
                    self.refuse(self._fault)
                    continue
                if not self._queue:
                    self.transport.resume_reading()
                self._start(incoming)
        finally:
            self._is_taking = False

    def _invite(self) -> None:
        """Ask for the body of a request whose caller waits for that, once and after the answers before it."""
        incoming = self._incoming
        if incoming is None or incoming.invited or self.busy:
            return
        incoming.invited = True
        expected = any(name == b"expect" and value.lower() == b"100-continue" for name, value in incoming.headers)
        if expected and not incoming.size and self._parser.get_http_version() == "1.1":
            self.write(_CONTINUE)

    def _without_upgrade(self, rest: bytes) -> bytes:
        """Answer in HTTP/1.1 who asks for another protocol: returns the same head without that, and the rest."""
        method: bytes = self._parser.get_method()
        if method == b"CONNECT":
            self._bad("there are no tunnels")
            return b""
        lines = [b"%s %s HTTP/%s" % (method, self._target, self._parser.get_http_version().encode())]
        lines += [b"%s: %s" % header for header in self._headers if header[0] != b"upgrade"]
        self._parser = httptools.HttpRequestParser(self)
        return b"\r\n".join([*lines, b"", rest])

    def _bad(self, why: str) -> None:
        """Refuse what follows, after the answers that are owed; nothing more is read."""
        if self.transport.is_closing():
            return
        self.transport.pause_reading()
        self._fault, self._incoming = why, None
        self._queue.append(None)
        if not self.busy:
            self._take_queued()
