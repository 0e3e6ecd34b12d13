"""Ports of 127.0.0.1: find a free one, and name who holds one that is not."""

from __future__ import annotations

import socket

import psutil

from localcloud.settings import Settings


class PortInUseError(RuntimeError):
    """Another program listens on the port; the message names its process and its command line."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether the port of 127.0.0.1 can be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _holder_pid(port: int) -> int | None:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS shows only one's own
        return None
    listening = [c for c in connections if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]
    return next((c.pid for c in listening if c.pid), None)


def describe_holder(port: int) -> str:
    """Return who listens on a port: `process 123 (python -m http.server)`, as far as we may see it."""
    pid = _holder_pid(port)
    if pid is None:
        return "another user's process (its owner sees it with `ss -ltnp`)"
    try:
        command = " ".join(psutil.Process(pid).cmdline()) or psutil.Process(pid).name()
    except psutil.Error:
        command = "it has just ended, or may not be looked at"
    return f"process {pid} ({command})"


def choose_runtime_port(settings: Settings) -> int:
    """The port for sagemaker-runtime: the one of last time, else PORT + 1, else any that is free; it is kept."""
    preferred = int(settings.runtime_url.rpartition(":")[2])
    port = next((each for each in (preferred, settings.port + 1) if is_free(each)), 0) or free_port()
    settings.runtime_port_file.write_text(str(port))
    return port


def check_free(port: int) -> None:
    """Raise PortInUseError if the port of 127.0.0.1 cannot be bound."""
    if not is_free(port):
        # Two ports on: the one after it is its sagemaker-runtime's.
        other = next(each for each in range(port + 2, port + 1000, 2) if is_free(each) and is_free(each + 1))
        raise PortInUseError(
            f"port {port} is in use by {describe_holder(port)}. Stop it, or take another port: make up PORT={other}"
        )
