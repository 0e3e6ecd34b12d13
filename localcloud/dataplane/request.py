"""One request of a caller, as it came."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from localcloud.dataplane.answers import RefusedError
from localcloud.http1 import Incoming

_PATH = re.compile(r"^/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)$")
_OPERATIONS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
ASYNC, STREAM = _OPERATIONS["async-invocations"], _OPERATIONS["invocations-response-stream"]
SECRET, SECONDS = b"x-dropforge-secret", b"x-dropforge-seconds"


class Reply(Protocol):
    """Where an answer goes. Exactly one of `send`, `fail` and `begin` is called."""

    def send(self, status: int, headers: bytes, body: bytes, request_id: str) -> None:
        """A whole answer; `headers` are complete lines."""

    def fail(self, refused: RefusedError, request_id: str, *, bare: bool = False) -> None:
        """An error; bare: its head alone, as HEAD wants it."""

    def begin(self, headers: bytes, request_id: str, go_on: Callable[[], None]) -> None:
        """An answer in parts: `part` for each, `end` after the last. `go_on` when a slow caller has caught up."""

    def part(self, data: bytes) -> bool:
        """A part; False if the caller does not keep up."""

    def end(self) -> None:
        """The answer is complete."""


class Request:
    """What a caller sent; header names are in lower case.

    `judged`: the host has looked who calls. `own`: it is the host's own call.
    Its own calls may take longer and be larger, and reach asynchronous endpoints.
    """

    __slots__ = (
        "body", "endpoint", "headers", "id", "incoming", "judged", "method", "operation", "own", "reply", "size",
        "started", "target",
    )  # fmt: skip

    def __init__(self, reply: Reply, incoming: Incoming, started: float) -> None:
        self.reply = reply
        self.incoming = incoming
        self.method = incoming.method
        self.target = incoming.target
        self.headers = dict(incoming.headers)
        self.endpoint, self.operation = route(incoming.target)
        self.judged = self.own = False
        self.id = ""
        self.body = b""
        self.size = 0
        self.started = started


@lru_cache(1024)
def route(target: bytes) -> tuple[str, str]:
    """The endpoint's name and the operation of a request's target; both are "" for any other path."""
    match = _PATH.match(target.split(b"?", 1)[0].decode("latin-1"))
    return (unquote(match[1]), _OPERATIONS[match[2]]) if match else ("", "")
