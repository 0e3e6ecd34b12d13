"""The endpoints that run now: their fleets with their shares of the traffic, and the change each goes through."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from localcloud.sagemaker.endpoint import routes
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.pace import StoppedError
from localcloud.sagemaker.router import Router

_log = logging.getLogger(__name__)


class LiveEndpoint:
    """One endpoint. `fleets` have a share of the traffic; `known` are those that are being opened, too."""

    def __init__(self, name: str, router: Router) -> None:
        self.name = name
        self.fleets: list[tuple[Fleet, float]] = []
        self.known: set[Fleet] = set()
        self.changing = threading.Lock()
        self._router = router
        self._lock = threading.RLock()
        self._closed = False

    @property
    def fleet(self) -> Fleet | None:
        """The fleet with most of the traffic."""
        with self._lock:
            return max(self.fleets, key=lambda each: each[1])[0] if self.fleets else None

    def serve(self, *fleets: tuple[Fleet, float]) -> None:
        """From now on every new call goes to these fleets, by their shares."""
        with self._lock:
            self.fleets = list(fleets)
            self.known |= {fleet for fleet, _ in fleets}
            if not fleets:
                self._router.remove(self.name)
        self.publish()

    def publish(self) -> None:
        """Tell the router what is ready."""
        with self._lock:
            if not self.fleets:
                return  # while the first fleet opens
            told = [fleet.route(share) for fleet, share in self.fleets]
            self._router.put(routes.table(self.name, told, self.fleets[0][0].plan))

    @contextmanager
    def opening(self, fleet: Fleet) -> Iterator[Fleet]:
        """Know of a fleet while it opens, so that it can be stopped; it stays known if it opened.

        Raises StoppedError when the local cloud ends: nobody would stop this fleet any more.
        """
        with self._lock:
            if self._closed:
                raise StoppedError
            self.known.add(fleet)
        try:
            yield fleet
        except BaseException:
            with self._lock:
                self.known.discard(fleet)
            raise

    def close(self) -> list[Fleet]:
        """Open no fleet any more; return those that are to be stopped."""
        with self._lock:
            self._closed = True
            return list(self.known)

    def retire(self, fleet: Fleet) -> None:
        """End a fleet that has no share any more, after its last calls."""
        fleet.retire()
        with self._lock:
            self.known.discard(fleet)


class LiveEndpoints:
    """By lower-case name; a change runs in a thread of its own."""

    def __init__(self, router: Router) -> None:
        self.stopped = threading.Event()
        self._router = router
        self._endpoints: dict[str, LiveEndpoint] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        router.on_wanted(self._wanted)
        router.on_lost(self._lost)

    @property
    def closing(self) -> bool:
        """Whether the local cloud ends."""
        return self.stopped.is_set()

    def get(self, name: str) -> LiveEndpoint:
        """The endpoint's entry, made if need be."""
        with self._lock:
            return self._endpoints.setdefault(name.lower(), LiveEndpoint(name, self._router))

    def all(self) -> list[LiveEndpoint]:
        """Every entry."""
        with self._lock:
            return list(self._endpoints.values())

    def drop(self, name: str) -> None:
        """Forget an endpoint that is gone."""
        with self._lock:
            self._endpoints.pop(name.lower(), None)

    def start(self, name: str, work: Callable[[LiveEndpoint], None]) -> None:
        """Run a change of the endpoint."""
        live = self.get(name)

        def run() -> None:
            try:
                with live.changing:  # what comes while it is taken up after a restart waits
                    if not self.closing:
                        work(live)
            except StoppedError:
                pass  # it is taken up at the next start
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
        self.stopped.set()
        with self._lock:
            fleets = [fleet for live in self._endpoints.values() for fleet in live.close()]
            threads = list(self._threads)
        stopping = [threading.Thread(target=fleet.stop, args=(2.0,)) for fleet in fleets]
        for thread in stopping:
            thread.start()
        for thread in (*stopping, *threads):
            thread.join(15)

    def _wanted(self, endpoint: str, config: str, variant: str) -> None:
        for fleet, _ in self.get(endpoint).fleets:
            if fleet.plan["EndpointConfigName"] == config:
                fleet.wanted(variant)

    def _lost(self, instance_id: str) -> None:
        for live in self.all():
            for fleet, _ in live.fleets:
                for _, each in fleet.instances():
                    if each.id == instance_id:
                        # It may take a second to see that the process has ended.
                        threading.Thread(target=each.doubt, daemon=True).start()
