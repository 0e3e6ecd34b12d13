"""A router's process of its own per test, before model servers that are threads of this one."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.router import RouteFleet, RouteInstance, Router, RouterSettings, RouteTable, RouteVariant

ENDPOINT = "endpoint"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((body, {name.lower(): value for name, value in self.headers.items()}))
        self.server.answer(self, body)


class ModelServer(http.server.ThreadingHTTPServer):
    """A model server that answers its name; `answer` can be replaced."""

    daemon_threads = True

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.name = name
        self.seen: list[tuple[bytes, dict[str, str]]] = []
        self.answer: Callable[[_Handler, bytes], None] = lambda handler, body: respond(handler, self.name.encode())
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def instance(self, name: str = "") -> RouteInstance:
        """The instance for a table."""
        return RouteInstance(name or self.name, (self.server_port,), ("primary",))

    def end(self) -> None:
        """Have no ear any more."""
        self.shutdown()
        self.server_close()


def respond(handler: Any, body: bytes, status: int = 200, **headers: str) -> None:
    """Send an answer."""
    handler.send_response(status)
    for name, value in {"Content-Type": "text/csv", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def late(let: threading.Event, body: bytes) -> Callable[[Any, bytes], None]:
    """A server's answer that waits until it may."""

    def answer(handler: Any, _: bytes) -> None:
        let.wait(30)
        respond(handler, body)

    return answer


def last(body: bytes) -> Callable[[Any, bytes], None]:
    """A server's answer after which it closes the connection, unannounced."""

    def answer(handler: Any, _: bytes) -> None:
        respond(handler, body)
        handler.close_connection = True

    return answer


def variant(name: str, *servers: ModelServer, weight: float = 1.0, **more: Any) -> RouteVariant:
    """A variant with these servers."""
    return RouteVariant(name, weight, tuple(server.instance() for server in servers), "model", **more)


def table(*variants: RouteVariant, endpoint: str = ENDPOINT, invoke_seconds: float = 60.0, **fleet: Any) -> RouteTable:
    """A table of one fleet."""
    return RouteTable(endpoint, (RouteFleet("config", 1.0, variants, **fleet),), invoke_seconds)


@dataclass
class Plane:
    """A router, what it told, and servers that end with the test."""

    router: Router
    spool: Path
    figures: list[dict[str, Any]] = field(default_factory=list)
    wanted: list[tuple[str, str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    servers: list[ModelServer] = field(default_factory=list)

    def server(self, name: str, port: int = 0) -> ModelServer:
        server = ModelServer(name, port)
        self.servers.append(server)
        return server

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.router.url.removeprefix("http://"), timeout=30)

    def call(
        self, body: bytes = b"1,2", path: str = "invocations", endpoint: str = ENDPOINT, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One call; its status, its headers in lower case, its body."""
        with contextlib.closing(self.connection()) as connection:
            sent = {"Content-Type": "text/csv"} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", f"/endpoints/{endpoint}/{path}", body, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def error(self, *args: Any, **more: Any) -> tuple[int, str, dict[str, Any]]:
        """A call that is refused: status, code, body."""
        status, headers, body = self.call(*args, **more)
        answer = json.loads(body)
        assert headers["x-amzn-errortype"] == answer["__type"]
        return status, answer["__type"], answer

    def captured(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Finished files: their headers and records."""
        self.router.flush()
        files = []
        for path in sorted(self.spool.glob("*.ready")):
            header, *records = path.read_text().splitlines()
            files.append((json.loads(header), [json.loads(record) for record in records]))
        return files

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All figures so far, added up by configuration and variant."""
        self.router.flush()
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for told in self.figures:
            for row in told["rows"]:
                total = found.setdefault((row["config"], row["variant"]), {"calls": 0, "4xx": 0, "5xx": 0, "errors": 0})
                for name, key in (("calls", "calls"), ("4xx", "4xx"), ("5xx", "5xx"), ("errors", "model_errors")):
                    total[name] += row[key]
        return found


def eventually(found: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `found` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not come about"
        os.sched_yield()
    return value


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    spool = tmp_path / "spool"
    router = Router(RouterSettings("us-east-1", "000000000000", spool))
    plane = Plane(router, spool)
    router.on_figures(plane.figures.append)
    router.on_wanted(lambda *names: plane.wanted.append(names))
    router.on_lost(plane.lost.append)
    router.start()
    yield plane
    router.close()
    for server in plane.servers:
        server.end()
