"""`intake.claims.Store` in memory."""

from __future__ import annotations

from dataclasses import replace

from intake.changes import Change
from intake.claims import Window


class FakeStore:
    def __init__(self) -> None:
        self.windows: dict[str, dict[str, Window]] = {}
        self.pointer: dict[str, str] = {}
        self.objects: dict[str, tuple[str, str | None, bool]] = {}
        self.touches = 0
        self.fail_after: int | None = None

    def _step(self) -> None:
        if self.fail_after is not None:
            self.fail_after -= 1
            if self.fail_after < 0:
                raise ConnectionError("the table is away")

    def sequencer(self, change: Change) -> str | None:
        self._step()
        found = self.objects.get(change.key)
        return found[0] if found else None

    def current(self, pk: str) -> Window | None:
        self._step()
        drop = self.pointer.get(pk)
        return self.windows[pk][drop] if drop else None

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        self._step()
        assert window.drop not in self.windows.get(window.pk, {}), "a drop's id is used once"
        if self.pointer.get(window.pk) != (previous.drop if previous else None):
            return False
        self.windows.setdefault(window.pk, {})[window.drop] = window
        self.pointer[window.pk] = window.drop
        self.touches += 1
        return True

    def touch(self, window: Window) -> bool:
        self._step()
        self.touches += self.windows[window.pk][window.drop].state == "OPEN"
        return self.windows[window.pk][window.drop].state == "OPEN"

    def complete(self, window: Window, marker: Change) -> bool:
        self._step()
        if self.windows[window.pk][window.drop].state != "OPEN":
            return False
        self.windows[window.pk][window.drop] = replace(window, state="COMPLETE", completed_at=marker.time)
        return True

    def record(self, change: Change, drop: str | None) -> None:
        self._step()
        known = self.objects.get(change.key)
        if known is None or known[0] < change.sequencer:
            kept = drop or (known[1] if known else None)
            self.objects[change.key] = (change.sequencer, kept, drop is not None)

    def close(self, pk: str) -> None:
        """What the intake machine does after the quiet period."""
        drop = self.pointer[pk]
        self.windows[pk][drop] = replace(self.windows[pk][drop], state="CLOSED")

    def members(self) -> dict[str, set[str]]:
        """The present objects of each drop."""
        found: dict[str, set[str]] = {}
        for key, (_, drop, present) in self.objects.items():
            if present and drop:
                found.setdefault(drop, set()).add(key)
        return found
