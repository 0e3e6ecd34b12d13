"""Start a container's process and hold it: the interface to the local SageMaker."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from localcloud.containers import environ, images, interpreter, isolation

# CloudWatch Logs takes events of at most 256 KiB.
LINE_LIMIT = 256 * 1024
# How long the log may still be open after everything of the process has been killed.
DRAIN_SECONDS = 5.0
Kind = Literal["train", "process", "serve"]


@dataclass(frozen=True)
class Launch:
    """A process to start under SageMaker's container contract."""

    image: str
    """image URI"""
    kind: Kind
    root: Path
    """host directory that plays /opt/ml; the caller has filled input/…, model/…"""
    environment: dict[str, str]
    """the request's Environment and the variables that SageMaker itself sets"""
    entrypoint: list[str]
    """ContainerEntrypoint + ContainerArguments; [] = the image's default for `kind`"""
    network_isolation: bool
    port: int | None
    """serve: port at 127.0.0.1 to bind (the process finds it in SAGEMAKER_BIND_TO_PORT)"""
    on_line: Callable[[str], None]
    """called with each line of stdout and stderr, from a reader thread"""
    credentials: dict[str, str]
    """AWS_* variables for the process; {} under isolation"""


class Container:
    """A running process with everything that it started."""

    def __init__(
        self, process: subprocess.Popen[bytes], lifeline: int, scratch: Path, on_line: Callable[[str], None]
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._lifeline = lifeline
        self._scratch = scratch
        self._on_line = on_line
        self._failed: Exception | None = None
        self._closing = threading.Lock()
        self._closed = False
        self._reader = threading.Thread(target=self._read, name=f"container-{self.pid}", daemon=True)
        self._reader.start()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code when the process has ended (137 for SIGKILL), None on timeout (seconds).

        All lines have been handed on by then. Raises what `on_line` raised, if it did.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._close()
        if self._failed is not None:
            raise self._failed
        return code if code >= 0 else 128 - code

    def stop(self, grace: float) -> None:
        """Send SIGTERM to the process group, SIGKILL after `grace` seconds; return when it has ended."""
        self._signal(signal.SIGTERM)
        if self.wait(grace) is None:
            self._signal(signal.SIGKILL)
            self.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._signal(signal.SIGKILL)  # what the process left in its group
            os.close(self._lifeline)
            self._reader.join(DRAIN_SECONDS)
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _read(self) -> None:
        stream: IO[bytes] | None = self._process.stdout
        assert stream is not None
        with stream:
            for line in iter(lambda: stream.readline(LINE_LIMIT), b""):
                if self._failed is None:
                    self._hand_on(line.decode("utf-8", "replace").rstrip("\r\n"))

    def _hand_on(self, line: str) -> None:
        try:
            self._on_line(line)
        except Exception as error:
            self._failed = error


def start(launch: Launch) -> Container:
    """Start the process and return at once. Raises UnknownImageError, ImageMapError."""
    runner = images.resolve(launch.image)
    launch = replace(launch, root=launch.root.resolve())
    folder = images.home() / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{launch.kind}-", dir=folder))
    try:
        _fill(scratch, runner.framework, launch.network_isolation)
        # A server of ours takes a socket opened beforehand; one of the user's could not be reached.
        cut = launch.network_isolation and (runner.framework is not None or launch.kind != "serve")
        return _spawn(launch, _command(launch, runner, scratch), scratch, cut)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _fill(scratch: Path, framework: str | None, isolated: bool) -> None:
    """Make the process's own places: its Python, HOME, a folder for temporary files and one to be in."""
    for name in ("home", "tmp", "work"):
        (scratch / name).mkdir()
    prefix = scratch / "env"
    package = Path(__file__).resolve().parents[1]
    below = interpreter.host_packages()
    if framework:
        below = [*below, str(package / "containers/guest/compat")]
    interpreter.build(prefix, below)
    interpreter.write_settings(
        prefix, {"below": below, "overlays": str(images.home() / "overlays"), "isolated": isolated}
    )
    (interpreter.site_packages(prefix) / package.name).symlink_to(package)
    if framework:
        for program in ("train", "serve"):
            module = f"localcloud.containers.guest.{program}"
            interpreter.add_program(prefix, program, ["-m", module, framework])


def _command(launch: Launch, runner: images.Runner, scratch: Path) -> list[str]:
    """Return the command line, before any relocation."""
    if launch.entrypoint:
        return launch.entrypoint
    if runner.framework:
        return [launch.kind]  # "process" is no program of these images: it ends with 127, as on AWS
    python = interpreter.scripts(scratch / "env") / "python"
    values = {"python": python, "root": launch.root, "port": launch.port or "", "image": launch.image}
    own = [part.format_map(values) for part in runner.command]
    return own if launch.kind == "process" else [*own, launch.kind]


def _spawn(launch: Launch, argv: list[str], scratch: Path, cut: bool) -> Container:
    """Start the supervisor with the command; cut: without a network, where the kernel allows it."""
    found = isolation.best()
    variables = environ.compose(
        launch.kind, launch.environment, launch.credentials, scratch, [interpreter.scripts(scratch / "env")]
    )
    if launch.port is not None:
        variables["SAGEMAKER_BIND_TO_PORT"] = str(launch.port)
    if not found.mount:
        variables = {name: environ.relocate(value, launch.root) for name, value in variables.items()}
        argv = [environ.relocate(part, launch.root) for part in argv]
        variables["SAGEMAKER_BASE_DIR"] = str(launch.root)
    cut = cut and isolation.can_cut_network()
    read, write = os.pipe()
    plan = isolation.plan(replace(found, network=cut), argv, launch.root, scratch / "work", read)
    plan |= {"scratch": str(scratch), "listen": launch.port if cut else None}
    try:
        process = subprocess.Popen(  # noqa: S603 (running the image's command is the purpose)
            [*isolation.SUPERVISE, json.dumps(plan)],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[read],
            start_new_session=True,
        )
    except BaseException:
        os.close(write)
        raise
    finally:
        os.close(read)
    return Container(process, write, scratch, launch.on_line)
