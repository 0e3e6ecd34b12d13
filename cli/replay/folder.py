"""One folder in memory, for today's claim algorithm: the store of `intake.claims`, with windows that close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from intake.changes import Change, Recorded
from intake.claims import ACCEPTING, Entry, Window, claim

from cli.text import clock


@dataclass
class Timed:
    """A window with its first and last touch."""

    window: Window
    opened: datetime
    touched: datetime
    opener: str

    @property
    def state(self) -> Any:
        """As the drops table has it."""
        return self.window.state


class Memory:
    """`intake.claims.Store` without a table; `now` is the moment that is played."""

    def __init__(self) -> None:
        self.now = datetime.min
        self.newest: Timed | None = None
        self.objects: dict[str, Recorded] = {}
        self.drops: dict[str, Timed] = {}

    def recorded(self, changes: list[Change]) -> dict[str, Recorded]:
        """See `Store`."""
        return {c.key: self.objects[c.key] for c in changes if c.key in self.objects}

    def current(self, pk: str) -> Window | None:
        """See `Store`."""
        return self.newest.window if self.newest else None

    def window(self, pk: str, drop: str) -> Window | None:
        """See `Store`."""
        return self.drops[drop].window if drop in self.drops else None

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        """See `Store`."""
        self.newest = Timed(window, self.now, self.now, first.key)
        self.drops[window.drop] = self.newest
        return True

    def touch(self, window: Window) -> bool:
        """See `Store`."""
        return self._change(window)

    def complete(self, window: Window, marker: Change) -> bool:
        """See `Store`."""
        return self._change(window, state="COMPLETE", completed_at=marker.time)

    def list_by(self, window: Window, manifest: Change) -> bool:
        """See `Store`."""
        return self._change(window, state="LISTED", manifest=manifest.key)

    def record(self, entries: list[Entry]) -> list[Entry]:
        """See `Store`."""
        for entry in entries:
            c, drop = entry.change, entry.drop or (entry.known.drop if entry.known and not entry.keep else None)
            self.objects[c.key] = Recorded(
                c.identity, c.sequencer, c.ordered_at, c.version_id, drop, entry.drop is not None, c.via
            )
        return []

    def _change(self, window: Window, **fields: Any) -> bool:
        known = self.drops[window.drop]
        known.window, known.touched = replace(known.window, **fields), self.now
        return True


def play(
    pk: str, arrivals: list[tuple[datetime, str, Change]], closes: Callable[[Timed, datetime], bool]
) -> dict[str, str]:
    """Which arrival (by its item's sort key) comes into which drop, named by the object that opened it.

    Args:
        pk: the folder.
        arrivals: (when, the item's sort key, the change), in order.
        closes: whether a window is closed before a moment.
    """
    store, placed = Memory(), {}
    for time, sk, change in arrivals:
        if store.newest and store.newest.state in (*ACCEPTING, "COMPLETE") and closes(store.newest, time):
            store.newest.window = replace(store.newest.window, state="CLOSED")
        store.now = time
        claim([change], store)
        known = store.objects.get(change.key)
        if change.kind == "object" and known and known.drop:
            placed[sk] = known.drop
    made = store.drops
    return {sk: f"the drop opened {clock(made[drop].opened)} by {made[drop].opener}" for sk, drop in placed.items()}
