"""How many jobs run at once: AWS has instances for each, a laptop has not. The others wait, in the order they came."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from localcloud.settings import SettingsError

if TYPE_CHECKING:
    from localcloud.sagemaker.jobs.running import JobControl

_MEMORY_A_JOB = 2 * 1024**3


def from_environment() -> int:
    """DROPFORGE_MAX_JOBS; without it, one job a core, as far as there are 2 GiB of memory for each, but at least two.

    Raises SettingsError.
    """
    text = os.environ.get("DROPFORGE_MAX_JOBS", "")
    if not text:
        memory = int(psutil.virtual_memory().total)
        return max(2, min(os.cpu_count() or 1, memory // _MEMORY_A_JOB))
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"DROPFORGE_MAX_JOBS={text!r}: must be a whole number above 0, for instance 4")
    return int(text)


class Slots:
    """`most` jobs at a time. A job that waits can be stopped, and keeps none of the others from their turn."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, control: JobControl) -> Iterator[None]:
        """Wait for a slot and hold it. Raises JobStoppedError if the job is stopped while it waits."""
        turn = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                turn.set()
            else:
                self._waiting.append(turn)
        control.wait(turn)
        with self._lock:
            stopped = turn in self._waiting
            if stopped:
                self._waiting.remove(turn)
        try:
            control.check()
            yield
        finally:
            if not stopped:
                self._give_back()

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
