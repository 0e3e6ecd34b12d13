"""Retry and Catch of Task, Parallel and Map states."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from localcloud.glue.stepfunctions.errors import StateError, matches
from localcloud.glue.stepfunctions.run import Frame

_RANDOM = random.SystemRandom()
Step = tuple[Any, str | None]


def guarded(frame: Frame, state: dict[str, Any], value: Any, attempt: Callable[[], Step]) -> Step:
    """Run attempts until one succeeds, and return (output, next state); a catcher may supply them.

    Raises the StateError that neither retriers nor catchers handle.
    """
    retries = [0] * len(state.get("Retry", []))
    while True:
        frame.context["State"] = {**frame.context["State"], "RetryCount": sum(retries)}
        try:
            return attempt()
        except StateError as error:
            pause = _next_pause(frame, state, error, retries)
            if pause is None:
                return _caught(frame, state, value, error)
            frame.scope.sleep(pause)


def _next_pause(frame: Frame, state: dict[str, Any], error: StateError, retries: list[int]) -> float | None:
    """Return the seconds until the next attempt, None if there is none; counts the retry."""
    for index, retrier in enumerate(state.get("Retry", [])):
        if not matches(retrier["ErrorEquals"], error.name):
            continue
        # The first retrier that matches decides, also when it has no attempts left.
        if retries[index] >= retrier.get("MaxAttempts", 3):
            return None
        seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries[index]
        seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
        if retrier.get("JitterStrategy", "NONE") == "FULL":
            seconds = _RANDOM.uniform(0, seconds)
        retries[index] += 1
        return frame.run.engine.clock.pause(seconds)
    return None


def _caught(frame: Frame, state: dict[str, Any], value: Any, error: StateError) -> Step:
    for catcher in state.get("Catch", []):
        if matches(catcher["ErrorEquals"], error.name):
            error_output = {"Error": error.name, "Cause": error.cause}
            return frame.finish(catcher, value, error_output, error=error_output), catcher["Next"]
    raise error
