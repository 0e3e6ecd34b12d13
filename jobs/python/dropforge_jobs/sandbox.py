"""A child process in which hostile files are read: bounded in memory and time, and without credentials.

What nobody thought of then ends as a reason to leave a file out, and not as a dead function. The kernel refuses memory
beyond RLIMIT_DATA (Linux counts private writable mappings, not only the heap); the parent watches what that does not
count, and the time.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess  # nosec B404 - of ourselves, without a shell
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropforge_jobs import limits

REQUEST, ANSWERS, ERRORS = "request.json", "answers.jsonl", "errors.txt"
LOOK_SECONDS = 0.05
MEMORY_TEXT = f"more than {limits.MEMORY // limits.MIB} MiB of memory"
#: Nothing else of the environment is passed on: above all no credentials.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "TZ", "HOME")
_BOUNDED = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass
class Ending:
    """How a child ended: `trouble` is None if well, else what it took or did; `peak` in bytes, if it was seen."""

    trouble: str | None
    peak: int
    seconds: float
    answers: list[dict[str, Any]] = field(default_factory=list)


def limit() -> None:
    """Bound this process (the child's first act)."""
    bounds = {
        resource.RLIMIT_DATA: limits.DATA_MEMORY,
        resource.RLIMIT_FSIZE: limits.SPILL_BYTES + limits.MIB,
        resource.RLIMIT_CORE: 0,
    }
    for which, bound in bounds.items():
        with contextlib.suppress(ValueError, OSError):  # an outer limit is lower, or the system has none
            resource.setrlimit(which, (bound, bound))


class Answers:
    """The child's side: its request, and answers that the parent sees though the child die after them."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.request: dict[str, Any] = json.loads((work / REQUEST).read_text(encoding="utf-8"))
        self._stream = (work / ANSWERS).open("a", encoding="ascii", buffering=1)

    def give(self, **answer: Any) -> None:
        """Write an answer."""
        self._stream.write(json.dumps(answer) + "\n")

    def close(self) -> None:
        """Say what this process took, as the last answer."""
        self.give(peak=peak_bytes())
        self._stream.close()


def peak_bytes(process: int | str = "self") -> int:
    """The most memory that a process ever held; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
    return int(line.split()[1]) * limits.KIB


def forget_peak() -> None:
    """Have the next peak be that of what comes now (Linux, proc(5): clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def run_child(module: str, work: Path, request: dict[str, Any], stall: float, until: float) -> Ending:
    """Run `python -m <module> <work>` on the request.

    It is killed when it was silent for `stall` seconds, or when the clock (time.monotonic) says `until`.
    """
    (work / REQUEST).write_text(json.dumps(request), encoding="utf-8")
    (work / ANSWERS).write_bytes(b"")
    (work / "tmp").mkdir(exist_ok=True)
    start = time.monotonic()
    with (work / ERRORS).open("wb") as errors:
        command = [sys.executable, "-m", module, str(work)]
        process = subprocess.Popen(  # noqa: S603  # nosec B603 - ourselves, no shell
            command, cwd=work, env=_environment(work), stdin=subprocess.DEVNULL, stderr=errors
        )
        try:
            trouble, peak = _wait(process, work / ANSWERS, stall, until)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    answers = _read(work / ANSWERS)
    told = next((a["peak"] for a in reversed(answers) if "peak" in a), 0)
    if trouble is None and process.returncode:
        trouble = _cause(process.returncode, work / ERRORS)
    return Ending(trouble, max(peak, told), time.monotonic() - start, [a for a in answers if "peak" not in a])


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
    return {**kept, **_BOUNDED, "PYTHONPATH": path, "TMPDIR": str(work / "tmp")}


def _wait(process: subprocess.Popen[bytes], answers: Path, stall: float, until: float) -> tuple[str | None, int]:
    """What was wrong, if anything, and the peak that was seen."""
    peak = size = 0
    heard = time.monotonic()
    while True:
        try:
            process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return None, peak
        peak = max(peak, peak_bytes(process.pid))
        if peak > limits.MEMORY:
            return MEMORY_TEXT, peak
        grown = answers.stat().st_size
        if grown != size:
            size, heard = grown, time.monotonic()
        if time.monotonic() - heard > stall or time.monotonic() > until:
            return f"more than {stall:.0f} seconds", peak


def _read(path: Path) -> list[dict[str, Any]]:
    """The answers; a last line that is not whole is left out."""
    found = []
    for line in path.read_bytes().split(b"\n"):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def _cause(code: int, errors: Path) -> str:
    """What a child that died by itself took or did."""
    tail = errors.read_bytes()[-4096:].decode("utf-8", errors="replace").strip()
    if "MemoryError" in tail or "bad_alloc" in tail or "malloc" in tail or "emory" in tail.rpartition("\n")[2]:
        return MEMORY_TEXT
    last = tail.rpartition("\n")[2][:200]
    return f"signal {-code}" if code < 0 else f"exit code {code}: {last}"
