"""A local cloud as a thing to start and stop, for the command line, the demo and the tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from localcloud import ports
from localcloud.settings import DEFAULT_TIME_SCALE, REPOSITORY, Settings, default_home

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_CHILD_SECONDS = 5.0


class StartError(RuntimeError):
    """The host did not come up; the message has the end of its log."""


def write_pid_file(settings: Settings) -> None:
    """Say in `host.pid` that this process is the host. The start time tells it from a later owner of the id."""
    started = psutil.Process().create_time()
    settings.pid_file.write_text(json.dumps({"pid": os.getpid(), "started": started}))


def running(settings: Settings) -> psutil.Process | None:
    """Return the host process of these settings, or None."""
    try:
        known = json.loads(settings.pid_file.read_text())
        process = psutil.Process(known["pid"])
        alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - known["started"]) < 1
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return process if alive else None


def _log_end(path: Path, start: int) -> str:
    with path.open("rb") as log:
        log.seek(start)
        return log.read().decode(errors="replace")[-3000:].strip()


@dataclass
class LocalCloud:
    """A running host. `start` finds or starts one; `stop` ends it and every process that it started."""

    settings: Settings
    child: subprocess.Popen[bytes] | None = None  # None: somebody else started it

    @classmethod
    def start(cls, home: Path | None = None, port: int = 0, time_scale: float = DEFAULT_TIME_SCALE) -> LocalCloud:
        """Start a host on `port` of 127.0.0.1 (0: a free one), with its state in `home`/<port>, and wait for it.

        If that very host is running already, it is returned. Raises PortInUseError, StartError.
        """
        chosen = port or ports.free_port()
        settings = Settings((home or default_home()).resolve(), chosen, time_scale)
        if running(settings):
            return cls(settings)
        ports.check_free(chosen)
        settings.state.mkdir(parents=True, exist_ok=True)
        settings.ready_file.unlink(missing_ok=True)
        cloud = cls(settings)
        cloud._spawn()
        return cloud

    def _spawn(self) -> None:
        settings = self.settings
        environment = {
            **os.environ,
            "PORT": str(settings.port),
            "DROPFORGE_HOME": str(settings.home),
            "DROPFORGE_TIME_SCALE": f"{settings.time_scale:g}",
            "PYTHONUNBUFFERED": "1",
        }
        with settings.log_file.open("ab") as log:
            start = log.tell()
            self.child = subprocess.Popen(
                [sys.executable, "-m", "localcloud.host"],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await_ready(start)

    def _await_ready(self, log_start: int) -> None:
        assert self.child is not None
        deadline = time.monotonic() + _START_SECONDS
        while not self.settings.ready_file.exists():
            if self.child.poll() is not None or time.monotonic() > deadline:
                ended = self.child.poll()
                if ended is None:
                    self.stop()
                what = f"ended with status {ended}" if ended is not None else f"not ready after {_START_SECONDS:g} s"
                raise StartError(
                    f"the local cloud on port {self.settings.port} {what}. Its log, {self.settings.log_file}, "
                    f"ends with:\n{_log_end(self.settings.log_file, log_start)}"
                )
            time.sleep(0.02)

    @property
    def environment(self) -> dict[str, str]:
        """The environment for an AWS tool: this process's own, pointed at the cloud."""
        kept = {k: v for k, v in os.environ.items() if k not in ("AWS_PROFILE", "AWS_SESSION_TOKEN")}
        return {**kept, **self.settings.client_environment}

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of this cloud, as the root user."""
        import boto3

        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(
            service,
            endpoint_url=self.settings.endpoint_url,
            region_name=self.settings.region,
            **{**credentials, **options},
        )

    def kill(self) -> None:
        """End the host as a power cut would (SIGKILL). For tests of durability."""
        process = running(self.settings)
        if process:
            process.kill()
            self._reap(process, _CHILD_SECONDS)

    def restart(self) -> LocalCloud:
        """Start a stopped or killed cloud again, on the same port and state."""
        return replace(self, child=None).start(self.settings.home, self.settings.port, self.settings.time_scale)

    def _reap(self, process: psutil.Process, seconds: float) -> bool:
        if self.child and self.child.pid == process.pid:
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        return bool(psutil.wait_procs([process], seconds)[0])

    def stop(self, say: Callable[[str], None] = lambda line: None) -> bool:
        """Stop the host and every process that it started; return whether there was one."""
        process = running(self.settings)
        if process is None:
            self._forget()
            return False
        children = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
        if not self._reap(process, _STOP_SECONDS):
            say(f"process {process.pid} did not stop within {_STOP_SECONDS:g} s: killing it")
            process.kill()
            self._reap(process, _CHILD_SECONDS)
        _, left = psutil.wait_procs(children, _CHILD_SECONDS)
        for child in left:
            say(f"process {child.pid} outlived the host: killing it")
            child.kill()
        psutil.wait_procs(left, _CHILD_SECONDS)
        self._forget()
        return True

    def _forget(self) -> None:
        self.settings.pid_file.unlink(missing_ok=True)
        self.settings.ready_file.unlink(missing_ok=True)
        shutil.rmtree(self.settings.temporary, ignore_errors=True)

    def reset(self) -> None:
        """Stop the cloud and delete its state."""
        self.stop()
        shutil.rmtree(self.settings.state, ignore_errors=True)
