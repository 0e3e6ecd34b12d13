"""Who waits for what inside this process: an ARN's change of state wakes those that wait for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Notices:
    """A board of ARNs. Losing a notice is harmless: whoever waits also looks for itself now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[threading.Event]] = defaultdict(list)

    def post(self, arn: str) -> None:
        """Something happened to this resource."""
        with self._lock:
            events = list(self._waiting.get(arn, ()))
        for event in events:
            event.set()

    @contextmanager
    def watch(self, arn: str) -> Iterator[threading.Event]:
        """Give an event that is set whenever something happens to the resource."""
        event = threading.Event()
        with self._lock:
            self._waiting[arn].append(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[arn].remove(event)
                if not self._waiting[arn]:
                    del self._waiting[arn]
