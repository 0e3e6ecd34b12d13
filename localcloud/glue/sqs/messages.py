"""A queue's messages, found by id and by receipt handle, and by when they become visible: never by a scan.

ministack keeps a list and walks it for every receive, delete and sweep, which is quadratic for a burst.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Json = dict[str, Any]
_FEW = 64


class Messages:
    """In the place of ministack's list, with the part of a list's interface that ministack uses.

    Not safe against concurrent changes: who changes it holds the queues' lock. `changed` is told the id of each
    message that comes, goes or is received (`owner`: who gave it).
    """

    def __init__(
        self, messages: Iterable[Json] = (), changed: Callable[[str], object] = lambda _: None, owner: object = None
    ) -> None:
        self.changed = changed
        self.owner = owner  # whose `changed` it is
        self.swept = 0.0  # when messages past their retention were looked for last
        self._all: dict[str, Json] = {}
        self._handles: dict[str, str] = {}
        self._received: dict[str, None] = {}
        self._due: list[tuple[float, int, str]] = []  # a heap; an entry whose time is not the message's is stale
        self._numbers = itertools.count()
        for message in messages:
            self._take_in(message)

    def __iter__(self) -> Iterator[Json]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: int) -> Json:
        return list(self._all.values())[index] if index != -1 else self._all[next(reversed(self._all))]

    def get(self, identifier: str) -> Json | None:
        """Return the message with this id, or None."""
        return self._all.get(identifier)

    def append(self, message: Json) -> None:
        """Add a message that was sent."""
        self._take_in(message)
        self.changed(message["id"])

    def remove(self, message: Json) -> None:
        """Take a message out; no error if it is not there."""
        self.discard(message["id"])

    def clear(self) -> None:
        """Take all messages out."""
        for identifier in list(self._all):
            self.discard(identifier)

    def discard(self, identifier: str) -> None:
        """Take the message with this id out, if it is there."""
        message = self._all.pop(identifier, None)
        if message is not None:
            self._handles.pop(message.get("receipt_handle") or "", None)
            self._received.pop(identifier, None)
            self.changed(identifier)

    def held_by(self, handle: str) -> Json | None:
        """Return the message that was last received with this receipt handle, or None."""
        return self._all.get(self._handles.get(handle, ""))

    def received(self) -> list[Json]:
        """Return the messages that were received at least once."""
        found = (self._all.get(identifier) for identifier in list(self._received))
        return [message for message in found if message is not None]

    def fresh(self) -> int:
        """Return how many messages have been received once at most: they wait for the first time, or are in hand."""
        return len(self._all) - len([message for message in self.received() if message["receive_count"] > 1])

    def visible(self, most: int, now: float) -> list[Json]:
        """Return up to `most` messages that can be received, the one that has been visible longest first."""
        entries: list[tuple[float, int, str]] = []
        while self._due and len(entries) < most and self._due[0][0] <= now:
            entry = heapq.heappop(self._due)
            if self._is_current(entry):
                entries.append(entry)
        for entry in entries:
            heapq.heappush(self._due, entry)
        return [self._all[entry[2]] for entry in entries]

    def receive(self, message: Json, handle: str, now: float, until: float) -> None:
        """Hand a message out under a new handle: hidden until then."""
        self._handles.pop(message.get("receipt_handle") or "", None)
        self._handles[handle] = message["id"]
        self._received[message["id"]] = None
        message["receipt_handle"] = handle
        message["receive_count"] = message.get("receive_count", 0) + 1
        if message.get("first_receive_at") is None:
            message["first_receive_at"] = now
        self.show_at(message, until)
        self.changed(message["id"])

    def renew(self, message: Json) -> None:
        """Take note of a message that ministack has received where it is."""
        if message["id"] in self._all:
            self._take_in(message)
            self.changed(message["id"])

    def show_at(self, message: Json, moment: float) -> None:
        """Make a message visible from a moment on."""
        message["visible_at"] = moment
        heapq.heappush(self._due, (moment, next(self._numbers), message["id"]))
        if len(self._due) > _FEW and len(self._due) > 4 * len(self._all):  # mostly stale: messages that are gone
            self._due = [entry for entry in self._due if self._is_current(entry)]
            heapq.heapify(self._due)

    def _is_current(self, entry: tuple[float, int, str]) -> bool:
        message = self._all.get(entry[2])
        return message is not None and message["visible_at"] == entry[0]

    def _take_in(self, message: Json) -> None:
        identifier = message["id"]
        self._all[identifier] = message
        if message.get("receipt_handle"):
            self._handles[message["receipt_handle"]] = identifier
        if message.get("receive_count"):
            self._received[identifier] = None
        self.show_at(message, message.get("visible_at") or 0.0)
