"""One model server's process: started again when it ends, and never again once it was stopped."""

from __future__ import annotations

import http.server
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from localcloud.sagemaker.endpoint import server
from localcloud.sagemaker.endpoint.server import Server, ServerSpec
from localcloud.sagemaker.errors import DeploymentFailedError
from localcloud.sagemaker.runtime import Request, Runtime

PATIENCE = 20.0


class Ping(http.server.BaseHTTPRequestHandler):
    """Answers 200, or what it has been told to answer."""

    statuses: Iterator[int] = itertools.repeat(200)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.send_response(next(self.statuses))
        self.end_headers()


class FakeProcess:
    """A container that is a thread of this process and answers /ping until it ends."""

    pid = 1

    def __init__(self, port: int) -> None:
        self.ping = type("Ping", (Ping,), {})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", port), self.ping)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.ended = threading.Event()
        self._code = 0

    def die(self, code: int) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._code = code
        self.ended.set()

    def wait(self, timeout: float | None = None) -> int | None:
        return self._code if self.ended.wait(timeout) else None

    def stop(self, grace: float) -> None:
        if not self.ended.is_set():
            self.die(143)


class FakeRuntime:
    """`before` is called before each start; `processes` are those started; numbers in `short` end at once."""

    def __init__(self) -> None:
        self.processes: list[FakeProcess] = []
        self.short: tuple[int, ...] = ()
        self.before: Callable[[], None] = lambda: None

    def start(self, request: Request) -> FakeProcess:
        self.before()
        assert request.port is not None
        process = FakeProcess(request.port)
        if len(self.processes) in self.short:
            process.die(1)
        self.processes.append(process)
        return process


class Log:
    """A log stream whose lines can be waited for."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()

    def write(self, line: str) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    def wait(self, words: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(words in line for line in self._lines), PATIENCE), self._lines


class Watched:
    """A server that serves and is watched, with what it is made of."""

    def __init__(self, root: Path) -> None:
        self.runtime = FakeRuntime()
        self.log = Log()
        self.changes: list[bool] = []
        # What the router says of it, and how often it was asked.
        self.hangs = True
        self.asked = 0
        self._changed = threading.Condition()
        spec = ServerSpec("primary", "V", "image", root, {}, {}, False, PATIENCE, cast(Any, self.log))
        self.server = Server(cast(Runtime, self.runtime), spec, self._change, self._ask)
        self.server.start()
        self.server.wait_ready()
        self.server.watch()

    def wait_changes(self, *wanted: bool) -> None:
        """Until it was ready and lost in this order."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.changes == list(wanted), PATIENCE), self.changes

    def wait_asked(self, times: int) -> None:
        """Until the router was asked so many times more."""
        with self._changed:
            wanted = self.asked + times
            assert self._changed.wait_for(lambda: self.asked >= wanted, PATIENCE)

    def _ask(self, port: int, seconds: float) -> bool:
        with self._changed:
            assert (port, seconds > 0) == (self.server.port, True)
            self.asked += 1
            self._changed.notify_all()
            return self.hangs

    def _change(self) -> None:
        with self._changed:
            self.changes.append(self.server.ready.is_set())
            self._changed.notify_all()


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(server, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(server, "_LOOK_EVERY", 0.01)
    made = Watched(tmp_path)
    yield made
    made.server.stop(1.0)


def test_a_process_that_ends_is_started_again(watched: Watched) -> None:
    watched.runtime.processes[0].die(3)
    watched.wait_changes(True, False, True)
    watched.log.wait("ended with exit code 3; it is started again")
    assert [each.ended.is_set() for each in watched.runtime.processes] == [True, False]


@pytest.mark.parametrize("short", [(), (1,)])
def test_a_server_that_is_stopped_while_it_is_started_again_leaves_no_process(
    watched: Watched, short: tuple[int, ...]
) -> None:
    starting, stopped = threading.Event(), threading.Event()
    watched.runtime.short = short

    def wait() -> None:
        if len(watched.runtime.processes) == 1 + len(short):
            starting.set()
            assert stopped.wait(PATIENCE)

    watched.runtime.before = wait
    watched.runtime.processes[0].die(3)
    assert starting.wait(PATIENCE)
    stopping = threading.Thread(target=watched.server.stop, args=(1.0,))
    stopping.start()
    assert watched.server._ended.wait(PATIENCE)  # `stop` is under way
    stopped.set()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    for thread in threading.enumerate():
        if thread.name == "sagemaker-server-V":
            thread.join(PATIENCE)
    assert {each.ended.is_set() for each in watched.runtime.processes} == {True}
    assert not watched.server.ready.is_set()


def test_a_server_that_was_stopped_is_not_started(watched: Watched) -> None:
    watched.server.stop(1.0)
    with pytest.raises(DeploymentFailedError, match="was stopped while it started"):
        watched.server.start()
    with pytest.raises(DeploymentFailedError):
        watched.server.wait_ready()
    assert len(watched.runtime.processes) == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("can't start new thread")])
def test_what_cannot_be_started_now_is_tried_again(watched: Watched, error: Exception) -> None:
    faults = [error, error]

    def fail() -> None:
        if faults:
            raise faults.pop()

    watched.runtime.before = fail
    watched.runtime.processes[0].die(3)
    watched.log.wait(f"could not be started again: {error}")
    watched.wait_changes(True, False, False, False, True)
    assert not watched.runtime.processes[-1].ended.is_set()


def test_a_process_that_hangs_is_started_again(watched: Watched) -> None:
    watched.runtime.processes[0].ping.statuses = itertools.repeat(503)
    watched.log.wait("did not answer /ping 3 times in a row; it is ended.")
    watched.log.wait("ended with exit code 143; it is started again")
    watched.wait_changes(True, False, False, True)
    assert [each.ended.is_set() for each in watched.runtime.processes] == [True, False]


def test_a_process_that_is_busy_with_a_call_is_left_alone(watched: Watched) -> None:
    watched.hangs = False
    watched.runtime.processes[0].ping.statuses = itertools.repeat(503)
    watched.wait_asked(10)
    assert watched.changes == [True]
    watched.hangs = True
    watched.wait_changes(True, False, False, True)


def test_misses_that_are_not_in_a_row_are_none(watched: Watched) -> None:
    watched.runtime.processes[0].ping.statuses = itertools.cycle([503, 503, 200])
    watched.wait_asked(12)
    assert watched.changes == [True]
