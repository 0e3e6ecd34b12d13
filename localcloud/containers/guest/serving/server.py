"""A small model server: SageMaker's inference contract over a function.

Requests are answered one at a time, as by one worker of AWS's images (a model need not be safe for threads);
/ping is answered meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import uvicorn

log = logging.getLogger("serve")
HOST = "127.0.0.1"
DEFAULT_PORT = 8080
Message = MutableMapping[str, Any]


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


class Application:
    """The ASGI application around a handler."""

    def __init__(self, handler: Handler, execution_parameters: dict[str, object] | None = None) -> None:
        self._handler = handler
        self._parameters = execution_parameters
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one HTTP request."""
        response = await self._route(scope, receive)
        headers = [(b"content-length", str(len(response.body)).encode())]
        if response.body:
            headers.append((b"content-type", response.content_type.encode("latin-1")))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _route(self, scope: Message, receive: Callable[[], Awaitable[Message]]) -> Response:
        match scope["method"], scope["path"]:
            case "GET", "/ping":
                return Response()
            case "GET", "/execution-parameters" if self._parameters is not None:
                return Response(json.dumps(self._parameters).encode())
            case "POST", "/invocations":
                headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
                accept = headers.get("accept")
                request = Request(
                    await read(receive),
                    headers.get("content-type"),
                    None if accept in (None, "", "*/*") else accept,
                )
                return await asyncio.get_running_loop().run_in_executor(self._worker, self._answer, request)
            case _:
                return Response(f"no {scope['method']} {scope['path']} here".encode(), "text/plain", 404)

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


async def read(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """Return a request's whole body."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def run(application: Application) -> None:
    """Serve until SIGTERM, on the port of SAGEMAKER_BIND_TO_PORT or the socket that the supervisor opened."""
    opened = os.environ.get("DROPFORGE_LISTEN_FD")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", DEFAULT_PORT))
    uvicorn.run(
        application,
        host=HOST,
        port=port,
        fd=int(opened) if opened else None,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
