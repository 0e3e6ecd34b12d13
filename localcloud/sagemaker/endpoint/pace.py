"""How time passes in a deployment: waits are compressed, work takes what it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from localcloud.sagemaker.errors import DeploymentFailedError

# Seconds of the laptop between two looks at the alarms, and the least that a limit of work becomes.
_LOOK = 0.25
_SHORTEST_LIMIT = 60.0


class StoppedError(Exception):
    """The local cloud ends; what is under way is taken up at the next start."""


def limit(seconds: float, scale: float, shortest: float = _SHORTEST_LIMIT) -> float:
    """The laptop's seconds of a time-out: compressed, but work must be able to end within them."""
    return min(seconds, max(seconds / scale, shortest))


class Pace:
    """One deployment's clock. `limit` is MaximumExecutionTimeoutInSeconds; `stopped` ends every wait.

    The limit counts waits with their full seconds and work with the seconds that it takes.
    """

    def __init__(self, scale: float, limit: float | None, stopped: threading.Event) -> None:
        self._scale = scale
        self._limit = limit
        self._stopped = stopped
        self._began = time.monotonic()
        self._gained = 0.0

    def wait(
        self,
        seconds: float,
        look: Callable[[], None],
        *,
        least: float = 0.0,
        more: Callable[[float], bool] | None = None,
    ) -> None:
        """Let the seconds pass; `look` is called again and again, at least once, and may raise.

        `least`: of the laptop's seconds, where it waits for so many at all; `more`: asked at the end, with the seconds
        since then, whether to go on waiting.

        Raises StoppedError, and DeploymentFailedError when the deployment has taken too long.
        """
        began = time.monotonic()
        ends = began + max(seconds / self._scale, min(seconds, least))
        while True:
            look()
            left = ends - time.monotonic()
            if left <= 0 and (more is None or not more(-left)):
                break
            self.pause(min(left, _LOOK) if left > 0 else _LOOK)
        self._gained += max(0.0, seconds - (time.monotonic() - began))
        self.check()

    def pause(self, seconds: float) -> None:
        """Sleep; raises StoppedError."""
        if self._stopped.wait(seconds):
            raise StoppedError

    def check(self) -> None:
        """Raise DeploymentFailedError if the limit is over."""
        if self._limit is not None and time.monotonic() - self._began + self._gained > self._limit:
            raise DeploymentFailedError(
                f"The deployment did not finish within {self._limit:g} seconds (MaximumExecutionTimeoutInSeconds)."
            )
