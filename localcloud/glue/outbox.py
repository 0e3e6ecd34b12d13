"""What has been accepted and must still be delivered: at least once, in order per lane, over restarts.

EventBridge targets, asynchronous invocations and pipes promise delivery after the caller has gone. Each
promise is a row in SQLite before the caller gets its answer; it goes when the delivery is done. A `kill -9`
between the two repeats the delivery, as AWS may.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
logger = logging.getLogger("dropforge.outbox")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, lane TEXT NOT NULL, body TEXT NOT NULL,
    accepted REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS parcel_due ON parcel (due);
"""


@dataclass(frozen=True)
class Parcel:
    """One promise: what to deliver, when it was accepted (epoch seconds), how often it was tried before."""

    id: int
    kind: str
    lane: str
    body: Json
    accepted: float
    attempts: int


# Seconds for which a delivered parcel stays on disk: what its delivery changed is written within a tenth of a second
# (persistence/durability.py), and a crash in between must repeat the delivery, not lose it.
_SETTLE = 0.5


class Again(Exception):  # noqa: N818 (not an error: an answer)
    """Raised by a deliverer to try again in ``seconds``."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds


Deliver = Callable[[Parcel], None]


class Outbox:
    """Durable deliveries. A parcel with a lane waits for every older parcel of the same lane."""

    def __init__(self, path: Path, threads: int = 64) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # WAL without fsync per commit: what the process wrote survives its death; only a power cut may lose it.
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}")
        self._changed = threading.Condition()
        self._running: set[int] = set()
        self._done: dict[int, float] = {}  # delivered, to be deleted at this time
        self._deliver: dict[str, Deliver] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dropforge-delivery")
        self._thread: threading.Thread | None = None
        self._closed = False

    def register(self, kind: str, deliver: Deliver) -> None:
        """Say who delivers parcels of this kind. It returns when done, or raises ``Again``."""
        with self._changed:
            self._deliver[kind] = deliver
            self._changed.notify_all()

    def add(self, kind: str, body: Json, lane: str = "", delay: float = 0.0) -> int:
        """Accept a parcel; on return it is on disk. ``delay`` in seconds."""
        now = time.time()
        with self._changed:
            row = self._db.execute(
                "INSERT INTO parcel (kind, lane, body, accepted, due) VALUES (?, ?, ?, ?, ?)",
                (kind, lane, json.dumps(body), now, now + delay),
            )
            self._changed.notify_all()
            return int(row.lastrowid or 0)

    def discard(self, lane: str) -> None:
        """Forget the parcels of a lane (its pipe was deleted)."""
        with self._changed:
            self._db.execute("DELETE FROM parcel WHERE lane = ?", (lane,))

    def pending(self) -> int:
        """How many parcels wait or are under way."""
        with self._changed:
            return int(self._db.execute("SELECT count(*) FROM parcel").fetchone()[0]) - len(self._done)

    def start(self) -> None:
        """Deliver what is due, from now on; first of all what a previous process left."""
        with self._changed:
            if self._thread is None:
                self._db.execute("UPDATE parcel SET due = min(due, ?)", (time.time(),))
                self._thread = threading.Thread(target=self._loop, name="dropforge-outbox", daemon=True)
                self._thread.start()

    def clear(self) -> None:
        """Forget everything (reset)."""
        with self._changed:
            self._db.execute("DELETE FROM parcel")
            self._done.clear()

    def close(self) -> None:
        """Stop delivering; what is left stays on disk."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._delete(list(self._done))
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _loop(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                ready, wait = self._ready()
                if not ready:
                    self._changed.wait(wait)
                    continue
                self._running.update(parcel.id for parcel in ready)
            for parcel in ready:
                self._pool.submit(self._run, parcel)

    def _ready(self) -> tuple[list[Parcel], float | None]:
        """What may be delivered now, and the seconds until something else becomes due (None: unknown)."""
        now = time.time()
        self._delete([number for number, at in self._done.items() if at <= now])
        next_due = min(self._done.values(), default=None)
        ready: list[Parcel] = []
        lanes: set[str] = set()
        rows = self._db.execute("SELECT id, kind, lane, body, accepted, attempts, due FROM parcel ORDER BY id")
        for number, kind, lane, body, accepted, attempts, due in rows:
            if number in self._done:
                continue
            blocked = lane and lane in lanes
            if lane:
                lanes.add(lane)
            if blocked or number in self._running or kind not in self._deliver:
                continue
            if due <= now:
                ready.append(Parcel(number, kind, lane, json.loads(body), accepted, attempts))
            else:
                next_due = due if next_due is None else min(next_due, due)
        return ready, None if next_due is None else max(0.0, next_due - now)

    def _delete(self, numbers: list[int]) -> None:
        self._db.executemany("DELETE FROM parcel WHERE id = ?", [(number,) for number in numbers])
        for number in numbers:
            del self._done[number]

    def _run(self, parcel: Parcel) -> None:
        try:
            self._deliver[parcel.kind](parcel)
            change: tuple[str, tuple[Any, ...]] | None = None
        except Again as again:
            due = time.time() + again.seconds
            change = ("UPDATE parcel SET attempts = attempts + 1, due = ? WHERE id = ?", (due, parcel.id))
        except Exception:
            # A deliverer that fails in a way it did not foresee is a defect of ours: keep the promise, slowly.
            logger.exception("delivery of parcel %s (%s) failed; trying again in 5 s", parcel.id, parcel.kind)
            change = ("UPDATE parcel SET attempts = attempts + 1, due = ? WHERE id = ?", (time.time() + 5, parcel.id))
        with self._changed:
            if change is None:
                self._done[parcel.id] = time.time() + _SETTLE
            else:
                self._db.execute(*change)
            self._running.discard(parcel.id)
            self._changed.notify_all()
