"""How changes become drops: the algorithm, against any store of windows and objects.

A folder has at most one open window. The window is opened or touched before its objects are recorded, and a change
counts only if it is newer than the recorded one. So a repeat after a failure halfway ends in the same state, and a
duplicate has no effect at all. Each record is written only if what was read of it still stands, so that two functions
with the same key at the same time cannot both win.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from dropforge import names
from intake.changes import Change, Recorded, is_newer, newest

MAX_RACES = 8
ACCEPTING = ("OPEN", "LISTED")


class ContentionError(Exception):
    """Others changed the window again and again; the message comes back later."""


@dataclass(frozen=True)
class Window:
    """A drop in the making: OPEN, LISTED (its manifest has come), COMPLETE, CLOSED or SETTLED.

    `completed_at`: S3's time of the `_SUCCESS` that completed it. `previous`: the folder's drop before it, and
    `previous_completed_at`, until when that one takes what is told late.
    """

    pk: str
    drop: str
    state: str
    completed_at: str | None = None
    manifest: str | None = None
    previous: str | None = None
    previous_completed_at: str | None = None

    @property
    def accepting(self) -> bool:
        """Whether objects join it."""
        return self.state in ACCEPTING

    def overtook(self, change: Change) -> bool:
        """Whether the change came before the window's `_SUCCESS`, although its event came after."""
        return self.completed_at is not None and change.time <= self.completed_at

    def still_takes(self, change: Change) -> bool:
        """Whether a change joins the drop whose `_SUCCESS` overtook it: not once its objects have been listed."""
        return self.state == "COMPLETE" and self.overtook(change)

    def came_too_late_for(self, change: Change) -> bool:
        """Whether the change may belong to the window before this one, although its event came after this opened."""
        return self.previous_completed_at is not None and change.time <= self.previous_completed_at


@dataclass(frozen=True)
class Entry:
    """A change to record: its drop (none: the object is gone), what was read before, and whether that stays behind.

    `keep`: the object's earlier version is part of a drop that has closed, and must not leave it.
    """

    change: Change
    drop: str | None
    known: Recorded | None
    keep: bool


class Store(Protocol):
    """The drops table."""

    def recorded(self, changes: list[Change]) -> dict[str, Recorded]:
        """What is recorded for each change's key."""

    def current(self, pk: str) -> Window | None:
        """The folder's newest window."""

    def window(self, pk: str, drop: str) -> Window | None:
        """One window of the folder."""

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        """Make `window` the folder's newest, if `previous` still is; false if not."""

    def touch(self, window: Window) -> bool:
        """Note that something arrived, if the window is still in its state; false if not."""

    def complete(self, window: Window, marker: Change) -> bool:
        """Complete the window, if it still accepts; false if not."""

    def list_by(self, window: Window, manifest: Change) -> bool:
        """The window is complete once what its manifest names is there; false if it accepts nothing any more."""

    def record(self, entries: list[Entry]) -> list[Entry]:
        """Record each, if what was read of its key still stands; gives back those for which it does not."""


def claim(changes: Iterable[Change], store: Store) -> None:
    """Take the changes of one folder into its drops.

    Raises:
        ContentionError: lost too many races; nothing is lost by trying again.
    """
    pending = newest(changes)
    for _ in range(MAX_RACES):
        known = store.recorded(pending)
        fresh = [c for c in pending if is_newer(c, known.get(c.key))]
        if not fresh:
            return
        pending = _take(fresh, known, store)
        if not pending:
            return
    raise ContentionError(f"{pending[0].pk}: lost {MAX_RACES} races for its objects")


def _take(fresh: list[Change], known: dict[str, Recorded], store: Store) -> list[Change]:
    """One try; the changes whose records were changed by somebody else meanwhile."""
    lost = []
    objects = [c for c in fresh if c.kind == "object"]
    marker = next((c for c in fresh if c.kind == "success"), None)
    if marker:
        lost += _place([c for c in objects if c.time <= marker.time], known, store)
        lost += _record([marker], _complete(marker, store), known, store)
        objects = [c for c in objects if c.time > marker.time]
    lost += _place(objects, known, store)
    for manifest in (c for c in fresh if c.kind == "manifest"):
        lost += _record([manifest], _list_by(manifest, store), known, store)
    gone = [c for c in fresh if c.kind in ("deleted", "empty")]
    holding = {k.drop for c in gone if (k := known.get(c.key)) and k.present and k.drop}
    windows = {drop: store.window(gone[0].pk, drop) for drop in sorted(holding)}
    entries = [Entry(c, None, known.get(c.key), _left_behind(known.get(c.key), windows, c)) for c in gone]
    return lost + [e.change for e in store.record(entries)]


def _left_behind(known: Recorded | None, windows: dict[str, Window | None], change: Change) -> bool:
    """Whether a drop that is complete keeps the object as it was before the change."""
    if known is None or not known.present or known.drop is None:
        return False
    window = windows[known.drop]
    return window is None or not (window.accepting or window.still_takes(change))


def _place(objects: list[Change], known: dict[str, Recorded], store: Store) -> list[Change]:
    lost: list[Change] = []
    for _ in range(MAX_RACES):
        if not objects:
            return lost
        window = store.current(objects[0].pk)
        overtaken, late = _late(objects, window, known, store)
        if overtaken and late:
            if store.touch(overtaken):
                lost += _record(late, overtaken, known, store)
                objects = [c for c in objects if c not in late]
        elif window and window.accepting:
            if store.touch(window):
                lost += _record(objects, window, known, store)
                if window.state == "LISTED":
                    store.touch(window)  # wakes whoever compares the window with its manifest, now that they are there
                return lost
        else:
            opened = _next(objects[0], window)
            if store.open(opened, objects[0], window):
                return lost + _record(objects, opened, known, store)
    raise ContentionError(f"{objects[0].pk}: lost {MAX_RACES} races for its window")


def _late(
    objects: list[Change], window: Window | None, known: dict[str, Recorded], store: Store
) -> tuple[Window | None, list[Change]]:
    """The window whose `_SUCCESS` overtook some of the objects, the newest or the one before, and those objects.

    What is newer than an object of the newest window belongs there, whatever its time: an upload in parts has the time
    of its beginning.
    """
    if window and any(map(window.came_too_late_for, objects)):
        before = store.window(window.pk, str(window.previous))
        here = {key for key, recorded in known.items() if recorded.drop == window.drop}
        late = [c for c in objects if before and before.still_takes(c) and c.key not in here]
        if late:
            return before, late
    return window, [c for c in objects if window and window.still_takes(c)]


def _complete(marker: Change, store: Store) -> Window:
    for _ in range(MAX_RACES):
        window = store.current(marker.pk)
        if window and window.accepting:
            if store.complete(window, marker):
                return replace(window, state="COMPLETE", completed_at=marker.time)
        elif window and window.overtook(marker):
            return window
        else:
            opened = replace(_next(marker, window), state="COMPLETE", completed_at=marker.time)
            if store.open(opened, marker, window):
                return opened
    raise ContentionError(f"{marker.pk}: lost {MAX_RACES} races for its window")


def _list_by(manifest: Change, store: Store) -> Window:
    for _ in range(MAX_RACES):
        window = store.current(manifest.pk)
        if window and window.accepting:
            if store.list_by(window, manifest):
                return window
        else:
            opened = replace(_next(manifest, window), state="LISTED", manifest=manifest.key)
            if store.open(opened, manifest, window):
                return opened
    raise ContentionError(f"{manifest.pk}: lost {MAX_RACES} races for its window")


def _record(objects: list[Change], window: Window, known: dict[str, Recorded], store: Store) -> list[Change]:
    entries = [Entry(c, window.drop, known.get(c.key), _moves(known.get(c.key), window)) for c in objects]
    return [entry.change for entry in store.record(entries)]


def _moves(known: Recorded | None, window: Window) -> bool:
    return known is not None and known.present and known.drop not in (None, window.drop)


def _next(first: Change, previous: Window | None) -> Window:
    # A folder's windows are a chain, so this name is used once, even if the same change opens two of them.
    drop = names.run_id(first.pk, first.key, first.identity, previous.drop if previous else "")
    if previous is None:
        return Window(first.pk, drop, "OPEN")
    return Window(first.pk, drop, "OPEN", previous=previous.drop, previous_completed_at=previous.completed_at)
