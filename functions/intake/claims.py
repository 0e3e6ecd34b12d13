"""How changes become drops: the algorithm, against any store of windows and objects.

A folder has at most one open window. The window is opened or touched before its objects are recorded, and an object
counts only if its sequencer is newer than the recorded one. So a repeat after a failure halfway ends in the same state,
and a duplicate has no effect at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from dropforge import names
from intake.changes import Change, newest

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_RACES = 8


class ContentionError(Exception):
    """Others changed the window again and again; the message comes back later."""


@dataclass(frozen=True)
class Window:
    """A drop in the making. `completed_at`: S3's time of the `_SUCCESS` that completed it."""

    pk: str
    drop: str
    state: str
    completed_at: str | None = None

    def closed_over(self, change: Change) -> bool:
        """Whether the change came before the window's `_SUCCESS`, although its event came after."""
        return self.completed_at is not None and change.time <= self.completed_at


class Store(Protocol):
    """The drops table."""

    def sequencer(self, change: Change) -> str | None:
        """The sequencer that is recorded for the change's key."""

    def current(self, pk: str) -> Window | None:
        """The folder's newest window."""

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        """Make `window` the folder's newest, if `previous` still is; false if not."""

    def touch(self, window: Window) -> bool:
        """Note that something arrived, if the window is open; false if not."""

    def complete(self, window: Window, marker: Change) -> bool:
        """Complete the window, if it is open; false if not."""

    def record(self, change: Change, drop: str | None) -> None:
        """Record the object in the drop, unless a newer change of it is recorded. No drop: it is gone."""


def claim(changes: Iterable[Change], store: Store) -> None:
    """Take the changes of one folder into its drops.

    Raises:
        ContentionError: lost too many races; nothing is lost by trying again.
    """
    fresh = [c for c in newest(changes) if (store.sequencer(c) or "") < c.sequencer]
    for change in fresh:
        if change.kind == "deleted":
            store.record(change, None)
    objects = [c for c in fresh if c.kind == "object"]
    marker = next((c for c in fresh if c.kind == "success"), None)
    if marker:
        _place([c for c in objects if c.time <= marker.time], store)
        store.record(marker, _complete(marker, store))
        objects = [c for c in objects if c.time > marker.time]
    _place(objects, store)


def _place(objects: list[Change], store: Store) -> None:
    for _ in range(MAX_RACES):
        if not objects:
            return
        window = store.current(objects[0].pk)
        late = [c for c in objects if window and window.closed_over(c)]
        if window and late:  # their events were overtaken by that of _SUCCESS
            _record(late, window, store)
            objects = [c for c in objects if c not in late]
        elif window and window.state == "OPEN":
            if store.touch(window):
                _record(objects, window, store)
                return
        else:
            opened = _next(objects[0], window)
            if store.open(opened, objects[0], window):
                _record(objects, opened, store)
                return
    raise ContentionError(f"{objects[0].pk}: lost {MAX_RACES} races for its window")


def _complete(marker: Change, store: Store) -> str:
    for _ in range(MAX_RACES):
        window = store.current(marker.pk)
        if window and window.state == "OPEN":
            if store.complete(window, marker):
                return window.drop
        elif window and window.closed_over(marker):
            return window.drop
        else:
            opened = replace(_next(marker, window), state="COMPLETE", completed_at=marker.time)
            if store.open(opened, marker, window):
                return opened.drop
    raise ContentionError(f"{marker.pk}: lost {MAX_RACES} races for its window")


def _record(objects: list[Change], window: Window, store: Store) -> None:
    for change in objects:
        store.record(change, window.drop)


def _next(first: Change, previous: Window | None) -> Window:
    drop = names.run_id(first.pk, first.key, first.sequencer)
    if previous and previous.drop == drop:  # opened by this very change, and closed before it was recorded
        drop = names.run_id(first.pk, first.key, first.sequencer, previous.drop)
    return Window(first.pk, drop, "OPEN")
