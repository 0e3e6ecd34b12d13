"""A small model server: SageMaker's inference contract over a function.

Requests are answered one at a time, as by one worker of AWS's images (a model need not be safe for threads);
/ping is answered meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import uvloop

from localcloud.http1 import Incoming, ServerConnection

log = logging.getLogger("serve")
HOST = "127.0.0.1"
DEFAULT_PORT = 8080
_BACKLOG = 1024


class RequestError(Exception):
    """A request that cannot be answered; `status` is the HTTP status, the message the body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UnsupportedContentTypeError(RequestError):
    """The request's Content-Type cannot be read (415)."""

    def __init__(self, content_type: str) -> None:
        super().__init__(415, f"Content type {content_type} is not supported by this framework.")


class UnacceptableError(RequestError):
    """The answer cannot be given in a type that the request accepts (406)."""

    def __init__(self, accept: str) -> None:
        super().__init__(406, f"Accept type {accept} is not supported by this framework.")


@dataclass(frozen=True)
class Request:
    """What /invocations was called with; `accept` is None where any type is accepted."""

    body: bytes
    content_type: str | None
    accept: str | None


@dataclass(frozen=True)
class Response:
    """An answer."""

    body: bytes = b""
    content_type: str = "application/json"
    status: int = 200


Handler = Callable[[Request], Response]
# Of a quick handler, requests up to this size are answered where they are read.
_QUICK_BYTES = 64 * 1024
_GRACE_SECONDS = 5.0
_REASONS = {200: b"OK", 204: b"No Content"}


class Application:
    """What is served. A quick handler takes milliseconds at most and need not be moved off the connections' thread."""

    def __init__(
        self, handler: Handler, execution_parameters: dict[str, object] | None = None, *, quick: bool = False
    ) -> None:
        self._handler = handler
        self._parameters = execution_parameters
        self._quick = quick
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self.under_way = 0

    def route(self, incoming: Incoming) -> Response | None:
        """Answer what needs no model, or None."""
        path = incoming.target.split(b"?", 1)[0]
        if (incoming.method, path) == (b"POST", b"/invocations"):
            return None
        if path == b"/ping" and incoming.method in (b"GET", b"HEAD"):
            return Response()
        if (incoming.method, path) == (b"GET", b"/execution-parameters") and self._parameters is not None:
            return Response(json.dumps(self._parameters).encode())
        text = f"no {incoming.method.decode('latin-1')} {path.decode('latin-1')} here"
        return Response(text.encode(), "text/plain", 404)

    def invoke(self, incoming: Incoming, reply: Callable[[Response], None]) -> None:
        """Ask the model; one request at a time, in their order."""
        headers = dict(incoming.headers)
        accept, content_type = (headers.get(name, b"").decode("latin-1") for name in (b"accept", b"content-type"))
        request = Request(
            incoming.body,
            content_type if b"content-type" in headers else None,
            None if accept in ("", "*/*") else accept,
        )
        if self._quick and len(request.body) <= _QUICK_BYTES and not self.under_way:
            reply(self._answer(request))
            return
        self.under_way += 1
        loop = asyncio.get_running_loop()

        def end(response: Response) -> None:
            self.under_way -= 1
            reply(response)

        def work() -> None:
            loop.call_soon_threadsafe(end, self._answer(request))

        self._worker.submit(work)

    def _answer(self, request: Request) -> Response:
        try:
            return self._handler(request)
        except RequestError as error:
            log.warning("%d: %s", error.status, error)
            return Response(str(error).encode(), "text/plain", error.status)
        except Exception as error:
            log.exception("the request failed")
            last = traceback.format_exception_only(error)[-1].strip()
            return Response(last.encode(), "text/plain", 500)


class Connection(ServerConnection):
    """One caller's connection."""

    def __init__(self, application: Application, all_: set[Connection]) -> None:
        super().__init__()
        self._application = application
        self._all = all_

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ServerConnection."""
        super().connection_made(transport)
        self._all.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """See ServerConnection."""
        super().connection_lost(error)
        self._all.discard(self)

    def take(self, incoming: Incoming) -> None:
        """See ServerConnection."""
        response = self._application.route(incoming)
        if response is not None:
            self._reply(response, bare=incoming.method == b"HEAD")
        else:
            self._application.invoke(incoming, self._reply)

    def refuse(self, why: str) -> None:
        """See ServerConnection."""
        self._reply(Response(f"Invalid HTTP request: {why}".encode(), "text/plain", 400))

    def _reply(self, response: Response, *, bare: bool = False) -> None:
        status = response.status
        kind = b"content-type: %s\r\n" % response.content_type.encode("latin-1") if response.body else b""
        end = b"\r\n" if self.keep else b"connection: close\r\n\r\n"
        line = b"HTTP/1.1 %d %s\r\n" % (status, _REASONS.get(status, b"Error"))
        length = b"" if status == 204 else b"content-length: %d\r\n" % len(response.body)  # noqa: PLR2004
        self.answer(line + length + kind + end, b"" if bare else response.body)


async def serve(application: Application, listening: socket.socket) -> int:
    """Serve until SIGTERM or SIGINT, and return which; requests under way then have five seconds."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.put_nowait, number)
    connections: set[Connection] = set()
    server = await loop.create_server(lambda: Connection(application, connections), sock=listening, backlog=_BACKLOG)
    received = await stop.get()
    server.close()
    deadline = loop.time() + _GRACE_SECONDS
    while any(each.busy for each in connections) and loop.time() < deadline:
        await asyncio.sleep(0.01)
    return received


def run(application: Application) -> None:
    """Serve on the port of SAGEMAKER_BIND_TO_PORT or the socket that the supervisor opened."""
    opened = os.environ.get("DROPFORGE_LISTEN_FD")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", DEFAULT_PORT))
    listening = socket.socket(fileno=int(opened)) if opened else socket.create_server((HOST, port), backlog=_BACKLOG)
    received = uvloop.run(serve(application, listening))
    # Ends as whoever sent the signal expects, and a model that still computes does not keep the process.
    signal.signal(received, signal.SIG_DFL)
    os.kill(os.getpid(), received)
