"""Dictionaries that remember which of their keys were looked at, and so may have been changed.

ministack keeps its state in module-level dictionaries of mutable records. Who obtains a record may change it in
place, so every access is a mark, except within a request that only reads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

ALL: Any = object()
Place = tuple[str, Any]  # store name, key or ALL
# True while a request is handled that cannot change anything: its accesses are no marks.
reading: ContextVar[bool] = ContextVar("reading", default=False)
# What the present request has looked at, in whatever thread, marks or not: its answer may tell of it.
touched: ContextVar[set[Place] | None] = ContextVar("touched", default=None)


@contextmanager
def only_reading(yes: bool = True) -> Iterator[None]:
    """Within it, accesses are no marks: for a look at records that changes none. `False` undoes that within."""
    token = reading.set(yes)
    try:
        yield
    finally:
        reading.reset(token)


class Marks:
    """The marks since the last commit: (store name, key or ALL, whether another thread than the loop's made it)."""

    def __init__(self) -> None:
        self.queue: deque[tuple[str, Any, bool]] = deque()
        self.loop_thread = threading.get_ident()

    @staticmethod
    def look(store: str, key: Any) -> None:
        """The current request has looked at a key of a store."""
        seen = touched.get()
        if seen is not None:
            seen.add((store, key))

    def add(self, store: str, key: Any) -> None:
        """Mark a key of a store as possibly changed, unless the current request only reads."""
        self.look(store, key)
        if not reading.get():
            self.queue.append((store, key, threading.get_ident() != self.loop_thread))

    def drain(self) -> dict[tuple[str, Any], bool]:
        """Take all marks: (store, key) → made by another thread. Safe against concurrent `add`."""
        found: dict[tuple[str, Any], bool] = {}
        while self.queue:
            store, key, threaded = self.queue.popleft()
            found[store, key] = found.get((store, key), False) or threaded
        return found


class Tracked(dict[Any, Any]):
    """A dict that reports each accessed key to `marks` under the name `store`."""

    __slots__ = ("marks", "store")

    def __init__(self, store: str, marks: Marks, content: dict[Any, Any]) -> None:
        super().__init__(content)
        self.store = store
        self.marks = marks

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self.peek_items()),)  # a copy is a plain dict

    def __contains__(self, key: object) -> bool:
        self.marks.look(self.store, key)
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Any]:
        self.marks.look(self.store, ALL)
        return super().__iter__()

    def keys(self) -> Any:
        """As dict.keys; no mark, since keys cannot be changed in place."""
        self.marks.look(self.store, ALL)
        return super().keys()

    def peek(self, key: Any) -> Any:
        """Return the value of a key, or ALL if there is none, without a mark."""
        return super().get(key, ALL)

    def peek_items(self) -> list[tuple[Any, Any]]:
        """Return the items without a mark. (`list` copies them in one step, safe against other threads.)"""
        return list(super().items())

    def peek_keys(self) -> list[Any]:
        """Return the keys without a mark."""
        return list(super().keys())

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        self.marks.add(self.store, key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.marks.add(self.store, key)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self.marks.add(self.store, key)

    def get(self, key: Any, default: Any = None) -> Any:
        """As dict.get; marks the key if it is there."""
        value = super().get(key, ALL)
        if value is ALL:
            return default
        self.marks.add(self.store, key)
        return value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As dict.setdefault; marks the key."""
        value = super().setdefault(key, default)
        self.marks.add(self.store, key)
        return value

    def pop(self, key: Hashable, *default: Any) -> Any:
        """As dict.pop; marks the key."""
        value = super().pop(key, *default)
        self.marks.add(self.store, key)
        return value

    def popitem(self) -> tuple[Any, Any]:
        """As dict.popitem; marks the key."""
        key, value = super().popitem()
        self.marks.add(self.store, key)
        return key, value

    def update(self, *others: Any, **more: Any) -> None:
        """As dict.update; marks everything."""
        super().update(*others, **more)
        self.marks.add(self.store, ALL)

    def clear(self) -> None:
        """As dict.clear; marks everything."""
        super().clear()
        self.marks.add(self.store, ALL)

    def values(self) -> Any:
        """As dict.values; marks everything, because the values can be changed in place."""
        self.marks.add(self.store, ALL)
        return super().values()

    def items(self) -> Any:
        """As dict.items; marks everything, because the values can be changed in place."""
        self.marks.add(self.store, ALL)
        return super().items()
