"""`intake.claims.Store` in memory, with what the other functions of intake read of the drops table.

`pause` is called before every read and before and after every write, so that a test can stop there, fail there, or let
somebody else go first. What is one write in DynamoDB is one here; what are several are several.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from intake import items
from intake.changes import Change, Ignored, Recorded
from intake.claims import ACCEPTING, Entry, Window

Item = dict[str, Any]
TICK = timedelta(milliseconds=1)


class FakeStore:
    def __init__(self, now: Callable[[], datetime] | None = None, pause: Callable[[str], object] | None = None) -> None:
        self._now = now or (lambda: datetime(2026, 11, 23, 8, tzinfo=UTC))
        self._pause = pause or (lambda place: None)
        self._ticks = 0
        self.windows: dict[str, dict[str, Item]] = {}
        self.pointer: dict[str, str] = {}
        self.objects: dict[str, Item] = {}
        self.moved: dict[tuple[str, str], Item] = {}
        self.ignored: dict[tuple[str, str], Item] = {}
        self.history: dict[tuple[str, str], int] = {}  # every change that was ever recorded, in that order
        self.touches = 0
        self.opened: Callable[[Window, Change, Item | None], None] = lambda window, first, previous: None
        self.woken: Callable[[str, str, Item | None], None] = lambda pk, drop, old: None

    # ------------------------------------------------------------------ intake.claims.Store
    def recorded(self, changes: list[Change]) -> dict[str, Recorded]:
        self._pause("recorded")
        return {c.key: _recorded(self.objects[c.key]) for c in changes if c.key in self.objects}

    def current(self, pk: str) -> Window | None:
        self._pause("current: pointer")
        drop = self.pointer.get(pk)
        if drop is None:
            return None
        self._pause("current: window")
        return _window(self.windows[pk][drop])

    def window(self, pk: str, drop: str) -> Window | None:
        self._pause("window")
        item = self.windows.get(pk, {}).get(drop)
        return _window(item) if item else None

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        self._pause("open")
        folder = self.windows.setdefault(window.pk, {})
        if self.pointer.get(window.pk) != (previous.drop if previous else None) or window.drop in folder:
            return False
        before = folder[previous.drop] if previous else None
        folder[window.drop] = items.opened(window, first, self._stamp()) | {"stage": "WAITING"}
        self.pointer[window.pk] = window.drop
        self.touches += 1
        self.opened(window, first, before)
        self.woken(window.pk, window.drop, None)
        self._pause("opened")
        return True

    def touch(self, window: Window) -> bool:
        return self._update(window, (window.state,))

    def complete(self, window: Window, marker: Change) -> bool:
        return self._update(window, ACCEPTING, state="COMPLETE", completed_at=marker.time, reason="_SUCCESS")

    def list_by(self, window: Window, manifest: Change) -> bool:
        version = {"manifest_version": manifest.version_id} if manifest.version_id else {}
        return self._update(window, ACCEPTING, state="LISTED", manifest=manifest.key, **version)

    def record(self, entries: list[Entry]) -> list[Entry]:
        return [entry for entry in entries if not self._record(entry)]

    def _record(self, entry: Entry) -> bool:
        change, known = entry.change, entry.known
        if known and entry.keep:
            self._pause("keep: read")
            item = self.objects.get(change.key)
            if item and item["identity"] == known.identity:
                self._pause("keep")
                self.moved.setdefault((str(known.drop), change.key), item)
                self._pause("kept")
        self._pause("record")
        held = self.objects.get(change.key)
        if (held["identity"] if held else None) != (known.identity if known else None):
            return False
        drop = entry.drop if entry.drop or not known or entry.keep else known.drop
        self.objects[change.key] = items.entry(
            change, drop, present=entry.drop is not None, at=self._now(), kept_days=90
        )
        self.history.setdefault((change.key, change.identity), len(self.history))
        self._pause("recorded")
        return True

    def _update(self, window: Window, states: tuple[str, ...], **values: Any) -> bool:
        self._pause("update")
        item = self.windows[window.pk][window.drop]
        if item["state"] not in states:
            return False
        self.update(window.pk, window.drop, touched_at=self._stamp(), **values)
        self.touches += 1
        self._pause("updated")
        return True

    # ------------------------------------------------------------------ what others do with the table
    def update(self, pk: str, drop: str, **values: Any) -> None:
        """Write attributes of a window, as a machine or a claimer does; the pipe hears of it."""
        old = self.windows[pk][drop]
        self.windows[pk][drop] = old | values
        self.woken(pk, drop, old)

    def items_of(self, pk: str, keys: list[str]) -> dict[str, Item]:
        return {key: self.objects[key] for key in keys if key in self.objects and self.objects[key]["present"]}

    def items_in(self, pk: str, drop: str) -> list[Item]:
        held = [i for i in self.objects.values() if i.get("drop") == drop]
        left = [i for (d, _), i in self.moved.items() if d == drop]
        newest: dict[str, Item] = {}
        for item in (i for i in (*held, *left) if i["present"]):
            if item["key"] not in newest or newest[item["key"]]["ordered_at"] < item["ordered_at"]:
                newest[item["key"]] = item
        return [item for item in newest.values() if item["kind"] == "object"]

    def keys_in(self, pk: str, drop: str) -> list[str]:
        return [i["key"] for i in self.objects.values() if i.get("drop") == drop and i["present"]]

    def previous(self, project: str, channel: str, drop: str) -> None:
        return None

    def staged(self, stage: str, before: str, limit: int) -> list[Item]:
        found = [
            item | {"pk": pk, "sk": f"window#{drop}"}
            for pk, folder in self.windows.items()
            for drop, item in folder.items()
            if item.get("stage") == stage and item["touched_at"] < before
        ]
        return sorted(found, key=lambda i: str(i["touched_at"]))[:limit]

    def ignore(self, thing: Ignored) -> None:
        self._pause("ignore")
        self.ignored[thing.key, thing.sequencer] = items.ignored(thing, self._now(), 90)
        self._pause("ignored")

    # ------------------------------------------------------------------ for tests
    def close(self, pk: str) -> None:
        """What the intake machine does after the quiet period."""
        self.windows[pk][self.pointer[pk]]["state"] = "CLOSED"

    def states(self, pk: str) -> list[str]:
        """The windows' states, oldest first."""
        return [w["state"] for w in self.windows.get(pk, {}).values()]

    def members(self, pk: str) -> dict[str, dict[str, str]]:
        """Identity by key, of each drop that holds any object."""
        found = {d: {i["key"]: i["identity"] for i in self.items_in(pk, d)} for d in self.windows.get(pk, {})}
        return {drop: keys for drop, keys in found.items() if keys}

    def _stamp(self) -> str:
        # Two writes never have one time: DynamoDB takes longer than a millisecond.
        self._ticks += 1
        return items.stamp(self._now() + self._ticks * TICK)


def _recorded(item: Item) -> Recorded:
    names = ("identity", "sequencer", "ordered_at", "version_id", "drop", "present", "via")
    return Recorded(**{name: item.get(name) for name in names})  # type: ignore[arg-type]


def _window(item: Item) -> Window:
    names = ("completed_at", "manifest", "previous", "previous_completed_at")
    return Window(_pk(item), item["drop"], item["state"], **{n: item[n] for n in names if n in item})


def _pk(item: Item) -> str:
    return f"{item['project']}/{item['channel']}/{item['folder']}"
