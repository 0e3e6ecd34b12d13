"""A fake Lambda Runtime API on loopback, and one process of the real runtime client against it.

Contract: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (next, response, error, init error).
"""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PREFIX = "/2018-06-01/runtime"


class HandlerFailedError(Exception):
    """The measured handler could not be imported, or raised."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that was ended hangs up."""


class RuntimeApi:
    """Hands events to one runtime client at a time and keeps the moments at which it asked and answered."""

    def __init__(self) -> None:
        """Listen on a free loopback port."""
        self.asked: queue.Queue[float] = queue.Queue()
        self.answered: queue.Queue[tuple[float, str | None]] = queue.Queue()
        self._events: queue.Queue[bytes] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def give(self, event: dict[str, Any]) -> float:
        """Answer the client's pending question with an event; returns the moment."""
        self._events.put(json.dumps(event).encode())
        return time.perf_counter()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(api) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

            def do_GET(self) -> None:
                api.asked.put(time.perf_counter())
                body = api._events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
                self.send_header(
                    "Lambda-Runtime-Invoked-Function-Arn",
                    "arn:aws:lambda:us-east-1:000000000000:function:bench",
                )
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                failed = self.path.endswith("/error")
                api.answered.put((time.perf_counter(), body.decode() if failed else None))
                if self.path.endswith("/init/error"):
                    api.asked.put(float("nan"))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the benchmark's output to its figures."""

        return Handler


class Client:
    """One cold start of a handler under `awslambdaric`, and then warm invocations of it."""

    def __init__(
        self, api: RuntimeApi, root: Path, handler: str, environment: dict[str, str], paths: list[Path]
    ) -> None:
        """Start the process; `init_ms` is the time until it first asks for an event.

        Raises:
            HandlerFailedError: the handler cannot be imported, with the runtime client's own words.
        """
        self._api = api
        env = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": handler,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "LAMBDA_TASK_ROOT": str(root),
            "PYTHONPATH": os.pathsep.join(str(path) for path in [root, *paths]),
            "PYTHONDONTWRITEBYTECODE": "",
            **environment,
        }
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=root,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asked = api.asked.get(timeout=60)
        if math.isnan(asked):  # an init error was posted instead
            raise HandlerFailedError(f"{handler}: {api.answered.get()[1]}")
        self.init_ms = (asked - started) * 1000

    def invoke_ms(self, event: dict[str, Any]) -> float:
        """Milliseconds from handing the event over to the answer.

        Raises:
            HandlerFailedError: the handler raised.
        """
        given = self._api.give(event)
        answered, error = self._api.answered.get(timeout=60)
        self._api.asked.get(timeout=60)
        if error:
            raise HandlerFailedError(error)
        return (answered - given) * 1000

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._api.give({})
        while not self._api.asked.empty():
            self._api.asked.get()
