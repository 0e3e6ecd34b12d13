"""Group commit: no answer leaves before everything that it could tell of is on disk.

Every access to a record marks it (tracked.py). A commit compares the marked records with what is on disk and
writes what differs, of all services in one transaction: the database is always one consistent moment. Answers
wait for the commit that begins after they were made; concurrent ones share it.

Handlers of ministack run on the event loop, and so does the comparison: it never sees their half-done work.
Threads (state machines, deliveries) are another matter: what they marked is compared again for a while.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import sys
import time
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.blobs import Blobs, Unpickler
from localcloud.glue.persistence.database import Changes, Database
from localcloud.glue.persistence.parts import WHOLE
from localcloud.glue.persistence.stores import BODIES, FORGOTTEN, LAZY, PLAIN, Store, scoped_dictionaries
from localcloud.glue.persistence.tracked import ALL, Marks
from localcloud.settings import Settings

logger = logging.getLogger("durability")

_RECHECK = 2.0  # seconds for which a thread's marks are compared again
_TICK = 0.1  # seconds: the longest that a change which nobody waits for stays in memory only
_LAZY_TICK = 1.0
_SWEEP = 5.0  # seconds after which, threads having worked, all records that are not split are compared


class Durability:
    """Keeps the stores of one local cloud. `load`, then `run` on the event loop, then `finish`."""

    def __init__(self, settings: Settings) -> None:
        self.blobs = Blobs(settings.data / "blobs")
        self.database = Database(settings.data / "state.sqlite")
        self.marks = Marks()
        self.stores: dict[str, Store] = {}
        self.containers: dict[str, Any] = {}
        self.modules = 0
        self.recheck: dict[tuple[str, Any], float] = {}
        self.lazy: set[tuple[str, Any]] = set()
        self.lazy_at = 0.0
        self.sweep_at: float | None = None
        self.waiting: list[asyncio.Future[None]] = []
        self.writing: asyncio.Future[None] | None = None
        self.wake = asyncio.Event()
        self.now_due: set[tuple[str, Any]] = set()
        self.failure: BaseException | None = None

    # -- stores -------------------------------------------------------------------------------------------------

    def store(self, name: str) -> dict[Any, Any]:
        """Return a kept dictionary of our own (keys: literals; values: picklable), for instance an outbox."""
        if name not in self.stores:
            self.stores[name] = Store(name, {}, self.marks, self.blobs)
        return self.stores[name].data

    def adopt(self) -> None:
        """Start to keep the scoped dictionaries of the service modules that are loaded now."""
        self.modules = len(sys.modules)
        for name, container in scoped_dictionaries():
            if name in self.stores or name in FORGOTTEN:
                continue
            self.stores[name] = Store(name, container._data, self.marks, self.blobs)
            container._data = self.stores[name].data
            self.containers[name] = container
            self.marks.add(name, ALL)  # what a module puts there when it is imported
        for name in PLAIN - self.stores.keys():
            module, _, attribute = name.rpartition(".")
            if f"ministack.services.{module}" in sys.modules:
                content = hooks.target(f"services.{module}", attribute)
                self.stores[name] = Store(name, content, self.marks, self.blobs)
                hooks.replace(f"services.{module}", attribute, self.stores[name].data)

    def load(self) -> set[str]:
        """Put what is on disk into the stores; return the names of the stores that had something."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for store, key, part, value in self.database.read():
            unpickled = Unpickler(self.blobs, value, lazy=store in BODIES).load()
            found.setdefault(store, {}).setdefault(key, {})[part] = unpickled
        for name in found.keys() - self.stores.keys():
            hooks.module(f"services.{name.rpartition('.')[0]}")
        self.adopt()
        for name, rows in found.items():
            self.stores[name].restore(rows)
        return set(found)

    # -- commits ------------------------------------------------------------------------------------------------

    def collect(self, everything: bool = False) -> Changes:
        """Compare what is marked (or everything) with what is on disk. On the event loop's thread only."""
        if len(sys.modules) != self.modules:
            self.adopt()
        now = time.monotonic()
        self._sort_marks(now)
        todo = {place for place, until in self.recheck.items() if until > now}
        self.recheck = {place: until for place, until in self.recheck.items() if until > now}
        todo |= self.now_due
        if everything:
            todo = {(name, ALL) for name in self.stores}
        changes = Changes()
        for name, key in todo:
            store = self.stores[name]
            for one in store.keys() if key is ALL else (key,):
                self._compare(store, one, changes, everything)
        return changes

    def _sort_marks(self, now: float) -> None:
        self.now_due = set()
        for place, threaded in self.marks.drain().items():
            if place[0] in LAZY:
                self.lazy.add(place)
                continue
            self.now_due.add(place)
            if threaded:
                self.recheck[place] = now + _RECHECK
                self.sweep_at = self.sweep_at or now + _SWEEP
        if now - self.lazy_at > _LAZY_TICK:
            self.now_due |= self.lazy
            self.lazy, self.lazy_at = set(), now
        if self.sweep_at is not None and now > self.sweep_at:
            # A thread may hold a record for long (a stack, a change set) and change it without looking it up.
            self.now_due |= {(n, ALL) for n, s in self.stores.items() if s.split is WHOLE and n not in LAZY}
            self.sweep_at = None

    def _compare(self, store: Store, key: Any, changes: Changes, everything: bool) -> None:
        try:
            store.collect(key, changes, everything)
        except RuntimeError:
            # Another thread changed a container while it was pickled: once more, at the next commit.
            self.marks.queue.append((store.name, key, True))

    def dirty(self) -> bool:
        """Whether there may be something in memory that is not on disk."""
        return bool(self.marks.queue or self.recheck)

    def due(self) -> bool:
        """Whether a commit has something to do although nobody waits for it."""
        return self.dirty() or bool(self.lazy) or self.sweep_at is not None

    async def settled(self) -> None:
        """Return when everything that was done before this call is on disk. Raises what a failed commit raised."""
        if self.failure:
            raise self.failure
        if self.dirty():
            waiter = asyncio.get_running_loop().create_future()
            self.waiting.append(waiter)
            self.wake.set()
            await waiter
        elif self.writing:
            await asyncio.shield(self.writing)

    async def run(self) -> None:
        """Commit for ever: when somebody waits, or after a tick."""
        while True:
            try:
                await asyncio.wait_for(self.wake.wait(), _TICK)
            except TimeoutError:
                if not self.due():
                    continue
            self.wake.clear()
            await self._commit()

    async def _commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        loop = asyncio.get_running_loop()
        self.writing = loop.create_future()
        try:
            changes = self.collect()
            if changes:
                await asyncio.to_thread(self._write, changes)
                self._release_bodies(changes)
        except Exception as error:
            logger.exception("the state cannot be written; every answer is refused from now on")
            self.failure = error
        finally:
            self.writing.set_result(None)
            self.writing = None
            for waiter in waiting:
                if self.failure and not waiter.done():
                    waiter.set_exception(self.failure)
                elif not waiter.done():
                    waiter.set_result(None)

    def _write(self, changes: Changes) -> None:
        for name, body in changes.bodies.items():
            self.blobs.write(name, body)
        self.database.write(changes)

    def _release_bodies(self, changes: Changes) -> None:
        """Bodies that are on disk leave the memory: their records keep a reference (blobs.Body)."""
        for name, key, part in changes.put:
            if name in BODIES:
                known = self.stores[name].known.get(ast.literal_eval(key), {}).get(ast.literal_eval(part))
                self.blobs.release(known[0] if known else None)

    def finish(self) -> int:
        """Compare everything once more, write it and close; return how many parts had been missed (0, or a bug)."""
        self._write(self.collect())
        missed = self.collect(everything=True)
        late = [place for place in (*missed.put, *missed.drop) if place[0] not in LAZY]
        if late:
            logger.warning("changes that had not been noticed, a defect in glue/persistence: %s", late[:20])
        self._write(missed)
        self.database.close()
        return len(late)
