"""A container runtime that runs Python snippets as real processes, by the image's name."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from localcloud.sagemaker.runtime import ImageError, Kind, Request

SERVER = """
import http.server, json, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def log_message(self, *a): pass
    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers: self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.answer(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = self.headers.get("Content-Type", "")
        if body == b"die": os._exit(3)
        if body.startswith(b"hold "): open(body[5:]).read()  # a FIFO: until somebody writes into it
        if body == b"bad": return self.answer(415, b"unsupported thing")
        if body == b"fail": return self.answer(500, b"it broke")
        model = open("model/weights").read() if os.path.exists("model/weights") else "none"
        seen = {"model": model, "body": body.decode(), "accept": self.headers.get("Accept"), "type": sent,
                "custom": self.headers.get("X-Amzn-SageMaker-Custom-Attributes"), "pid": os.getpid(),
                "who": os.environ.get("WHO"), "key": os.environ.get("AWS_ACCESS_KEY_ID")}
        headers = [("Content-Type", "application/json")]
        if seen["custom"]: headers.append(("X-Amzn-SageMaker-Custom-Attributes", seen["custom"] + "-back"))
        self.answer(200, json.dumps(seen).encode(), headers)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
EXITS = "import sys; print('no model here'); sys.exit(2)"


class FakeProcess:
    """A process whose lines go to `on_line`."""

    def __init__(self, request: Request, code: str, seen: Callable[[str], None]) -> None:
        self._seen = seen
        environment = {"PATH": os.environ["PATH"], **request.environment, **request.credentials}
        if request.port is not None:
            environment["SAGEMAKER_BIND_TO_PORT"] = str(request.port)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *request.entrypoint],
            cwd=request.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, args=(request,), daemon=True)
        self._reader.start()

    def wait(self, timeout: float | None = None) -> int | None:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join()
        return code

    def stop(self, grace: float) -> None:
        self._process.terminate()
        if self.wait(grace) is None:
            self._process.kill()
            self.wait()

    def _read(self, request: Request) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                request.on_line(line)
                self._seen(line.strip())


class FakeRuntime:
    """`images` maps an image to the Python code that it runs; `builtin` maps one to its own metrics."""

    def __init__(self) -> None:
        self.images = {"server": SERVER, "exits": EXITS}
        self.builtin: dict[str, list[dict[str, str]]] = {}
        self.requests: dict[str, list[Request]] = defaultdict(list)
        self.processes: list[FakeProcess] = []
        self.snapshots: dict[str, dict[str, str]] = {}
        self._lines: list[str] = []
        self._changed = threading.Condition()

    def check(self, image: str, kind: Kind) -> None:
        if image not in self.images:
            raise ImageError(f"no runner for image {image!r}: map it")

    def metric_definitions(self, image: str, hyperparameters: dict[str, str]) -> list[dict[str, str]] | None:
        return self.builtin.get(image)

    def start(self, request: Request) -> FakeProcess:
        self.check(request.image, request.kind)
        self.requests[request.image].append(request)
        self.snapshots[request.image] = _texts(request.root)
        process = FakeProcess(request, self.images[request.image], self._see)
        self.processes.append(process)
        return process

    def wait_for_line(self, line: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: line in self._lines, 30), self._lines

    def _see(self, line: str) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()


def _texts(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text(errors="replace")
        for path in root.rglob("*")
        if path.is_file()
    }
