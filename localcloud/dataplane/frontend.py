"""Connections of callers."""

from __future__ import annotations

import time
from collections.abc import Callable

from localcloud.dataplane import answers
from localcloud.dataplane.answers import RefusedError
from localcloud.dataplane.request import Request
from localcloud.http1 import Incoming, ServerConnection

_JSON = b"Content-Type: application/json\r\n"


class Frontend(ServerConnection):
    """One caller's connection. `take` is given each request, whose answer it owes by `Reply`'s methods."""

    def __init__(self, take: Callable[[Request], None], limit: Callable[[Request], int | None]) -> None:
        super().__init__()
        self._take_request = take
        self._limit_of = limit
        self._request: Request | None = None
        self._full = False
        self._go_on: Callable[[], None] | None = None

    def limit(self, incoming: Incoming) -> int | None:
        """See ServerConnection."""
        self._request = Request(self, incoming, time.perf_counter())
        return self._limit_of(self._request)

    def take(self, incoming: Incoming) -> None:
        """See ServerConnection."""
        request = self._request
        if request is None or request.incoming is not incoming:  # it waited for the one before it
            request = Request(self, incoming, time.perf_counter())
            self._limit_of(request)
        request.body, request.size = incoming.body, incoming.size
        request.id = answers.identifier()
        self._take_request(request)

    def send(self, status: int, headers: bytes, body: bytes, request_id: str) -> None:
        """See Reply."""
        self.answer(answers.head(status, headers, len(body), request_id, keep=self.keep), body)

    def refuse(self, why: str) -> None:
        """See ServerConnection."""
        self.fail(RefusedError("SerializationException", f"The request is no HTTP/1.1: {why}"), answers.identifier())

    def fail(self, refused: RefusedError, request_id: str, *, bare: bool = False) -> None:
        """See Reply."""
        headers = b"%sx-amzn-ErrorType: %s\r\n" % (_JSON, refused.code.encode())
        head = answers.head(refused.status, headers, len(refused.body), request_id, keep=self.keep)
        self.answer(head, b"" if bare else refused.body)

    def begin(self, headers: bytes, request_id: str, go_on: Callable[[], None]) -> None:
        """See Reply."""
        self._go_on = go_on
        self.write(answers.head(200, headers, None, request_id, keep=self.keep))

    def part(self, data: bytes) -> bool:
        """See Reply."""
        self.write(b"%x\r\n%s\r\n" % (len(data), data))
        return not self._full

    def end(self) -> None:
        """See Reply."""
        self.write(b"0\r\n\r\n")
        self._go_on = None
        self.done()

    def pause_writing(self) -> None:
        """The caller does not keep up."""
        self._full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._full = False
        if self._go_on is not None:
            self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        """The caller has gone; its call goes on, as on AWS, and its answer is dropped."""
        super().connection_lost(error)
        self.resume_writing()
