"""The joint between an endpoint's control and its traffic: tables of routes, handed to the router's process.

The process (`localcloud.dataplane`) holds the connections; this side owns its listening socket, so that callers wait
instead of being refused while the process is started again after it died.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.sagemaker.router_process import ChannelLostError, RouterProcess

_log = logging.getLogger(__name__)
_ANSWER_SECONDS = 30.0
# What the caller of `drain` may wait longer than the router does.
_SLACK_SECONDS = 5.0
_BACKLOG = 1024
# These only queue what they are told, in its order.
_QUICK = ("figures", "captured")


@dataclass(frozen=True)
class RouteInstance:
    """One process of a variant, or a row of containers, each with its port of 127.0.0.1 and its name for ModelError."""

    id: str
    ports: tuple[int, ...]
    containers: tuple[str, ...]


@dataclass(frozen=True)
class RouteVariant:
    """A variant with the instances that are ready; without any, calls wait up to 20 seconds for one.

    max_concurrency: beyond it calls are answered with ThrottlingException. on_demand: a call that finds no instance
    asks for one (`Router.on_wanted`) and waits up to 60 seconds.
    """

    name: str
    weight: float
    instances: tuple[RouteInstance, ...]
    model: str
    max_concurrency: int | None = None
    on_demand: bool = False


@dataclass(frozen=True)
class RouteFleet:
    """The variants of one configuration; `share` is its part of all traffic while blue and green both serve.

    capture: DataCaptureConfig as in the API, and "role", the ARN of the role whose credentials write; None is off.
    """

    config: str
    share: float
    variants: tuple[RouteVariant, ...]
    shadow: RouteVariant | None = None
    shadow_percent: float = 0
    capture: dict[str, Any] | None = None


@dataclass(frozen=True)
class RouteTable:
    """Where the calls of one endpoint go. Without fleets they wait until there are some."""

    endpoint: str
    fleets: tuple[RouteFleet, ...]
    invoke_seconds: float = 60.0
    asynchronous: bool = False


@dataclass
class RouterSettings:
    """`common_url` is where callers are judged and asynchronous calls go ("": nobody is judged)."""

    region: str
    account: str
    spool: Path
    common_url: str = ""
    port: int = 0
    secret: str = field(default_factory=lambda: secrets.token_hex(16))


class Router:
    """Thread-safe; the process starts with the first table or `start`."""

    def __init__(self, settings: RouterSettings) -> None:
        self.settings = settings
        self._tables: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        # Held until the process has answered: it hears of changes in the order in which they were made.
        self._changing = threading.Lock()
        self._numbers = itertools.count(1)
        self._process: RouterProcess | None = None
        self._listening: socket.socket | None = None
        self._closed = False
        self._callbacks = ThreadPoolExecutor(8, thread_name_prefix="router")
        self._told: dict[str, Callable[[dict[str, Any]], None]] = {}

    @property
    def url(self) -> str:
        """The address of the runtime service."""
        return f"http://127.0.0.1:{self._socket().getsockname()[1]}"

    def start(self) -> None:
        """Start the process, if it is not running."""
        with self._lock:
            if self._closed:
                raise ChannelLostError("the router is closed")
            if self._process is None:
                self._process = RouterProcess(self._socket(), self._greeting(), self._hear, self._ended)

    def close(self) -> None:
        """Let calls under way end (3 seconds at most), write what was captured, end the process."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.close()  # what it tells at its end is still heard
        if self._listening is not None:
            self._listening.close()
        self._callbacks.shutdown()

    def put(self, table: RouteTable) -> None:
        """Route an endpoint's calls by this table; returns when every new call follows it."""
        self._change(table.endpoint, asdict(table))

    def remove(self, endpoint: str) -> None:
        """From now on the endpoint does not exist for callers."""
        self._change(endpoint, None)

    def drain(self, instances: Iterable[str], seconds: float) -> bool:
        """Wait until no call is under way on the instances; False if some still are after `seconds`."""
        message = {"do": "drain", "instances": list(instances), "seconds": seconds}
        return bool(self._ask(message, seconds + _SLACK_SECONDS)["idle"])

    def hangs(self, instance: str, port: int, seconds: float) -> bool:
        """Whether a server that has answered no /ping for so long does nothing for a call either."""
        return bool(self._ask({"do": "hangs", "instance": instance, "port": port, "seconds": seconds})["hangs"])

    def oldest(self, endpoint: str, config: str) -> float:
        """How many seconds ago the longest call that is under way on a configuration began; 0 if there is none."""
        return float(self._ask({"do": "oldest", "endpoint": endpoint, "config": config})["seconds"])

    def idle_seconds(self, endpoint: str, variant: str) -> float:
        """Seconds since the variant's last call ended; 0 while one is under way or waits."""
        return float(self._ask({"do": "load", "endpoint": endpoint, "variant": variant})["idle_seconds"])

    def waiting(self, endpoint: str, variant: str) -> int:
        """How many calls of the variant are waiting for an instance."""
        return int(self._ask({"do": "load", "endpoint": endpoint, "variant": variant})["waiting"])

    def clear(self) -> None:
        """Forget every endpoint."""
        with self._lock:
            names = list(self._tables)
        for name in names:
            self.remove(name)

    def flush(self) -> None:
        """Finish what was captured so far and tell of all figures."""
        self._ask({"do": "flush"})

    def on_wanted(self, callback: Callable[[str, str, str], None]) -> None:
        """`callback(endpoint, config, variant)` for each call that waits for an instance of an on-demand variant."""
        self._told["wanted"] = lambda told: callback(told["endpoint"], told["config"], told["variant"])

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """`callback(instance id)` when an instance refused a connection."""
        self._told["lost"] = lambda told: callback(told["instance"])

    def on_figures(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """`callback(message)` once a second with what the traffic measured (`sagemaker.endpoint_metrics`)."""
        self._told["figures"] = callback

    def on_captured(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """`callback` when a file of captured calls is complete."""
        self._told["captured"] = callback

    def _socket(self) -> socket.socket:
        with self._lock:
            if self._listening is None:
                self._listening = socket.create_server(("127.0.0.1", self.settings.port), backlog=_BACKLOG)
            return self._listening

    def _greeting(self) -> list[dict[str, Any]]:
        from localcloud.sagemaker import invoke

        settings = self.settings
        hello = {
            "do": "hello",
            "region": settings.region,
            "account": settings.account,
            "spool": str(settings.spool),
            "common_url": settings.common_url,
            "secret": settings.secret,
            "constraints": invoke.constraints(),
        }
        return [hello, *({"do": "put", "table": table} for table in self._tables.values())]

    def _change(self, endpoint: str, table: dict[str, Any] | None) -> None:
        with self._changing:
            with self._lock:
                # Kept first: a process that is started again meanwhile gets it with all the others.
                if table is None:
                    self._tables.pop(endpoint, None)
                else:
                    self._tables[endpoint] = table
            self._ask({"do": "remove", "endpoint": endpoint} if table is None else {"do": "put", "table": table})

    def _ask(self, message: dict[str, Any], seconds: float = _ANSWER_SECONDS) -> dict[str, Any]:
        while True:
            self.start()
            process = self._process
            if process is None:
                continue
            try:
                return process.ask({**message, "id": next(self._numbers)}, seconds)
            except ChannelLostError:
                if self._closed:
                    raise

    def _hear(self, told: dict[str, Any]) -> None:
        callback = self._told.get(told["tell"])
        if callback is not None and told["tell"] in _QUICK:
            callback(told)
        elif callback is not None:
            with contextlib.suppress(RuntimeError):  # told while this side shuts down
                self._callbacks.submit(_guarded, callback, told)

    def _ended(self, process: RouterProcess, code: int | None) -> None:
        with self._lock:
            if self._process is not process or self._closed:
                return
            _log.warning("the router ended with status %s; it is started again", code)
            self._process = None
            self.start()


def _guarded(callback: Callable[[dict[str, Any]], None], told: dict[str, Any]) -> None:
    try:
        callback(told)
    except Exception:
        _log.exception("router: %s", told["tell"])
