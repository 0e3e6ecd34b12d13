"""State-change events, as SageMaker puts them on EventBridge's default bus.

Names, cases and time formats differ from the API and between resources; the shapes are those of AWS's samples
(SageMaker developer guide, "automating-sagemaker-with-eventbridge"; copies under tests/…/samples).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localcloud.faults import Faults
from localcloud.sagemaker import wire
from localcloud.sagemaker.store import Record, Store

_log = logging.getLogger(__name__)

Emit = Callable[[dict[str, Any]], None]
Time = Callable[[float], Any]


class Events:
    """Puts events on the bus. AWS delivers at least once, and sometimes not at all: see `faults`."""

    def __init__(self, emit: Emit, store: Store, region: str, account: str) -> None:
        self._emit = emit
        self._store = store
        self._region = region
        self._account = account
        self._faults = Faults.from_environment()

    def send(self, detail_type: str, record: Record, detail: dict[str, Any]) -> None:
        """Emit one event about the record, with its time of change. A bus that refuses loses it, as on AWS."""
        for _ in self._faults.delays():  # their order matters to nobody here: each tells the whole state
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": detail_type,
                "source": "aws.sagemaker",
                "account": self._account,
                "time": iso(record.modified, "seconds"),
                "region": self._region,
                "resources": [record.arn],
                "detail": detail,
            }
            try:
                self._emit(event)
            except Exception:
                _log.exception("event lost: %s of %s", detail_type, record.arn)

    def tags(self, record: Record) -> dict[str, str]:
        """The record's tags as events carry them: a map."""
        return {tag["Key"]: tag["Value"] for tag in self._store.tags(record.arn)}


def milliseconds(moment: float) -> int:
    """Epoch milliseconds as a number (processing, endpoint, model)."""
    return round(moment * 1000)


def millisecond_text(moment: float) -> str:
    """Epoch milliseconds as a string (training)."""
    return str(milliseconds(moment))


def iso(moment: float, precision: str = "auto") -> str:
    """ISO-8601 in UTC (model packages, envelopes)."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def detail_of(shape_name: str, document: dict[str, Any], time: Time) -> dict[str, Any]:
    """The members of `document` that the (Describe) shape has, with timestamps in the event's format."""
    converted: dict[str, Any] = _with_times(wire.shape_of(shape_name), document, time)
    return converted


def _with_times(shape: Any, value: Any, time: Time) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            name: _with_times(member, value[name], time)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [_with_times(shape.member, item, time) for item in value]
    return time(value) if kind == "timestamp" else value
