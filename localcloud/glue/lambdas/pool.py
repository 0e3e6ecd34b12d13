"""How many functions run at once: a caller waits for a slot instead of being throttled."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from localcloud.glue import hooks

Json = dict[str, Any]
logger = logging.getLogger("dropforge.lambda")
DEFAULT_RUNNING = 8
DEFAULT_WARM = 32
# A function that invokes another and waits could hold the last slot: when no slot came free for so long
# (seconds), one more process is allowed rather than a deadlock.
PATIENCE = 60.0


class Pool:
    """At most ``running`` invocations at a time; idle processes beyond ``warm`` end, the oldest first."""

    def __init__(self, running: int = DEFAULT_RUNNING, warm: int = DEFAULT_WARM) -> None:
        self._slots = threading.Semaphore(running)
        self._warm = warm
        self._released = time.monotonic()

    def lease(self, name: str, config: Json, code_zip: bytes) -> tuple[Any, bool]:
        """Return a worker for one invocation and whether a slot was taken for it."""
        taken = self._take(name)
        qualifier = str(config.get("Version", "$LATEST"))
        worker, _ = hooks.target("core.lambda_runtime", "acquire_worker")(name, config, code_zip, qualifier=qualifier)
        worker.renew(config, code_zip)
        self._retire(keep=worker)
        return worker, taken

    def release(self, worker: Any, taken: bool) -> None:
        """Give a worker back."""
        hooks.target("core.lambda_runtime", "release_worker")(worker)
        self._released = time.monotonic()
        if taken:
            self._slots.release()

    def _take(self, name: str) -> bool:
        while not self._slots.acquire(timeout=1):
            if time.monotonic() - self._released > PATIENCE:
                logger.warning("%s: no slot came free for %g s; one more process is started", name, PATIENCE)
                return False
        return True

    def _retire(self, keep: Any) -> None:
        runtime = hooks.module("core.lambda_runtime")
        with runtime._lock:
            workers = [worker for entries in runtime._workers.values() for worker in entries]
            idle = sorted((w for w in workers if not w.in_use and w is not keep), key=lambda w: w.last_used)
            old = idle[: max(0, len(workers) - self._warm)]
            for entries in runtime._workers.values():
                entries[:] = [worker for worker in entries if worker not in old]
        if old:
            runtime.kill_workers(old)


def from_environment() -> Pool:
    """DROPFORGE_LAMBDA_PROCESSES: invocations that run at once (8); DROPFORGE_LAMBDA_WARM: processes kept (32)."""
    running = int(os.environ.get("DROPFORGE_LAMBDA_PROCESSES") or DEFAULT_RUNNING)
    return Pool(running, max(running, int(os.environ.get("DROPFORGE_LAMBDA_WARM") or DEFAULT_WARM)))
