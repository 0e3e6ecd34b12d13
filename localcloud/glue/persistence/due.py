"""Which places a commit compares: what is marked, what a thread may still be changing, and seldom the rest."""

from __future__ import annotations

import time

from localcloud.glue.persistence.parts import WHOLE
from localcloud.glue.persistence.stores import LAZY, MANY, Store
from localcloud.glue.persistence.tracked import ALL, Marks, Place

_RECHECK = 2.0  # seconds for which a thread's marks are compared again
TICK = 0.1  # seconds: the longest that a change which nobody waits for stays in memory only
_LAZY_TICK = 1.0
_LAZY_SHARE = 20  # and what nobody relies on takes a twentieth of the time at most, however much there is of it
_SWEEP = 5.0  # seconds after which, threads having worked, all records that are not split are compared


class Due:
    """The places that wait for their comparison."""

    def __init__(self, marks: Marks, stores: dict[str, Store]) -> None:
        self._marks = marks
        self._stores = stores
        self._again: dict[Place, float] = {}  # marked by a thread, which may go on changing it: until when
        self._again_at = 0.0
        self._asked: set[Place] = set()  # of those, what an answer that waits may tell of
        self._lazy: set[Place] = set()
        self._lazy_at = 0.0
        self._sweep_at: float | None = None

    def __bool__(self) -> bool:
        """Whether a commit has something to do although nobody waits for it."""
        return bool(self._marks.queue or self._again or self._lazy) or self._sweep_at is not None

    def take(self) -> set[Place]:
        """Return what is to be compared now, and before every answer that waits for this commit."""
        now = time.monotonic()
        todo, self._asked = self._marked(now) | self._asked, set()
        if now >= self._again_at:
            todo |= self._again.keys()
            self._again = {place: until for place, until in self._again.items() if until > now}
            self._again_at = now + TICK
        if self._sweep_at is not None and now > self._sweep_at:
            # A thread may hold a record for long (a stack, a change set) and change it without looking it up.
            left_out = LAZY | MANY
            todo |= {(n, ALL) for n, store in self._stores.items() if store.split is WHOLE and n not in left_out}
            self._sweep_at = None
        return todo

    def _marked(self, now: float) -> set[Place]:
        found: set[Place] = set()
        for place, threaded in self._marks.drain().items():
            if place[0] in LAZY:
                self._lazy.add(place)
                continue
            found.add(place)
            if threaded:
                self._again[place] = now + _RECHECK
                self._sweep_at = self._sweep_at or now + _SWEEP
        return found

    def take_lazy(self) -> set[Place]:
        """Return what nobody relies on to the last moment, if it is its time; `took` is to follow."""
        if time.monotonic() < self._lazy_at:
            return set()
        lazy, self._lazy = self._lazy, set()
        return lazy

    def took(self, began: float) -> None:
        """The comparison of what `take_lazy` gave is over: the longer it took, the later is the next."""
        self._lazy_at = began + max(_LAZY_TICK, _LAZY_SHARE * (time.monotonic() - began))

    def ask(self, seen: set[Place] | None) -> bool:
        """Say what an answer may tell of (None: of everything); return whether it has to wait for a commit."""
        half_done = set(self._again) if seen is None else self._half_done(seen)
        self._asked |= half_done
        return bool(self._marks.queue or half_done)

    def _half_done(self, seen: set[Place]) -> set[Place]:
        """What of these places a thread may have changed since they were compared."""
        if not self._again:
            return set()
        names, whole = {name for name, _ in seen}, {name for name, key in seen if key is ALL}
        return {
            place
            for place in self._again
            if place in seen or place[0] in whole or (place[1] is ALL and place[0] in names)
        }
