"""Things that go on at the same time, one step of one of them after the other, in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any

Steps = Generator[str, None, None]


class Killed(BaseException):
    """The function's host is gone: nothing of ours may catch this."""


class Actor:
    """Something made of steps. `failed`: what it raised."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = False
        self.until = ""  # the moment that it waits for
        self.failed: BaseException | None = None

    def step(self) -> None:
        """Go on to the next stop, or to the end."""
        raise NotImplementedError

    def kill(self) -> None:
        """End where it stands."""
        raise NotImplementedError


class Machine(Actor):
    """An execution: a generator that yields between its states, the time that it waits for or an empty text.

    `kind`: of which machine; `given`: its input.
    """

    def __init__(self, kind: str, name: str, steps: Steps, given: Any) -> None:
        super().__init__(name)
        self.kind, self.given = kind, given
        self._steps = steps

    def step(self) -> None:
        try:
            self.until = next(self._steps)
        except StopIteration:
            self.done = True
        except Exception as error:
            self.done, self.failed = True, error

    def kill(self) -> None:
        self._steps.close()
        self.done, self.failed = True, Killed()


_ACTING: dict[int, Function] = {}


def acting() -> Function:
    """The function whose code this is."""
    return _ACTING[threading.get_ident()]


def pause(place: str) -> None:
    """Where a function that somebody steps through stops; for others nothing."""
    function = _ACTING.get(threading.get_ident())
    if function is not None:
        function.stop()


class Function(Actor):
    """Code that cannot yield: a thread of its own, which runs only between `step` and the next `pause`.

    `batch`: the messages that it was given; `failures`: those of them that it could not take; `began`: how many changes
    had been recorded then.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__(name)
        self.batch: list[Any] = []
        self.failures: list[Any] = []
        self.began = 0
        self._work = work
        # Two batons, nobody's yet. (A Semaphore is Python code, and takes ten times as long.)
        self._go, self._stopped = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._stopped.acquire()
        self._killed = False
        self._thread: threading.Thread | None = None

    def step(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._stopped.acquire()
        if self.done:
            self._thread.join()

    def kill(self) -> None:
        if self._thread is None:
            self.done, self.failed = True, Killed()
        else:
            self._killed = True
            self.step()

    def stop(self) -> None:
        """Give the baton back and wait for it. Called in the thread itself."""
        self._stopped.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def _run(self) -> None:
        _ACTING[threading.get_ident()] = self
        try:
            self._work()
        except BaseException as error:
            self.failed = error
        finally:
            del _ACTING[threading.get_ident()]
            self.done = True
            self._stopped.release()
