"""What isolation this machine's kernel allows: found out once, by doing it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SUPERVISOR = Path(__file__).with_name("supervise.py")
# Isolated mode without `site`: the supervisor needs neither the environment nor installed packages.
SUPERVISE = [sys.executable, "-I", "-S", str(SUPERVISOR)]


@dataclass(frozen=True)
class Isolation:
    """Which namespaces a process gets (see supervise.py)."""

    user: bool = False
    mount: bool = False
    pids: bool = False
    network: bool = False


NONE = Isolation()
_MARK = "mark"


@contextmanager
def lifeline() -> Iterator[tuple[int, int]]:
    """Yield a pipe (read end for the supervisor, write end for the host), closed afterwards."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def plan(isolation: Isolation, argv: list[str], root: Path, work: Path, lifeline_fd: int) -> dict[str, Any]:
    """Return the plan of a process for the supervisor, without a scratch directory or a port."""
    paths = {"root": str(root), "work": str(work), "scratch": None}
    return {"argv": argv, **paths, "lifeline": lifeline_fd, "listen": None, **asdict(isolation)}


def allowed(isolation: Isolation) -> bool:
    """Try the namespaces with a process that looks for a file of its root in /opt/ml."""
    with tempfile.TemporaryDirectory() as folder, lifeline() as (read, _):
        Path(folder, _MARK).touch()
        target = f"/opt/ml/{_MARK}" if isolation.mount else str(Path(folder, _MARK))
        content = json.dumps(plan(isolation, ["test", "-f", target], Path(folder), Path(folder), read))
        tried = subprocess.run([*SUPERVISE, content], pass_fds=[read], capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


@functools.cache
def best() -> Isolation:
    """Return the strongest isolation that works here; NONE on macOS and where the kernel forbids it.

    DROPFORGE_NAMESPACES=off forces NONE (relocation by environment).
    """
    if sys.platform != "linux" or os.environ.get("DROPFORGE_NAMESPACES") == "off":
        return NONE
    users = [False, True] if os.geteuid() == 0 else [True]
    candidates = (Isolation(user=u, mount=True, pids=p) for p in (True, False) for u in users)
    return next((candidate for candidate in candidates if allowed(candidate)), NONE)


@functools.cache
def can_cut_network() -> bool:
    """Say whether a private network namespace can be added to `best()`."""
    found = best()
    return found.mount and allowed(Isolation(found.user, found.mount, found.pids, network=True))
