"""Group commit: no answer leaves before everything that it could tell of is on disk.

Every access to a record marks it (tracked.py). A commit compares the marked records with what is on disk and
writes what differs, of all services in one transaction: the database is always one consistent moment. Answers
wait for the commit that begins after they were made; concurrent ones share it.

Handlers of ministack run on the event loop, and so does the comparison: it never sees their half-done work.
Threads (state machines, deliveries) are another matter: what they marked is compared again for a while, every tick,
and before an answer that could tell of it.
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
from localcloud.glue.persistence.due import TICK, Due
from localcloud.glue.persistence.stores import BODIES, FORGOTTEN, LAZY, PLAIN, Store, scoped_dictionaries
from localcloud.glue.persistence.tracked import ALL, Marks, Place
from localcloud.settings import Settings

logger = logging.getLogger("durability")


class Durability:
    """Keeps the stores of one local cloud. `load`, then `run` on the event loop, then `finish`."""

    def __init__(self, settings: Settings) -> None:
        self.blobs = Blobs(settings.data / "blobs")
        self.database = Database(settings.data / "state.sqlite")
        self.marks = Marks()
        self.stores: dict[str, Store] = {}
        self.containers: dict[str, Any] = {}
        self.modules = 0
        self.due = Due(self.marks, self.stores)
        self.waiting: list[asyncio.Future[None]] = []
        self.writing: asyncio.Future[None] | None = None
        self.wake = asyncio.Event()
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
        changes = Changes()
        todo = self.due.take()
        self._compare_all({(name, ALL) for name in self.stores} if everything else todo, changes, everything)
        if lazy := self.due.take_lazy():
            began = time.monotonic()
            self._compare_all(lazy, changes, everything)
            self.due.took(began)
        return changes

    def _compare_all(self, places: set[Place], changes: Changes, everything: bool) -> None:
        for name, key in places:
            store = self.stores[name]
            for one in store.keys() if key is ALL else (key,):
                self._compare(store, one, changes, everything)

    def _compare(self, store: Store, key: Any, changes: Changes, everything: bool) -> None:
        try:
            store.collect(key, changes, everything)
        except RuntimeError:
            # Another thread changed a container while it was pickled: once more, at the next commit.
            self.marks.queue.append((store.name, key, True))

    async def settled(self, seen: set[Place] | None = None) -> None:
        """Return when everything that was done before this call is on disk, as far as an answer can tell of it.

        `seen`: the places that the request has looked at (none: whatever there is). Raises what a failed commit raised.
        """
        if self.failure:
            raise self.failure
        if self.due.ask(seen):
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
                await asyncio.wait_for(self.wake.wait(), TICK)
            except TimeoutError:
                if not self.due:
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
        for name, key, part in changes.with_bodies:
            known = self.stores[name].known.get(ast.literal_eval(key), {}).get(ast.literal_eval(part))
            self.blobs.release(known[0] if known and name in BODIES else None)

    def finish(self) -> int:
        """Compare everything once more, write it and close; return how many parts had been missed (0, or a bug)."""
        self.due.ask(None)
        self._write(self.collect())
        missed = self.collect(everything=True)
        late = [place for place in (*missed.put, *missed.drop) if place[0] not in LAZY]
        if late:
            logger.warning("changes that had not been noticed, a defect in glue/persistence: %s", late[:20])
        self._write(missed)
        self.database.close()
        return len(late)
