"""A warm execution environment that runs a Python handler under AWS's own runtime client (awslambdaric).

It speaks the Lambda Runtime API that ministack's ``ProvidedWorker`` already serves for custom runtimes, so an
exception keeps its class name (``errorType``), as Retry and Catch of Step Functions need.
"""

from __future__ import annotations

import os
import queue
import select
import stat
import sys
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from ministack.core.lambda_runtime import ProvidedRuntimeError, ProvidedWorker

from localcloud.glue import hooks

Json = dict[str, Any]
_CHUNK = 65536
LOG_STREAM = "_LogStream"  # where a worker's configuration carries its log stream to its environment
# A process started under other values of these serves no further invocation.
_STARTED_WITH = ("CodeSha256", "Environment", "Handler", "Layers", "LoggingConfig", "MemorySize", "Role", "Runtime",
                 "Timeout")  # fmt: skip


class Line(str):
    """A line of output with the time at which it was read (epoch milliseconds)."""

    __slots__ = ("at",)
    at: int


class RuntimeWorker(ProvidedWorker):  # type: ignore[misc]  # ministack is untyped
    """One process of one function. ``log_stream`` is its stream in CloudWatch Logs, ``lines`` its last output."""

    def __init__(self, func_name: str, config: Json, code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        self.config: Json = config
        self.code_zip = code_zip
        self.log_stream = ""
        self.lines: list[Line] = []
        self.init_ms = 0
        self._pipe = threading.Lock()
        self._output: IO[bytes] | None = None
        self._rest = b""

    def renew(self, config: Json, code_zip: bytes) -> None:
        """Take a function's present configuration; a process that was started under another one ends."""
        if any(self.config.get(key) != config.get(key) for key in _STARTED_WITH):
            if self._proc is not None:
                self._teardown()
            self.config, self.code_zip = config, code_zip

    def _spawn(self, init_timeout: float | None = None) -> None:
        code = Path(hooks.target("services.lambda_svc", "_provided_runtime_code_dir")(self.code_zip))
        _write_bootstrap(code / "bootstrap", self.config.get("Handler", ""))
        version = self.config.get("Version", "$LATEST")
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"
        self.config = {**self.config, LOG_STREAM: self.log_stream}  # a copy: the record is the service's
        self._rest = b""
        started = time.monotonic()
        super()._spawn(init_timeout)
        self.init_ms = int((time.monotonic() - started) * 1000)

    def _build_handler_class(self, generation: int, pending: queue.Queue[Any]) -> Any:
        handler = super()._build_handler_class(generation, pending)
        handler.disable_nagle_algorithm = True  # head and body are two writes: Nagle would hold the second for 40 ms
        return handler

    def _await_init(self, init_timeout: float | None = None) -> None:
        try:
            super()._await_init(init_timeout)
        except RuntimeError:
            error = self._init_error
            if isinstance(error, dict):
                self.lines = self._drain_lines()
                raise ProvidedRuntimeError(str(error.get("errorMessage")), str(error.get("errorType"))) from None
            raise

    def _pump_output(self, stream: IO[bytes], log_queue: queue.Queue[Line]) -> None:
        """Read output as it comes. An undrained pipe would block the handler at 64 KiB."""
        with self._pipe:
            os.set_blocking(stream.fileno(), False)
            self._output = stream
        while True:
            try:
                select.select([stream], [], [])
                with self._pipe:
                    if not self._read_chunk(stream, log_queue):
                        break
            except (OSError, ValueError):  # closed under us by the environment's end
                break
        with self._pipe:
            self._finish_line(log_queue)
            self._output = None
            stream.close()

    def _read_chunk(self, stream: IO[bytes], log_queue: queue.Queue[Line]) -> bool:
        try:
            data = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            _put(log_queue, line)
        return bool(data)

    def _finish_line(self, log_queue: queue.Queue[Line]) -> None:
        if self._rest:
            _put(log_queue, self._rest)
            self._rest = b""

    def _drain_stderr_bounded(self, *_: Any, **__: Any) -> str:
        """All output of the invocation that has just answered: it is in the pipe by now, so nothing is waited for."""
        self.lines = self._drain_lines()
        return "\n".join(self.lines)

    def _drain_stderr(self) -> str:
        return self._drain_stderr_bounded()

    def _drain_lines(self) -> list[Line]:
        with self._pipe:
            stream = self._output
            while stream is not None and select.select([stream], [], [], 0)[0]:
                if not self._read_chunk(stream, self._stderr_queue):
                    break
            self._finish_line(self._stderr_queue)
        lines: list[Line] = []
        while True:
            try:
                lines.append(self._stderr_queue.get_nowait())
            except queue.Empty:
                return lines


def _put(log_queue: queue.Queue[Line], data: bytes) -> None:
    # The runtime client separates the lines of one record (a traceback) by carriage returns.
    line = Line(data.decode("utf-8", "replace").rstrip("\r").replace("\r", "\n"))
    line.at = int(time.time() * 1000)
    if log_queue.full():
        log_queue.get_nowait()
    log_queue.put_nowait(line)


def _write_bootstrap(path: Path, handler: str) -> None:
    """The program that ministack starts: the host's Python without site packages, running the runtime client."""
    if path.exists():
        return
    # ministack's own lock around starts: a process that begins while the file is open for writing could not run it.
    with hooks.target("services.lambda_svc", "_provided_code_lock"):
        _write_program(path)


def _write_program(path: Path) -> None:
    script = f'#!/bin/sh\nexec "{sys.executable}" -S -m awslambdaric "$_HANDLER"\n'
    temporary = path.with_name(f"bootstrap.{os.getpid()}.{threading.get_ident()}")
    temporary.write_text(script)
    temporary.chmod(temporary.stat().st_mode | stat.S_IXUSR)
    temporary.replace(path)
