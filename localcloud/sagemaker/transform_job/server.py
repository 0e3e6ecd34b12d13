"""The model servers of one instance of a transform job: started once, called until the input is through."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs.running import JobControl
from localcloud.sagemaker.logs import LogStream
from localcloud.sagemaker.runtime import ImageError, Process, Request, Runtime

_HEALTH_SECONDS = 8 * 60.0
_PING_SECONDS = 2.0
_PING_EVERY = 0.1
_OK = 200


class NoAnswerError(Exception):
    """The model server did not answer an invocation; the text says how."""


@dataclass(frozen=True)
class Answer:
    """A container's response."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Container:
    """One container of the model, ready to be started."""

    image: str
    root: Path
    environment: dict[str, str]
    credentials: dict[str, str]
    isolated: bool
    log: LogStream


class Instance:
    """The containers of one instance, in a row: each is given what the one before it answered."""

    def __init__(self, runtime: Runtime, containers: list[Container]) -> None:
        self._runtime = runtime
        self._containers = containers
        self._processes: list[Process] = []
        self._pools: list[urllib3.HTTPConnectionPool] = []

    @property
    def pids(self) -> list[int]:
        """The ids of its processes."""
        return [process.pid for process in self._processes]

    def start(self) -> None:
        """Start every process; raises JobFailedError if an image cannot be run."""
        for container in self._containers:
            port = _free_port()
            request = Request(
                image=container.image,
                kind="serve",
                root=container.root,
                environment=container.environment,
                on_line=container.log.write,
                network_isolation=container.isolated,
                port=port,
                credentials=container.credentials,
            )
            try:
                self._processes.append(self._runtime.start(request))
            except ImageError as error:
                raise JobFailedError(f"ClientError: {error}") from error
            self._pools.append(urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=128, retries=False))

    def wait_ready(self, control: JobControl) -> None:
        """Ping until every container answers 200. Raises JobFailedError, JobStoppedError."""
        deadline = time.monotonic() + _HEALTH_SECONDS
        for container, process, pool in zip(self._containers, self._processes, self._pools, strict=True):
            while not _ping(pool):
                code = process.wait(_PING_EVERY)  # waiting for its end is the pause between pings
                control.check()
                if code is None and time.monotonic() < deadline:
                    continue
                if code is not None:
                    container.log.write(f"The container ended with exit code {code} before it answered /ping with 200.")
                raise JobFailedError(
                    "AlgorithmError: Model container failed to respond to ping; Ensure /ping endpoint is implemented "
                    "and responds with an HTTP 200 status code"
                )

    def parameters(self) -> dict[str, Any]:
        """What the first container says at /execution-parameters; nothing if it has no such path."""
        try:
            answer = self._pools[0].request("GET", "/execution-parameters", timeout=_PING_SECONDS)
            found = json.loads(answer.data) if answer.status == _OK else {}
        except (urllib3.exceptions.HTTPError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def invoke(self, body: bytes | Iterable[bytes], headers: dict[str, str], seconds: float) -> Answer:
        """POST /invocations through the row; the first answer that is no 2xx ends it. Raises NoAnswerError."""
        answer = Answer(_OK, b"")
        for pool, process in zip(self._pools, self._processes, strict=True):
            try:
                response = pool.request("POST", "/invocations", body=body, headers=headers, timeout=seconds)
            except urllib3.exceptions.TimeoutError as error:
                message = f"Model server did not respond to /invocations request within {seconds:g} seconds"
                raise NoAnswerError(message) from error
            except urllib3.exceptions.HTTPError as error:
                if process.wait(0.0) is not None:
                    raise NoAnswerError("Unable to get response from algorithm: its container has ended") from error
                raise NoAnswerError("Unable to get response from algorithm") from error
            answer = Answer(response.status, response.data)
            if not _OK <= answer.status < _OK + 100:
                break
            body = answer.body
            headers = {**headers, "Content-Type": response.headers.get("Content-Type", headers["Content-Type"])}
        return answer

    def stop(self, grace: float) -> None:
        """End every process."""
        for process in self._processes:
            process.stop(grace)
        for pool in self._pools:
            pool.close()


class Fleet:
    """All instances, as the one process that a job's control can end."""

    def __init__(self, instances: list[Instance]) -> None:
        self.instances = instances

    @property
    def pid(self) -> int:
        """The first process."""
        return self.instances[0].pids[0]

    def wait(self, timeout: float | None = None) -> int | None:
        """Nobody waits for servers to end by themselves."""
        raise NotImplementedError

    def stop(self, grace: float) -> None:
        """End everything; a server has nothing to save, so a short grace does."""
        for instance in self.instances:
            instance.stop(min(grace, 5.0))


def _ping(pool: urllib3.HTTPConnectionPool) -> bool:
    try:
        return pool.request("GET", "/ping", timeout=_PING_SECONDS).status == _OK
    except urllib3.exceptions.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
