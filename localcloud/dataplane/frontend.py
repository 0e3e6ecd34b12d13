"""Connections of callers: HTTP/1.1, kept alive, one request at a time on each."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

from localcloud.dataplane import answers
from localcloud.dataplane.answers import RefusedError
from localcloud.dataplane.request import Request

# What is read of a body that is too large anyway; the rest is thrown away as it comes.
_KEPT_BODY = answers.LARGEST_BODY
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JSON = b"Content-Type: application/json\r\n"
_JOINED = 64 * 1024


class Frontend(asyncio.Protocol):
    """One caller's connection. `take` is given each request, whose answer it owes by `Reply`'s methods."""

    def __init__(self, take: Callable[[Request], None], limit: Callable[[Request], int | None]) -> None:
        self._take = take
        self._limit = limit
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._request: Request | None = None
        self._largest: int | None = 0
        self._keep = True
        self._busy = False
        self._queue: deque[tuple[Request, bool]] = deque()
        self._full = False
        self._go_on: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has come."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """The caller has gone; its call goes on, as on AWS, and its answer is dropped."""
        self._queue.clear()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._bad("no protocol to upgrade to")
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
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        request = self._request = Request(self, self._parser.get_method(), self._target, self._headers)
        request.started = time.perf_counter()
        self._largest = self._limit(request)
        if request.headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        request = self._request
        assert request is not None
        request.size += len(body)
        if self._largest is None or request.size <= self._largest:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """It is complete."""
        request, self._request = self._request, None
        assert request is not None
        parts = self._parts
        request.body = parts[0] if len(parts) == 1 else b"".join(parts)
        keep = self._parser.should_keep_alive()
        if self._busy:
            self._queue.append((request, keep))
            self._transport.pause_reading()
        else:
            self._start(request, keep)

    def send(self, status: int, headers: bytes, body: bytes, request_id: str) -> None:
        """See Reply."""
        head = answers.head(status, headers, len(body), request_id, keep=self._keep)
        if len(body) < _JOINED:
            self._write(head + body)
        else:
            self._write(head)
            self._write(body)
        self._done()

    def refuse(self, refusal: RefusedError, request_id: str) -> None:
        """See Reply."""
        headers = b"%sx-amzn-ErrorType: %s\r\n" % (_JSON, refusal.code.encode())
        self.send(refusal.status, headers, refusal.body, request_id)

    def begin(self, headers: bytes, request_id: str, go_on: Callable[[], None]) -> None:
        """See Reply."""
        self._go_on = go_on
        self._write(answers.head(200, headers, None, request_id, keep=self._keep))

    def part(self, data: bytes) -> bool:
        """See Reply."""
        self._write(b"%x\r\n%s\r\n" % (len(data), data))
        return not self._full

    def end(self) -> None:
        """See Reply."""
        self._write(b"0\r\n\r\n")
        self._done()

    def pause_writing(self) -> None:
        """The caller does not keep up."""
        self._full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._full = False
        if self._go_on is not None:
            self._go_on()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _start(self, request: Request, keep: bool) -> None:
        self._busy, self._keep = True, keep
        request.id = answers.identifier()
        self._take(request)

    def _done(self) -> None:
        self._busy = False
        self._go_on = None
        if not self._keep:
            self._transport.close()
        elif self._queue:
            request, keep = self._queue.popleft()
            if not self._queue:
                self._transport.resume_reading()
            self._start(request, keep)

    def _bad(self, why: str) -> None:
        if self._busy or self._transport.is_closing():
            self._transport.close()
            return
        self._keep = False
        self.refuse(RefusedError("SerializationException", f"The request is no HTTP/1.1: {why}"), answers.identifier())
