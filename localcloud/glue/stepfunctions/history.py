"""The events of GetExecutionHistory: ids, predecessors per branch, details as AWS names them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.glue.stepfunctions.expressions import compact

_WHOLE = {"truncated": False}


def now() -> str:
    """Return the time as Step Functions writes it: ISO-8601, milliseconds, Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class History:
    """Adds events to the list that ministack's GetExecutionHistory reads."""

    def __init__(self, events: list[dict[str, Any]], changed: Callable[[], object] = lambda: None) -> None:
        self._events = events
        self._changed = changed  # tells whoever keeps the record on disk
        self._lock = threading.Lock()

    def add(self, kind: str, previous: int, **details: dict[str, Any]) -> int:
        """Append an event of a type (`TaskFailed`) with its details member; return its id."""
        with self._lock:
            event: dict[str, Any] = {
                "id": len(self._events) + 1,
                "previousEventId": previous,
                "timestamp": now(),
                "type": kind,
                **details,
            }
            self._events.append(event)
        self._changed()
        return int(event["id"])


def entered(name: str, value: Any) -> dict[str, Any]:
    """Return stateEnteredEventDetails."""
    return {"name": name, "input": compact(value), "inputDetails": _WHOLE}


def exited(name: str, value: Any) -> dict[str, Any]:
    """Return stateExitedEventDetails."""
    return {"name": name, "output": compact(value), "outputDetails": _WHOLE}
