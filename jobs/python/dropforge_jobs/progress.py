"""A line in the log now and then, while something long goes on."""

from __future__ import annotations

import time
from threading import Lock

from dropforge_jobs import limits

TELL_SECONDS = 10.0


class Progress:
    """Counts objects and bytes, from several threads, and tells how far it is every ten seconds."""

    def __init__(self, verb: str, objects: int, size: int) -> None:
        self.verb = verb
        self.of = objects, size
        self.done = [0, 0]
        self._told = time.monotonic()
        self._lock = Lock()

    def add(self, size: int) -> None:
        """One more object of `size` bytes is done."""
        with self._lock:
            self.done = [self.done[0] + 1, self.done[1] + size]
            if time.monotonic() - self._told < TELL_SECONDS:
                return
            self._told = time.monotonic()
            objects, mib = self.done[0], self.done[1] / limits.MIB
            print(
                f"{self.verb} {objects:,} of {self.of[0]:,} objects, {mib:,.0f} of {self.of[1] / limits.MIB:,.0f} MiB",
                flush=True,
            )
