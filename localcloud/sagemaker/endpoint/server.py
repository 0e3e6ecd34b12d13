"""One model server process: started, pinged, and started again when it dies or hangs."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import urllib3

from localcloud.sagemaker.errors import DeploymentFailedError
from localcloud.sagemaker.logs import LogStream
from localcloud.sagemaker.runtime import ImageError, Process, Request, Runtime

_log = logging.getLogger(__name__)
# The contract: /ping answers within 2 seconds (sagemaker dg, your-algorithms-inference-code).
_PING_SECONDS = 2.0
_PING_EVERY = 0.1
# A server of one thread would wait for the next ping and answer nobody else.
_PING_HEADERS = {"Connection": "close"}
_LONGEST_PAUSE = 30.0
# A container that ends before it answers is started again, as on AWS; but not for all of the eight minutes.
_STARTS = 3
# One that serves is pinged, too; so many misses in a row are no chance.
_LOOK_EVERY = 5.0
_MISSES = 3
_HUNG_GRACE = 2.0


@dataclass(frozen=True)
class ServerSpec:
    """What one container of one instance runs."""

    name: str
    variant: str
    image: str
    root: Path
    environment: dict[str, str]
    credentials: dict[str, str]
    isolated: bool
    health_seconds: float
    log: LogStream


class Server:
    """A process behind a port of 127.0.0.1. `changed` is called when it becomes ready or is lost.

    `hangs`: whether what listens at a port and has answered no /ping for some seconds does nothing for a call either.
    """

    def __init__(
        self, runtime: Runtime, spec: ServerSpec, changed: Callable[[], None], hangs: Callable[[int, float], bool]
    ) -> None:
        self.spec = spec
        self.ready = threading.Event()
        self._runtime = runtime
        self._changed = changed
        self._hangs = hangs
        self._ended = threading.Event()
        # Nothing is started, and nothing becomes ready, once `stop` has begun: nobody would end it any more.
        self._lock = threading.Lock()
        self.port = 0
        self._process: Process | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None

    @property
    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return self._process.pid if self._process is not None and self.ready.is_set() else None

    def start(self) -> None:
        """Start the process on a free port; raises DeploymentFailedError if the image cannot be run or it is over."""
        with self._lock:
            if self._ended.is_set():
                raise DeploymentFailedError(f"The {self.spec.name} container was stopped while it started.")
            self._start(_free_port())

    def _start(self, port: int) -> None:
        spec = self.spec
        request = Request(
            image=spec.image,
            kind="serve",
            root=spec.root,
            environment=spec.environment,
            on_line=spec.log.write,
            network_isolation=spec.isolated,
            port=port,
            credentials=spec.credentials,
        )
        try:
            self._process = self._runtime.start(request)
        except ImageError as error:
            raise DeploymentFailedError(str(error)) from error
        self.port = port
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1, retries=False)

    def wait_ready(self) -> None:
        """Ping until it answers 200; raises DeploymentFailedError when it keeps exiting or takes too long."""
        assert self._process is not None
        deadline = time.monotonic() + self.spec.health_seconds
        starts = 1
        while not self._ping():
            # Waiting for the process's end is the pause between pings.
            code = self._process.wait(_PING_EVERY)
            if code is not None:
                self.spec.log.write(f"The container ended with exit code {code} before it answered /ping with 200.")
            if self._ended.is_set() or time.monotonic() > deadline or (code is not None and starts == _STARTS):
                self._say_slow(code)
                raise DeploymentFailedError(
                    f"The {self.spec.name} container for production variant {self.spec.variant} did not pass the ping "
                    "health check. Please check CloudWatch logs for this endpoint."
                )
            if code is not None:
                self.spec.log.write(f"The container is started again (start {starts + 1} of {_STARTS}).")
                self.start()
                starts += 1
        with self._lock:
            if self._ended.is_set():
                raise DeploymentFailedError(f"The {self.spec.name} container was stopped while it started.")
            self.ready.set()
        self._changed()

    def _say_slow(self, code: int | None) -> None:
        if code is None and not self._ended.is_set():
            self.spec.log.write(
                f"The container did not answer /ping with 200 within {self.spec.health_seconds:g} seconds."
            )

    def watch(self) -> None:
        """From now on, start the process again whenever it ends by itself or hangs."""
        for work in (self._supervise, self._look_after):
            threading.Thread(target=work, name=f"sagemaker-server-{self.spec.variant}", daemon=True).start()

    def doubt(self) -> None:
        """A connection was refused: if the process is ending, no call comes here until it is ready again."""
        process = self._process
        if process is not None and process.wait(1.0) is not None and self._lose(process):
            self._changed()

    def _lose(self, process: Process) -> bool:
        """Take calls away from a process, unless another one has taken its place."""
        with self._lock:
            if self._process is not process:
                return False
            self.ready.clear()
            return True

    def stop(self, grace: float) -> None:
        """End the process for good."""
        self._ended.set()
        with self._lock:
            self.ready.clear()
        if self._process is not None:
            self._process.stop(grace)
        if self._pool is not None:
            self._pool.close()

    def _ping(self) -> bool:
        assert self._pool is not None
        try:
            answer = self._pool.request("GET", "/ping", headers=_PING_HEADERS, timeout=_PING_SECONDS)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200  # noqa: PLR2004

    def _supervise(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            try:
                assert self._process is not None
                code = self._process.wait()
                if self._ended.is_set():
                    return
                self._restart(code)
                pause = 0.0
            except Exception as error:  # for want of disk or processes, too: there may be some again
                if self._ended.is_set():
                    return
                _log.warning("%s of %s: %s", self.spec.name, self.spec.variant, error)
                self.spec.log.write(f"The container could not be started again: {error}")
                pause = min(_LONGEST_PAUSE, pause * 2 or 1.0)

    def _look_after(self) -> None:
        """End a process that hangs; `_supervise` starts it again."""
        alive, misses = time.monotonic(), 0
        while not self._ended.wait(_LOOK_EVERY):
            process, port = self._process, self.port
            assert process is not None
            if not self.ready.is_set() or self._ping() or self._process is not process:
                alive, misses = time.monotonic(), 0
                continue
            misses += 1
            try:
                # Asked each time: the router makes way for the next ping.
                if self._hangs(port, time.monotonic() - alive) and misses >= _MISSES and not self._ended.is_set():
                    self._end_hung(process, misses)
            except Exception as error:
                _log.warning("%s of %s: %s", self.spec.name, self.spec.variant, error)

    def _end_hung(self, process: Process, misses: int) -> None:
        if not self._lose(process):
            return
        self.spec.log.write(f"The container did not answer /ping {misses} times in a row; it is ended.")
        self._changed()
        process.stop(_HUNG_GRACE)

    def _restart(self, code: int | None) -> None:
        """Start the process anew after its end; raises what hinders that, and leaves none running then."""
        self.ready.clear()
        self._changed()
        self.spec.log.write(f"The container ended with exit code {code}; it is started again.")
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            assert self._process is not None
            self._process.stop(1.0)
            raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
