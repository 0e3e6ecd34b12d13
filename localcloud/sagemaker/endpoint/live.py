"""The endpoints that run now: their fleets, and the one change that each may be going through."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from localcloud.sagemaker.endpoint.fleet import Fleet

_log = logging.getLogger(__name__)


class LiveEndpoint:
    """One endpoint's fleet. `serving` is set while there is one."""

    def __init__(self) -> None:
        self.fleet: Fleet | None = None
        self.serving = threading.Event()
        self.upcoming: Fleet | None = None

    def swap(self, fleet: Fleet | None) -> Fleet | None:
        """Put a fleet in service and answer the one before it."""
        before, self.fleet = self.fleet, fleet
        if fleet is None:
            self.serving.clear()
        else:
            self.serving.set()
        return before


class LiveEndpoints:
    """By lower-case name; a change runs in a thread of its own."""

    def __init__(self) -> None:
        self._endpoints: dict[str, LiveEndpoint] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.closing = False

    def get(self, name: str) -> LiveEndpoint:
        """The endpoint's entry, made if need be."""
        with self._lock:
            return self._endpoints.setdefault(name.lower(), LiveEndpoint())

    def drop(self, name: str) -> None:
        """Forget an endpoint that is gone."""
        with self._lock:
            self._endpoints.pop(name.lower(), None)

    def start(self, name: str, work: Callable[[LiveEndpoint], None]) -> None:
        """Run a change of the endpoint."""
        live = self.get(name)

        def run() -> None:
            try:
                work(live)
            except Exception:
                if not self.closing:
                    _log.exception("endpoint %s", name)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=f"sagemaker-endpoint-{name}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def close(self) -> None:
        """Stop every fleet; changes that are under way end with them and are taken up at the next start."""
        self.closing = True
        with self._lock:
            fleets = [
                fleet for live in self._endpoints.values() for fleet in (live.fleet, live.upcoming) if fleet is not None
            ]
            threads = list(self._threads)
        stopping = [threading.Thread(target=fleet.close) for fleet in fleets]
        for thread in stopping:
            thread.start()
        for thread in (*stopping, *threads):
            thread.join(15)
