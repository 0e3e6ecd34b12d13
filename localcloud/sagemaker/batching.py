"""One writer thread per kind of telemetry: what arrives while a call is under way goes into the next call."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)
_LARGEST = 500

Item = TypeVar("Item")


class Batcher(Generic[Item]):
    """Hands items to `write` in batches, in the order they came. `write` may be slow; `add` never is."""

    def __init__(self, name: str, write: Callable[[list[Item]], None]) -> None:
        self._write = write
        self._queue: queue.SimpleQueue[Item | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"sagemaker-{name}", daemon=True)
        self._thread.start()

    def add(self, item: Item) -> None:
        """Queue one item."""
        self._queue.put(item)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was added before this call is written; False if that took too long."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout)

    def close(self) -> None:
        """Write what is queued and end the thread; what cannot be written within 2 seconds is lost."""
        self._queue.put(None)
        self._thread.join(2)

    def _run(self) -> None:
        while True:
            batch, waiting, open_ = self._next()
            if batch:
                try:
                    self._write(batch)
                except Exception:
                    _log.exception("%s: %d items lost", self._thread.name, len(batch))
            for done in waiting:
                done.set()
            if not open_:
                return

    def _next(self) -> tuple[list[Item], list[threading.Event], bool]:
        """Block for one item, then take what else is there."""
        batch: list[Item] = []
        waiting: list[threading.Event] = []
        entry = self._queue.get()
        while True:
            if entry is None:
                return batch, waiting, False
            if isinstance(entry, threading.Event):
                waiting.append(entry)
            else:
                batch.append(entry)
            if len(batch) >= _LARGEST:
                return batch, waiting, True
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return batch, waiting, True
