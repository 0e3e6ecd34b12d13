"""Serverless instances that had no call for a while are stopped, down to those that are provisioned."""

from __future__ import annotations

import logging
import threading

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.plan import warm
from localcloud.sagemaker.router import Router

_log = logging.getLogger(__name__)
# AWS does not say how long it keeps one; minutes, as seen from outside.
_IDLE_SECONDS = 300.0
_SHORTEST_IDLE = 5.0
_LOOK_EVERY = 1.0


class IdleSweep:
    """A thread that looks at all endpoints."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seconds = max(_SHORTEST_IDLE, _IDLE_SECONDS / context.time_scale)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sagemaker-idle", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            for live in self._context.endpoints.all():
                for fleet, _ in live.fleets:
                    try:
                        sweep(self._context.router, live.name, fleet, self._seconds)
                    except Exception:
                        if not self._ended.is_set():
                            _log.exception("endpoint %s", live.name)


def sweep(router: Router, endpoint: str, fleet: Fleet, seconds: float) -> None:
    """Stop what is too many in a fleet."""
    counts = fleet.counts()
    for variant in fleet.plan["variants"]:
        name = variant["VariantName"]
        if not variant.get("serverless") or counts[name] <= warm(variant):
            continue
        if router.idle_seconds(endpoint, name) >= seconds:
            fleet.shrink({name: warm(variant)})
