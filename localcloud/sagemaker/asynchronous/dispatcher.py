"""The queues of all asynchronous endpoints: in the store and in memory, emptied as fast as instances may work."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from localcloud.sagemaker.asynchronous import figures, item
from localcloud.sagemaker.asynchronous.item import Item
from localcloud.sagemaker.asynchronous.worker import BusyError, Worker
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import state
from localcloud.sagemaker.store import ResourceMissingError

_log = logging.getLogger(__name__)
KIND = "async-invocation"
# "If no value is provided, SageMaker chooses an optimal value."
_CONCURRENT = 4
_MOST_THREADS = 32
_LOOK_EVERY = 0.25
# AWS tells once a minute of its time.
_TELL_SECONDS = 60.0
_IDLE_TELLS = 10
_BUSY_SECONDS = 0.5
Answer = tuple[int, dict[str, str], bytes]


class _Queue:
    """One endpoint's: what waits, and what is being processed."""

    def __init__(self, made: float) -> None:
        self.made = made
        self.waiting: deque[Item] = deque()
        self.working: dict[str, Item] = {}
        self.pause_until = 0.0

    @property
    def size(self) -> int:
        return len(self.waiting) + len(self.working)

    @property
    def oldest(self) -> float | None:
        return min((each.received for each in (*self.working.values(), *self.waiting)), default=None)


class Dispatcher:
    """Thread-safe. Items that were accepted are processed at least once, also after a `kill -9`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._worker = Worker(context)
        self._queues: dict[str, _Queue] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="sagemaker-async")
        self._thread = threading.Thread(target=self._run, name="sagemaker-async", daemon=True)
        self._told = 0
        self._had: set[str] = set()

    def start(self) -> None:
        """Take up what was queued, and work from now on."""
        for record in self._context.store.select(KIND, "ORDER BY sequence"):
            self._queue(Item(**record.document))
        self._thread.start()

    def close(self) -> None:
        """Begin nothing any more; what is queued or under way is taken up at the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._changed:
            self._queues.clear()

    def invoke(self, name: str, headers: dict[str, str], body: bytes) -> Answer:
        """InvokeEndpointAsync; raises ServiceError."""
        made = item.make(self._context, name, headers, body)
        self._context.store.insert(self._context.new(KIND, made.id, made.endpoint, asdict(made)))
        self._queue(made)
        told = {"X-Amzn-SageMaker-OutputLocation": made.output, "Content-Type": "application/json"}
        if made.failure is not None:
            told["X-Amzn-SageMaker-FailureLocation"] = made.failure
        return 202, told, json.dumps({"InferenceId": made.inference_id}).encode()

    def _queue(self, made: Item) -> None:
        with self._changed:
            queue = self._queues.get(made.endpoint)
            if queue is None or queue.made != made.made:
                gone = list(queue.waiting) if queue is not None else []  # of a deleted endpoint of that name
                queue = self._queues[made.endpoint] = _Queue(made.made)
            else:
                gone = []
            queue.waiting.append(made)
            self._changed.notify_all()
        for each in gone:
            self._forget(each)

    def _run(self) -> None:
        told = self._context.clock()
        pause = max(1.0, _TELL_SECONDS / self._context.time_scale)
        while not self._closed:
            try:
                if self._context.clock() - told >= pause:
                    told = self._context.clock()
                    self._look()
                with self._changed:
                    for name, queue in self._queues.items():
                        self._begin(name, queue)
                    self._changed.wait(_LOOK_EVERY)
            except Exception:
                if not self._closed:
                    _log.exception("asynchronous endpoints")
                    threading.Event().wait(1.0)

    def _begin(self, name: str, queue: _Queue) -> None:
        now = self._context.clock()
        free = self._capacity(name) - len(queue.working) if queue.waiting else 0
        # What waits for too long ends without an instance.
        while queue.waiting and not self._closed:
            expired = now - queue.waiting[0].received > queue.waiting[0].ttl
            if not expired and (free <= 0 or now < queue.pause_until):
                return
            made = queue.waiting.popleft()
            queue.working[made.id] = made
            free -= 1
            self._threads.submit(self._work, queue, made)

    def _capacity(self, name: str) -> int:
        """How many invocations the instances that are ready take at once."""
        each, fleets = _CONCURRENT, self._context.endpoints.get(name).fleets
        if fleets:
            client = (fleets[0][0].plan.get("AsyncInferenceConfig") or {}).get("ClientConfig", {})
            each = client.get("MaxConcurrentInvocationsPerInstance", _CONCURRENT)
        return each * self._instances(name)

    def _instances(self, name: str) -> int:
        fleets = self._context.endpoints.get(name).fleets
        return sum(1 for fleet, _ in fleets for _, each in fleet.instances() if each.ready)

    def _work(self, queue: _Queue, made: Item) -> None:
        started = self._context.clock()
        try:
            outcome = self._worker.ask(made)
            if self._stopping() and outcome.reason is not None:
                return  # its instance was stopped under it
            outcome = self._worker.tell(made, outcome)
            self._forget(made)
            figures.ended(self._context, made, outcome, started)
        except BusyError as error:
            _log.debug("asynchronous invocation %s: %s", made.inference_id, error)
            self._put_back(queue, made, started)
        except Exception:
            if not self._stopping():
                _log.exception("asynchronous invocation %s", made.inference_id)
                self._put_back(queue, made, started)
        finally:
            with self._changed:
                queue.working.pop(made.id, None)
                self._changed.notify_all()

    def _put_back(self, queue: _Queue, made: Item, started: float) -> None:
        now = self._context.clock()
        # The time in which it was worked on is none in the queue.
        again = replace(made, ttl=made.ttl + math.ceil(now - started))
        with self._changed:
            queue.pause_until = now + _BUSY_SECONDS
            queue.waiting.appendleft(again)

    def _stopping(self) -> bool:
        return self._closed or self._context.endpoints.closing

    def _look(self) -> None:
        """Tell of the queues; forget those whose endpoint was deleted."""
        self._told += 1
        endpoints = {
            record.name: record
            for record in self._context.store.select(state.KIND)
            if record.document["_plan"].get("AsyncInferenceConfig")
        }
        with self._changed:
            gone = [name for name, q in self._queues.items() if _made(endpoints.get(name)) != q.made]
            dropped = [each for name in gone for each in self._queues.pop(name).waiting]
            sizes = {name: (queue.size, queue.oldest) for name, queue in self._queues.items()}
        for each in dropped:
            self._forget(each)
        now = self._context.clock()
        for name in endpoints:
            size, oldest = sizes.get(name, (0, None))
            instances = self._instances(name)
            # Scaling in waits for one zero after the other; without instances there is nothing to scale in.
            if size or instances or name in self._had or self._told % _IDLE_TELLS == 0:
                age = now - oldest if oldest is not None else 0.0
                figures.queue(self._context, name, size, instances, age)
        # The first zero after a backlog is told at once.
        self._had = {name for name, (size, _) in sizes.items() if size}

    def _forget(self, made: Item) -> None:
        with contextlib.suppress(ResourceMissingError):
            self._context.store.delete(KIND, made.id)


def _made(record: Any) -> float | None:
    return record.created if record is not None else None
