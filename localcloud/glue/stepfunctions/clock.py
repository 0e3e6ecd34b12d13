"""Waiting that can be cancelled, and time that can be compressed."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from localcloud.glue.stepfunctions.errors import CancelledError, ExecutionTimedOutError

T = TypeVar("T")
_SHORTEST = 0.05  # seconds of a sleep, so that a Wait that is held up does not spin


@dataclass(frozen=True)
class Clock:
    """How the seconds of a definition become seconds of the laptop.

    Waits and retry intervals are divided by `scale`. So are timeouts and heartbeats, but never to less than
    `timeout_floor` seconds (or what was declared, if that is less): the work that they bound takes real time.
    `behind` gives for how many seconds in all the cloud has been behind with its work: those pass at real speed for
    a Wait, or a quiet period would end in the middle of a burst.
    """

    scale: float = 1.0
    timeout_floor: float = 10.0
    behind: Callable[[], float] = lambda: 0.0

    def wait(self, scope: Scope, seconds: float) -> None:
        """Let the seconds of a Wait pass. Raises as `Scope.check` does."""
        began, behind = time.monotonic(), self.behind()
        left = seconds
        while left > 0:
            scope.sleep(max(left / self.scale, _SHORTEST))
            late = self.behind() - behind
            left = seconds - (time.monotonic() - began - late) * self.scale - late
        scope.check()

    def pause(self, seconds: float) -> float:
        """Return the real seconds of a Wait or of a retry interval."""
        return max(0.0, seconds / self.scale)

    def limit(self, seconds: float) -> float:
        """Return the real seconds of a TimeoutSeconds or HeartbeatSeconds."""
        return min(seconds, max(seconds / self.scale, self.timeout_floor))


class Deadline:
    """A moment, `seconds` from now (None: never)."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def remaining(self) -> float | None:
        """Return the seconds left, never below 0; None if there is no end."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return self.remaining() == 0.0


class Scope:
    """A branch of an execution: everything that waits in it wakes when it, or a scope above it, is cancelled."""

    def __init__(self, parent: Scope | None = None, deadline: Deadline | None = None) -> None:
        self._deadline: Deadline = parent._deadline if parent else deadline or Deadline(None)
        self._lock = threading.Lock()
        self._waiting: set[threading.Event] = set()
        self._children: list[Scope] = []
        self._cancelled = False

    def child(self) -> Scope:
        """Return a scope within this one."""
        scope = Scope(self)
        with self._lock:
            self._children.append(scope)
            if self._cancelled:
                scope.cancel()
        return scope

    def cancel(self) -> None:
        """Wake everything that waits here or below; each raises CancelledError."""
        with self._lock:
            self._cancelled = True
            waiting, children = list(self._waiting), list(self._children)
        for event in waiting:
            event.set()
        for scope in children:
            scope.cancel()

    def check(self) -> None:
        """Raise CancelledError or ExecutionTimedOutError if this branch must not go on."""
        if self._cancelled:
            raise CancelledError
        if self._deadline.passed:
            raise ExecutionTimedOutError

    def wait(self, event: threading.Event, seconds: float | None = None) -> bool:
        """Wait until the event is set (True) or the seconds have passed (False). Raises as `check` does."""
        with self._lock:
            if self._cancelled:
                raise CancelledError
            self._waiting.add(event)
        try:
            limits = [limit for limit in (seconds, self._deadline.remaining()) if limit is not None]
            event.wait(min(limits) if limits else None)
        finally:
            with self._lock:
                self._waiting.discard(event)
        self.check()
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait for a time. Raises as `check` does."""
        self.wait(threading.Event(), seconds)

    def call(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Run blocking work aside and return its result, or raise its error.

        Raises TimeoutError if the deadline passes first; the work is then left to itself.
        """
        done = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:  # handed to the caller below, whatever it is
                errors.append(error)
            finally:
                done.set()

        threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
        if not self.wait(done, deadline.remaining()):
            raise TimeoutError
        if errors:
            raise errors[0]
        return results[0]
