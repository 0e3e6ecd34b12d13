"""What has been accepted and must still be delivered, at least once, over restarts.

EventBridge targets and asynchronous invocations promise delivery after the caller has gone. Each promise is a
row in SQLite before the caller gets its answer; it goes when the delivery is done. A `kill -9` between the two
repeats the delivery, as AWS may.
"""

from __future__ import annotations

import heapq
import json
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.glue import hooks

Json = dict[str, Any]
logger = logging.getLogger("dropforge.outbox")

_SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL, accepted REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL
);
"""
# Seconds for which a delivered parcel stays on disk: what its delivery changed is written within a tenth of a second
# (persistence/durability.py), and a crash in between must repeat the delivery, not lose it.
_SETTLE = 0.5
_DEFECT_WAIT = 5.0  # seconds before a delivery that failed by a defect of ours is tried again
_THREADS = 16  # per kind, so that slow functions do not hold up events


@dataclass(frozen=True)
class Parcel:
    """One promise: what to deliver, when it was accepted (epoch seconds), how often it was tried before."""

    id: int
    kind: str
    body: Json
    accepted: float
    attempts: int


class Again(Exception):  # noqa: N818 (not an error: an answer)
    """Raised by a deliverer to try again in ``seconds``."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds


Deliver = Callable[[Parcel], None]


class Outbox:
    """Durable deliveries, each on a thread of its kind."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # WAL without fsync per commit: what the process wrote survives its death; only a power cut may lose it.
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Parcel]] = []  # a heap by the time at which they are due
        self._done: deque[tuple[float, int]] = deque()  # delivered; to be deleted at that time
        self._under_way = 0
        self._deliver: dict[str, Deliver] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def register(self, kind: str, deliver: Deliver) -> None:
        """Say who delivers parcels of this kind. It returns when done, or raises ``Again``."""
        self._deliver[kind] = deliver
        self._pools[kind] = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"dropforge-{kind}")

    def add(self, kind: str, body: Json, delay: float = 0.0) -> int:
        """Accept a parcel; on return it is on disk. ``delay`` in seconds."""
        now = time.time()
        values = (kind, json.dumps(body), now, now + delay)
        with self._changed:
            row = self._db.execute("INSERT INTO parcel (kind, body, accepted, due) VALUES (?, ?, ?, ?)", values)
            number = int(row.lastrowid or 0)
            if self._thread is not None:  # what comes before the start is read from disk then
                self._push(now + delay, Parcel(number, kind, body, now, 0))
        return number

    def pending(self) -> int:
        """How many parcels wait or are under way."""
        with self._changed:
            return len(self._waiting) + self._under_way

    def start(self) -> None:
        """Deliver what is due, from now on; first of all what a previous process left."""
        with self._changed:
            if self._thread is not None:
                return
            rows = self._db.execute("SELECT id, kind, body, accepted, attempts FROM parcel ORDER BY id").fetchall()
            for number, kind, body, accepted, attempts in rows:
                self._push(time.time(), Parcel(number, kind, json.loads(body), accepted, attempts))
            self._thread = threading.Thread(target=self._loop, name="dropforge-outbox", daemon=True)
            self._thread.start()

    def clear(self) -> None:
        """Forget everything (reset)."""
        with self._changed:
            self._db.execute("DELETE FROM parcel")
            self._waiting.clear()
            self._done.clear()

    def close(self) -> None:
        """Stop delivering; what is left stays on disk."""
        with self._changed:
            self._closed = True
            self._delete_done(float("inf"))
            self._changed.notify_all()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _push(self, due: float, parcel: Parcel) -> None:
        heapq.heappush(self._waiting, (due, parcel.id, parcel))
        self._changed.notify_all()

    def _loop(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.time()
                self._delete_done(now)
                while self._waiting and self._waiting[0][0] <= now:
                    parcel = heapq.heappop(self._waiting)[2]
                    self._under_way += 1
                    self._pools[parcel.kind].submit(self._run, parcel)
                ends = [entries[0][0] for entries in (self._waiting, self._done) if entries]
                self._changed.wait(max(0.0, min(ends) - now) if ends else None)

    def _delete_done(self, until: float) -> None:
        numbers = []
        while self._done and self._done[0][0] <= until:
            numbers.append((self._done.popleft()[1],))
        if numbers:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM parcel WHERE id = ?", numbers)
            self._db.execute("COMMIT")

    def _run(self, parcel: Parcel) -> None:
        wait: float | None = None
        try:
            self._deliver[parcel.kind](parcel)
        except Again as again:
            wait = again.seconds
        except Exception:
            # A deliverer that fails in a way it did not foresee is a defect of ours: keep the promise, slowly.
            logger.exception("delivery of parcel %s (%s) failed", parcel.id, parcel.kind)
            wait = _DEFECT_WAIT
        with self._changed:
            self._under_way -= 1
            if self._closed:
                return
            if wait is None:
                self._done.append((time.time() + _SETTLE, parcel.id))
                if len(self._done) == 1:
                    self._changed.notify_all()
                return
            due = time.time() + wait
            self._db.execute("UPDATE parcel SET attempts = attempts + 1, due = ? WHERE id = ?", (due, parcel.id))
            self._push(due, replace(parcel, attempts=parcel.attempts + 1))


def on_reset(clear: Callable[[], None]) -> None:
    """Call ``clear`` before ministack forgets its own state (POST /_ministack/reset)."""

    def clearing(reset: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            clear()
            reset()

        return run

    hooks.wrap("app", "_reset_all_state", clearing)
